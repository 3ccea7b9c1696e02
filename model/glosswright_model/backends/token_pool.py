"""Who may fill how much of the one key-value cache that all slots of an engine share.

Promise: what runs at once never needs more tokens than the pool holds, so the engine never runs out in the middle of an
answer (llama.cpp then fails every request, not only the last); and a request of one choice always finds room for a
whole context beside the batches. First come, first served is not promised: what waits here has a slot already, and a
deadline.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_POLL_S = 0.02
"""How often one that waits asks whether it is still wanted."""


class TokenPool:
    """Counts the tokens promised to running requests. Safe to use from several threads."""

    def __init__(self, size: int, *, kept_for_single: int) -> None:
        """A pool of `size` tokens, of which batches leave `kept_for_single` alone."""
        self._batch_limit = max(size - kept_for_single, 0)
        self._size = size
        self._free = threading.Condition()
        self._taken = 0
        self._taken_by_batches = 0

    def width(self, prompt: int, answer: int, count: int) -> int:
        """How many of `count` choices, of `answer` tokens each after one shared prompt, may run together: at least
        one, however large."""
        room = self._batch_limit - prompt
        return max(1, min(count, room // max(answer, 1)))

    @contextmanager
    def take(self, tokens: int, *, batch: bool, go_on: Callable[[], bool]) -> Iterator[bool]:
        """Hold `tokens` of the pool; waits for them while `go_on` says so. False: given up, nothing is held.

        What is larger than the pool, or than the batches' part of it, gets it when nothing else is there.
        """
        if not self._wait(tokens, batch, go_on):
            yield False
            return
        try:
            yield True
        finally:
            with self._free:
                self._add(-tokens, batch)
                self._free.notify_all()

    def _wait(self, tokens: int, batch: bool, go_on: Callable[[], bool]) -> bool:
        with self._free:
            while not self._fits(tokens, batch):
                if not go_on():
                    return False
                self._free.wait(_POLL_S)
            self._add(tokens, batch)
            return True

    def _fits(self, tokens: int, batch: bool) -> bool:
        if batch and self._taken_by_batches and self._taken_by_batches + tokens > self._batch_limit:
            return False
        return not self._taken or self._taken + tokens <= self._size

    def _add(self, tokens: int, batch: bool) -> None:
        self._taken += tokens
        self._taken_by_batches += tokens if batch else 0
