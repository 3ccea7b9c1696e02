"""Scratch folders of sandboxed processes: one is made for each run, and what a killed server left behind is removed.

A folder's name says whose it is: `glosswright-run-PID-…`. Only the user's own are touched, only those of a process that
is gone, and only after a minute, longer than a run takes, in case its process cannot be seen from here, as from a
container. Links are never followed.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

_PREFIX = "glosswright-run-"
_OWNED = re.compile(re.escape(_PREFIX) + r"(\d{1,10})-[a-z0-9_]{8}")
_STALE_S = 60.0


def new_scratch(parent: Path | None) -> Path:
    """An empty folder below `parent`, None for the system's. Raises `OSError`."""
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent)).resolve()


def sweep_once(parent: Path | None) -> None:
    """`sweep` a parent, None for the system's, unless this process has done so before."""
    _swept(str(parent if parent is not None else tempfile.gettempdir()))


@cache
def _swept(parent: str) -> None:
    sweep(Path(parent))


def sweep(parent: Path) -> None:
    """Remove what servers that are gone left in `parent`. What cannot be looked at or removed is left where it is."""
    with suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            owner = _OWNED.fullmatch(entry.name)
            if owner is not None and _is_stale(entry) and not _lives(int(owner[1])):
                shutil.rmtree(entry.path, ignore_errors=True)  # refuses a link, and follows none below


def _is_stale(entry: os.DirEntry[str]) -> bool:
    try:
        found = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    mine = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    return stat.S_ISDIR(found.st_mode) and mine and time.time() - found.st_mtime > _STALE_S


def _lives(pid: int) -> bool:
    """Whether there is such a process. In doubt there is: on systems where asking with a signal would end it, too."""
    if os.name != "posix" or pid == 0:
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
