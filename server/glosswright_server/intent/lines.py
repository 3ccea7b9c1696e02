"""Lines and indentation of a text, by code point offset. It knows the line ends of LSP (\\n, \\r\\n, \\r), no others.

`str.splitlines` also breaks at U+2028, form feeds and more, which editors do not; so nothing here uses it.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

_INDENTED = re.compile(r"^([ \t]*)(?=[^\s*])", re.MULTILINE)
_NEARBY = 20_000  # characters on either side of a place that are read to learn the file's habits


class Line(NamedTuple):
    """One line: `start` of its first character, `end` just before its line end."""

    start: int
    end: int


def line_at(text: str, offset: int) -> Line:
    """The line that holds `offset` (0..len)."""
    start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    # A short look first: `find` for a character that the text lacks would read the whole rest of it.
    piece = text[offset : offset + 400]
    breaks = [at for at in (piece.find("\n"), piece.find("\r")) if at >= 0]
    if breaks:
        return Line(start, offset + min(breaks))
    breaks = [at for at in (text.find("\n", offset), text.find("\r", offset)) if at >= 0]
    return Line(start, min(breaks, default=len(text)))


def line_above(text: str, line: Line) -> Line | None:
    """The line before `line`, if any."""
    if line.start == 0:
        return None
    end = line.start - 1
    if text[end] == "\n" and end and text[end - 1] == "\r":
        end -= 1
    return line_at(text, end)


def line_below(text: str, line: Line) -> Line | None:
    """The line after `line`, if any."""
    if line.end >= len(text):
        return None
    return line_at(text, line.end + (2 if text.startswith("\r\n", line.end) else 1))


def is_blank(text: str, line: Line) -> bool:
    """Whether the line holds white space only (zero-width characters included)."""
    return not text[line.start : line.end].strip("\u200b\ufeff \t\f\v\u00a0\u3000")


def indent_at(text: str, line: Line) -> str:
    """The spaces and tabs that open the line, as they stand there."""
    content = text[line.start : line.end]
    return content[: len(content) - len(content.lstrip(" \t"))]


def line_end_of(text: str, offset: int) -> str:
    """The line end in use at `offset`: that of its line, else of the line above, else "\\n"."""
    line = line_at(text, offset)
    at = line.end if line.end < len(text) else line.start - 1
    if at < 0:
        return "\n"
    if text.startswith("\r\n", at) or (text[at] == "\n" and at and text[at - 1] == "\r"):
        return "\r\n"
    return text[at]


def indent_unit(text: str, offset: int, default: str) -> str:
    """One level of indentation as used around `offset`: a tab, or the commonest step between lines; else `default`."""
    nearby = text[max(0, offset - _NEARBY) : offset + _NEARBY].replace("\r", "\n")
    steps: Counter[str] = Counter()
    previous = ""
    for match in _INDENTED.finditer(nearby):
        indent = match[1]
        if len(indent) > len(previous) and indent.startswith(previous):
            steps[indent[len(previous) :]] += 1
        previous = indent
    for step, _ in steps.most_common():
        if step[0] == "\t":
            return "\t"
        if 2 <= len(step) <= 8 and step.strip(" ") == "":
            return step
    return default
