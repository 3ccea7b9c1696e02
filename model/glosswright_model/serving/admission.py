"""Who may use the model when: one thread per slot, a bounded first-in-first-out queue before them, a deadline for each.

A job is one HTTP request; its choices run one after the other on one slot, so that all but the first find the prompt in
the slot's prefix cache. Whoever ends a job early (the client, its deadline, the end of the server) sets a mark that the
back end meets before its next token; nobody waits for it but its own slot. HTTP and JSON are not known here.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from glosswright_model.backends.base import Backend, Delta, Finish, GenerationRequest
from glosswright_model.errors import GenerationError, QueueFull
from glosswright_model.serving.outbox import Outbox

logger = logging.getLogger(__name__)

Ending = Literal["cancelled", "deadline"]

UNREAD_LIMIT = 64 * 1024
"""Characters of a completion that may lie unread before its slot waits for the reader."""
TOKEN_WEIGHT = 64
"""What one token with log-probabilities counts for in that limit, in characters."""
STUCK_GRACE_S = 1.0
"""How long the end of a job waits for the engine to say what it cost; then the client is answered without it."""
LONGEST_RETRY_S = 60.0


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of choice `index`."""

    index: int
    delta: Delta


@dataclass(frozen=True, slots=True)
class Ended:
    """Choice `index` is complete."""

    index: int
    finish: Finish


@dataclass(frozen=True, slots=True)
class Over:
    """Nothing follows. Choices without an `Ended` were cut by `ending`, or the engine failed with `error`."""

    ending: Ending | None = None
    error: str | None = None


Event = Piece | Ended | Over


class Job:
    """One request: what to run, until when, and the events that come of it. Made on the event loop."""

    def __init__(self, runs: Sequence[GenerationRequest], deadline_s: float) -> None:
        self.runs = tuple(runs)
        self.submitted_at = time.monotonic()
        self.deadline_at = self.submitted_at + deadline_s
        self.ending: Ending | None = None
        self.over = False
        """Whether the reader has seen the end."""
        self.queue_s = 0.0
        """Seconds it waited for a slot; settled once it runs or is over."""
        self.first_token_s: float | None = None
        """Seconds from the submission to the first text."""
        self.clock: asyncio.TimerHandle | None = None
        self._outbox: Outbox[Event] = Outbox(UNREAD_LIMIT)

    async def events(self) -> AsyncIterator[list[Event]]:
        """What happened since the last batch. The last batch ends with `Over`, unless the job was abandoned."""
        while batch := await self._outbox.take():
            over = next((position for position, event in enumerate(batch) if isinstance(event, Over)), None)
            if over is not None:
                self.over = True
                yield batch[: over + 1]
                return
            yield batch

    def end(self, ending: Ending) -> None:
        """Ask the back end to stop before the next token; the first reason counts."""
        self.ending = self.ending or ending
        self._outbox.lift()

    def abandon(self) -> None:
        """Nobody reads the events any more."""
        self.end("cancelled")
        self._outbox.close()
        if self.clock is not None:
            self.clock.cancel()

    def push(self, index: int, delta: Delta) -> bool:
        """The back end's callback for choice `index`, on a worker's thread: whether to go on."""
        if self.ending is None and time.monotonic() >= self.deadline_at:
            self.ending = "deadline"
        if self.ending is not None:
            return False
        if delta.text or delta.tokens:
            if self.first_token_s is None:
                self.first_token_s = time.monotonic() - self.submitted_at
            self.tell(Piece(index, delta), len(delta.text) + TOKEN_WEIGHT * len(delta.tokens))
        return self.ending is None

    def tell(self, event: Event, weight: int = 1) -> None:
        """Pass an event to the reader; without one the job ends."""
        if not self._outbox.put(event, weight):
            self.ending = self.ending or "cancelled"


class Admission:
    """The queue and the slots' threads of one back end. `submit`, `end` and `close` belong to the event loop."""

    def __init__(
        self, backend: Backend, *, queue_limit: int = 16, on_finish: Callable[[Finish], None] = lambda finish: None
    ) -> None:
        self._backend = backend
        self._queue_limit = queue_limit
        self._on_finish = on_finish
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._running: set[Job] = set()
        self._closed = False
        self._mean_s = 1.0  # how long a job runs, for Retry-After
        self._threads = [
            threading.Thread(target=self._work, name=f"slot-{slot}", daemon=True)
            for slot in range(max(1, backend.info.slots))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def queue_length(self) -> int:
        """Jobs that wait for a slot."""
        return len(self._waiting)

    @property
    def slots_busy(self) -> int:
        """Slots whose engine computes, those of cancelled jobs included until the engine has let go."""
        return len(self._running)

    def submit(self, job: Job) -> None:
        """Queue the job and start its clock. Raises QueueFull."""
        slots = len(self._threads)
        with self._changed:
            if len(self._waiting) + len(self._running) >= slots + self._queue_limit:
                retry_s = min(LONGEST_RETRY_S, max(1.0, self._mean_s * (len(self._waiting) + 1) / slots))
                raise QueueFull("The model is busy and its queue is full: try again later.", retry_s)
            self._waiting.append(job)
            self._changed.notify()
        delay_s = job.deadline_at - time.monotonic()
        job.clock = asyncio.get_running_loop().call_later(max(0.0, delay_s), self.end, job, "deadline")

    def end(self, job: Job, ending: Ending) -> None:
        """Cut a job short: it leaves the queue at once, or its engine stops before the next token."""
        job.end(ending)
        with self._changed:
            try:
                self._waiting.remove(job)
            except ValueError:
                pass
            else:
                job.queue_s = time.monotonic() - job.submitted_at
                job.tell(Over(ending))
                return
            running = job in self._running
        if running:
            asyncio.get_running_loop().call_later(STUCK_GRACE_S, job.tell, Over(ending))

    def leave(self, job: Job) -> None:
        """The client is served or gone: cut short what is left of the job. Always the last call for a job."""
        if not job.over:
            self.end(job, "cancelled")
        job.abandon()

    def close(self) -> None:
        """Take nothing more and end all there is."""
        with self._changed:
            self._closed = True
            jobs = [*self._waiting, *self._running]
            self._changed.notify_all()
        for job in jobs:
            self.end(job, "cancelled")

    def join(self, timeout_s: float) -> bool:
        """Wait for the threads after `close`; False when an engine has not let go in time."""
        give_up = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, give_up - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                job = self._waiting.popleft()
                self._running.add(job)
            started = time.monotonic()
            job.queue_s = started - job.submitted_at
            over = self._run(job)
            with self._changed:
                self._running.discard(job)
                self._mean_s += 0.2 * (time.monotonic() - started - self._mean_s)
            job.tell(over)

    def _run(self, job: Job) -> Over:
        try:
            for index, request in enumerate(job.runs):
                if job.ending is not None:
                    break
                finish = self._backend.generate(request, partial(job.push, index))
                self._on_finish(finish)
                job.tell(Ended(index, finish))
        except GenerationError as error:
            return Over(error=str(error))
        except Exception as error:  # an engine may raise anything; one request's failure must not take a slot with it
            # Only the type: an engine's message may quote the prompt.
            logger.error("the engine failed: %s", type(error).__name__)
            logger.debug("the engine's failure", exc_info=True)
            return Over(error="The model's engine failed; the server's log names the error.")
        return Over(job.ending)
