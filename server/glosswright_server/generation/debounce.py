"""How long to wait after a keystroke before the model is asked, and whether the user has paused.

The wait follows the user's own rhythm: long enough that a fast typist's next key arrives first, shortened by what the
model takes anyway, shorter where a thought ends. All times are given by the caller or an injected clock; nothing here
sleeps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from glosswright_server.generation.latency import RollingLatency

FACTOR_IN_WORD = 3.0
FACTOR_BETWEEN_WORDS = 2.0
FACTOR_AT_END = 1.5
INITIAL_INTERVAL_MS = 200.0
PAUSE_MIN_MS = 600.0
_PAUSE_FACTOR = 3.0
_EWMA_WEIGHT = 0.3
# A longer gap is thinking, not typing; counting it would make the next wait far too long.
_LONGEST_INTERVAL_MS = 1500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DebounceLimits:
    """Bounds of the wait in milliseconds, as in `inline.debounceMinMs` and `inline.debounceMaxMs`."""

    min_ms: float = 60.0
    max_ms: float = 1000.0


class Debounce:
    """One user's typing rhythm and the model's recent latencies."""

    def __init__(self, limits: DebounceLimits | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self.limits = limits or DebounceLimits()
        self.latency = RollingLatency()
        self.interval_ms = INITIAL_INTERVAL_MS
        """Exponentially weighted mean of the time between keystrokes."""
        self._clock = clock
        self._typed_at: float | None = None

    def typed(self) -> None:
        """A keystroke changed a document now."""
        now = self._clock()
        if self._typed_at is not None:
            gap_ms = (now - self._typed_at) * 1000
            if 0 <= gap_ms <= _LONGEST_INTERVAL_MS:
                self.interval_ms += _EWMA_WEIGHT * (gap_ms - self.interval_ms)
        self._typed_at = now

    def answered(self, latency_ms: float) -> None:
        """The model answered; its latency counts in the next waits."""
        self.latency.record(latency_ms)

    def wait_s(self, *, explicit: bool, left: str, right: str) -> float:
        """Seconds to wait from now. `left` and `right`: the cursor's line on either side (more text does no harm).

        0 for an explicit request. Time since the last keystroke counts as waited already: some editors wait first.
        """
        if explicit:
            return 0.0
        wanted_ms = _factor(left, right) * self.interval_ms - self.latency.mean_ms
        wanted_ms = min(max(wanted_ms, self.limits.min_ms), self.limits.max_ms)
        waited_ms = 0.0 if self._typed_at is None else max(self._clock() - self._typed_at, 0.0) * 1000
        return max(wanted_ms - waited_ms, 0.0) / 1000

    def paused(self) -> bool:
        """Whether the user has stopped typing: no key for 600 ms, or longer for slow typists."""
        return self.pause_left_s() <= 0

    def pause_left_s(self) -> float:
        """Seconds without a key that are missing until `paused`; 0 when nobody has typed yet."""
        if self._typed_at is None:
            return 0.0
        wanted_ms = max(PAUSE_MIN_MS, _PAUSE_FACTOR * self.interval_ms)
        return max(wanted_ms / 1000 - (self._clock() - self._typed_at), 0.0)


def _factor(left: str, right: str) -> float:
    """How many typing intervals to wait: few where a thought ends, many within a word."""
    left = left.rpartition("\n")[2]
    right = right.replace("\r", "\n").partition("\n")[0]
    last = left[-1:]
    in_word = last.isalnum() or last == "_"
    if not left.strip() or not (in_word or last.isspace()):
        return FACTOR_AT_END
    if not right.strip():
        return FACTOR_BETWEEN_WORDS if in_word else FACTOR_AT_END
    return FACTOR_IN_WORD if in_word else FACTOR_BETWEEN_WORDS
