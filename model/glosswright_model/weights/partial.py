"""The unfinished file: appended to, hashed as it grows, and moved to its final name only when its hash is right.

The hash covers every byte, also those that an earlier process wrote: they are read back once, when a source goes on
from them. This module knows nothing of sources.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from glosswright_model.errors import HashMismatch
from glosswright_model.weights.progress import Watch

BLOCK_BYTES = 1 << 20


class PartialFile:
    """Opened for appending; whatever happens, it stays on disk until `complete` or `drop`."""

    def __init__(self, path: Path, size: int, watch: Watch) -> None:
        self._path = path
        self._size = size
        self._watch = watch
        self._digest = hashlib.sha256()
        self._hashed = 0
        self._file: BinaryIO = path.open("a+b")
        self._position = self._file.seek(0, os.SEEK_END)
        if self._position > size:
            self.drop()

    def __enter__(self) -> PartialFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def position(self) -> int:
        """Bytes that are here."""
        return self._position

    def must_rewind(self, position: int) -> bool:
        """Whether `rewind` has anything to do before bytes for `position` are appended."""
        return position != self._position or self._hashed != position

    def rewind(self, position: int) -> None:
        """Keep the first `position` bytes, and make sure that they are hashed."""
        self._file.truncate(position)
        self._file.seek(position)
        if self._hashed != position:
            self._file.seek(0)
            self._digest, self._hashed = hashlib.sha256(), 0
            while self._hashed < position:
                self._watch.check()
                block = self._file.read(min(BLOCK_BYTES, position - self._hashed))
                self._digest.update(block)
                self._hashed += len(block)
                self._watch.moved_to(self._hashed)
        self._position = position

    def append(self, data: bytes) -> None:
        """Write and hash `data`. Raises HashMismatch when the file becomes larger than it may be."""
        if self._position + len(data) > self._size:
            raise HashMismatch(f"expected {self._size} bytes, found more")
        self._file.write(data)
        self._digest.update(data)
        self._position += len(data)
        self._hashed = self._position

    def complete(self, sha256: str, path: Path) -> None:
        """Move the finished file to `path`. Raises HashMismatch when its bytes are not those of `sha256`."""
        found = self._digest.hexdigest()
        if found != sha256:
            raise HashMismatch(f"expected SHA-256 {sha256}, found {found}")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()  # Windows does not rename an open file
        os.replace(self._path, path)
        _sync_folder(path.parent)

    def drop(self) -> None:
        """Forget every byte."""
        self._file.truncate(0)
        self._file.seek(0)
        self._digest, self._hashed, self._position = hashlib.sha256(), 0, 0


def hash_file(path: Path, watch: Watch) -> str:
    """SHA-256 of a file, with progress. Raises OSError, PullCancelled."""
    digest = hashlib.sha256()
    position = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            watch.check()
            digest.update(block)
            position += len(block)
            watch.moved_to(position)
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    """Make the rename survive a power cut, where the system lets a folder be synced (not on Windows)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
