"""A folder or a web address of the user's own that holds the files under their catalogue names.

For machines without the internet, for teams, and for people who have the file already. It is trusted no more than any
other source.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from urllib.parse import quote, urlsplit
from urllib.request import url2pathname

from glosswright_model.errors import SourceUnavailable
from glosswright_model.weights.catalogue import ModelEntry
from glosswright_model.weights.progress import Watch
from glosswright_model.weights.sources.base import CHUNK_BYTES, Chunk, Source
from glosswright_model.weights.sources.http import read_http
from glosswright_model.weights.sources.pump import Patience, pumped


def mirror_source(entry: ModelEntry, where: str) -> Source:
    """The source for `where`: an http(s) base address, a file: URL, a folder, or the path of the file itself."""
    parts = urlsplit(where)
    if parts.scheme in ("http", "https"):
        return UrlMirror(entry, where)
    if parts.scheme == "file":
        return FolderMirror(entry, Path(url2pathname(parts.path)))
    return FolderMirror(entry, Path(where).expanduser())


class FolderMirror:
    """A folder on this machine, or the file itself."""

    name = "mirror folder"

    def __init__(self, entry: ModelEntry, folder: Path) -> None:
        self._entry = entry
        self._path = folder if folder.is_file() else folder / entry.file

    def unavailable(self) -> str | None:
        """No file there."""
        return None if self._path.is_file() else f"there is no file {self._path}"

    def scratch_bytes(self) -> int:
        """Nothing: it is copied once."""
        return 0

    def stream(self, offset: int, watch: Watch, scratch: Path) -> Generator[Chunk, None, None]:
        """See `Source.stream`."""
        try:
            with self._path.open("rb") as file:
                file.seek(offset)
                position = offset
                while data := file.read(CHUNK_BYTES):
                    yield Chunk(position, data)
                    position += len(data)
        except OSError as error:
            raise SourceUnavailable(f"{self._path}: {error.strerror or error}") from error


class UrlMirror:
    """A base address; the file name is put after it."""

    name = "mirror"

    def __init__(self, entry: ModelEntry, base: str, patience: Patience | None = None) -> None:
        self._entry = entry
        self._url = f"{base.rstrip('/')}/{quote(entry.file)}"
        self._patience = patience or Patience()

    def unavailable(self) -> str | None:
        """Never known before it is asked."""
        return None

    def scratch_bytes(self) -> int:
        """Nothing: bytes go straight into the file."""
        return 0

    def stream(self, offset: int, watch: Watch, scratch: Path) -> Generator[Chunk, None, None]:
        """See `Source.stream`."""
        return pumped(read_http(self._url, {}, offset, self._entry.size), watch, self._patience)
