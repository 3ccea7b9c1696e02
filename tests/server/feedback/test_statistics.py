"""Counting up: the numbers, checked by hand."""

from __future__ import annotations

import pytest

from glosswright_server.feedback.impression import Impression, Outcome
from glosswright_server.feedback.statistics import as_json, count_up, percentile

from .support import impression

IMPRESSIONS: list[Impression] = [
    impression(1, outcome=Outcome.ACCEPTED, kept=1.0),
    impression(2, outcome=Outcome.ACCEPTED, kept=0.5),
    impression(3, outcome=Outcome.PARTLY_ACCEPTED),
    impression(4, outcome=Outcome.DISMISSED),
    impression(5, language="go", model="n", first_token_ms=0.0),
]


def test_counts_and_rates() -> None:
    """By hand: 3 of 5 accepted, one of the two that were looked at is still there."""
    statistics = count_up(IMPRESSIONS)
    total = statistics.total
    assert (total.shown, total.accepted, total.partly_accepted, total.dismissed) == (5, 2, 1, 1)
    assert total.acceptance == pytest.approx(0.6)
    assert (total.looked_at, total.kept, total.retention) == (2, 1, 0.5)
    assert total.total_ms == (300.0, 500.0, 500.0)
    assert total.first_token_ms == (10.0, 10.0, 10.0)
    assert [(tally.name, tally.shown) for tally in statistics.by_language] == [("python", 4), ("go", 1)]
    assert statistics.by_language[1].first_token_ms == ()
    assert [tally.name for tally in statistics.by_model] == ["m", "n"]


def test_nothing_yet() -> None:
    """No division by nothing."""
    found = as_json(count_up([]))
    assert found["total"]["acceptance"] == 0
    assert found["total"]["retention"] is None
    assert found["total"]["latencyMs"] is None
    assert found["since"] is None
    assert found["byLanguage"] == []


def test_as_json() -> None:
    """The names that programs read."""
    found = as_json(count_up(IMPRESSIONS))
    assert found["since"] == "1970-01-01T00:16:41+00:00"
    assert found["total"]["latencyMs"] == {"p50": 300.0, "p90": 500.0, "p99": 500.0}
    assert {"byLanguage", "byIntent", "byVerdict", "byModel", "bySurface"} <= set(found)


@pytest.mark.parametrize(
    ("percent", "value"), [(0, 1.0), (1, 1.0), (50, 2.0), (51, 3.0), (75, 3.0), (76, 4.0), (99, 4.0), (100, 4.0)]
)
def test_percentiles(percent: float, value: float) -> None:
    """Nearest rank: always a value that was measured."""
    assert percentile([4.0, 1.0, 3.0, 2.0], percent) == value
