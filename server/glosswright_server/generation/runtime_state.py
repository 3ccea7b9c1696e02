"""The state file through which every editor window finds the one local model server, read with suspicion.

It holds an address to which code is sent and a token, so a file that another user owns or could read or change is not
believed (docs/model-server.md, "Finding the running server"). This module only reads; the model server writes.
"""

from __future__ import annotations

import ipaddress
import json
import os
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs
import psutil

PROTOCOL = 1
RUNTIME_DIR_VARIABLE = "GLOSSWRIGHT_RUNTIME_DIR"
STATE_NAME = "model-server.json"
LOG_NAME = "model-server.log"
CREATE_TIME_TOLERANCE_S = 2.0
"""Two readings of one process's start may differ by a clock tick and by a clock that was set in between."""
_MAX_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerState:
    """A model server that runs now."""

    pid: int
    create_time: float
    """Seconds since the epoch; tells the process from a later one with the same pid."""
    url: str
    token: str = field(repr=False)
    model: str
    version: str


@dataclass(frozen=True, slots=True)
class StateReading:
    """What was found: a running server, or none with the reason ("" when there is simply no file)."""

    state: ServerState | None
    problem: str = ""


def runtime_dir() -> Path:
    """The folder of the state file, by the rule of docs/model-server.md. It need not exist."""
    if override := os.environ.get(RUNTIME_DIR_VARIABLE):
        return Path(override)
    if sys.platform in ("win32", "darwin"):
        return Path(platformdirs.user_runtime_dir("glosswright", appauthor=False))
    for candidate in (os.environ.get("XDG_RUNTIME_DIR"), f"/run/user/{os.getuid()}"):
        if candidate and os.path.isabs(candidate) and _is_own_folder(candidate):
            return Path(candidate) / "glosswright"
    # Never a folder that all users share: somebody else could create ours in it first.
    return Path(platformdirs.user_cache_dir("glosswright", appauthor=False)) / "run"


def make_private_dir(directory: Path) -> str:
    """Create the folder with mode 0700 if need be. Returns what is wrong with it, or ""."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _not_private(directory, directory.stat())
    except OSError as error:
        return f"the folder {directory} cannot be used ({error.strerror})"


def read_state(directory: Path) -> StateReading:
    """The server that the state file in `directory` names, if the file can be believed and the process still runs."""
    path = directory / STATE_NAME
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except (FileNotFoundError, NotADirectoryError):
        return StateReading(None)
    except OSError as error:
        return StateReading(None, f"{path} cannot be read ({error.strerror}); remove it")
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return StateReading(None, f"{path} is not a file; remove it")
        if problem := _not_private(path, found) or _not_private(directory, directory.stat()):
            return StateReading(None, problem)
        data = file.read(_MAX_BYTES + 1)
    state, problem = _decode(data, path)
    if state is not None and not is_alive(state):
        return StateReading(None)
    return StateReading(state, problem)


def is_alive(state: ServerState) -> bool:
    """Whether the very process that the state names still runs."""
    try:
        process = psutil.Process(state.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return abs(process.create_time() - state.create_time) <= CREATE_TIME_TOLERANCE_S
    except psutil.AccessDenied:
        return True
    except psutil.Error:
        return False


def _decode(data: bytes, path: Path) -> tuple[ServerState | None, str]:
    broken = f"{path} is broken; remove it"
    try:
        fields = json.loads(data[:_MAX_BYTES])
    except (ValueError, RecursionError):
        return None, broken
    if not isinstance(fields, dict):
        return None, broken
    if fields.get("protocol") != PROTOCOL:
        return None, f"the server in {path} is of another Glosswright version; stop it"
    pid, created = fields.get("pid"), fields.get("create_time")
    url, token = fields.get("url"), fields.get("token")
    if not isinstance(pid, int) or isinstance(pid, bool) or pid <= 0 or not isinstance(created, (int, float)):
        return None, broken
    if not isinstance(url, str) or not isinstance(token, str) or not isinstance(fields.get("model"), str):
        return None, broken
    if not _is_loopback(url):
        return None, f"{path} names an address outside this machine; set `endpoint.url` to use such a server"
    version = fields.get("version")
    return (
        ServerState(
            pid=pid,
            create_time=float(created),
            url=url,
            token=token,
            model=fields["model"],
            version=version if isinstance(version, str) else "",
        ),
        "",
    )


def _is_loopback(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return parts.scheme == "http" and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False


def _not_private(path: Path, found: os.stat_result) -> str:
    if sys.platform == "win32":
        return ""  # folders below the user's profile are private by their access lists; mode bits say nothing there
    if found.st_uid != os.getuid():
        return f"{path} belongs to another user; remove it or set {RUNTIME_DIR_VARIABLE}"
    if stat.S_IMODE(found.st_mode) & 0o077:
        return f"{path} is open to other users; run `chmod go-rwx {path}`"
    return ""


def _is_own_folder(path: str) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and (sys.platform == "win32" or found.st_uid == os.getuid())
