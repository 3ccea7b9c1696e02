"""Schedules against values worked out by hand, and the properties that resuming relies on."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glosswright_model.training.schedules import Plateau, Schedule, ScheduledSampling, ScheduleKind

RATES: list[tuple[Schedule, dict[int, float]]] = [
    (Schedule(), {0: 1.0, 10_000: 1.0}),
    (Schedule(warmup=4), {0: 0.25, 1: 0.5, 3: 1.0, 4: 1.0, 50: 1.0}),
    (Schedule(kind="inverse_sqrt", warmup=4), {1: 0.5, 3: 1.0, 4: math.sqrt(4 / 5), 15: 0.5, 399: 0.1}),
    (Schedule(kind="cosine", warmup=0, total=10), {0: 1.0, 5: 0.5, 10: 0.0, 12: 0.0}),
    (Schedule(kind="cosine", warmup=10, total=20, floor=0.2), {9: 1.0, 10: 1.0, 15: 0.6, 20: 0.2}),
    (Schedule(kind="plateau", warmup=2), {0: 0.5, 5: 1.0}),
]


@pytest.mark.parametrize("place", range(len(RATES)))
def test_the_learning_rate(place: int) -> None:
    """A table of shares of the peak."""
    schedule, expected = RATES[place]
    assert {update: schedule.share(update) for update in expected} == pytest.approx(expected)


@given(
    kind=st.sampled_from(["constant", "inverse_sqrt", "cosine", "plateau"]),
    warmup=st.integers(0, 100),
    total=st.integers(1, 1000),
    update=st.integers(0, 2000),
)
def test_a_rate_is_a_share(kind: ScheduleKind, warmup: int, total: int, update: int) -> None:
    """Never negative, never above the peak, and nearly continuous where the warm-up ends."""
    schedule = Schedule(kind=kind, warmup=warmup, total=total)
    assert 0.0 <= schedule.share(update) <= 1.0
    assert schedule.share(warmup) >= 0.7 or kind == "cosine"


def test_a_plateau() -> None:
    """Better, equal, worse: one is put up with, the second lowers the rate; the floor holds."""
    rule = Plateau(factor=0.5, patience=1)
    shares = []
    for metric in (1.0, 1.0, 0.9, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0):
        rule = rule.after(metric, floor=0.2)
        shares.append(rule.share)
    assert shares == [1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2, 0.2]


def test_scheduled_sampling() -> None:
    """The three decays of the paper, as shares of predicted tokens."""
    assert ScheduledSampling().share(10**6) == 0.0
    linear = ScheduledSampling(kind="linear", most=0.4, begin=10, span=100)
    assert [linear.share(update) for update in (0, 10, 20, 50, 60)] == pytest.approx([0.0, 0.0, 0.1, 0.4, 0.4])
    exponential = ScheduledSampling(kind="exponential", most=1.0, span=50)
    assert exponential.share(50) == pytest.approx(1 - math.exp(-1))
    sigmoid = ScheduledSampling(kind="inverse_sigmoid", most=1.0, span=10)
    assert [sigmoid.share(update) for update in (0, 10**9)] == pytest.approx([1 / 11, 1.0])
