"""What an engine may find out about a suggestion, for tests of how it is shown."""

from __future__ import annotations

from glosswright_server.engine.suggestion import Tried
from glosswright_server.intent.contract import Example
from glosswright_server.verify.verdict import Check, ExampleResult, ExamplesReport, Outcome, Verdict

ONE = Example(expression="f(1)", expected="1", text="f(1) == 1")
TWO = Example(expression="f(2)", expected="3", text="f(2) == 3")
PARSES = Check("parses", Outcome.PASSED)


def verdict(*outcomes: Outcome, imports: tuple[str, ...] = (), detail: str = "gave 4, expected 3") -> Verdict:
    """A candidate that parses, and whose first and second example came out so."""
    results = tuple(
        ExampleResult(example, outcome, detail if outcome is Outcome.FAILED else "")
        for example, outcome in zip((ONE, TWO), outcomes, strict=False)
    )
    report = ExamplesReport(results=results, sandbox="Landlock + seccomp") if results else None
    return Verdict(checks=(PARSES,), examples=report, imports=imports)


PASSING = verdict(Outcome.PASSED, Outcome.PASSED)
FAILING = verdict(Outcome.PASSED, Outcome.FAILED)
UNSOUND = Verdict(checks=(Check("names resolve", Outcome.FAILED, "`pd` is not defined"),))


def tried(*verdicts: Verdict) -> tuple[Tried, ...]:
    return tuple(Tried(text=f"x = {n}", verdict=one, chosen=n == 0) for n, one in enumerate(verdicts))
