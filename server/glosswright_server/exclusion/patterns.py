"""Lines of an ignore file as patterns, in the syntax and with the meaning that git gives them (gitignore(5)).

pathspec reads the lines; what is added is that a pattern is asked about one path itself and not about what lies inside
it, that every match takes time in proportion to the path's length, and that a line nobody can mean is told with its
number. No file is read here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MOST_LINES = 10_000
LONGEST_LINE = 1_000
MOST_STARS = 24
MOST_DOUBLE_STARS = 4
DEEPEST = 64
"""So many folders deep a path may lie for `**` to be matched in a moment."""

_STAR = "[^/]*"
_ANY_FOLDER = "(?P<ps_d>/)"
"""What pathspec makes of `*/`."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line that says something."""

    text: str
    line: int
    """From 1."""
    excludes: bool
    """False for a line that begins with `!`."""
    _regex: re.Pattern[str]
    _below: bool
    """It is about everything below a folder (`build/**`) and not about a path of that name."""

    def applies_to(self, path: str) -> bool:
        """Whether it is about `path` itself: relative to the ignore file, with `/`, and at its end if it is a
        folder."""
        if self._regex.pattern == _ANY_FOLDER:
            return path.endswith("/")
        if self._below:
            above = path.rstrip("/").rpartition("/")[0]
            return self._regex.pattern == "." or bool(above and self._regex.search(above + "/"))
        return self._regex.fullmatch(path) is not None


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that could not be used."""

    line: int
    """From 1."""
    why: str
    """One phrase for people."""


def parse(text: str, *, ignore_case: bool = False) -> tuple[tuple[Pattern, ...], tuple[Problem, ...]]:
    """The patterns of an ignore file in their order, and what is wrong with it. Never raises."""
    # Here and not above: it takes a thirtieth of a second, and the editor waits for the server's start.
    from pathspec.patterns.gitignore import GitIgnorePatternError
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    patterns: list[Pattern] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if number > MOST_LINES:
            problems.append(Problem(number, f"only the first {MOST_LINES:,} lines are read"))
            break
        line = line.removesuffix("\r")
        if not line.strip() or line.startswith("#"):
            continue
        why = _unusable(line)
        found = None
        if not why:
            try:
                found = GitIgnoreSpecPattern(_below_folders(line))
            except (GitIgnorePatternError, re.error, ValueError):
                found = None
            if found is None or found.include is None or found.regex is None:
                why = "this pattern matches nothing"
        if why or found is None or found.regex is None:
            problems.append(Problem(number, why))
            continue
        # What stands in brackets is never the slash.
        regex = re.sub(r"\[\^(?!/\])", "[^/", found.regex.pattern)
        patterns.append(
            Pattern(
                text=line.strip(),
                line=number,
                excludes=bool(found.include),
                _regex=re.compile(_without_backtracking(regex), re.IGNORECASE if ignore_case else 0),
                _below="ps_d" not in found.regex.groupindex,
            )
        )
    return tuple(patterns), tuple(problems)


def last_that_applies(patterns: Sequence[Pattern], path: str) -> Pattern | None:
    """The last of the patterns that is about `path`: that one decides."""
    return next((pattern for pattern in reversed(patterns) if pattern.applies_to(path)), None)


def _below_folders(line: str) -> str:
    """`a/**/` as git means it: each folder below `a`, and not `a`."""
    return re.sub(r"(?<=[^/!])/(\*\*/)+\s*$", "/**/*/", line)


def _unusable(line: str) -> str:
    if len(line) > LONGEST_LINE:
        return f"this line is longer than {LONGEST_LINE:,} characters"
    if line.count("**") > MOST_DOUBLE_STARS or line.count("*") > MOST_STARS:
        return "this pattern has too many stars"
    if "\0" in line:
        return "this line holds a null character"
    return ""


def _without_backtracking(regex: str) -> str:
    """The same regular expression, so that a star never gives back what it took.

    Between two stars of one name the first place that fits is as good as any other, so a star and the text behind it
    may be matched once and for all; without that, `*a*a*a*a*b` takes hours on a long name. An atomic group would say
    so, but only from Python 3.11 on: a look-ahead that is repeated by its name says the same.
    """
    pieces = regex.split(_STAR)
    whole = pieces[0]
    for number, piece in enumerate(pieces[1:-1]):
        # With a group in it (an optional folder) the next place might fit better; without text there is nothing to
        # find.
        plain = piece and "(" not in piece.replace("\\(", "")
        whole += f"(?=(?P<s{number}>{_STAR}?{piece}))(?P=s{number})" if plain else _STAR + piece
    return whole + (_STAR + pieces[-1] if len(pieces) > 1 else "")
