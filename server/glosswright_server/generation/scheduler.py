"""Latest wins: one request at a time for each key, and an older one ends as an ordinary, named outcome.

A key is a document and a kind of request. The scheduler cancels waiters, not generations: a generation that other
requests may still want is shared through `suggestions.PendingSuggestion`, which outlives the waiter. It does not limit
how many keys run at once and does not retry.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from glosswright_server.errors import GlosswrightError

T = TypeVar("T")


class OutcomeKind(Enum):
    """How a request ended."""

    ANSWERED = "answered"
    SUPERSEDED = "superseded"
    """A newer request with the same key took its place."""
    CANCELLED = "cancelled"
    """Ended from our side: the document was closed, or the server stops."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """How a request ended, with its value (ANSWERED) or its error (FAILED)."""

    kind: OutcomeKind
    value: T | None = None
    error: GlosswrightError | None = None


@dataclass(slots=True, eq=False)
class _Job:
    task: asyncio.Task[Any]
    ended_as: OutcomeKind | None = None


class Scheduler:
    """Runs the latest request of each key. Belongs to one event loop."""

    def __init__(self) -> None:
        self._jobs: dict[Hashable, _Job] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        """How many requests are under way."""
        return len(self._jobs)

    async def run(self, key: Hashable, factory: Callable[[], Awaitable[T]]) -> Outcome[T]:
        """Run `factory()` unless something newer comes for `key`; the older request with that key ends SUPERSEDED.

        The first step of `factory()` runs before the older request learns of its end, so that it can take over what
        that one shares.
        A GlosswrightError becomes FAILED; any other exception is a defect and is raised. When the calling task is
        cancelled (the client cancelled), the request ends too and CancelledError is raised as usual.
        """
        job = _Job(asyncio.get_running_loop().create_task(_started(factory)))
        self._tasks.add(job.task)
        job.task.add_done_callback(self._forget)
        older, self._jobs[key] = self._jobs.get(key), job
        if older is not None:
            _end(older, OutcomeKind.SUPERSEDED)
        try:
            await asyncio.wait([job.task])
        finally:
            # Here by a cancellation from outside, too: then the task must not stay behind.
            if not job.task.done():
                job.task.cancel()
            if self._jobs.get(key) is job:
                del self._jobs[key]
        return _outcome(job)

    def cancel(self, matches: Callable[[Hashable], bool]) -> int:
        """End the requests whose key matches as CANCELLED; returns how many."""
        jobs = [job for key, job in self._jobs.items() if matches(key)]
        for job in jobs:
            _end(job, OutcomeKind.CANCELLED)
        return len(jobs)

    async def aclose(self) -> None:
        """End everything and wait until it has ended."""
        self.cancel(lambda key: True)
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # Looked at, or the event loop reports the error of a request that nobody waits for any more.
            task.exception()


async def _started(factory: Callable[[], Awaitable[T]]) -> T:
    return await factory()


def _end(job: _Job, kind: OutcomeKind) -> None:
    if not job.task.done():
        job.ended_as = job.ended_as or kind
        job.task.cancel()


def _outcome(job: _Job) -> Outcome[Any]:
    if job.task.cancelled():
        return Outcome(job.ended_as or OutcomeKind.CANCELLED)
    error = job.task.exception()
    if job.ended_as is not None:
        # It was told to end and ended in its own way (an answer or an error on the way out): nobody wants that.
        return Outcome(job.ended_as)
    if error is None:
        return Outcome(OutcomeKind.ANSWERED, job.task.result())
    if isinstance(error, GlosswrightError):
        return Outcome(OutcomeKind.FAILED, error=error)
    raise error
