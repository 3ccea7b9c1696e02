"""Walking over half-formal text: where a bracket closes, where a value may end, what the lines of a text are.

Knows quotes and brackets, which all the languages here share, and no grammar. Everything is bounded: a look ahead by
`REACH`, all of them together by a `Reading`'s work. Never raises.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass, field

from glosswright_server.intent.contract import Example, ExampleKind

MAX_EXAMPLES = 64
"""Examples, and unreadable ones, that are kept of one text."""
REACH = 4_000
"""Code points that one example may span."""
WORK = 500_000
"""Code points that are looked at closely in one text before the search is given up."""

PROMPTS = 0
"""The session of the examples at prompts, which share names through a whole text."""
EXAMPLE_HEADING = re.compile(
    r"[\s*#@/\-+.:\[=_]*(?:for\s+)?(?:\w+\s+){0,2}(?:examples?|e\.g|samples?|usage|doctests?)\b"
    r"|[\s*#@]*(?:示例|例子|例如|范例|样例|用例|用法|比如|举例|例[:：])",
    re.IGNORECASE,
)
"""The start of a line that announces examples."""

_STRING = r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\''
_TOKEN = re.compile(rf"{_STRING}|[()\[\]{{}}]")
_PIECE = re.compile(
    rf"(?P<string>{_STRING})|(?P<open>[(\[{{])|(?P<stop>[)\]}}\"'`\n])|(?P<space>[ \t]+)|(?P<mark>[,;:.!?#])"
    r"|(?P<ascii>[!-~])|(?P<other>.)"
)
_COMPARISON = re.compile(r"[<>]|[=!]=|&&|\|\||\b(?:not|and|or|in|is|if|lambda|instanceof)\b")
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_MAX_ENDS = 24
_EACH = 80  # what looking costs besides the code points, counted in these
_LONGEST_SHOWN = 160


@dataclass(slots=True)
class Reading:
    """One text being read: what every form of example needs, and what has been found so far."""

    text: str
    name: str = ""
    parameters: tuple[str, ...] = ()
    names: Collection[str] = ()
    """Names that are bound where the code will stand."""
    found: list[Example] = field(default_factory=list)
    unreadable: list[tuple[int, str]] = field(default_factory=list)
    work: int = WORK
    starts: list[int] = field(init=False)
    lines: list[str] = field(init=False)
    sessions: int = 1
    """The next free session number."""

    def __post_init__(self) -> None:
        self.lines = self.text.split("\n")
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line) + 1)

    @property
    def exhausted(self) -> bool:
        """Whether enough was found, or enough was tried."""
        return self.work <= 0 or len(self.found) > MAX_EXAMPLES

    def spend(self, work: int) -> None:
        """Note that so many code points were looked at."""
        self.work -= work + _EACH

    def line_of(self, offset: int) -> int:
        """The number of the line, from 0, that `offset` is on."""
        return min(bisect_right(self.starts, offset) - 1, len(self.lines) - 1)

    def add(
        self,
        expression: str,
        expected: str,
        kind: ExampleKind,
        line: int,
        *,
        setup: str = "",
        session: int | None = None,
    ) -> None:
        """Keep an example; without `session` it gets one of its own."""
        if session is None:
            session, self.sessions = self.sessions, self.sessions + 1
        self.found.append(
            Example(
                expression=expression,
                expected=expected,
                kind=kind,
                setup=setup,
                session=session,
                line=line,
                text=_said(expression, expected, kind),
            )
        )

    def reject(self, line: int, source: str, why: str) -> None:
        """Keep what is an example, but cannot be read."""
        if len(self.unreadable) < MAX_EXAMPLES:
            self.unreadable.append((line, f"{one_line(source)} ({why})"))


def closing(text: str, at: int) -> int:
    """Where the bracket at `at` closes: the offset behind its partner; -1 where it does not within `REACH`."""
    stack: list[str] = []
    for match in _TOKEN.finditer(text, at, at + REACH):
        token = match[0]
        if token in _PAIRS:
            stack.append(_PAIRS[token])
        elif len(token) == 1 and (not stack or stack.pop() != token):
            return -1
        if not stack:
            return match.end()
    return -1


def value_ends(text: str, at: int) -> tuple[list[int], bool]:
    """Where a value that starts at `at` could end, nearest first, and whether a bracket in it never closes.

    Brackets may span lines; outside them the line's end is the last possibility.
    """
    ends: list[int] = []
    limit = min(len(text), at + REACH)
    was_ascii = True
    while at < limit and len(ends) < _MAX_ENDS:
        piece = _PIECE.match(text, at)
        assert piece is not None  # every character is one piece or another
        kind = piece.lastgroup
        if kind == "open":
            end = closing(text, at)
            if end < 0:
                return ends, True
            _mark(ends, at)  # `'No' (as it starts with a digit)`
            at = end
            continue
        if kind == "stop":
            _mark(ends, at)
            return ends, False
        if kind in ("space", "mark") or (kind == "other" and was_ascii):
            _mark(ends, at)
        was_ascii = kind != "other"
        at = piece.end()
    _mark(ends, at)
    return ends, False


def _mark(ends: list[int], at: int) -> None:
    if not ends or ends[-1] != at:
        ends.append(at)


def split_top(text: str, separator: str = ",") -> list[str]:
    """`text` split at each `separator` that stands outside quotes and brackets; the parts stripped."""
    parts: list[str] = []
    start = at = 0
    while at < len(text):
        piece = _PIECE.match(text, at)
        assert piece is not None
        end = closing(text, at) if piece.lastgroup == "open" else piece.end()
        if text[at] == separator:
            parts.append(text[start:at].strip())
            start = at + 1
        at = end if end > 0 else piece.end()
    parts.append(text[start:].strip())
    return parts


def one_line(text: str) -> str:
    """`text` with each run of white space as one space, shortened to fit a line."""
    line = " ".join(text[: 4 * _LONGEST_SHOWN].split())
    return line if len(line) <= _LONGEST_SHOWN else line[: _LONGEST_SHOWN - 1] + "…"


def _said(expression: str, expected: str, kind: ExampleKind) -> str:
    if kind is ExampleKind.VALUE:
        return one_line(f"({expression}) == {expected}" if _compares(expression) else f"{expression} == {expected}")
    if kind is ExampleKind.PRINTS:
        return one_line(f"{expression} prints {expected}")
    if kind is ExampleKind.RAISES:
        return one_line(f"{expression} raises {expected}")
    return one_line(expression)


def _compares(expression: str) -> bool:
    """Whether an operator that binds no tighter than `==` stands in it outside quotes and brackets."""
    outside, at = [], 0
    while at < len(expression):
        piece = _PIECE.match(expression, at)
        assert piece is not None
        end = closing(expression, at) if piece.lastgroup == "open" else piece.end()
        outside.append(expression[at] if piece.lastgroup not in ("open", "string") else "_")
        at = max(end, piece.end())
    return _COMPARISON.search("".join(outside)) is not None
