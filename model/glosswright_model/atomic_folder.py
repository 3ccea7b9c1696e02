"""A folder, or a file, that is replaced as a whole: either the new one is complete, or the old one is still there.

For checkpoints and states of runs. A process may be killed and a disk may fill up at any moment; a reader that calls
`finish_replacement` first finds one or the other folder, never a mixture. Nothing here knows what is in it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from glosswright_model.errors import CheckpointError


@contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """An empty folder to fill, which becomes `folder` when the block ends well; else nothing changes. For one writer.

    Raises CheckpointError where the disk is full or the place cannot be written; the old folder stays.
    """
    old = _old_of(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        finish_replacement(folder)
        _drop_unfinished(folder)
        fresh = folder.with_name(f".{folder.name}.new-{secrets.token_hex(4)}")
        fresh.mkdir()
    except OSError as error:
        raise _unwritten(folder, error) from error
    try:
        yield fresh
        for file in fresh.iterdir():
            _reach_disk(file)
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        _reach_disk(folder.parent)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException as error:
        shutil.rmtree(fresh, ignore_errors=True)
        finish_replacement(folder)
        if isinstance(error, OSError | SafetensorError):
            raise _unwritten(folder, error) from error
        raise


def finish_replacement(folder: Path) -> None:
    """Put the old folder back where a process died between the two renames of a replacement."""
    old = _old_of(folder)
    with contextlib.suppress(OSError):
        if old.is_dir():
            if folder.exists():
                shutil.rmtree(old)
            else:
                old.rename(folder)


def _drop_unfinished(folder: Path) -> None:
    """What a process that was killed had begun: it would take up the disk for ever."""
    for path in folder.parent.iterdir():
        if path.name.startswith(f".{folder.name}.new-"):
            shutil.rmtree(path, ignore_errors=True)


def replace_text(file: Path, text: str) -> None:
    """Write a small file of text; what was there is replaced when the new one is complete. Raises OSError."""
    fresh = file.with_name(f".{file.name}.new-{secrets.token_hex(4)}")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)


def _old_of(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def _unwritten(folder: Path, error: Exception) -> CheckpointError:
    full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error)
    why = "the disk is full" if full else getattr(error, "strerror", None) or str(error)
    return CheckpointError(f"{folder} could not be written: {why}. What was there before is still there.")


def _reach_disk(path: Path) -> None:
    """Wait until the disk has it, so that a power cut after the rename cannot leave an empty file."""
    if path.is_dir() and os.name == "nt":
        return  # folders cannot be opened there
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
