"""The arithmetic of a report, against values computed elsewhere."""

from __future__ import annotations

import pytest

from glosswright_server.evaluation.statistics import Rate, Spread, quantile, wilson


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        # Newcombe 1998, table I, method 3 (score without continuity correction).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
    ],
)
def test_wilson(part: int, whole: int, low: float, high: float) -> None:
    """Published intervals come out to the last printed digit, at the ends of the scale too."""
    assert wilson(part, whole) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@pytest.mark.parametrize("whole", [1, 2, 164, 10_000])
def test_a_share_lies_in_its_own_interval(whole: int) -> None:
    """Rounding must not put 0 or 1 outside."""
    for part in {0, 1, whole // 2, whole}:
        low, high = wilson(part, whole)
        assert 0 <= low <= part / whole <= high <= 1


def test_a_rate_of_nothing_is_no_number() -> None:
    """Nothing shown as failing means no precision of it, not one of 0."""
    assert (Rate(0, 0).value, Rate(0, 0).interval, Rate(0, 0).text) == (None, None, "— (0 of 0)")
    assert Rate(101, 164).text == "61.6 % (101 of 164; 54.0-68.7)"


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([3.0], 0.9, 3.0), ([1.0, 2.0], 0.5, 1.5), ([5.0, 1.0, 3.0], 0.5, 3.0), ([float(n) for n in range(11)], 0.9, 9.0)],
)
def test_quantiles(values: list[float], share: float, expected: float) -> None:
    """As numpy's default does it."""
    assert quantile(values, share) == pytest.approx(expected)


def test_spread_of_none() -> None:
    """A run in which nothing was answered has a report all the same."""
    assert Spread.of([]) == Spread(0.0, 0.0, 0.0)
    assert Spread.of([1.0, 2.0, 6.0]) == Spread(2.0, pytest.approx(5.2), 9.0)
