"""Which folders' examples may be run: the user's answers, kept in one small file outside every workspace.

The file lies in the user's state folder, so that what a cloned repository brings along cannot speak for the user. An
answer is for exactly one folder, never for those inside it. Whatever cannot be read or believed counts as not answered.
It asks nobody; see `lsp.trust` for the question.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import stat
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout

logger = logging.getLogger(__name__)

STATE_DIR_VARIABLE = "GLOSSWRIGHT_STATE_DIR"
FILE_NAME = "trust.json"
FORMAT = 1
LOCK_TIMEOUT_S = 2.0
_MAX_BYTES = 1_000_000


def state_dir() -> Path:
    """The folder of the file: GLOSSWRIGHT_STATE_DIR, else the platform's place for a user's state. It may not exist."""
    if override := os.environ.get(STATE_DIR_VARIABLE):
        return Path(override)
    return Path(platformdirs.user_state_dir("glosswright", appauthor=False))


def folder_key(folder: Path) -> str:
    """The folder as the file names it: absolute, links followed, so that one folder has one name."""
    return os.path.normcase(os.path.realpath(folder))


class TrustFile:
    """The user's answers on disk. Every method may wait for the disk: keep it off an event loop."""

    def __init__(self, directory: Path | None = None) -> None:
        self.path = (directory if directory is not None else state_dir()) / FILE_NAME

    def answers(self) -> dict[str, bool]:
        """Every folder that was answered for, and whether its examples may be run."""
        return dict(self._read())

    def answer(self, folder: Path) -> bool | None:
        """Whether the examples of this folder may be run; None when the user was not asked yet."""
        return self._read().get(folder_key(folder))

    def remember(self, folder: Path, allowed: bool) -> None:
        """Keep an answer. Raises OSError when it cannot be written."""
        self._change(folder_key(folder), allowed)

    def forget(self, folder: Path) -> bool:
        """Drop an answer, so that the user is asked again; whether there was one. Raises OSError."""
        return self._change(folder_key(folder), None)

    def _change(self, key: str, allowed: bool | None) -> bool:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with FileLock(self.path.with_suffix(".lock"), timeout=LOCK_TIMEOUT_S):
                answers = dict(self._read())
                known = answers.pop(key, None) is not None
                if allowed is not None:
                    answers[key] = allowed
                self._write(answers)
        except Timeout:
            raise TimeoutError(f"{self.path} is held by another process") from None
        return known

    def _read(self) -> Mapping[str, bool]:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
            try:
                believable = _is_believable(os.fstat(descriptor))
                data = os.read(descriptor, _MAX_BYTES) if believable else b""
            finally:
                os.close(descriptor)
        except FileNotFoundError:
            return {}
        except OSError as error:
            logger.warning("%s cannot be read (%s)", self.path, error.strerror)
            return {}
        if not believable:
            logger.warning("%s is not a file that only you can write to; its answers do not count", self.path)
            return {}
        return _decode(data, self.path)

    def _write(self, answers: Mapping[str, bool]) -> None:
        document = {
            "format": FORMAT,
            "folders": {folder: {"runExamples": allowed} for folder, allowed in sorted(answers.items())},
        }
        # mkstemp makes the file with mode 0600.
        descriptor, name = tempfile.mkstemp(prefix=f".{FILE_NAME}-", dir=self.path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
                json.dump(document, file, ensure_ascii=True, indent=2)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise


def _is_believable(found: os.stat_result) -> bool:
    if not stat.S_ISREG(found.st_mode):
        return False
    if sys.platform == "win32":
        return True  # private by the access lists of the user's profile; mode bits say nothing there
    return found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o022


def _decode(data: bytes, path: Path) -> dict[str, bool]:
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError):
        fields = None
    folders = fields.get("folders") if isinstance(fields, dict) and fields.get("format") == FORMAT else None
    if not isinstance(folders, dict):
        logger.warning("%s is broken; the user will be asked again", path)
        return {}
    return {
        folder: entry["runExamples"]
        for folder, entry in folders.items()
        if isinstance(entry, dict) and isinstance(entry.get("runExamples"), bool)
    }
