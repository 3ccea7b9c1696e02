"""One answer of the engine: code, where it goes, and everything that says why it may be trusted. Plain data."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from glosswright_server.generation.completions import Origin
from glosswright_server.intent.contract import Contract
from glosswright_server.intent.model import Intent
from glosswright_server.verify.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What an answer cost. Zero where it came from memory or the endpoint does not say."""

    total_ms: float = 0.0
    """From the request to the answer, the wait for the user to stop typing included."""
    first_token_ms: float = 0.0
    """From asking the model to its first token."""
    tokens: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    """Prompt tokens the model server did not have to evaluate again."""
    tokens_per_second: float = 0.0
    """Generation speed after the first token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One candidate that was looked at, chosen or not."""

    text: str
    """As it would have been put in."""
    verdict: Verdict
    temperature: float = 0.0
    mean_logprob: float | None = None
    """Mean natural-log probability of its tokens, where the endpoint tells it."""
    tokens: int = 0
    repair: bool = False
    """Made after a failure, with that failure in the prompt."""
    chosen: bool = False
    times: int = 1
    """How often the same code came, in other words; it was examined once."""
    model: str = ""
    """The companion's name for its answer; "" for those of the model that was asked."""
    origins: tuple[Origin, ...] = ()
    """Which words of the comment each part of the code came from, where the model can tell; in the model's own text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportEdit:
    """Import statements that the file lacks: `text` is put in at `at`, a code point offset, before the code goes in."""

    at: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Code for one intent: `text` replaces `[start, end)` of the document it was made for."""

    intent: Intent
    start: int
    """Code point offset; equals `intent.start` unless the user has typed along since."""
    end: int
    text: str
    """What is put in, in the document's own indentation and line ends."""
    verdict: Verdict
    model: str
    timing: Timing
    complete: bool
    """False when the deadline came first: the complete statements so far."""
    origin: Literal["model", "memory"] = "model"
    truncated_tokens: int = 0
    """Prompt tokens the model server left out because its context was full."""
    contract: Contract | None = None
    """What the words that asked for it promise; None where they were not read (automatic requests)."""
    tried: tuple[Tried, ...] = ()
    """Every candidate in the order it was made, this one among them; empty where only one was made."""
    import_edit: ImportEdit | None = None
    origins: tuple[Origin, ...] = ()
    """As in `Tried`."""
    typed: bool = False
    """From memory: the user has typed some of it, or gone back from where it was made for."""
    others: tuple[Suggestion, ...] = ()
    """Ghost text that was asked for: the other candidates that hold, best first."""

    @property
    def label(self) -> str:
        """The verdict in a few words, and that the answer was cut off where it was."""
        return self.verdict.label if self.complete else f"{self.verdict.label}, cut off"

    def facts(self) -> dict[str, Any]:
        """The same for people and other programs, as JSON: what a client may show beside the code."""
        facts: dict[str, Any] = {
            "intent": self.intent.kind.value,
            "why": self.intent.why,
            "request": self.intent.request,
            "verdict": self.label,
            "passed": self.verdict.passed,
            "checks": [
                {"name": check.name, "outcome": check.outcome.value, "detail": check.detail}
                for check in self.verdict.checks
            ],
            "model": self.model,
            "complete": self.complete,
            "origin": self.origin,
            "totalMs": round(self.timing.total_ms, 1),
            "firstTokenMs": round(self.timing.first_token_ms, 1),
            "tokens": self.timing.tokens,
            "promptTokens": self.timing.prompt_tokens,
            "cachedTokens": self.timing.cached_tokens,
            "tokensPerSecond": round(self.timing.tokens_per_second, 2),
        }
        if report := self.verdict.examples:
            facts["examples"] = {
                "passed": report.passed,
                "total": len(report.results),
                "results": [
                    {"text": one.example.text, "outcome": one.outcome.value, "detail": one.detail}
                    for one in report.results
                ],
                "sandbox": report.sandbox,
                "whyNot": report.why_not,
                "elapsedMs": round(report.elapsed_ms, 1),
            }
        if (beyond := self.verdict.beyond) is not None:
            facts["beyond"] = {
                "reservation": self.verdict.reservation.value if self.verdict.reservation is not None else "",
                "untried": list(beyond.untried),
                "compared": beyond.compared,
                "agree": beyond.agree,
                "repeated": beyond.repeated,
                "rejected": beyond.rejected,
                "calls": beyond.calls,
                "dispute": dataclasses.asdict(beyond.dispute) if beyond.dispute is not None else None,
            }
        if self.verdict.imports:
            facts["imports"] = list(self.verdict.imports)
        if self.tried:
            facts["candidates"] = [
                {
                    "verdict": one.verdict.label,
                    "temperature": one.temperature,
                    "meanLogprob": None if one.mean_logprob is None else round(one.mean_logprob, 4),
                    "tokens": one.tokens,
                    "repair": one.repair,
                    "chosen": one.chosen,
                    **({"model": one.model} if one.model else {}),
                }
                for one in self.tried
            ]
        if self.origins:
            facts["origins"] = [
                {"text": origin.text, "words": [list(word) for word in origin.words]} for origin in self.origins
            ]
        if self.truncated_tokens:
            facts["truncatedTokens"] = self.truncated_tokens
        return facts
