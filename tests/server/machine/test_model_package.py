"""The model package's command line as seen from here: a stand-in process says whatever a real one could say."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from glosswright_server.errors import LaunchError
from glosswright_server.machine import model_package
from glosswright_server.machine.catalogue import models
from glosswright_server.machine.model_package import PullProgress, pull, run_json, stop_server
from glosswright_server.machine.speeds import ENOUGH, Speed, Speeds
from glosswright_server.settings import Settings, merge

pytestmark = pytest.mark.timeout(60)

Says = Callable[[str], None]


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Says:
    """Makes the model package's command line a few lines of Python."""

    def set_program(program: str) -> None:
        monkeypatch.setattr(model_package, "model_command", lambda *arguments: [sys.executable, "-c", program])

    return set_program


async def test_json(says: Says) -> None:
    """What is printed comes back."""
    says("print('[1, 2]')")
    assert await run_json("list") == [1, 2]


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import sys; sys.exit('glosswright model: There is no such model.')", "There is no such model."),
        ("import sys; sys.exit(3)", "gave no reason"),
        ("print('not JSON')", "not JSON"),
        ("import nowhere_to_be_found", "pip install 'glosswright[llamacpp]'"),
    ],
)
async def test_failures_in_words(says: Says, program: str, message: str) -> None:
    """Whatever it does, the user gets one sentence."""
    says(program)
    with pytest.raises(LaunchError) as failed:
        await run_json("list")
    assert message in str(failed.value)


async def test_too_slow(says: Says) -> None:
    """It is not waited for for ever, and it is gone afterwards."""
    says("import time; time.sleep(60)")
    before = set(psutil.Process().children())
    with pytest.raises(LaunchError, match=r"did not end within 0\.3 s"):
        await run_json("list", timeout_s=0.3)
    assert set(psutil.Process().children()) <= before


PULL = """
import json
print(json.dumps({"phase": "downloading", "done_bytes": 5, "total_bytes": 10, "source": "x", "bytes_per_s": 2e6}))
print("noise")
print(json.dumps({"phase": "verifying", "done_bytes": 10, "total_bytes": 10, "source": "", "bytes_per_s": 0}))
print(json.dumps({"phase": "done", "path": "/w/m.gguf", "licence": "Apache-2.0"}))
"""


async def test_pull(says: Says) -> None:
    """Progress as it comes, then where it lies; a line that is no progress is passed over."""
    says(PULL)
    told: list[PullProgress] = []
    assert await pull("m", told.append) == {"path": "/w/m.gguf", "licence": "Apache-2.0"}
    assert [(one.percentage, str(one)) for one in told] == [
        (50, "0 of 0 MB · 2.0 MB/s"),
        (100, "checking 0 of 0 MB"),
    ]


@pytest.mark.parametrize(
    ("progress", "percentage", "words"),
    [
        (PullProgress("downloading", 123_400_000, 491_000_000, 4_200_000.0), 25, "123 of 491 MB · 4.2 MB/s"),
        (PullProgress("downloading", 0, 491_000_000, 0.0), 0, "0 of 491 MB"),
        (PullProgress("waiting", 0, 0, 0.0), 0, "another download of it is under way"),
    ],
)
def test_progress_in_words(progress: PullProgress, percentage: int, words: str) -> None:
    """As a progress bar shows it."""
    assert (progress.percentage, str(progress)) == (percentage, words)


async def test_a_pull_that_fails(says: Says) -> None:
    """Its own words, and no half success."""
    says(
        PULL.replace('"done", "path"', '"done", "way"')
        + "\nimport sys; sys.exit('glosswright model: The disk is full.')"
    )
    with pytest.raises(LaunchError, match=r"The disk is full\."):
        await pull("m", lambda _: None)


async def test_cancelling_ends_the_process(says: Says, tmp_path: Path) -> None:
    """Nothing goes on downloading unseen."""
    flag = tmp_path / "pid"
    says(f"import os, time; open({str(flag)!r}, 'w').write(str(os.getpid())); time.sleep(60)")
    task = asyncio.ensure_future(pull("m", lambda _: None))
    while not flag.exists() or not flag.read_text():
        await asyncio.sleep(0.01)
    task.cancel()
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < 10
    assert not psutil.pid_exists(int(flag.read_text()))


