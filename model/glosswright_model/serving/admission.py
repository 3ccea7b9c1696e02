"""Who may use the model when: so many slots, a bounded queue before them, a deadline for each.

A job is one HTTP request. Choices that differ in nothing but their seed run together, as a wave that takes a slot for
each (or for each group the engine can put in one); a job of several waves goes to the head of the queue between them.
Waves of several choices leave one slot alone, so that what is typed meanwhile does not wait for them. Nothing starts
while a job that was cut short still holds the engine: it would not run any sooner, and it would miss the prompt that
the other leaves in its slot. Whoever ends a job early (the client, its deadline, the end of the server) sets a mark
that the back end meets before its next token. HTTP and JSON are not known here.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from glosswright_model.backends.base import Backend, BackendInfo, Delta, Finish, GenerationRequest
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
_STUCK_POLL_S = 0.1
"""How often a free slot looks whether the engine of a job that was cut short is to be waited for any longer."""


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
        self.done = 0
        """Choices that have run."""
        self.submitted_at = time.monotonic()
        self.deadline_at = self.submitted_at + deadline_s
        self.ending: Ending | None = None
        self._ending_at = math.inf
        self.over = False
        """Whether the reader has seen the end."""
        self.queue_s = 0.0
        """Seconds it waited for its first slot; settled once it runs or is over."""
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

    def alike(self) -> int:
        """How many of the choices to come, from the next one on, differ in their seeds only."""
        first, *rest = self.runs[self.done :]
        return 1 + next((at for at, run in enumerate(rest) if replace(run, seed=first.seed) != first), len(rest))

    def end(self, ending: Ending) -> None:
        """Ask the back end to stop before the next token; the first reason counts."""
        self._cut(ending)
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
            self._cut("deadline")
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
            self._cut("cancelled")

    @property
    def is_letting_go(self) -> bool:
        """Whether it was cut short just now: its engine meets the mark within a token or a batch of the prompt."""
        return time.monotonic() < self._ending_at + STUCK_GRACE_S and self.ending is not None

    def _cut(self, ending: Ending) -> None:
        if self.ending is None:
            self._ending_at = time.monotonic()
            self.ending = ending


@dataclass(frozen=True, slots=True)
class _Wave:
    """Choices of one job that run together."""

    job: Job
    choices: int
    slots: tuple[int, int]
    """Slots taken: for single choices, for batches."""


class _Slots:
    """Which slots are taken, by single choices and by batches. Not safe by itself: `Admission` holds its lock."""

    def __init__(self, info: BackendInfo) -> None:
        self.total = max(1, info.slots)
        self._per_slot = max(1, info.choices_per_slot)
        self._singles = self._batches = 0

    @property
    def busy(self) -> int:
        return self._singles + self._batches

    @property
    def free(self) -> int:
        return self.total - self.busy

    def offer(self, count: int) -> tuple[int, tuple[int, int]]:
        """How many of `count` choices may start now, perhaps none, and the slots that they take."""
        if count == 1:
            return (1, (1, 0)) if self.free else (0, (0, 0))
        room = max(0, min(self.free, max(self.total - 1, 1) - self._batches))
        choices = min(count, room * self._per_slot)
        return choices, (0, -(-choices // self._per_slot))

    def take(self, slots: tuple[int, int]) -> None:
        self._singles += slots[0]
        self._batches += slots[1]

    def give_back(self, slots: tuple[int, int]) -> None:
        self._singles -= slots[0]
        self._batches -= slots[1]


class Admission:
    """The queue and the slots of one back end. `submit`, `end` and `close` belong to the event loop."""

    def __init__(
        self, backend: Backend, *, queue_limit: int = 16, on_finish: Callable[[Finish], None] = lambda finish: None
    ) -> None:
        self._backend = backend
        self._queue_limit = queue_limit
        self._on_finish = on_finish
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._running: dict[Job, _Wave] = {}
        self._closed = False
        self._mean_s = 1.0  # how long a wave runs, for Retry-After
        self._slots = _Slots(backend.info)
        self._threads = [
            threading.Thread(target=self._work, name=f"slot-{slot}", daemon=True) for slot in range(self._slots.total)
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
        return self._slots.busy

    def submit(self, job: Job) -> None:
        """Queue the job and start its clock. Raises QueueFull."""
        with self._changed:
            if len(self._waiting) >= self._queue_limit + self._slots.free:
                retry_s = min(LONGEST_RETRY_S, max(1.0, self._mean_s * (len(self._waiting) + 1) / self._slots.total))
                raise QueueFull("The model is busy and its queue is full: try again later.", retry_s)
            self._waiting.append(job)
            self._changed.notify_all()
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
                if not job.done:
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

    def _next(self) -> _Wave | None:
        """The first job in the queue for which there is room now. Call it with the lock held."""
        if any(job.is_letting_go for job in self._running):
            return None
        for job in self._waiting:
            alike = job.alike()
            # Greedy choices are equal: one is generated for all of them.
            greedy = job.runs[job.done].temperature == 0
            choices, slots = self._slots.offer(1 if greedy else alike)
            if choices:
                return _Wave(job, alike if greedy else choices, slots)
        return None

    def _work(self) -> None:
        while True:
            with self._changed:
                while (wave := self._next()) is None:
                    if self._closed and not self._waiting:
                        return
                    self._changed.wait(_STUCK_POLL_S if self._waiting else None)
                job = wave.job
                self._waiting.remove(job)
                self._running[job] = wave
                self._slots.take(wave.slots)
            started = time.monotonic()
            if not job.done:
                job.queue_s = started - job.submitted_at
            error = self._run(wave)
            with self._changed:
                del self._running[job]
                self._slots.give_back(wave.slots)
                self._mean_s += 0.2 * (time.monotonic() - started - self._mean_s)
                job.done += wave.choices
                again = error is None and job.ending is None and job.done < len(job.runs)
                if again:
                    self._waiting.appendleft(job)
                self._changed.notify_all()
            if not again:
                job.tell(Over(error=error) if error is not None else Over(job.ending))

    def _run(self, wave: _Wave) -> str | None:
        """Generate; what to tell the client when it fails."""
        job, first = wave.job, wave.job.done
        request = job.runs[first]

        def on_choice(index: int, event: Delta | Finish) -> bool:
            if isinstance(event, Delta):
                return job.push(first + index, event)
            self._on_finish(event)
            # Of a choice that was cut short its job tells the reason.
            job.tell(Ended(first + index, event))
            return job.ending is None

        try:
            if job.ending is not None:
                return None
            if wave.choices == 1:
                on_choice(0, self._backend.generate(request, lambda delta: on_choice(0, delta)))
            elif request.temperature == 0:
                self._repeat(request, wave)
            else:
                self._backend.generate_choices(request, wave.choices, on_choice)
        except GenerationError as error:
            return str(error)
        except Exception as error:  # an engine may raise anything; one request's failure must not take a slot with it
            # Only the type: an engine's message may quote the prompt.
            logger.error("the engine failed: %s", type(error).__name__)
            logger.debug("the engine's failure", exc_info=True)
            return "The model's engine failed; the server's log names the error."
        return None

    def _repeat(self, request: GenerationRequest, wave: _Wave) -> None:
        """Generate once what all choices of the wave say."""
        job, first = wave.job, wave.job.done
        indices = range(first, first + wave.choices)

        def on_delta(delta: Delta) -> bool:
            for index in indices:
                go_on = job.push(index, delta)
            return go_on

        finish = self._backend.generate(request, on_delta)
        self._on_finish(finish)
        for index in indices:
            job.tell(Ended(index, finish))
            finish = replace(finish, cached_tokens=finish.prompt_tokens, prefill_s=0.0, decode_s=0.0)
