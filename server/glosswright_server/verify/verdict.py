"""What was checked of one candidate, and with what outcome. Plain data; the checks themselves live beside this file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from glosswright_server.intent.contract import Example, ExampleKind

_TAKEN_FOR_GRANTED = frozenset({"compiles", "ends whole", "not a repeat"})
_MOST_NAMED = 3


class Outcome(str, Enum):
    """Result of one check."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Check:
    """One check of one candidate."""

    name: str
    """A short verb phrase for people: "parses", "ends whole", "not a repeat"."""
    outcome: Outcome
    detail: str = ""
    """Why it failed or does not apply, one short sentence."""


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """How one example came out."""

    example: Example
    outcome: Outcome
    detail: str = ""
    """What came instead, one line: "gave 4, expected 3", "raised ValueError: …", "did not end within 2 s"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamplesReport:
    """All examples of one candidate, run or not."""

    results: tuple[ExampleResult, ...] = ()
    sandbox: str = ""
    """What kept the code in while it ran: "Landlock + seccomp", "bubblewrap"; "" when nothing was run."""
    why_not: str = ""
    """Why nothing was run, one sentence for the user; "" when something was."""
    elapsed_ms: float = 0.0

    @property
    def passed(self) -> int:
        """How many passed."""
        return sum(result.outcome is Outcome.PASSED for result in self.results)

    @property
    def ran(self) -> int:
        """How many gave an answer, passed or failed."""
        return sum(result.outcome is not Outcome.NOT_APPLICABLE for result in self.results)

    @property
    def first_failed(self) -> ExampleResult | None:
        """The first that failed."""
        return next((result for result in self.results if result.outcome is Outcome.FAILED), None)

    @property
    def weak(self) -> bool:
        """Whether a function that always answers the same True, False or None would pass as well."""
        answers = {_constant(result.example) for result in self.results}
        return len(answers) == 1 and "" not in answers

    @property
    def all_passed(self) -> bool:
        """Whether at least one ran and each that there is passed."""
        return bool(self.results) and self.passed == len(self.results)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """A call of which two candidates that pass all examples make something different: one of them is wrong."""

    call: str
    here: str
    """What this candidate does: "gives 1", "raises IndexError"."""
    there: str
    """What the other does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """What is known of a candidate that passes all examples, beyond them."""

    untried: tuple[str, ...] = ()
    """Code that neither an example ran nor a second opinion vouches for, one line each. Told, but no reservation: it
    is nearly always a guard for unusual input, in right answers as in wrong ones (docs/experiments.md)."""
    followed: bool = False
    """Whether it is known which code the examples ran."""
    compared: int = 0
    """With how many other programs that pass the examples it was compared."""
    agree: int = 0
    """How many of them gave the same value wherever both gave one."""
    fails: int = 0
    """How many of them gave a value where this one broke down."""
    calls: int = 0
    """For how many other calls it was."""
    repeated: bool = False
    """Whether the model has given the same program more than once."""
    rejected: int = 0
    """How many other programs it has given, asked for a second opinion, that do not pass all examples."""
    dispute: Dispute | None = None
    """Where another differs."""


class Reservation(str, Enum):
    """Why a candidate that passes all examples is to be looked at all the same; in the label after the examples."""

    UNCONFIRMED = "unconfirmed"  # the model's other answers fail an example, so none could be compared with it
    DISPUTED = "disputed"  # see `Dispute`


@dataclass(frozen=True, slots=True)
class Verdict:
    """All checks of one candidate."""

    checks: tuple[Check, ...]
    examples: ExamplesReport | None = None
    """None: there are none, or nobody has tried them yet."""
    imports: tuple[str, ...] = ()
    """Import statements that the file lacks for it, e.g. "import math"."""
    beyond: Beyond | None = None
    """None: nobody has looked further than the examples."""

    @property
    def statically_sound(self) -> bool:
        """True when no check made without running it failed."""
        return all(check.outcome is not Outcome.FAILED for check in self.checks)

    @property
    def passed(self) -> bool:
        """True when nothing failed, examples included."""
        return self.statically_sound and (self.examples is None or self.examples.first_failed is None)

    @property
    def proven(self) -> bool:
        """True when nothing failed, every example passed, and the examples say something."""
        report = self.examples
        return self.statically_sound and report is not None and report.all_passed and not report.weak

    @property
    def reservation(self) -> Reservation | None:
        """What is to be said against it although every example passed; None where nothing is known."""
        if self.beyond is None or not self.proven:
            return None
        if self.beyond.dispute is not None:
            return Reservation.DISPUTED
        alone = not self.beyond.compared and not self.beyond.repeated
        return Reservation.UNCONFIRMED if alone and self.beyond.rejected else None

    @property
    def label(self) -> str:
        """A few words to show beside the suggestion: "✓ 3/3 examples", "✗ 2/3 examples", "✓ 1/1 examples, weak",
        "✓ 3/3 examples, disputed", "✓ parses, names resolve"."""
        failed = [c.name for c in self.checks if c.outcome is Outcome.FAILED]
        report = self.examples
        if failed:
            return "✗ " + ", ".join(failed)
        if report is not None and report.ran:
            mark = "✗" if report.first_failed is not None else "✓"
            doubt = ", weak" if report.all_passed and report.weak else ""
            doubt = f", {self.reservation.value}" if self.reservation is not None else doubt
            if report.first_failed is None and not report.all_passed:
                doubt = f", {len(report.results) - report.ran} not run"
            return f"{mark} {report.passed}/{len(report.results)} examples{doubt}"
        done = [c.name for c in self.checks if c.outcome is Outcome.PASSED]
        telling = [name for name in done if name not in _TAKEN_FOR_GRANTED] or done
        return "✓ " + ", ".join(telling[:_MOST_NAMED]) if done else "not checked"


def _constant(example: Example) -> str:
    """The one word that the example expects, the same for Python and JavaScript; "" where it expects more than that."""
    if example.kind is ExampleKind.HOLDS:
        if any(mark in example.expression for mark in "=<>"):
            return ""
        return "false" if example.expression.startswith(("not ", "!")) else "true"
    word = example.expected.strip().lower()
    return word if example.kind is ExampleKind.VALUE and word in ("true", "false", "none", "null", "undefined") else ""