@pytest.mark.parametrize(("status", "stopped"), [(0, True), (4, False)])
async def test_stop(says: Says, status: int, stopped: bool) -> None:
    """That none ran is an answer, not a failure."""
    says(f"import sys; sys.exit({status})")
    assert await stop_server() is stopped


async def test_stop_that_fails(says: Says) -> None:
    """A server that stays is told."""
    says("import sys; print('glosswright model: it stays', file=sys.stderr); sys.exit(1)")
    with pytest.raises(LaunchError, match="it stays"):
        await stop_server()


async def test_the_real_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real command, the real catalogue: names, sizes and licences, the current one marked, speeds where
    measured."""
    monkeypatch.setenv("GLOSSWRIGHT_CACHE_DIR", str(tmp_path / "cache"))
    speeds = Speeds(tmp_path)
    speeds.remember("qwen2.5-coder-0.5b", Speed(16.2, 143.0, "cpu"))
    found = await models(Settings(), speeds)
    by_name = {model["name"]: model for model in found}
    small = by_name["qwen2.5-coder-0.5b"]
    assert small["current"] is small["default"] is True
    assert small["installed"] is False
    assert small["sizeBytes"] == 491_400_064
    assert small["licence"] == "Apache-2.0"
    assert small["speed"]["decodeTokensPerS"] == 16.2
    assert small["speed"]["device"] == "cpu"
    assert by_name["qwen2.5-coder-1.5b"]["speed"] is None
    assert sum(model["current"] for model in found) == 1


async def test_a_model_of_the_users_own(says: Says, tmp_path: Path) -> None:
    """It stands last; with an endpoint, no local model is the current one."""
    says("print('[]')")
    path = tmp_path / "mine.gguf"
    path.write_bytes(b"x" * 10)
    settings, _ = merge(Settings(), {"model": {"name": str(path)}}, allow_restricted=True)
    [mine] = await models(settings, Speeds(tmp_path))
    assert mine["title"] == "mine.gguf"
    assert (mine["sizeBytes"], mine["installed"], mine["current"]) == (10, True, True)
    settings, _ = merge(settings, {"endpoint": {"url": "http://box:1"}}, allow_restricted=True)
    assert await models(settings, Speeds(tmp_path)) == []


def test_speeds_are_kept(tmp_path: Path) -> None:
    """A full measurement first; what ordinary answers tell later renews the one figure that they can tell."""
    speeds = Speeds(tmp_path / "new")
    assert speeds.all() == {}
    speeds.remember("m", Speed(10.0, 100.0, "cpu"))
    assert [speeds.heard("m", 20.0 + index) for index in range(ENOUGH)] == [False] * (ENOUGH - 1) + [True]
    assert not speeds.heard("m", 1.0), "the disk is not written for each answer"
    speeds.save()
    kept = Speeds(tmp_path / "new").all()["m"]
    assert kept.decode_tokens_per_s == 21.5
    assert (kept.prefill_tokens_per_s, kept.device) == (100.0, "cpu")
    assert kept.measured_at.endswith("+00:00")


@pytest.mark.parametrize("text", ["", "no JSON", "[]", '{"m": 3}', '{"m": {"decode": "fast"}}', "[" * 100_000])
def test_a_broken_file_of_speeds(tmp_path: Path, text: str) -> None:
    """It counts as not measured, and is written anew."""
    speeds = Speeds(tmp_path)
    speeds.path.write_text(text)
    assert speeds.all() == {}
    speeds.remember("m", Speed(1.0))
    assert list(speeds.all()) == ["m"]


def test_nowhere_to_write(tmp_path: Path) -> None:
    """A convenience never fails."""
    (tmp_path / "x").write_text("")
    Speeds(tmp_path / "x").remember("m", Speed(1.0))
