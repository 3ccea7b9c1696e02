"""A one-way pipe from a worker thread to the event loop that neither spins nor grows without bound.

The writer is a thread and may block; the reader is a coroutine and may not. A reader that is slow finds what has come
meanwhile in one batch; one that reads nothing at all makes the writer wait once `limit` is reached, until the pipe is
lifted or closed. What the items mean is none of this module's business.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Outbox(Generic[T]):
    """Made on the event loop that will read it. `put` is for other threads; everything else belongs to the loop."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._filled = asyncio.Event()
        self._changed = threading.Condition()
        self._items: list[T] = []
        self._weight = 0
        self._lifted = False
        self._closed = False

    def put(self, item: T, weight: int = 1) -> bool:
        """Hand over one item of `weight` units; waits while `limit` units lie unread. False: closed, nobody reads."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._lifted or self._weight < self._limit)
            if self._closed:
                return False
            self._items.append(item)
            self._weight += weight
            if len(self._items) > 1:
                return True  # the reader has been told, and has not come yet
        try:
            self._loop.call_soon_threadsafe(self._filled.set)
        except RuntimeError:  # the loop has ended, and its reader with it
            return False
        return True

    async def take(self) -> list[T]:
        """All items since the last call, at least one; waits for it. Empty: closed."""
        while True:
            await self._filled.wait()
            with self._changed:
                items, self._items, self._weight = self._items, [], 0
                self._changed.notify_all()
                if self._closed:
                    return items
                self._filled.clear()
            if items:
                return items

    def lift(self) -> None:
        """Let the writer's last words in whatever lies unread: from now on `put` never waits."""
        with self._changed:
            self._lifted = True
            self._changed.notify_all()

    def close(self) -> None:
        """Nobody reads any more: `put` returns False at once, also where it waits now. Safe to call twice."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._filled.set()
