"""The order of candidates: a total order that puts evidence before opinion."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glosswright_server.intent.contract import Example
from glosswright_server.verify.ranking import better, ranked, sort_key
from glosswright_server.verify.verdict import Beyond, Check, Dispute, ExampleResult, ExamplesReport, Outcome, Verdict

MARKS = {"+": Outcome.PASSED, "-": Outcome.FAILED, "0": Outcome.NOT_APPLICABLE}


@dataclass(frozen=True)
class Candidate:
    text: str
    verdict: Verdict
    mean_logprob: float | None = None


def verdict(checks: str, examples: str | None = None, beyond: Beyond | None = None) -> Verdict:
    """A verdict with one check and one example per mark: "+" passed, "-" failed, "0" not applicable."""
    results = tuple(ExampleResult(Example(expression=str(at)), MARKS[mark]) for at, mark in enumerate(examples or ""))
    report = None if examples is None else ExamplesReport(results=results)
    return Verdict(tuple(Check(f"c{at}", MARKS[mark]) for at, mark in enumerate(checks)), report, beyond=beyond)


DISPUTE = Dispute(call="f(0)", here="gives 1", there="gives 2")

BEST_FIRST = [
    Candidate("proven", verdict("++", "+++"), -2.0),
    Candidate("unconfirmed", verdict("++", "+++", Beyond(rejected=2)), -0.1),
    Candidate("disputed", verdict("++", "+++", Beyond(compared=1, dispute=DISPUTE)), -0.3),
    Candidate("breaks down", verdict("++", "+++", Beyond(compared=1, agree=1, fails=1, dispute=DISPUTE)), -0.1),
    Candidate("examples pass, a check fails", verdict("+-", "+++"), -0.1),
    Candidate("one example not run, likely", verdict("++", "++0"), -0.1),
    Candidate("two examples not run", verdict("++", "+00"), -0.1),
    Candidate("no examples, likely", verdict("++"), -0.1),
    Candidate("no examples, unlikely", verdict("++"), -0.9),
    Candidate("unknown", verdict("++"), None),
    Candidate("unknown and longer", verdict("++"), math.nan),
    Candidate("one example fails", verdict("++", "++-"), -3.0),
    Candidate("two examples fail", verdict("++", "+--"), -0.1),
    Candidate("all examples fail", verdict("++", "---"), -0.1),
    Candidate("a check and an example fail", verdict("+-", "++-"), -0.1),
    Candidate("one check fails", verdict("+-"), -0.5),
    Candidate("two checks fail", verdict("--"), -0.1),
]


def test_the_order_demanded() -> None:
    """Each candidate is better than every one below it, whatever order they were made in."""
    assert ranked(reversed(BEST_FIRST)) == BEST_FIRST
    for at, one in enumerate(BEST_FIRST):
        assert not better(one, one)
        for below in BEST_FIRST[at + 1 :]:
            assert better(one, below)
            assert not better(below, one)


def test_equals_keep_the_order_in_which_they_were_made() -> None:
    """The greedy candidate comes first and is not pushed aside by its own double."""
    twins = [Candidate("a", verdict("+"), -1.0), Candidate("b", verdict("+"), -1.0)]
    assert ranked(twins) == twins
    assert sort_key(verdict("+"), -1.0, index=0) < sort_key(verdict("+"), -1.0, index=1)


VERDICTS = st.builds(verdict, st.text("+-0", max_size=3), st.none() | st.text("+-0", max_size=3))
LOGPROBS = st.none() | st.floats(allow_nan=True, allow_infinity=True)
KEYS = st.builds(
    lambda v, p, length, index: sort_key(v, p, length=length, index=index),
    VERDICTS,
    LOGPROBS,
    st.integers(0, 3),
    st.integers(0, 3),
)


@given(KEYS, KEYS, KEYS)
def test_the_order_is_total(a: tuple[float, ...], b: tuple[float, ...], c: tuple[float, ...]) -> None:
    """Any two can be compared, in one direction only, and so can any three: NaN and infinities included."""
    assert (a < b) + (b < a) + (a == b) == 1
    assert not (a < b and b < c) or a < c
    assert not (a == b and b == c) or a == c


@given(VERDICTS, VERDICTS, LOGPROBS, LOGPROBS)
def test_evidence_outweighs_opinion(a: Verdict, b: Verdict, p: float | None, q: float | None) -> None:
    """No log-probability moves a candidate past one that is known to be sounder."""
    if a.proven and not b.proven:
        assert better(Candidate("", a, p), Candidate("", b, q))
    if a.passed and not b.statically_sound and not (b.examples and b.examples.all_passed):
        assert better(Candidate("", a, p), Candidate("", b, q))


@pytest.mark.parametrize("examples", ["", "0", "00"])
def test_examples_that_did_not_run_prove_nothing(examples: str) -> None:
    """A report without results is no evidence."""
    assert sort_key(verdict("+", examples))[:3] == sort_key(verdict("+"))[:3]
