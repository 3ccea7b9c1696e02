"""What was checked of one candidate, and with what outcome. Plain data; the checks themselves live beside this file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


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
    """Why it failed or does not apply, one short sentence; never document text."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """All checks of one candidate."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """True when nothing failed."""
        return all(check.outcome is not Outcome.FAILED for check in self.checks)

    @property
    def label(self) -> str:
        """A few words to show beside the suggestion, e.g. "✓ parses", "✗ parses" or "not checked"."""
        failed = [c.name for c in self.checks if c.outcome is Outcome.FAILED]
        if failed:
            return "✗ " + ", ".join(failed)
        done = [c.name for c in self.checks if c.outcome is Outcome.PASSED]
        return "✓ " + ", ".join(done) if done else "not checked"
