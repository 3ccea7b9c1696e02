"""The bytes between the client and this process: standard input and output, each served by a thread of its own.

The event loop never waits for the client. Input is read ahead only up to a limit, so a flood stays in the pipe; output
is queued only up to a limit, after which the client is taken for dead. Nothing else shares these threads. This module
does not know what the messages say.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from .framing import FrameReader, FramingLost, frame

MAX_INPUT_BYTES = 8 * 1024 * 1024
"""Bytes of messages read but not yet dispatched, above which no more is read (one message may always be under way)."""
MAX_OUTPUT_BYTES = 64 * 1024 * 1024
"""Bytes of messages that the client has not taken, above which it is taken for dead."""


@dataclass(frozen=True, slots=True)
class Stdio:
    """Private file descriptors for the protocol."""

    input_fd: int
    output_fd: int


def open_stdio() -> Stdio:
    """Take standard input and output away for the protocol; call it before anything is imported that might print.

    Afterwards file descriptor 0 is empty and 1 leads to stderr, here and in every child process: a stray `print` ends
    up in the client's log instead of in the middle of a message.
    """
    sys.stdout.flush()
    try:
        os.fstat(2)
    except OSError:
        _point(2, os.open(os.devnull, os.O_WRONLY))
    stdio = Stdio(os.dup(0), os.dup(1))  # os.dup makes descriptors that children do not inherit
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(stdio.input_fd, os.O_BINARY)
        msvcrt.setmode(stdio.output_fd, os.O_BINARY)
    _point(0, os.open(os.devnull, os.O_RDONLY))
    os.dup2(2, 1)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Python buffers what goes to a pipe; in a log a stray line is of use when it appears at once.
        sys.stdout.reconfigure(line_buffering=True)
    return stdio


class Input:
    """Reads messages in a thread and hands each to the event loop, in order.

    `on_body(bytes)` is called on the loop for each message. At the end `on_end(FramingLost | None)` is called once, in
    the reading thread, after every message has been handed over.
    """

    def __init__(
        self,
        fd: int,
        loop: asyncio.AbstractEventLoop,
        on_body: Callable[[bytes], None],
        on_end: Callable[[FramingLost | None], None],
    ) -> None:
        self._fd = fd
        self._loop = loop
        self._on_body = on_body
        self._on_end = on_end
        self._waiting_bytes = 0
        self._room = threading.Condition()
        # A daemon: it may sit in a read that never returns, and must not hold up the end of the process.
        self._thread = threading.Thread(target=self._run, name="glosswright-input", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def _run(self) -> None:
        reader = FrameReader(self._read)
        problem: FramingLost | None = None
        # RuntimeError: the loop was closed while this thread waited; nobody is left to tell.
        with contextlib.suppress(RuntimeError):
            try:
                while (body := reader.read_body()) is not None:
                    self._wait_for_room(len(body))
                    self._loop.call_soon_threadsafe(self._deliver, body)
            except FramingLost as lost:
                problem = lost
            self._on_end(problem)

    def _wait_for_room(self, size: int) -> None:
        with self._room:
            self._room.wait_for(lambda: not self._waiting_bytes or self._waiting_bytes + size <= MAX_INPUT_BYTES)
            self._waiting_bytes += size

    def _deliver(self, body: bytes) -> None:
        try:
            self._on_body(body)
        finally:
            with self._room:
                self._waiting_bytes -= len(body)
                self._room.notify()

    def _read(self, size: int) -> bytes:
        try:
            return os.read(self._fd, size)
        except BlockingIOError:
            select.select([self._fd], [], [])  # some clients hand over a non-blocking pipe
            return os.read(self._fd, size)
        except OSError:
            return b""


class Output:
    """Writes messages in a thread, in order.

    `on_lost(str)` is called on the event loop, once, when the client no longer takes what is written.
    """

    def __init__(self, fd: int, loop: asyncio.AbstractEventLoop, on_lost: Callable[[str], None]) -> None:
        self._fd = fd
        self._loop = loop
        self._on_lost = on_lost
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._closing = False
        self._lost = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="glosswright-output", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def write(self, body: bytes) -> None:
        """Queue one message body; never waits. Dropped when the client is lost."""
        with self._changed:
            if self._lost or self._closing:
                return
            if self._queued_bytes > MAX_OUTPUT_BYTES:
                self._lose(f"the client has not read {self._queued_bytes} bytes of answers")
                return
            self._queue.append(frame(body))
            self._queued_bytes += len(self._queue[-1])
            self._changed.notify()

    def close(self, timeout_s: float) -> bool:
        """Write what is queued, for at most `timeout_s` seconds; whether all of it went out."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout_s)
        return not self._thread.is_alive() and not self._lost

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._closing)
                if not self._queue:
                    return
                message = self._queue.popleft()
            try:
                self._write_all(message)
            except OSError as error:
                with self._changed:
                    self._lose(f"writing to the client failed ({error.strerror})")
                return
            with self._changed:
                self._queued_bytes -= len(message)

    def _write_all(self, message: bytes) -> None:
        rest = memoryview(message)
        while rest:
            rest = rest[self._write_some(rest) :]

    def _write_some(self, rest: memoryview) -> int:
        try:
            return os.write(self._fd, rest)
        except BlockingIOError:
            select.select([], [self._fd], [])
            return 0

    def _lose(self, why: str) -> None:
        self._lost = True
        self._queue.clear()
        with contextlib.suppress(RuntimeError):  # the loop is closed: the process is ending already
            self._loop.call_soon_threadsafe(self._on_lost, why)


def _point(target: int, source: int) -> None:
    """Make the descriptor number `target` mean what `source` means, and give `source` up."""
    if source != target:
        os.dup2(source, target)
        os.close(source)
