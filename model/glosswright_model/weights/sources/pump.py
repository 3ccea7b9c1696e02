"""Read from the network in a thread of its own, so that stopping and giving up never wait for a socket.

Name look-up and connecting to a host that does not answer can block for minutes, whatever time limits an HTTP library
is given, since it applies them to each address in turn. Here the reader that blocks is left behind: it ends by itself
at its own time limit, holding one connection and nothing else.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

from glosswright_model.errors import SourceUnavailable
from glosswright_model.weights.progress import Watch

T = TypeVar("T")

POLL_S = 0.1
QUEUED_ITEMS = 16


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a source, in seconds."""

    first_s: float = 8.0
    """For the first item: past it, the next source is tried."""
    next_s: float = 20.0
    """For each one after it."""


def pumped(reader: Generator[T, None, None], watch: Watch, patience: Patience) -> Generator[T, None, None]:
    """The items of `reader`, which runs in a thread. Its exceptions are raised here.

    Raises SourceUnavailable when an item takes too long, PullCancelled when the caller wants to stop.
    """
    box: queue.Queue[tuple[T] | BaseException | None] = queue.Queue(QUEUED_ITEMS)
    stop = threading.Event()

    def put(item: tuple[T] | BaseException | None) -> bool:
        while not stop.is_set():
            with contextlib.suppress(queue.Full):
                box.put(item, timeout=POLL_S)
                return True
        return False

    def work() -> None:
        try:
            with contextlib.closing(reader):
                for item in reader:
                    if not put((item,)):
                        return
            put(None)
        except BaseException as error:
            put(error)

    threading.Thread(target=work, name="glosswright-download", daemon=True).start()
    try:
        limit_s = patience.first_s
        while True:
            match _take(box, watch, limit_s):
                case None:
                    return
                case BaseException() as error:
                    raise error
                case (item,):
                    yield item
                    limit_s = patience.next_s
    finally:
        stop.set()


def _take(
    box: queue.Queue[tuple[T] | BaseException | None], watch: Watch, limit_s: float
) -> tuple[T] | BaseException | None:
    deadline = time.monotonic() + limit_s
    while True:
        watch.check()
        try:
            return box.get(timeout=POLL_S)
        except queue.Empty:
            if time.monotonic() > deadline:
                raise SourceUnavailable(f"no answer for {limit_s:.0f} s") from None
