"""A suggestion in words for the user: one line beside it, what fails, and the whole story. No protocol, no model.

The whole story is Markdown (`verify.explain`); `as_plain` makes it readable where Markdown is not shown.
"""

from __future__ import annotations

import re

from glosswright_server.engine.suggestion import Suggestion
from glosswright_server.verify.explain import explain, plain_reason


def explanation(suggestion: Suggestion) -> str:
    """Why this suggestion: intent, verdict, model, time and candidates, in Markdown."""
    return explain(
        why=suggestion.intent.why,
        contract=suggestion.contract,
        verdict=suggestion.verdict,
        model=suggestion.model,
        total_ms=suggestion.timing.total_ms,
        tokens=suggestion.timing.tokens,
        tried=suggestion.tried,
    )


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
    for code in _CODE.finditer(line):  # what is code stays as it is
        pieces += [_prose(line[at : code.start()]), code[2]]
        at = code.end()
    pieces.append(_prose(line[at:]))
    return _HEADING.sub("", "".join(pieces), count=1) if _HEADING.match(line) else "".join(pieces)


def _prose(text: str) -> str:
    return _ESCAPE.sub(r"\1", _ITALIC.sub(r"\1", _BOLD.sub(r"\1", text)))
