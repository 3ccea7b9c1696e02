"""A request's text as lines that can be read safely: bounded, without invisible characters or margins left over.

Nothing is understood here. Characters that people cannot see (zero-width, direction marks, controls) are dropped,
because they hide a word from a pattern or a name from its reader; joiners that shape letters stay.
"""

from __future__ import annotations

import re

MAX_CHARS = 40_000
"""Characters of one documentation that are read."""
MAX_LINES = 1_000
"""Lines of one documentation that are read; more than any function's, less than can be felt."""
_MAX_LINE = 1_000  # characters of one line

_INVISIBLE = re.compile("[\0-\x08\x0e-\x1f\x7f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_SPACES = re.compile("[\x0b\x0c\x85\xa0\u2028\u2029\u3000\u2002-\u200a\u202f]")
_UNSEEN_IN_CODE = re.compile(
    # An escape outside quotes is passed over, and an apostrophe in a word opens nothing.
    r"\\.|(?<!\w)(?:[RrBbUuFf]{1,2})?(?:\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
    rf"|(?P<invisible>{_INVISIBLE.pattern})|(?P<space>{_SPACES.pattern})"
)
_LINE_END = re.compile(r"\r\n|\r|\n")

_DELIMITERS = (("/**", "*/"), ("/*!", "*/"), ("/*", "*/"), ('"""', '"""'), ("'''", "'''"))
_MARGINS = (re.compile(r"[ \t]*///?!?(?: |$)?"), re.compile(r"[ \t]*\*(?!\*)(?: |$)?"))


def bounded(request: str) -> str:
    """The part of a request that is read: whole lines from its beginning, as they stand."""
    cut = request[:MAX_CHARS]
    ends = list(_LINE_END.finditer(cut))
    if len(ends) >= MAX_LINES:
        return cut[: ends[MAX_LINES - 1].start()]
    return cut if len(request) <= MAX_CHARS or not ends else cut[: ends[-1].start()]


def clean_lines(request: str) -> list[str]:
    """The lines that are read, tabs expanded to four columns, without white space at their ends."""
    text = _SPACES.sub(" ", _INVISIBLE.sub("", bounded(request)))
    lines = [line[:_MAX_LINE].expandtabs(4).rstrip() for line in _LINE_END.split(text)]
    return _without_margin(lines)


def visible_code(text: str) -> str:
    """`text`, which may hold code, without invisible characters and with plain spaces; string literals stay, for what
    is between quotes is meant."""
    return _UNSEEN_IN_CODE.sub(_seen, text)


def _seen(match: re.Match[str]) -> str:
    if match["invisible"]:
        return ""
    return " " if match["space"] else match[0]


def _without_margin(lines: list[str]) -> list[str]:
    """Without comment delimiters and their margin, for text that does not come from `comments` or `stubs`."""
    enclosed = False
    for opening, closing in _DELIMITERS:
        if lines[0].lstrip().startswith(opening):
            lines = [lines[0].lstrip().removeprefix(opening).lstrip(), *lines[1:]]
            lines[-1] = lines[-1].removesuffix(closing)
            enclosed = True
            break
    for margin in _MARGINS:
        below = [line for line in (lines[1:] if enclosed else lines) if line.strip()]
        # A star may be that of a list; only between delimiters it is a margin.
        sure = enclosed or (len(below) > 1 and below[0].lstrip().startswith("//"))
        if sure and below and all(margin.match(line) for line in below):
            return [margin.sub("", line, count=1) for line in lines]
    return lines
