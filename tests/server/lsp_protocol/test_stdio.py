"""The two threads between pipes and event loop, in this process, with pipes that behave badly."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from glosswright_server.lsp.framing import FramingLost, frame
from glosswright_server.lsp.lifetime import ExitDeadline, ParentWatch
from glosswright_server.lsp.stdio import MAX_INPUT_BYTES, MAX_OUTPUT_BYTES, Input, Output


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe whose ends are closed at the end if the test has not done so."""
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue


async def eventually(condition: object) -> None:
    """Wait until `condition()` holds, five seconds at most."""
    assert callable(condition)
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


@pytest.mark.parametrize("blocking", [True, False])
async def test_input_in_order(pipe: tuple[int, int], blocking: bool) -> None:
    """Messages arrive in order, the end last; some clients hand over non-blocking pipes."""
    os.set_blocking(pipe[0], blocking)
    arrived: list[object] = []
    source = Input(pipe[0], asyncio.get_running_loop(), arrived.append, arrived.append)
    source.start()
    await asyncio.sleep(0.05)
    os.write(pipe[1], frame(b"1") + frame(b"2"))
    await eventually(lambda: arrived == [b"1", b"2"])
    os.close(pipe[1])
    await eventually(lambda: arrived == [b"1", b"2", None])


async def test_input_tells_why_it_ended(pipe: tuple[int, int]) -> None:
    """Lost framing is not the end of the stream: the reason goes with it."""
    ended: list[FramingLost | None] = []
    Input(pipe[0], asyncio.get_running_loop(), lambda body: None, ended.append).start()
    os.write(pipe[1], b"garbage\n")
    await eventually(lambda: ended)
    assert isinstance(ended[0], FramingLost)


async def test_input_closed_under_its_reader() -> None:
    """A descriptor that is no longer there is the end of the stream."""
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)
    ended: list[object] = []
    Input(reading, asyncio.get_running_loop(), lambda body: None, ended.append).start()
    await eventually(lambda: ended == [None])


async def test_input_waits_for_the_loop(pipe: tuple[int, int]) -> None:
    """A flood stays in the pipe while the loop is busy, instead of in memory."""
    body = b"x" * (MAX_INPUT_BYTES // 4)
    arrived: list[bytes] = []
    Input(pipe[0], asyncio.get_running_loop(), arrived.append, lambda problem: None).start()
    written = 0

    def flood() -> None:
        nonlocal written
        for _ in range(12):
            os.write(pipe[1], frame(body))
            written += 1

    writer = threading.Thread(target=flood)
    writer.start()
    time.sleep(1)  # the loop is busy
    assert written < 12
    await eventually(lambda: len(arrived) == 12)
    writer.join(5)


@pytest.mark.parametrize("blocking", [True, False])
async def test_output_arrives_whole(pipe: tuple[int, int], blocking: bool) -> None:
    """A message larger than the pipe goes out piece by piece, and `close` waits for it."""
    os.set_blocking(pipe[1], blocking)
    lost: list[str] = []
    output = Output(pipe[1], asyncio.get_running_loop(), lost.append)
    output.start()
    body = b"x" * 1_000_000
    output.write(body)
    received = bytearray()

    def drain() -> None:
        while len(received) < len(frame(body)):
            received.extend(os.read(pipe[0], 65536))

    reader = threading.Thread(target=drain)
    reader.start()
    assert output.close(10)
    reader.join(10)
    assert bytes(received) == frame(body)
    output.write(b"too late")
    assert lost == []


async def test_output_without_a_reader(pipe: tuple[int, int]) -> None:
    """A closed pipe is told once, and later messages are dropped."""
    lost: list[str] = []
    output = Output(pipe[1], asyncio.get_running_loop(), lost.append)
    output.start()
    os.close(pipe[0])
    output.write(b"1")
    await eventually(lambda: lost)
    output.write(b"2")
    await asyncio.sleep(0.05)
    assert len(lost) == 1
    assert "failed" in lost[0]
    assert output.close(5) is False


async def test_output_that_nobody_takes(pipe: tuple[int, int]) -> None:
    """Memory is bounded: past the limit the client counts as gone."""
    lost: list[str] = []
    output = Output(pipe[1], asyncio.get_running_loop(), lost.append)
    output.start()
    output.write(b"x" * (MAX_OUTPUT_BYTES + 1))
    output.write(b"one too many")
    await eventually(lambda: lost)
    assert "has not read" in lost[0]
    assert output.close(0.1) is False
    os.close(pipe[0])


def test_threads_survive_their_loop(pipe: tuple[int, int]) -> None:
    """A message for a loop that has closed goes nowhere, silently: the process is ending."""
    loop = asyncio.new_event_loop()
    loop.close()
    output = Output(pipe[1], loop, lambda why: None)
    output.start()
    source = Input(pipe[0], loop, lambda body: None, lambda problem: None)
    source.start()
    os.write(pipe[1], frame(b"1"))
    source._thread.join(5)
    assert not source._thread.is_alive()
    os.close(pipe[0])
    output.write(b"2")
    assert output.close(5) is False


def test_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends the process with the status of that moment, once, counted from the first call."""
    ended: list[int] = []
    monkeypatch.setattr("glosswright_server.lsp.lifetime.os._exit", ended.append)
    deadline = ExitDeadline(0.05)
    deadline.arm()
    deadline.arm()
    deadline.status = 7
    deadline._timer.join(5)
    assert ended == [7]


@pytest.mark.parametrize("pid", [-1, 0x7FFFFFF0, 2**70])
def test_watch_of_nobody(pid: int) -> None:
    """A pid that cannot be watched is not taken for a dead one."""
    gone: list[int] = []
    watch = ParentWatch(pid, lambda: gone.append(1), poll_s=0.01)
    watch.start()
    watch._thread.join(5)
    assert not watch._thread.is_alive()
    assert gone == []


def test_watch_can_be_ended() -> None:
    """The watch of a living process ends with the server."""
    gone: list[int] = []
    watch = ParentWatch(os.getpid(), lambda: gone.append(1), poll_s=0.01)
    watch.start()
    time.sleep(0.05)
    watch.stop()
    watch._thread.join(5)
    assert not watch._thread.is_alive()
    assert gone == []


def test_watch_of_a_process_that_dies() -> None:
    """A dead parent that nobody has reaped yet is still listed, as a zombie; it counts as gone."""
    gone = threading.Event()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as parent:
        watch = ParentWatch(parent.pid, gone.set, poll_s=0.01)
        watch.start()
        assert not gone.wait(0.1)
        parent.kill()
        assert gone.wait(5)
