"""The user stops a download: the server process ends, who waits gets nothing, and a request by hand begins again."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import psutil
import pytest

from glosswright_server.documents import Snapshot
from glosswright_server.engine.engine import Engine
from glosswright_server.engine.source import ModelSource
from glosswright_server.generation.launch_options import LaunchOptions, LaunchTimings
from glosswright_server.generation.launcher import LocalModelServer
from glosswright_server.settings import Settings, merge

pytestmark = pytest.mark.timeout(60)

FAKE = Path(__file__).parent.parent / "generation" / "fake_model_server.py"


def engine_with(folder: Path, *stages: str) -> Engine:
    """An engine whose local model server goes through `stages`."""
    folder.mkdir(mode=0o700)
    launcher = LocalModelServer(
        LaunchOptions(model="m"),
        command=[sys.executable, str(FAKE), "m", *stages],
        directory=folder,
        timings=LaunchTimings(poll_s=0.02),
    )
    settings, _ = merge(Settings(), {"inline": {"debounceMinMs": 0, "debounceMaxMs": 0}}, allow_restricted=True)
    return Engine(settings, source=lambda s: ModelSource(s, launcher=launcher))


def pids(folder: Path) -> list[int]:
    path = folder / "pids"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def has_ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def until_stage(engine: Engine, stage: str) -> None:
    for _ in range(1000):
        if engine.models.source.progress is not None and engine.models.source.progress.stage == stage:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"never {stage}")


@pytest.mark.parametrize("stage", ["starting", "downloading", "loading"])
async def test_a_start_that_is_stopped(tmp_path: Path, stage: str) -> None:
    """Everything that the start had going ends with it, at whatever point, and typing on starts nothing."""
    slowly = ["--slow-start", "0.5"] if stage == "starting" else []
    engine = engine_with(tmp_path / "run", "downloading" if slowly else stage, *slowly)
    snapshot = Snapshot(uri="file:///a.py", language_id="python", version=1, text="# add two numbers\n")
    try:
        automatic = asyncio.ensure_future(engine.inline(snapshot, 18, by_hand=False, current=lambda: snapshot))
        await until_stage(engine, stage)
        for _ in range(1000):
            if pids(tmp_path / "run"):
                break
            await asyncio.sleep(0.01)
        [pid] = pids(tmp_path / "run")
        await asyncio.wait_for(engine.models.give_up(), 15)
        assert engine.models.given_up
        assert await asyncio.wait_for(automatic, 5) is None
        assert has_ended(pid)
        assert await engine.inline(snapshot, 18, by_hand=False, current=lambda: snapshot) is None
        assert pids(tmp_path / "run") == [pid]
        by_hand = asyncio.ensure_future(engine.inline(snapshot, 18, by_hand=True, current=lambda: snapshot))
        for _ in range(1000):
            if len(pids(tmp_path / "run")) == 2:
                break
            await asyncio.sleep(0.01)
        assert not engine.models.given_up
        assert len(pids(tmp_path / "run")) == 2
        await engine.models.give_up()
        assert await by_hand is None
    finally:
        await engine.aclose()
        for pid in pids(tmp_path / "run"):
            assert has_ended(pid)


async def test_a_ready_server_is_left_alone(tmp_path: Path) -> None:
    """It serves the other windows too, and costs nothing while it waits."""
    engine = engine_with(tmp_path / "run", "ready")
    try:
        await engine.models.warm_up()
        [pid] = pids(tmp_path / "run")
        await engine.models.give_up()
        assert psutil.pid_exists(pid)
        assert engine.models.source.ready_now() is not None
    finally:
        await engine.aclose()
        for pid in pids(tmp_path / "run"):
            process = psutil.Process(pid)
            process.kill()
            process.wait(10)
