"""A suggestion in words for the user: one line beside it, what fails, and the whole story. No protocol, no model.

The whole story is Markdown (`verify.explain`); `as_plain` makes it readable where Markdown is not shown.
"""

from __future__ import annotations

import re

from glosswright_server.engine.suggestion import Suggestion
from glosswright_server.generation.completions import Origin
from glosswright_server.verify.explain import explain, plain_reason
from glosswright_server.verify.markdown import code, words

MAX_PARTS = 60
"""Parts of the code whose origin is shown; the rest is counted."""


def explanation(suggestion: Suggestion) -> str:
    """Why this suggestion: intent, verdict, model, time, candidates and where its parts came from, in Markdown."""
    story = explain(
        why=suggestion.intent.why,
        contract=suggestion.contract,
        verdict=suggestion.verdict,
        model=suggestion.model,
        total_ms=suggestion.timing.total_ms,
        tokens=suggestion.timing.tokens,
        tried=suggestion.tried,
    )
    came_from = origins(suggestion)
    return f"{story}\n{came_from}" if came_from else story


def origins(suggestion: Suggestion) -> str:
    """Which words of the comment each part of the code came from, in Markdown; "" where the model does not tell."""
    parts = [part for part in suggestion.origins if part.text.strip()]
    if not parts:
        return ""
    lines = [f"- {code(part.text.strip())} ← {_shares(part)}" for part in parts[:MAX_PARTS]]
    if len(parts) > MAX_PARTS:
        lines.append(f"- … {len(parts) - MAX_PARTS} more")
    return "\n".join(["**Words it came from** (share of the network's attention)", "", *lines, ""])


def _shares(part: Origin) -> str:
    return ", ".join(f"{words(word)} {share:.0%}" for word, share in part.words) or "no word in particular"


def summary(suggestion: Suggestion) -> str:
    """One line: "✓ 3/3 examples · 2 candidates · 4.1 s"."""
    parts = [suggestion.label]
    if len(suggestion.tried) > 1:
        parts.append(f"{len(suggestion.tried)} candidates")
    if suggestion.timing.total_ms:
        parts.append(f"{suggestion.timing.total_ms / 1000:.1f} s")
    return " · ".join(parts)


def shortcoming(suggestion: Suggestion) -> str:
    """What is wrong with code that was asked for and is given all the same, in a sentence or two; "" for nothing."""
    sentences = [] if suggestion.verdict.passed else [plain_reason(suggestion.verdict, suggestion.tried)]
    if not suggestion.complete:
        sentences.append("It is cut off: the time was up.")
    return " ".join(sentences)


def in_short(suggestion: Suggestion) -> str:
    """The explanation on one line, for a message."""
    parts = (summary(suggestion), suggestion.model, suggestion.intent.why)
    reason = plain_reason(suggestion.verdict, suggestion.tried)
    return f"{' · '.join(part for part in parts if part)}. {reason}"


def as_plain(markdown: str) -> str:
    """Markdown as a terminal or a plain tooltip can show it: marks gone, every word kept."""
    lines = []
    fenced = False
    for line in markdown.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
            continue
        lines.append(line if fenced else _without_marks(line))
    return "\n".join(lines).replace(_INVISIBLE, "").strip("\n")


_INVISIBLE = "\u2060"
"""Put into Markdown where a mark cannot be escaped."""
_FENCE = re.compile(r"\s*(```|~~~)")
_CODE = re.compile(r"(?<![\\`])(`+)(?!`) ?(.+?) ?(?<!`)\1(?!`)")
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
_ITALIC = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*]+)(?<=\S)\*(?![\w*])")
_HEADING = re.compile(r"#{1,6} +")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


def _without_marks(line: str) -> str:
    pieces = []
    at = 0
    for span in _CODE.finditer(line):  # what is code stays as it is
        pieces += [_prose(line[at : span.start()]), span[2]]
        at = span.end()
    pieces.append(_prose(line[at:]))
    return _HEADING.sub("", "".join(pieces), count=1) if _HEADING.match(line) else "".join(pieces)


def _prose(text: str) -> str:
    return _ESCAPE.sub(r"\1", _ITALIC.sub(r"\1", _BOLD.sub(r"\1", text)))
