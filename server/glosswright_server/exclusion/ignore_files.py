"""Is a file excluded? Reads `.glosswrightignore` from the workspace folder down to the file's own, as git reads its
own.

The deeper ignore file outranks the higher one, in each the last line that applies decides, below them all stand the
built-in patterns for secrets, and nothing inside an excluded folder can be taken back. A link counts under its own name
and under the name of what it leads to. What cannot be read excludes: when in doubt, a file is the user's own.

Every call may wait for the disk: keep it off an event loop. Safe for threads.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from .patterns import DEEPEST, Pattern, Problem, last_that_applies, parse
from .secrets import COPY_SUFFIXES, SECRETS

IGNORE_FILE = ".glosswrightignore"
MOST_BYTES = 1_000_000
LOOK_AGAIN_S = 1.0
"""So long a file that was looked at is believed to be as it was."""
MOST_FOLDERS = 2_000


@dataclass(frozen=True, slots=True)
class Excluded:
    """Why a file is excluded."""

    why: str
    """One phrase for people: names the pattern and where it stands."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An ignore file, or a line of one, that could not be used."""

    path: Path
    problem: Problem

    def __str__(self) -> str:
        where = f"{self.path}, line {self.problem.line}" if self.problem.line else str(self.path)
        return f"{where}: {self.problem.why}"


@dataclass(slots=True)
class _Read:
    """What one folder's ignore file said."""

    stamp: tuple[int, int, int] | None
    looked_at: float
    patterns: tuple[Pattern, ...] = ()
    problems: tuple[Problem, ...] = ()
    failed: str = ""


class IgnoreFiles:
    """The ignore files of one session."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._folders: dict[Path, _Read] = {}
        self._secrets: tuple[Pattern, ...] | None = None
        self._told: set[tuple[Path, Problem]] = set()

    def forget(self) -> None:
        """Look at every file anew; one that is as it was is not read again."""
        with self._lock:
            for read in self._folders.values():
                read.looked_at = float("-inf")

    def why(self, path: Path, folders: Sequence[Path]) -> Excluded | None:
        """Why the file is excluded, None when it is not; `folders` are the workspace's. Never raises."""
        given = Path(os.path.abspath(path))
        found = self._why(given, folders)
        if found is not None:
            return found
        real = Path(os.path.realpath(given))
        # On its own side of the link: in the same workspace, whose path may hold links too, or outside of it.
        return self._why(real, [Path(os.path.realpath(folder)) for folder in folders]) if real != given else None

    def why_by_name(self, path: PurePath) -> Excluded | None:
        """The same for what is not on this machine's disk: only the built-in patterns count."""
        # From the root on: remote paths may begin with two slashes, which mean another root to PurePath.
        return self._decide(PurePath("/"), PurePath("/", *(part for part in path.parts if part != path.anchor)), [])

    def new_problems(self) -> list[Unreadable]:
        """What was found wrong with ignore files since the last time, each once."""
        with self._lock:
            found = [
                Unreadable(folder / IGNORE_FILE, problem)
                for folder, read in self._folders.items()
                for problem in (*read.problems, *([Problem(0, read.failed)] if read.failed else []))
                if (folder, problem) not in self._told
            ]
            self._told.update((one.path.parent, one.problem) for one in found)
        return found

    def _why(self, path: Path, folders: Sequence[Path]) -> Excluded | None:
        root = _root(path, folders)
        chain = [root, *_between(root, path)]
        if len(chain) > DEEPEST:
            return Excluded(f"it lies more than {DEEPEST} folders deep")
        return self._decide(root, path, chain)

    def _decide(self, root: PurePath, path: PurePath, chain: Sequence[Path]) -> Excluded | None:
        parts = path.relative_to(root).parts
        reads: list[tuple[Path, _Read]] = []
        # Each folder on the way, then the file itself: what is below an excluded folder is not looked at.
        for depth in range(len(parts)):
            if depth < len(chain):
                folder = chain[depth]
                read = self._read(folder)
                if read.failed:
                    return Excluded(f"{folder / IGNORE_FILE} {read.failed}")
                reads.append((folder, read))
            is_file = depth + 1 == len(parts)
            for start, (folder, read) in reversed(list(enumerate(reads))):
                name = "/".join(parts[start : depth + 1]) + ("" if is_file else "/")
                decided = last_that_applies(read.patterns, name)
                if decided is None:
                    continue
                if decided.excludes:
                    return Excluded(f"excluded by `{decided.text}` ({folder / IGNORE_FILE}, line {decided.line})")
                if is_file:
                    return None  # the user wants it, secret by its name or not
                break
            else:
                # The folders above the workspace count here as well: it may be `~/.ssh` that was opened.
                found = self._secret_folder(root.parts[1:] if depth == 0 else ())
                if found is None and is_file:
                    found = self._secret_file(path)
                elif found is None:
                    found = self._secret_folder(parts[depth : depth + 1])
                if found is not None:
                    return found
        return None

    def _secret_folder(self, names: Sequence[str]) -> Excluded | None:
        folders = [pattern for pattern in self._built_in() if pattern.text.endswith("/")] if names else []
        return next((found for name in names if (found := _decided(folders, f"{name}/"))), None)

    def _secret_file(self, path: PurePath) -> Excluded | None:
        files = [pattern for pattern in self._built_in() if not pattern.text.endswith("/")]
        name = "/".join(path.parts[1:])
        return _decided(files, name) or _decided(files, _of_copy(name))

    def _built_in(self) -> tuple[Pattern, ...]:
        if self._secrets is None:
            self._secrets, _ = parse(SECRETS, ignore_case=True)
        return self._secrets

    def _read(self, folder: Path) -> _Read:
        with self._lock:
            known = self._folders.get(folder)
        now = self._clock()
        if known is not None and now - known.looked_at < LOOK_AGAIN_S:
            return known
        # Without the lock: a folder on a disk that hangs must not keep the others.
        read = _look(folder / IGNORE_FILE, known, now)
        with self._lock:
            self._folders.pop(folder, None)
            self._folders[folder] = read
            while len(self._folders) > MOST_FOLDERS:
                del self._folders[next(iter(self._folders))]
        return read


