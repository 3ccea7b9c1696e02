"""Scratch folders: made with their owner's name, and swept when that owner is gone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from glosswright_server.verify.sandbox.scratch import new_scratch, sweep, sweep_once

pytestmark = pytest.mark.skipif(os.name != "posix", reason="nothing is run on other systems, so nothing is left there")


@pytest.fixture(scope="module")
def gone() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait(timeout=30)
    return process.pid


def left(parent: Path, pid: int, *, age_s: float = 3600, name: str = "glosswright-run-{}-abcdefgh") -> Path:
    """A folder as a server with that number left it."""
    folder = parent / name.format(pid)
    folder.mkdir()
    (folder / "data").write_text("x")
    os.utime(folder, (time.time() - age_s,) * 2)
    return folder


def test_what_a_killed_server_left_is_swept(tmp_path: Path, gone: int) -> None:
    """The first run removes it, and its own folder names its owner."""
    stale = left(tmp_path, gone)
    sweep_once(tmp_path)
    scratch = new_scratch(tmp_path)
    assert not stale.exists()
    assert scratch.name.startswith(f"glosswright-run-{os.getpid()}-")
    later = left(tmp_path, gone)
    sweep_once(tmp_path)
    assert later.exists(), "a folder is swept once only: looking again at each run takes time"


async def test_first_run_sweeps(run, scratch: Path, gone: int) -> None:
    """It is a run that does it: `run` looks for what is left behind."""
    left(scratch, gone)
    assert (await run("", ("1", "1"))).all_passed


def test_others_are_left_alone(tmp_path: Path, gone: int) -> None:
    """What lives, what is young, and what only looks alike stays."""
    kept = [
        left(tmp_path, os.getpid()),
        left(tmp_path, gone, age_s=5),
        left(tmp_path, gone, name="glosswright-run-abcdefgh"),
        left(tmp_path, gone, name="glosswright-run-{}-abcdefgh-more"),
        left(tmp_path, 0),
    ]
    sweep(tmp_path)
    assert all((folder / "data").exists() for folder in kept)


def test_links_are_not_followed(tmp_path: Path, gone: int) -> None:
    """Neither one in the place of a folder nor one within a folder leads out of it."""
    outside = tmp_path / "outside"
    precious = left(tmp_path, 1, name="outside") / "data"
    link = tmp_path / f"glosswright-run-{gone}-aaaaaaaa"
    link.symlink_to(outside, target_is_directory=True)
    os.utime(link, (1, 1), follow_symlinks=False)
    stale = left(tmp_path, gone)
    (stale / "link").symlink_to(outside, target_is_directory=True)
    os.utime(stale, (1, 1))
    sweep(tmp_path)
    assert precious.exists()
    assert link.is_symlink()
    assert not stale.exists()


def test_folder_that_cannot_be_read(tmp_path: Path) -> None:
    """Sweeping is a courtesy: where it cannot be done, nothing is raised."""
    sweep(tmp_path / "nowhere")
