"""Intervals: against published values, and against what a bootstrap must do."""

from __future__ import annotations

import numpy as np
import pytest

from glosswright_model.evaluation.intervals import Statistics, bootstrap, paired_bootstrap, wilson


def mean(sums: Statistics) -> float:
    """Of rows (value, 1)."""
    return float(sums[0] / sums[1])


def rows(values: list[float]) -> Statistics:
    """Rows whose sums give the mean of the values."""
    return np.array([(value, 1.0) for value in values])


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson(part: int, whole: int, low: float, high: float) -> None:
    """The examples of Newcombe 1998, table I, method 3."""
    found = wilson(part, whole)
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)


def test_wilson_of_nothing_is_everything() -> None:
    """No pairs is no reason to divide by zero."""
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


def test_bootstrap_agrees_with_wilson() -> None:
    """For a share, where both apply, they must nearly agree."""
    found = bootstrap(rows([1.0] * 300 + [0.0] * 700), mean, samples=2000)
    expected = wilson(300, 1000)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.006)


def test_paired_bootstrap_sees_through_common_noise() -> None:
    """A system that is right on 30 pairs more, and nowhere wrong instead, is better; random differences are nothing."""
    hard = np.random.default_rng(7).random(1000) < 0.5
    better = hard.copy()
    better[np.flatnonzero(~hard)[:30]] = True
    first, second = rows(better.astype(float).tolist()), rows(hard.astype(float).tolist())
    found = paired_bootstrap(first, second, mean)
    assert found.difference == pytest.approx(0.03)
    assert found.interval.low > 0
    assert found.p_value < 0.01
    noise = paired_bootstrap(rows(np.roll(hard, 1).astype(float).tolist()), second, mean)
    assert noise.p_value > 0.5
    assert noise.interval.low < 0 < noise.interval.high


def test_a_seed_gives_the_same_interval() -> None:
    """Reports of the same outputs must not differ."""
    values = rows([float(n % 7) for n in range(100)])
    assert bootstrap(values, mean, seed=3) == bootstrap(values, mean, seed=3) != bootstrap(values, mean, seed=4)


def test_systems_must_answer_the_same_pairs() -> None:
    """Comparing different corpora would give a figure without a meaning."""
    with pytest.raises(ValueError, match="the same pairs: 2 and 1"):
        paired_bootstrap(rows([1.0, 0.0]), rows([1.0]), mean)
