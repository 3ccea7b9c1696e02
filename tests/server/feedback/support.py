"""Suggestions and impressions for these tests."""

from __future__ import annotations

import dataclasses
from typing import Any

from glosswright_server.documents import Snapshot
from glosswright_server.engine.suggestion import Suggestion, Timing
from glosswright_server.feedback.impression import Impression, Outcome, Surface
from glosswright_server.intent.model import Extent, Intent, IntentKind
from glosswright_server.verify.verdict import Verdict

URI = "file:///a.py"


def impression(number: int = 1, **changes: Any) -> Impression:
    """An impression, with changes."""
    made = Impression(
        session="s",
        number=number,
        shown_at=1000.0 + number,
        language="python",
        intent="comment",
        verdict="checks hold",
        model="m",
        surface=Surface.INLINE,
        total_ms=100.0 * number,
        first_token_ms=10.0,
        outcome=Outcome.SHOWN,
    )
    return dataclasses.replace(made, **changes)


def suggestion(text: str, start: int = 0, *, verdict: Verdict | None = None, model: str = "m") -> Suggestion:
    """A suggestion that puts `text` in at `start`."""
    intent = Intent(kind=IntentKind.COMMENT, language="python", extent=Extent.BLOCK, start=start, end=start)
    return Suggestion(
        intent=intent,
        start=start,
        end=start,
        text=text,
        verdict=verdict or Verdict(()),
        model=model,
        timing=Timing(total_ms=900.0, first_token_ms=300.0),
        complete=True,
    )


def snapshot(text: str, uri: str = URI) -> Snapshot:
    """A document."""
    return Snapshot(uri=uri, language_id="python", version=1, text=text)
