"""How far a figure may be trusted: Wilson's interval for shares, bootstraps for everything else. Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.959963984540054
"""Standard deviations on either side that hold 95 % of a normal distribution."""

Statistics: TypeAlias = NDArray[np.float64]
"""[n, k]: k numbers for each of n pairs, of which a score knows no more than their sums."""
Score: TypeAlias = Callable[[NDArray[np.float64]], float]
"""From [k] sums to a figure."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval."""

    low: float
    high: float


def wilson(part: int, whole: int, z: float = Z_95) -> Interval:
    """Wilson's score interval for the share `part / whole` (Wilson 1927), 0 to 1. Nothing at all is anywhere in it."""
    if not whole:
        return Interval(0.0, 1.0)
    share = part / whole
    scale = 1 + z * z / whole
    middle = (share + z * z / (2 * whole)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    # At the ends rounding could leave a share outside its own interval.
    return Interval(min(max(middle - half, 0.0), share), max(min(middle + half, 1.0), share))


def bootstrap(statistics: Statistics, score: Score, *, samples: int = 1000, seed: int = 1) -> Interval:
    """The percentile interval of a score over `samples` corpora drawn from the rows with replacement (Efron 1979)."""
    if not len(statistics):
        raise ValueError("a bootstrap needs at least one row")
    drawn = [score(sums) for sums in _draws(len(statistics), samples, seed) @ statistics]
    return _percentiles(np.array(drawn))


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two systems on the same corpus."""

    difference: float
    """Score of the first less score of the second."""
    interval: Interval
    """Of that difference."""
    p_value: float
    """Two-sided: how often a corpus drawn anew shifts the difference by at least as much as it is from zero."""


def paired_bootstrap(
    first: Statistics, second: Statistics, score: Score, *, samples: int = 1000, seed: int = 1
) -> Comparison:
    """Compare two systems by redrawing the pairs of a corpus, the same ones for both (Koehn 2004).

    The p-value centres the redrawn differences on their mean and counts those beyond the one found, one being added to
    both sides of the quotient, as sacrebleu does (Riezler and Maxwell 2005, figure 2).
    """
    if len(first) != len(second) or not len(first):
        raise ValueError(f"the systems must answer the same pairs: {len(first)} and {len(second)} rows")
    found = score(first.sum(axis=0)) - score(second.sum(axis=0))
    weights = _draws(len(first), samples, seed)
    pairs = zip(weights @ first, weights @ second, strict=True)
    drawn = np.array([score(one) - score(other) for one, other in pairs])
    beyond = int(np.sum(np.abs(drawn - drawn.mean()) >= abs(found)))
    return Comparison(found, _percentiles(drawn), (beyond + 1) / (samples + 1))


def _draws(size: int, samples: int, seed: int) -> Statistics:
    """[samples, size] how often each row is in each redrawn corpus; the same for the same seed."""
    even = np.full(size, 1 / size)
    return np.random.default_rng(seed).multinomial(size, even, samples).astype(np.float64)


def _percentiles(drawn: Statistics) -> Interval:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(float(low), float(high))
