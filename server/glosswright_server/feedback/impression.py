"""What is kept of one suggestion that a user was shown: what kind it was, how long it took, what became of it.

Plain data. By construction there is no room in it for code, for the words that asked for it, or for where it stood.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum

from glosswright_server.engine.suggestion import Suggestion
from glosswright_server.verify.verdict import Verdict


class Outcome(str, Enum):
    """What became of a suggestion, as far as is known."""

    SHOWN = "shown"
    """It was shown; nothing more is known of it."""
    ACCEPTED = "accepted"
    PARTLY_ACCEPTED = "partly accepted"
    DISMISSED = "dismissed"
    """It was refused, or the user wrote something else."""


class Surface(str, Enum):
    """Where it was shown."""

    INLINE = "inline"
    LIST = "list"
    ACTION = "action"
    COMMAND = "command"
    PANEL = "panel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Impression:
    """One suggestion that was shown. `session` and `number` name it; a newer one of the same name takes its place."""

    session: str
    """Random, anew with each language server."""
    number: int
    shown_at: float
    """Seconds since 1970."""
    language: str
    intent: str
    verdict: str
    """One of a few phrases, see `verdict_class`."""
    model: str
    surface: Surface
    total_ms: float
    """From the request to the answer."""
    first_token_ms: float
    """From asking the model to its first token; 0 where no model was asked."""
    outcome: Outcome = Outcome.SHOWN
    kept: float | None = None
    """Share of the accepted lines, 0 to 1, that stood there after a minute; None where nobody could look."""


def impression_of(suggestion: Suggestion, surface: Surface, *, session: str, number: int, now: float) -> Impression:
    """What is kept of `suggestion`."""
    return Impression(
        session=session,
        number=number,
        shown_at=now,
        language=suggestion.intent.language,
        intent=suggestion.intent.kind.value,
        verdict=verdict_class(suggestion.verdict),
        model=_model_name(suggestion.model),
        surface=surface,
        total_ms=suggestion.timing.total_ms,
        first_token_ms=suggestion.timing.first_token_ms,
    )


def _model_name(model: str) -> str:
    """Without the folders of a model of the user's own, and as text that can be written to a file."""
    name = os.path.basename(model.replace("\\", "/").rstrip("/"))
    return name.encode("utf-8", "replace").decode("utf-8")


def verdict_class(verdict: Verdict) -> str:
    """The verdict without its particulars, which may quote the code."""
    report = verdict.examples
    if not verdict.statically_sound:
        return "fails a check"
    if report is not None and report.first_failed is not None:
        return "fails an example"
    if (reservation := verdict.reservation) is not None:
        return f"examples pass, {reservation.value}"
    if report is not None and report.all_passed:
        return "weak examples pass" if report.weak else "all examples pass"
    if report is not None and report.passed:
        return "some examples pass"
    return "checks hold" if verdict.checks else "not checked"
