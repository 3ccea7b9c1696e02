"""Which candidate is offered: the one of which most is known to hold. Pure functions over verdicts.

The order is that of the evidence: examples that ran outweigh what can be read off the code, and both outweigh the
model's own opinion. Of candidates that pass all examples those come first with which no other that passes them differs;
of equals among them the earliest stays, for the best form of prompt is asked first, and answers of one model that agree
may share an error. Other ties are broken by the mean
log-probability of the tokens and not by a vote among candidates: of ten samples of a small model, likelihood found the
right one more often than the majority did.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Protocol, TypeVar

from glosswright_server.verify.verdict import Outcome, Reservation, Verdict

SortKey = tuple[int, float, int, int, float, int, int]
"""Sorts best first."""


class Ranked(Protocol):
    """What is looked at of a candidate."""

    @property
    def text(self) -> str: ...

    @property
    def verdict(self) -> Verdict: ...

    @property
    def mean_logprob(self) -> float | None: ...


_R = TypeVar("_R", bound=Ranked)


def sort_key(verdict: Verdict, mean_logprob: float | None = None, *, length: int = 0, index: int = 0) -> SortKey:
    """The place of a candidate among those of one request; the smallest is the best.

    In this order: every example passed and nothing else failed or speaks against it; the same with a reservation, what
    is unconfirmed before what is disputed; every example passed though a check failed, for what ran outweighs what was
    read; no check and no example failed; no check failed; the rest. Then the share of examples passed, fewer failed
    checks, fewer programs that give a value where it breaks down; unless all examples pass, the mean
    log-probability (natural log; None and NaN come last) and the shorter text (`length`, code points); the earlier
    (`index`).
    """
    report = verdict.examples
    share = report.passed / len(report.results) if report is not None and report.results else 0.0
    failed = sum(check.outcome is Outcome.FAILED for check in verdict.checks)
    fails = verdict.beyond.fails if verdict.beyond is not None else 0
    unlikely = math.inf if mean_logprob is None or math.isnan(mean_logprob) else -mean_logprob
    if verdict.proven:
        unlikely, length = 0.0, 0
    return (_tier(verdict), -share, failed, fails, unlikely, length, index)


def better(a: Ranked, b: Ranked) -> bool:
    """Whether `a` is to be preferred to `b`; of equals neither is."""
    return _key(a) < _key(b)


def ranked(candidates: Iterable[_R]) -> list[_R]:
    """The candidates, best first; equals keep their order."""
    return sorted(candidates, key=_key)


def _key(candidate: Ranked) -> SortKey:
    return sort_key(candidate.verdict, candidate.mean_logprob, length=len(candidate.text))


def _tier(verdict: Verdict) -> int:
    if verdict.proven:
        return (None, Reservation.UNCONFIRMED, Reservation.DISPUTED).index(verdict.reservation)
    if verdict.examples is not None and verdict.examples.all_passed:
        return 3
    if verdict.passed:
        return 4
    return 5 if verdict.statically_sound else 6
