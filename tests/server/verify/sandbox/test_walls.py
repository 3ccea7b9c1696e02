"""Which walls there are, and that the second kind holds as well as the first."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from glosswright_server.intent.contract import Example
from glosswright_server.verify.sandbox import availability, interpreters, policy, run_examples
from glosswright_server.verify.sandbox import run as running_module
from glosswright_server.verify.sandbox import walls as walls_module
from glosswright_server.verify.sandbox.interpreters import interpreter_for
from glosswright_server.verify.sandbox.model import Availability, Limits, Program, SandboxOptions
from glosswright_server.verify.sandbox.walls import BUBBLEWRAP, Walls, walls
from glosswright_server.verify.verdict import Outcome


@pytest.mark.parametrize(("system", "name"), [("darwin", "macOS"), ("win32", "Windows"), ("sunos", "this system")])
def test_other_systems(system: str, name: str) -> None:
    """Where there is no sandbox nothing is run, and that is said plainly."""
    assert walls(system) == Walls("", f"There is no sandbox for {name}, so examples are not run there.")


def test_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without libseccomp the sentence names it."""

    def missing(*, may_exec: bool) -> bytes:
        raise RuntimeError("Unable to find libseccomp")

    monkeypatch.setattr(walls_module.policy, "seccomp_filter", missing)
    assert "install it" in walls_module.walls.__wrapped__("linux").why_not


@pytest.mark.skipif(not walls().name, reason="no sandbox here")
def test_order_of_walls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Landlock first, then bubblewrap where it works, then nothing, with what to do."""
    find = walls_module.walls.__wrapped__
    monkeypatch.setattr(walls_module, "_landlock", lambda: False)
    monkeypatch.setattr(walls_module.shutil, "which", lambda name: "/opt/bwrap")
    monkeypatch.setattr(walls_module, "_bwrap", lambda program: True)
    assert find("linux") == Walls(BUBBLEWRAP, bwrap="/opt/bwrap")
    monkeypatch.undo()
    monkeypatch.setattr(walls_module, "_landlock", lambda: False)
    monkeypatch.setattr(walls_module.shutil, "which", lambda name: "/no/such/bwrap")
    found = find("linux")
    assert found.name == ""
    assert "install bubblewrap" in found.why_not


async def test_nothing_is_run_without_walls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The one promise that must never break."""
    monkeypatch.setattr(running_module, "walls", lambda: Walls("", "There is none."))
    marker = tmp_path / "ran"
    program = Program(source=f"open({str(marker)!r}, 'w')", language="python")
    report = await run_examples(program, (Example(expression="1", expected="1"),), SandboxOptions())
    assert (report.why_not, report.ran, report.sandbox) == ("There is none.", 0, "")
    assert running_module.availability("python", SandboxOptions()) == Availability(sandbox="", why_not="There is none.")
    assert not marker.exists()


async def test_walls_that_cannot_be_entered(monkeypatch: pytest.MonkeyPatch, scratch: Path) -> None:
    """Where the kernel promised what it does not keep, the run says so and has run nothing."""
    if not walls().name:
        pytest.skip("no sandbox here")
    monkeypatch.setattr(walls_module.policy, "seccomp_filter", lambda *, may_exec: b"\0" * 8)
    options = SandboxOptions(scratch=scratch)
    report = await run_examples(Program(source="", language="python"), (Example(expression="1"),), options)
    assert "could not be entered (seccomp" in report.why_not
    assert (report.ran, report.sandbox) == (0, "")
    assert list(scratch.iterdir()) == []


BWRAP = shutil.which("bwrap") or ""
PROBES = [
    ("f(1)", "2"), ("tried(lambda: open('/etc/passwd').read())", "'refused'"),
    ("tried(lambda: os.listdir('/home'))", "'refused'"),
    ("tried(lambda: open('/tmp/x', 'w'))", "'refused'"), ("tried(lambda: socket.socket())", "'refused'"),
    ("tried(os.fork)", "'refused'"),
    ("tried(lambda: os.kill(os.getppid(), 0))", "'refused'"), ("tried(lambda: open(os.__file__, 'a'))", "'refused'"),
    ("tried(lambda: open('mine', 'w').close())", "'done'"), ("decimal.Decimal(1) + 1", "decimal.Decimal(2)"),
    ("tried(lambda: os.mkdir('below'))", "'refused'"), ("tried(lambda: open('/proc/1/environ').read())", "'refused'"),
]  # fmt: skip
SOURCE = """
import decimal, os, socket
def f(x): return x + 1
def tried(action):
    try:
        action()
    except OSError:
        return "refused"
    return "done"
"""


@pytest.fixture
def bubblewrap(monkeypatch: pytest.MonkeyPatch) -> None:
    """As though there were no Landlock."""
    if not BWRAP or not walls_module._bwrap(BWRAP) or not walls().name:
        pytest.skip("bubblewrap is not installed, or may not be used here")
    monkeypatch.setattr(running_module, "walls", lambda: Walls(BUBBLEWRAP, bwrap=BWRAP))


