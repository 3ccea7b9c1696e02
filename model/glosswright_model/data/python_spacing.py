"""Spaces between the tokens of a line of Python, as PEP 8 sets them.

It changes nothing but spaces: brackets that a person or a network wrote stay. A line that makes no sense is spaced as
far as the rules carry; nothing makes it fail.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_UNARY = frozenset({"+", "-", "~", "*", "**"})
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_VALUES = frozenset({"None", "True", "False"})
"""Keywords that are values: what follows them is not unary."""
_STRING = re.compile(r"[A-Za-z]{0,3}['\"]")


def spaced(tokens: Sequence[str]) -> str:
    """The tokens of one logical line as text. A string is one token."""
    line = _Line()
    return "".join(line.piece(word) for word in tokens)


@dataclass(slots=True)
class _Level:
    """Inside one bracket, or outside of all."""

    bracket: str = ""
    lambdas: int = 0
    """Lambdas whose colon has not come yet."""
    annotated: bool = False
    """Whether a colon has come since the last comma: then `=` gives a default beside an annotation."""


@dataclass(slots=True)
class _Line:
    levels: list[_Level] = field(default_factory=lambda: [_Level()])
    before: str = ""
    was_unary: bool = False
    tight_colon: bool = False
    tight_equals: bool = False
    decorates: bool = False
    """Whether the token before is the `@` that begins the line."""

    def piece(self, word: str) -> str:
        """The token with the space before it."""
        level = self.levels[-1]
        is_unary = word in _UNARY and not _ends_value(self.before)
        equals = word == "=" and (bool(level.lambdas) or (level.bracket == "(" and not level.annotated))
        space = self._needs_space(word, equals)
        tight_colon = False
        if word in _OPENING:
            self.levels.append(_Level(word))
        elif word in _CLOSING and len(self.levels) > 1:
            self.levels.pop()
        elif word == "lambda":
            level.lambdas += 1
        elif word == ",":
            level.annotated = False
        elif word == ":":
            if level.lambdas:
                level.lambdas -= 1
            else:
                level.annotated = True
                tight_colon = level.bracket == "["
        self.decorates = word == "@" and not self.before
        self.before, self.was_unary, self.tight_colon, self.tight_equals = word, is_unary, tight_colon, equals
        return f" {word}" if space else word

    def _needs_space(self, word: str, equals: bool) -> bool:
        before = self.before
        if not before or before in _OPENING or self.was_unary or self.tight_colon or self.tight_equals:
            return False
        if word == ":" and before == ",":
            return True
        if word in _CLOSING or word in (",", ";", ":") or equals:
            return False
        if self.decorates:
            return False
        if before == ".":
            return word == "import"
        if word == ".":
            return before[0].isdigit() or not (_ends_value(before) or before == ".")
        if word in ("(", "["):
            return not _ends_value(before) or before[0].isdigit()
        return True


def _ends_value(word: str) -> bool:
    """Whether a value may end with this token, so that an operator after it has two sides."""
    if word in _VALUES or word in _CLOSING or word == "...":
        return True
    if keyword.iskeyword(word) or not word:
        return False
    return word[-1].isalnum() or word[-1] == "_" or word[-1] in "'\"" or bool(_STRING.match(word))
