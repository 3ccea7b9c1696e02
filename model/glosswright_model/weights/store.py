"""The cache on disk: which models are here, whether they were verified, and how to remove them.

A verified file has a marker beside it with its size, time and hash, so that starting up costs no hashing of half a
gigabyte; a file that changed since is not verified any more. The marker guards against accidents. Whoever can write
into the user's cache can forge it; against that only `verify` helps, which hashes again. Nothing here downloads.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import filelock
import platformdirs

from glosswright_model.errors import HashMismatch, NotEnoughSpace, UnknownModel, WeightsError
from glosswright_model.weights.catalogue import ModelEntry, catalogue, find_entry
from glosswright_model.weights.partial import hash_file
from glosswright_model.weights.progress import Cancelled, OnProgress, Watch

CACHE_DIR_VARIABLE = "GLOSSWRIGHT_CACHE_DIR"
LOCK_POLL_S = 0.2


def cache_folder() -> Path:
    """Where weights lie: `weights` in GLOSSWRIGHT_CACHE_DIR, else in the user's cache folder. It may not exist yet."""
    own = os.environ.get(CACHE_DIR_VARIABLE)
    base = Path(own).expanduser() if own else Path(platformdirs.user_cache_dir("glosswright", appauthor=False))
    return base / "weights"


@dataclass(frozen=True, slots=True)
class Installed:
    """One model that lies in the cache."""

    entry: ModelEntry
    path: Path
    size_bytes: int
    verified: bool
    """False: it changed since it was verified, or was put there by hand. The next pull verifies it."""


def installed(*, cache_dir: Path | None = None) -> tuple[Installed, ...]:
    """The models of the catalogue that are in the cache, in the order of the catalogue."""
    found = []
    for entry in catalogue():
        files = Files.of(entry, cache_dir)
        with contextlib.suppress(OSError):
            size = files.final.stat().st_size
            found.append(Installed(entry, files.final, size, files.verified()))
    return tuple(found)


def verify(
    name: str,
    *,
    cache_dir: Path | None = None,
    progress: OnProgress | None = None,
    cancelled: Cancelled | None = None,
) -> Path:
    """Hash the file of a catalogue model again and return its path.

    Raises UnknownModel, HashMismatch (the file stays, but counts as missing: the next pull replaces it), WeightsError
    when it is not in the cache, PullCancelled.
    """
    entry = _entry(name)
    files = Files.of(entry, cache_dir)
    if not files.final.is_file():
        raise WeightsError(f"{entry.name} is not in the cache; run `glosswright model pull {entry.name}`.")
    watch = Watch(entry.name, entry.size, progress, cancelled)
    with explained(files.folder):
        found = files.check(watch)
        if found == entry.sha256:
            return files.final
        files.marker.unlink(missing_ok=True)
    raise HashMismatch(
        f"{files.final} is damaged: expected SHA-256 {entry.sha256}, found {found}; "
        f"run `glosswright model pull {entry.name}` to fetch it again."
    )


def remove(name: str, *, cache_dir: Path | None = None) -> int:
    """Delete all that the cache holds of a catalogue model, unfinished downloads too. Returns the bytes freed.

    Raises UnknownModel; WeightsError when it is being downloaded, or in use on a system that locks open files.
    """
    files = Files.of(_entry(name), cache_dir)
    if not files.folder.is_dir():
        return 0
    freed = 0
    with explained(files.folder):
        try:
            with filelock.FileLock(files.lock, timeout=LOCK_POLL_S):
                for path in (files.marker, files.final, files.partial):
                    with contextlib.suppress(FileNotFoundError):
                        size = path.stat().st_size
                        path.unlink()
                        freed += size
                shutil.rmtree(files.scratch, ignore_errors=True)
        except filelock.Timeout:
            raise WeightsError(f"{name} is being downloaded by another process; stop that first.") from None
    return freed


@dataclass(frozen=True, slots=True)
class Files:
    """The paths that belong to one model, and what its marker says."""

    entry: ModelEntry
    folder: Path

    @classmethod
    def of(cls, entry: ModelEntry, cache_dir: Path | None) -> Files:
        """The paths in `cache_dir`, or in the user's cache folder."""
        return cls(entry, (cache_dir or cache_folder()).absolute())

    @property
    def final(self) -> Path:
        """The model itself."""
        return self.folder / self.entry.file

    @property
    def partial(self) -> Path:
        """The unfinished download."""
        return self.folder / f"{self.entry.file}.partial"

    @property
    def marker(self) -> Path:
        """What was verified, and when."""
        return self.folder / f"{self.entry.file}.verified.json"

    @property
    def lock(self) -> Path:
        """Held while one process fetches or removes."""
        return self.folder / f"{self.entry.file}.lock"

    @property
    def scratch(self) -> Path:
        """The folder that sources may use."""
        return self.folder / f"{self.entry.file}.scratch"

    def verified(self) -> bool:
        """Whether the file is the one that was verified, judged by size and time."""
        try:
            marker = json.loads(self.marker.read_text(encoding="utf-8"))
            return bool(marker == self._marker()) and self.final.stat().st_size == self.entry.size
        except (OSError, ValueError):
            return False

    def mark_verified(self) -> None:
        """Write the marker for the file as it is now."""
        self.marker.write_text(json.dumps(self._marker(), indent=1) + "\n", encoding="utf-8")

    def check(self, watch: Watch) -> str:
        """Hash the file, mark it when it is the right one, and return the hash found."""
        watch.begin("verifying", "cache")
        found = hash_file(self.final, watch)
        watch.finish()
        if found == self.entry.sha256:
            # The marker saves time only: in a cache that cannot be written to, the model is as good without it.
            with contextlib.suppress(PermissionError):
                self.mark_verified()
        return found

    def _marker(self) -> dict[str, object]:
        status = self.final.stat()
        return {"sha256": self.entry.sha256, "size": status.st_size, "mtime_ns": status.st_mtime_ns}


@contextlib.contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn errors of the file system into errors that tell the user what to do."""
    try:
        yield
    except ConnectionError:
        raise  # a pipe that the caller's own progress report was written to: not about the cache
    except PermissionError as error:
        raise WeightsError(
            f"No permission to write {error.filename or folder}; "
            f"set {CACHE_DIR_VARIABLE} to a folder that you may write to."
        ) from error
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise NotEnoughSpace(f"The disk of {folder} is full; make room and try again.") from error
        raise WeightsError(f"The cache folder {folder} cannot be used: {error.strerror or error}.") from error


_DISK_FULL = (errno.ENOSPC, errno.EDQUOT) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)


def _entry(name: str) -> ModelEntry:
    entry = find_entry(name)
    if entry is None:
        raise UnknownModel(f"No model is called {name!r}; `glosswright model list` shows all.")
    return entry
