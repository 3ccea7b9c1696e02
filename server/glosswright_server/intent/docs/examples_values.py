"""Where an expected value ends in running text, and what it is.

The longest piece that is a value is taken, provided that the text behind it does not go on with it: "4 because" means
4, "4 times" does not. Linear in what it looks at; never raises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from glosswright_server.intent.docs.examples_dialect import Dialect
from glosswright_server.intent.docs.examples_scan import Reading, value_ends

END = re.compile(
    r"\s*$|[ \t]*(?:\n|[.,;:!?。，；：！？、)\]}\"'`|]|#|//|[-–—]+\s(?=[^\W\d])|\(|（"
    r"|(?:because|since|as|but|while|whereas|so|which|however)\b|(?:and|then)\s+[A-Za-z_`]|(?:因为|由于|而|因此|，|和))"
)
"""What may stand behind a value."""
_ON = re.compile(r"[ \t]*(?:[.][ \t]*)?(?:={1,3}>?|->|=>|[→➞⇒])")
_SAME = re.compile(r"[ \t]*={1,2}(?![=>])[ \t]*")
_LINE_BREAK = re.compile(r"[ \t]*\n[ \t]*(?=\S)")
_MAX_CHAIN = 6


@dataclass(frozen=True, slots=True)
class Expected:
    """A value that was looked for."""

    source: str = ""
    """The value as code; "" where there is none."""
    end: int = 0
    """Offset behind it."""
    is_ambiguous: bool = False
    """Whether what is there might mean two values."""


def expected_value(reading: Reading, dialect: Dialect, at: int) -> Expected:
    """The value at `at`. Of a chain such as `19 - 5 = 14`, the last link is the value."""
    for _ in range(_MAX_CHAIN):
        found = _longest(reading, dialect, at)
        same = _SAME.match(reading.text, found.end) if found.source else None
        if same is None:
            if found.source and _ON.match(reading.text, found.end):
                break  # the story goes on: `-> 2 -> 3`
            return found
        at = same.end()
    return Expected(end=at)


def given_value(reading: Reading, dialect: Dialect, at: int) -> Expected:
    """The value at `at`, whatever the text goes on with: "for x = 3 the result is" gives 3."""
    return _longest(reading, dialect, at, is_given=True)


def value_start(reading: Reading, at: int) -> int:
    """Where the value starts: on the next line where this one ends at `at`, at `at` otherwise."""
    match = _LINE_BREAK.match(reading.text, at)
    return match.end() if match else at


def _longest(reading: Reading, dialect: Dialect, at: int, *, is_given: bool = False) -> Expected:
    text = reading.text
    ends, _ = value_ends(text, at)
    for end in reversed(ends):
        source = text[at:end].rstrip(" \t\n.,;:!?")
        end = at + len(source)
        reading.spend(len(source))
        if not source.strip() or reading.work <= 0:
            break
        if dialect.is_ambiguous(source):
            return Expected(end=at, is_ambiguous=True)
        if not (is_given or END.match(text, end) or _SAME.match(text, end)):
            continue
        if value := dialect.value(source):
            return Expected(value, end)
    return Expected(end=at)
