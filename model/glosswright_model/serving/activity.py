"""When the server has been idle for long enough. Counts requests that use the model, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Activity:
    """Calls `on_idle` once no request ran for `idle_s` seconds; 0: never. Belongs to the event loop."""

    def __init__(self, idle_s: float, on_idle: Callable[[], None]) -> None:
        self._idle_s = idle_s
        self._on_idle = on_idle
        self._running = 0
        self._timer: asyncio.TimerHandle | None = None

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Not idle inside; the idle time starts over at its end."""
        self._running += 1
        self.stop()
        try:
            yield
        finally:
            self._running -= 1
            self.restart()

    def restart(self) -> None:
        """Start the idle time over, unless something runs."""
        self.stop()
        if self._idle_s > 0 and not self._running:
            self._timer = asyncio.get_running_loop().call_later(self._idle_s, self._on_idle)

    def stop(self) -> None:
        """Be never idle until `restart`."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
