"""Where the user's one model server is found: the runtime folder, its lock, and the state file with address and token.

The lock decides who is *the* server; the operating system drops it with the process, so a crash leaves nothing to
clean up. The state file tells everybody else where that server listens. Because it holds the token it is written with
mode 0600 in a folder with mode 0700, and both are checked before anything in it is believed. This module starts no
process and speaks no HTTP.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import stat
import sys
import time
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import filelock
import platformdirs
import psutil

from glosswright_model.errors import AlreadyRunning, ServingError

PROTOCOL = 1
RUNTIME_DIR_VARIABLE = "GLOSSWRIGHT_RUNTIME_DIR"
STATE_NAME = "model-server.json"
LOCK_NAME = "model-server.lock"
MAX_STATE_CHARS = 65_536
CREATE_TIME_TOLERANCE_S = 2.0
"""Two readings of one process's start may differ by a clock tick and by a clock that was set in between."""
HANDOVER_S = 3.0
"""How long a starting server waits for one that holds the lock but shows no state: it is starting, or about to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerState:
    """What the state file says. The token is kept out of `repr`, so that no log can show it."""

    pid: int
    create_time: float
    """Start of the process in seconds since the epoch, as psutil says: tells it from a later process with its pid."""
    url: str
    """`http://host:port`, without a path."""
    token: str = field(repr=False)
    model: str
    version: str
    started_at: float
    """Seconds since the epoch."""
    protocol: int = PROTOCOL

    @property
    def alive(self) -> bool:
        """Whether the process that wrote this still runs."""
        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            return abs(process.create_time() - self.create_time) <= CREATE_TIME_TOLERANCE_S
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:  # it exists; only its details are hidden
            return True


def runtime_dir() -> Path:
    """The folder of the lock and the state file; it need not exist yet.

    `GLOSSWRIGHT_RUNTIME_DIR` if set; on Windows and macOS the platform's own place; elsewhere `glosswright` in
    `$XDG_RUNTIME_DIR` or `/run/user/<uid>`, whichever first is a folder of this user; else `run` in the user's cache
    folder. Never a folder that all users share: somebody else could create it first.
    """
    if override := os.environ.get(RUNTIME_DIR_VARIABLE):
        return Path(override)
    if sys.platform in ("win32", "darwin"):
        return Path(platformdirs.user_runtime_dir("glosswright", appauthor=False))
    for candidate in (os.environ.get("XDG_RUNTIME_DIR"), f"/run/user/{os.getuid()}"):
        if candidate and os.path.isabs(candidate) and _is_own_folder(Path(candidate)):
            return Path(candidate) / "glosswright"
    return Path(platformdirs.user_cache_dir("glosswright", appauthor=False)) / "run"


def find_running(directory: Path | None = None) -> ServerState | None:
    """The server that runs now, or None. Raises ServingError when the file could have been written by somebody else."""
    state = read_state(directory or runtime_dir())
    return state if state is not None and state.alive else None


def read_state(directory: Path) -> ServerState | None:
    """What the state file says, alive or not; None when there is none or it is not one this version can read.

    Raises ServingError when the file or its folder belongs to, or can be changed by, another user.
    """
    path = directory / STATE_NAME
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ServingError(f"The state file {path} cannot be read ({error.strerror}): remove it.") from error
    with os.fdopen(descriptor, encoding="utf-8") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise ServingError(f"{path} is not a file: remove it.")
        _require_private(path, found)
        _require_private(directory, os.stat(directory))
        try:
            return _state_from(json.loads(file.read(MAX_STATE_CHARS)))
        except (ValueError, TypeError, RecursionError):
            return None  # a broken file names no server; the next one to start replaces it


class Claim:
    """The right to be the user's one model server. Held from `acquire` until `release`, or until the process dies."""

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory or runtime_dir()
        self._lock: filelock.BaseFileLock | None = None
        self._published: ServerState | None = None

    def acquire(self, wait_s: float = HANDOVER_S) -> None:
        """Take the lock, at once or never: only a holder that shows no state is waited for, `wait_s` seconds.

        Raises AlreadyRunning when another server holds it, ServingError when the folder is not private.
        """
        _make_private(self.directory)
        lock = filelock.FileLock(self.directory / LOCK_NAME, timeout=0, mode=0o600)
        give_up = time.monotonic() + wait_s
        while not _acquired(lock):
            self._raise_if_shown()
            if time.monotonic() >= give_up:
                raise AlreadyRunning("Another model server is starting or ending: try again in a moment.")
            time.sleep(0.05)
        self._lock = lock
        self._discard()  # of a server that died without removing it: the lock proves that it is gone

    def publish(self, *, url: str, token: str, model: str, version: str) -> ServerState:
        """Write the state file, atomically and for this user's eyes only."""
        state = ServerState(
            pid=os.getpid(),
            create_time=psutil.Process().create_time(),
            url=url,
            token=token,
            model=model,
            version=version,
            started_at=time.time(),
        )
        temporary = self.directory / f".{STATE_NAME}.{os.getpid()}.{secrets.token_hex(4)}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(asdict(state), file)
            os.replace(temporary, self.directory / STATE_NAME)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        self._published = state
        return state

    def withdraw(self) -> None:
        """Remove the state file, so that nobody new comes; the lock is kept until the process is really done."""
        if self._published is not None:
            self._discard()
            self._published = None

    def release(self) -> None:
        """Withdraw and drop the lock. Safe to call twice."""
        self.withdraw()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _raise_if_shown(self) -> None:
        running = find_running(self.directory)
        if running is not None:
            raise AlreadyRunning(
                f"A model server with {running.model} runs already (process {running.pid}): use it, "
                "or run `glosswright model stop` first."
            )

    def _discard(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self.directory / STATE_NAME).unlink()


def _state_from(data: object) -> ServerState | None:
    if not isinstance(data, dict) or data.get("protocol") != PROTOCOL:
        return None
    known = {f.name for f in fields(ServerState)}
    state = ServerState(**{key: value for key, value in data.items() if key in known})
    texts = (state.url, state.token, state.model, state.version)
    if (
        not all(isinstance(text, str) for text in texts)
        or isinstance(state.pid, bool)
        or not isinstance(state.pid, int)
    ):
        return None
    if state.pid <= 0 or not isinstance(state.create_time, (int, float)):
        return None
    return state


def _acquired(lock: filelock.BaseFileLock) -> bool:
    try:
        lock.acquire()
    except filelock.Timeout:
        return False
    return True


def _make_private(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_private(directory, os.stat(directory))
    except OSError as error:
        raise ServingError(
            f"The folder {directory} cannot be used ({error.strerror}): set {RUNTIME_DIR_VARIABLE} to another one."
        ) from error


def _require_private(path: Path, found: os.stat_result) -> None:
    if sys.platform == "win32":
        return  # folders below the user's profile are private by their access lists; mode bits say nothing there
    if found.st_uid != os.getuid():
        raise ServingError(f"{path} belongs to another user: remove it, or set {RUNTIME_DIR_VARIABLE}.")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise ServingError(f"{path} is open to other users: run `chmod go-rwx {path}`.")


def _is_own_folder(path: Path) -> bool:
    try:
        found = path.stat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and (sys.platform == "win32" or found.st_uid == os.getuid())
