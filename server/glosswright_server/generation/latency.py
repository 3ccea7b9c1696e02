"""How long the last answers took: for the debounce and for the status line. Keeps numbers only."""

from __future__ import annotations

import statistics
from collections import deque


class RollingLatency:
    """The last `window` latencies in milliseconds."""

    def __init__(self, window: int = 10) -> None:
        self._values: deque[float] = deque(maxlen=window)

    def record(self, latency_ms: float) -> None:
        """Add one answer's latency; what is negative counts as 0."""
        self._values.append(max(latency_ms, 0.0))

    @property
    def mean_ms(self) -> float:
        """0 before the first answer."""
        return statistics.fmean(self._values) if self._values else 0.0

    @property
    def p50_ms(self) -> float:
        """0 before the first answer."""
        return statistics.median(self._values) if self._values else 0.0

    def __len__(self) -> int:
        return len(self._values)