def _of_copy(name: str) -> str:
    """The name of what a file is a copy of, by the endings that copies have; the name itself where it has none."""
    while (shorter := next((s for s in COPY_SUFFIXES if name.lower().endswith(s)), "")) and len(name) > len(shorter):
        name = name[: -len(shorter)]
    return name


def _decided(patterns: Sequence[Pattern], path: str) -> Excluded | None:
    decided = last_that_applies(patterns, path)
    if decided is None or not decided.excludes:
        return None
    return Excluded(f"excluded by the built-in pattern `{decided.text.removeprefix('**/')}`")


def _look(path: Path, known: _Read | None, now: float) -> _Read:
    """What an ignore file says; as `known` where it is the same still."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return _Read(None, now)
    except (OSError, ValueError) as error:
        return _Read(None, now, failed=f"cannot be read ({_reason(error)})")
    stamp = (found.st_ino, found.st_size, found.st_mtime_ns)
    if known is not None and known.stamp == stamp and not known.failed:
        known.looked_at = now
        return known
    if not stat.S_ISREG(found.st_mode):  # git does not follow links here either, and a pipe would never end
        return _Read(stamp, now, failed="is not a file")
    if found.st_size > MOST_BYTES:
        return _Read(stamp, now, failed=f"is larger than {MOST_BYTES // 1_000_000} MB")
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            text = file.read(MOST_BYTES + 1).decode("utf-8", "surrogateescape")
    except (OSError, ValueError) as error:
        return _Read(None, now, failed=f"cannot be read ({_reason(error)})")
    patterns, problems = parse(text)
    return _Read(stamp, now, patterns, problems)


def _reason(error: Exception) -> str:
    return (error.strerror or "") if isinstance(error, OSError) else str(error)


def _root(path: Path, folders: Sequence[Path]) -> Path:
    """Where ignore files begin to count: the outermost workspace folder around the file, else its repository's top,
    else its own folder."""
    around = [folder for folder in folders if folder in path.parents]
    if around:
        return min(around, key=lambda folder: len(folder.parts))
    for folder in path.parents[:DEEPEST]:
        if os.path.lexists(folder / ".git"):
            return folder
    return path.parent


def _between(root: Path, path: Path) -> list[Path]:
    """The folders below `root` on the way to the file, outermost first."""
    folders: list[Path] = []
    for part in path.relative_to(root).parts[:-1]:
        folders.append((folders[-1] if folders else root) / part)
    return folders
