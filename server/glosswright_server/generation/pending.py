"""One generation under way, shared by every request that it fits, and outliving each of them for a while.

The generation runs as a task of its own; requests come, wait for as much as they can use, and go. When nobody has
waited for a while it ends, and with it the work of the model. Where it fits is known to `suggestions`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Generic, TypeVar

import anyio

from glosswright_server.errors import GlosswrightError

P = TypeVar("P")

logger = logging.getLogger(__name__)


class WaitEnd(Enum):
    """Why a wait ended."""

    DONE = "done"
    """The generation is complete: see `result`."""
    REACHED = "reached"
    """What was waited for is in `text`; the generation goes on."""
    TIMEOUT = "timeout"
    """Time was over; `text` holds what there is, the generation goes on."""
    DROPPED = "dropped"
    """The generation was ended from our side."""


class PendingSuggestion(Generic[P]):
    """A running generation. Made by `SuggestionCache.begin`."""

    def __init__(
        self,
        produce: Callable[[PendingSuggestion[P]], Awaitable[tuple[str, P] | None]],
        ended: Callable[[PendingSuggestion[P]], None],
        linger_s: float,
    ) -> None:
        """Starts `produce` at once; `ended` is called when it has ended in any way."""
        self.text = ""
        """What was generated so far, as published."""
        self.result: tuple[str, P] | None = None
        """The final text and its payload; None while it runs, and when there is nothing to suggest."""
        self._ended = ended
        self._whole_linger_s = self._linger_s = linger_s
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._waiters = 0
        self._linger: asyncio.TimerHandle | None = None
        self.task: asyncio.Task[None] = self._loop.create_task(self._run(produce), name="glosswright-generation")
        self.task.add_done_callback(self._finished)
        self._leave_alone()

    @property
    def done(self) -> bool:
        """Whether it has ended, in any way."""
        return self.task.done()

    def publish(self, text: str) -> None:
        """For the producer: everything generated so far."""
        self.text = text
        self._wake()

    async def wait(self, timeout_s: float | None = None, *, until: Callable[[str], bool] | None = None) -> WaitEnd:
        """Wait for the end, for text that satisfies `until`, or for `timeout_s` seconds.

        Raises what the producer raised. Any number of requests may wait at once; cancelling one leaves the others.
        """
        self._waiters += 1
        self._linger_s = self._whole_linger_s
        if self._linger is not None:
            self._linger.cancel()
        try:
            with anyio.move_on_after(timeout_s):
                while not self.task.done():
                    if until is not None and until(self.text):
                        return WaitEnd.REACHED
                    await self._changed.wait()
        finally:
            self._waiters -= 1
            if not self._waiters:
                self._leave_alone()
        if not self.task.done():
            return WaitEnd.TIMEOUT
        if self.task.cancelled():
            return WaitEnd.DROPPED
        if error := self.task.exception():
            raise error
        return WaitEnd.DONE

    def linger(self, seconds: float) -> None:
        """Go on for so long without a waiter, and no longer: whoever waited has lost interest."""
        self._linger_s = seconds
        if not self._waiters:
            if self._linger is not None:
                self._linger.cancel()
            self._leave_alone()

    def cancel(self) -> None:
        """End it now; waiting requests see DROPPED."""
        self.task.cancel()

    async def _run(self, produce: Callable[[PendingSuggestion[P]], Awaitable[tuple[str, P] | None]]) -> None:
        self.result = await produce(self)
        if self.result is not None:
            self.text = self.result[0]

    def _finished(self, task: asyncio.Task[None]) -> None:
        if self._linger is not None:
            self._linger.cancel()
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._waiters and not isinstance(error, GlosswrightError):
            # A defect that no request is there to report. The message might hold text of the document: only its kind.
            logger.error("a generation that nobody waited for ended with %s", type(error).__name__)
        self._ended(self)
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _leave_alone(self) -> None:
        if not self.task.done():
            self._linger = self._loop.call_later(self._linger_s, self.cancel)
