"""Records → the figures of a report: how often something is shown, how often it is right, how far verdicts hold."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from glosswright_server.evaluation.records import UNCHECKED, Attempt, Record
from glosswright_server.evaluation.statistics import Rate, Spread


@dataclass(frozen=True, slots=True)
class Figure:
    """A rate with its name and what it means."""

    key: str
    name: str
    meaning: str
    rate: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All figures of one run."""

    problems: int
    figures: tuple[Figure, ...]
    tokens: Spread
    seconds: Spread
    tried: Spread
    cut_off: int
    """Answers that the deadline ended."""
    reasons: tuple[tuple[str, int], ...]
    """Why problems were not solved, most frequent first."""

    def rate(self, key: str) -> Rate:
        """One figure's rate. Raises KeyError."""
        return {figure.key: figure.rate for figure in self.figures}[key]

    def as_json(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            "problems": self.problems,
            "rates": {
                figure.key: {
                    "meaning": figure.meaning,
                    "part": figure.rate.part,
                    "whole": figure.rate.whole,
                    "value": figure.rate.value,
                    "interval95": figure.rate.interval,
                }
                for figure in self.figures
            },
            "tokens": dataclasses.asdict(self.tokens),
            "seconds": dataclasses.asdict(self.seconds),
            "candidates": dataclasses.asdict(self.tried),
            "cutOff": self.cut_off,
            "reasons": dict(self.reasons),
        }


def summarise(records: Sequence[Record]) -> Summary:
    """The figures of these records."""
    shown = [record for record in records if record.answer.shown is not None]
    sound = _where(shown, lambda attempt: attempt.passed)
    proven = _where(shown, lambda attempt: attempt.proven)
    plain = _where(proven, lambda attempt: not attempt.reservation)
    reserved = _where(proven, lambda attempt: bool(attempt.reservation))
    some = _where(sound, lambda attempt: not attempt.proven and attempt.ran > 0)
    static = _where(sound, lambda attempt: not attempt.ran and attempt.label != UNCHECKED)
    failing = _where(shown, lambda attempt: not attempt.passed)
    first = [record.answer.attempts[0] for record in records if record.answer.attempts]
    all_tested = [record for record in records if record.answer.attempts and record.fully_tested]
    several = any(len(record.answer.attempts) > 1 for record in records)
    figures = [
        Figure("passOfShown", "pass@1 of what is shown", "answers shown that pass the hidden tests", _solved(shown)),
        Figure(
            "passOfAll", "pass@1 of all problems", "problems solved; one with nothing shown is not", _solved(records)
        ),
        Figure("coverage", "coverage", "problems for which something is shown", Rate(len(shown), len(records))),
        Figure(
            "coverageSound",
            "coverage without a failing label",
            "problems for which something is shown that no check speaks against",
            Rate(len(sound), len(records)),
        ),
        Figure(
            "passOfSound",
            "pass@1 of what is shown without a failing label",
            "of those, the ones that pass the hidden tests",
            _solved(sound),
        ),
        Figure(
            "precisionProven",
            "precision of “all examples pass”, without reservation",
            "answers whose examples all pass and that nothing else speaks against, that pass the hidden tests",
            _solved(plain),
        ),
        Figure(
            "precisionReserved",
            "precision of “all examples pass”, with a reservation",
            "answers whose examples all pass, labelled as unconfirmed or disputed, that pass the hidden tests",
            _solved(reserved),
        ),
        Figure(
            "precisionAllPass",
            "precision of “all examples pass”, both together",
            "answers whose examples all pass that pass the hidden tests",
            _solved(proven),
        ),
        Figure(
            "coverageProven",
            "coverage of “all examples pass”, without reservation",
            "problems whose answer is shown with this label",
            Rate(len(plain), len(records)),
        ),
        Figure(
            "precisionSome",
            "precision of “some examples pass”",
            "answers of whose examples some pass and the others could not be run, that pass the hidden tests",
            _solved(some),
        ),
        Figure(
            "precisionStatic",
            "precision of static verdicts",
            "answers that only static checks speak for that pass the hidden tests",
            _solved(static),
        ),
        Figure(
            "rightFailing",
            "right although labelled as failing",
            "answers shown as failing that pass the hidden tests all the same",
            _solved(failing),
        ),
        Figure(
            "passOfFirst",
            "pass@1 of the first candidate",
            "problems whose first, greedy candidate passes the hidden tests",
            Rate(sum(_passes(attempt) for attempt in first), len(records)),
        ),
    ]
    if several and len(all_tested) == len(first):
        solvable = sum(any(map(_passes, record.answer.attempts)) for record in all_tested)
        figures.append(
            Figure(
                "oracle",
                "any candidate passes",
                "problems of which at least one candidate passes: the most that choosing could reach",
                Rate(solvable, len(records)),
            )
        )
    return Summary(
        problems=len(records),
        figures=tuple(figures),
        tokens=Spread.of([record.answer.tokens for record in records]),
        seconds=Spread.of([record.answer.seconds for record in records]),
        tried=Spread.of([len(record.answer.attempts) for record in records]),
        cut_off=sum(not record.answer.complete for record in records),
        reasons=tuple(Counter(_reason(record) for record in records if not record.solved).most_common()),
    )


def _where(records: Sequence[Record], wanted: Callable[[Attempt], bool]) -> list[Record]:
    return [record for record in records if record.answer.shown is not None and wanted(record.answer.shown)]


def _solved(records: Sequence[Record]) -> Rate:
    return Rate(sum(record.solved for record in records), len(records))


def _passes(attempt: Attempt) -> bool:
    return attempt.tested is not None and attempt.tested.passed


def _reason(record: Record) -> str:
    shown = record.answer.shown
    if shown is None:
        return f"nothing shown: {record.answer.why_not}"
    return shown.tested.reason if shown.tested is not None else "not tested"