@pytest.mark.usefixtures("bubblewrap")
async def test_bubblewrap_keeps_in(scratch: Path) -> None:
    """The same probes behind the other wall."""
    examples = tuple(Example(expression=e, expected=x) for e, x in PROBES)
    options = SandboxOptions(scratch=scratch)
    report = await run_examples(Program(source=SOURCE, language="python"), examples, options)
    assert report.sandbox == BUBBLEWRAP, report.why_not
    assert [(r.example.expression, r.detail) for r in report.results if r.outcome is not Outcome.PASSED] == []
    assert list(scratch.iterdir()) == []


@pytest.mark.usefixtures("bubblewrap")
async def test_bubblewrap_node(scratch: Path) -> None:
    """Node behind it too."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    examples = (
        Example(expression="f(1)", expected="2"),
        Example(expression="require('fs').readFileSync('/etc/passwd')", expected="1"),
    )
    options = SandboxOptions(scratch=scratch)
    program = Program(source="function f(x) { return x + 1; }", language="javascript")
    report = await run_examples(program, examples, options)
    assert report.why_not == ""
    assert [r.outcome for r in report.results] == [Outcome.PASSED, Outcome.NOT_APPLICABLE], report.results


@pytest.mark.usefixtures("bubblewrap")
async def test_bubblewrap_is_killed_whole(scratch: Path) -> None:
    """Killing it kills what it started."""
    options = SandboxOptions(scratch=scratch, limits=Limits(example_s=0.5, wall_s=1))
    program = Program(source="", language="python")
    report = await run_examples(program, (Example(expression="while True: pass", expected="1"),), options)
    assert "did not end" in report.results[0].detail
    await no_processes()


@pytest.mark.usefixtures("bubblewrap")
async def test_bubblewrap_is_watched_whole(scratch: Path) -> None:
    """What runs is not bubblewrap but what it has started."""
    options = SandboxOptions(scratch=scratch, limits=Limits(example_s=5))
    source = "import _thread, threading, time\ndef f():\n    threading.stack_size(32768)\n"
    source += "    while True: _thread.start_new_thread(time.sleep, (60,))"
    report = await run_examples(Program(source=source, language="python"), (Example(expression="f()"),), options)
    assert report.results[0].detail == "starts more than 256 threads"


@pytest.mark.parametrize("language", ["python", "javascript"])
@pytest.mark.parametrize("after_s", [0.0, 0.005, 0.02, 0.05, 0.1, 0.4])
async def test_cancelled(scratch: Path, language: str, after_s: float) -> None:
    """A run that nobody waits for any more is gone at once, at whatever point it was: no process, no folder."""
    if not walls().name or (language == "javascript" and shutil.which("node") is None):
        pytest.skip("cannot run here")
    source = {"python": "while True: pass", "javascript": "while (true);"}[language]
    options = SandboxOptions(scratch=scratch)
    interpreter_for(language, options)  # so that the time is spent in the run
    task = asyncio.create_task(
        run_examples(Program(source=source, language=language), (Example(expression="1"),), options)
    )
    await asyncio.sleep(after_s)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)
    assert list(scratch.iterdir()) == []
    await no_processes()


async def test_cancelled_twice(scratch: Path) -> None:
    """Impatience leaves nothing either."""
    if not walls().name:
        pytest.skip("no sandbox here")
    program, options = Program(source="while True: pass", language="python"), SandboxOptions(scratch=scratch)
    task = asyncio.create_task(run_examples(program, (Example(expression="1"),), options))
    await asyncio.sleep(0.2)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)
    assert list(scratch.iterdir()) == []
    await no_processes()


async def test_many_at_once(scratch: Path) -> None:
    """Runs side by side do not disturb each other."""
    if not walls().name:
        pytest.skip("no sandbox here")
    options = SandboxOptions(scratch=scratch, limits=Limits(wall_s=20, example_s=10))
    programs = [Program(source=f"def f(): return {n}", language="python") for n in range(6)]
    reports = await asyncio.gather(
        *(run_examples(p, (Example(expression="f()", expected=str(n)),), options) for n, p in enumerate(programs))
    )
    assert all(report.all_passed for report in reports)
    assert list(scratch.iterdir()) == []


async def no_processes() -> None:
    """No child of ours that was started to run code is left."""
    for _ in range(100):
        ours = psutil.Process(os.getpid()).children(recursive=True)
        left = [p for p in ours if p.is_running() and "launch.py" in " ".join(command(p))]
        if not left:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"still there: {left}")


def command(process: psutil.Process) -> list[str]:
    """Its command line; nothing when it is gone."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_asked_by_many_threads_at_once() -> None:
    """The engine asks from threads: the first calls, all at once, come to the same answer, and none raises."""
    walls.cache_clear()
    policy.seccomp_filter.cache_clear()
    interpreters._python.cache_clear()
    options, barrier = SandboxOptions(), threading.Barrier(4)

    def ask(_: int) -> Availability:
        barrier.wait(timeout=30)
        return availability("python", options)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ask, range(4), timeout=60))
    assert set(found) == {availability("python", options)}
