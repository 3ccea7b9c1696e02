"""Impressions counted up: how many were accepted, by language, intent, verdict and model, and how long they took.

Pure: values in, values out. A rate over few suggestions says little, so every rate comes with its number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from .impression import Impression, Outcome

KEPT_SHARE = 0.8
"""Code counts as kept when so much of it still stands there: a renamed variable does not make it another."""
PERCENTILES = (50, 90, 99)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What became of some suggestions."""

    name: str
    shown: int
    accepted: int
    """As a whole."""
    partly_accepted: int
    dismissed: int
    looked_at: int
    """Accepted ones that could be looked at after a minute."""
    kept: int
    """Of those, the ones that were still there."""
    total_ms: tuple[float, ...]
    """Percentiles (`PERCENTILES`) of the time from request to answer; () where there is none."""
    first_token_ms: tuple[float, ...]
    """The same from asking the model to its first token, where one was asked."""

    @property
    def acceptance(self) -> float:
        """Share of those shown that were accepted, wholly or in part; 0 to 1."""
        return (self.accepted + self.partly_accepted) / self.shown if self.shown else 0.0

    @property
    def retention(self) -> float | None:
        """Share of the accepted that were kept; None when none could be looked at."""
        return self.kept / self.looked_at if self.looked_at else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """All tallies."""

    since: float | None
    """When the oldest was shown, in seconds since 1970."""
    until: float | None
    total: Tally
    by_language: tuple[Tally, ...]
    by_intent: tuple[Tally, ...]
    by_verdict: tuple[Tally, ...]
    by_model: tuple[Tally, ...]
    by_surface: tuple[Tally, ...]


GROUPS: tuple[tuple[str, Callable[[Statistics], tuple[Tally, ...]]], ...] = (
    ("language", lambda statistics: statistics.by_language),
    ("intent", lambda statistics: statistics.by_intent),
    ("verdict", lambda statistics: statistics.by_verdict),
    ("model", lambda statistics: statistics.by_model),
    ("surface", lambda statistics: statistics.by_surface),
)


def count_up(impressions: Sequence[Impression]) -> Statistics:
    """The statistics of these."""
    times = [one.shown_at for one in impressions]
    return Statistics(
        since=min(times, default=None),
        until=max(times, default=None),
        total=_tally("total", impressions),
        by_language=_by(impressions, lambda one: one.language),
        by_intent=_by(impressions, lambda one: one.intent),
        by_verdict=_by(impressions, lambda one: one.verdict),
        by_model=_by(impressions, lambda one: one.model),
        by_surface=_by(impressions, lambda one: one.surface.value),
    )


def as_json(statistics: Statistics) -> dict[str, Any]:
    """The same as JSON, names in camelCase."""
    return {
        "since": _iso(statistics.since),
        "until": _iso(statistics.until),
        "total": _tally_json(statistics.total),
        **{f"by{name.capitalize()}": [_tally_json(tally) for tally in tallies(statistics)] for name, tallies in GROUPS},
    }


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of a hundred do not exceed ("nearest rank"). `values` is not empty."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)  # rounded up
    return ordered[max(int(rank), 1) - 1]


def _by(impressions: Sequence[Impression], key: Callable[[Impression], str]) -> tuple[Tally, ...]:
    groups: dict[str, list[Impression]] = {}
    for one in impressions:
        groups.setdefault(key(one), []).append(one)
    tallies = [_tally(name, group) for name, group in groups.items()]
    return tuple(sorted(tallies, key=lambda tally: (-tally.shown, tally.name)))


def _tally(name: str, impressions: Sequence[Impression]) -> Tally:
    def count(outcome: Outcome) -> int:
        return sum(one.outcome is outcome for one in impressions)

    looked_at = [one.kept for one in impressions if one.kept is not None]
    return Tally(
        name=name,
        shown=len(impressions),
        accepted=count(Outcome.ACCEPTED),
        partly_accepted=count(Outcome.PARTLY_ACCEPTED),
        dismissed=count(Outcome.DISMISSED),
        looked_at=len(looked_at),
        kept=sum(share >= KEPT_SHARE for share in looked_at),
        total_ms=_percentiles([one.total_ms for one in impressions]),
        first_token_ms=_percentiles([one.first_token_ms for one in impressions if one.first_token_ms > 0]),
    )


def _percentiles(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(percentile(values, percent) for percent in PERCENTILES) if values else ()


def _tally_json(tally: Tally) -> dict[str, Any]:
    def percentiles(values: tuple[float, ...]) -> dict[str, float] | None:
        return {f"p{p}": round(value, 1) for p, value in zip(PERCENTILES, values, strict=True)} if values else None

    return {
        "name": tally.name,
        "shown": tally.shown,
        "accepted": tally.accepted,
        "partlyAccepted": tally.partly_accepted,
        "dismissed": tally.dismissed,
        "acceptance": round(tally.acceptance, 4),
        "lookedAtAfterAMinute": tally.looked_at,
        "kept": tally.kept,
        "retention": None if tally.retention is None else round(tally.retention, 4),
        "latencyMs": percentiles(tally.total_ms),
        "firstTokenMs": percentiles(tally.first_token_ms),
    }


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")
