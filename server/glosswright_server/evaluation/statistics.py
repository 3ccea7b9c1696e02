"""Rates with their uncertainty, and what problems cost. Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Z_95 = 1.959963984540054
"""Standard deviations on either side that hold 95 % of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`part` of `whole`."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """The share; None of nothing."""
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of Wilson; None of nothing."""
        return wilson(self.part, self.whole) if self.whole else None

    @property
    def text(self) -> str:
        """For people: `61.6 % (101 of 164; 53.9-68.7)`."""
        if self.value is None or self.interval is None:
            return "— (0 of 0)"
        low, high = self.interval
        return f"{self.value:.1%} ({self.part} of {self.whole}; {100 * low:.1f}-{100 * high:.1f})".replace("%", " %", 1)


def wilson(part: int, whole: int, z: float = Z_95) -> tuple[float, float]:
    """Wilson's score interval for a share: Wilson 1927, eq. 1 solved for p. `whole` must not be 0."""
    share = part / whole
    scale = 1 + z * z / whole
    middle = (share + z * z / (2 * whole)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    # At the ends rounding could leave a share outside its own interval.
    return min(max(middle - half, 0.0), share), max(min(middle + half, 1.0), share)


@dataclass(frozen=True, slots=True)
class Spread:
    """How much of something there was, over all problems."""

    median: float = 0.0
    p90: float = 0.0
    total: float = 0.0

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of values; zero of none."""
        if not values:
            return cls()
        return cls(quantile(values, 0.5), quantile(values, 0.9), math.fsum(values))


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie, between neighbours in proportion (the customary type 7)."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])
