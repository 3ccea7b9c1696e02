"""How far a pull is, told to whoever shows it, and whether it should stop, asked of whoever may say so.

`Watch` is the one object that sources and the puller share while a file is fetched. It draws nothing: bars, percentages
and words are the caller's.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from glosswright_model.errors import PullCancelled

Phase = Literal["waiting", "downloading", "verifying"]
Cancelled = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Progress:
    """One report. Reports come at most ten times a second, and at every change of phase or source."""

    phase: Phase
    """"waiting": another process fetches the same file; "verifying": bytes that are here already are hashed."""
    done_bytes: int
    """Bytes of the file that are here. While "verifying": bytes hashed. It falls when a source must begin again."""
    total_bytes: int
    source: str
    """Where the bytes come from, in words for the user; empty while waiting."""
    bytes_per_s: float
    """Mean over the last seconds; 0 when not known yet."""


OnProgress = Callable[[Progress], None]

REPORT_EVERY_S = 0.1
RATE_WINDOW_S = 5.0


class Watch:
    """Counts bytes of one pull, reports them, and raises PullCancelled when the caller wants to stop."""

    def __init__(
        self, name: str, total_bytes: int, on_progress: OnProgress | None = None, cancelled: Cancelled | None = None
    ) -> None:
        self._name = name
        self._total_bytes = total_bytes
        self._on_progress = on_progress
        self._cancelled = cancelled
        self._phase: Phase = "downloading"
        self._source = ""
        self._position = 0
        self._shown_bytes = 0
        self._reported_at = 0.0
        self._samples: deque[tuple[float, int]] = deque()

    def check(self) -> None:
        """Raise PullCancelled when the caller asked to stop."""
        if self._cancelled is not None and self._cancelled():
            raise PullCancelled(f"The download of {self._name} was stopped; the next pull goes on where it ended.")

    def begin(self, phase: Phase, source: str = "", position: int = 0) -> None:
        """Enter a phase at `position` bytes. The only way for the count to fall."""
        self._phase, self._source = phase, source
        self._position = self._shown_bytes = position
        self._samples.clear()
        self._report(force=True)

    def moved_to(self, position: int) -> None:
        """The first `position` bytes are dealt with."""
        self._position = position
        self._show(position)

    def ahead(self, count: int) -> None:
        """`count` bytes beyond the position are on this machine, but not in the file yet."""
        self._show(min(self._position + count, self._total_bytes))

    def finish(self) -> None:
        """Report the last position, however recent the report before it."""
        self._report(force=True)

    def _show(self, done_bytes: int) -> None:
        # Bytes "ahead" are counted compressed and land uncompressed, so the two counts meet unevenly: never go back.
        self._shown_bytes = max(self._shown_bytes, done_bytes)
        self._report()

    def _report(self, *, force: bool = False) -> None:
        now = time.monotonic()
        if self._on_progress is None or (not force and now - self._reported_at < REPORT_EVERY_S):
            return
        self._reported_at = now
        self._samples.append((now, self._shown_bytes))
        while len(self._samples) > 2 and now - self._samples[0][0] > RATE_WINDOW_S:
            self._samples.popleft()
        began, began_bytes = self._samples[0]
        rate = (self._shown_bytes - began_bytes) / (now - began) if now > began else 0.0
        self._on_progress(Progress(self._phase, self._shown_bytes, self._total_bytes, self._source, rate))
