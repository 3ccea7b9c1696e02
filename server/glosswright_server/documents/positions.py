"""Columns in the three position encodings of LSP 3.17, converted to and from code points, one line at a time.

A column counts bytes (utf-8), 16-bit code units (utf-16) or code points (utf-32); Python strings count code points. The
functions take the text of one line and never see the document; what a line is, `snapshot` decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

_HIGH_SURROGATES = range(0xD800, 0xDC00)
_LOW_SURROGATES = range(0xDC00, 0xE000)


class PositionEncoding(str, Enum):
    """The unit in which `Position.character` counts (LSP 3.17, `PositionEncodingKind`)."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    UTF32 = "utf-32"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A zero-based line and a zero-based column in units of the document's encoding (LSP 3.17, `Position`)."""

    line: int
    character: int


def units_to_code_points(line: str, units: int, encoding: PositionEncoding) -> int:
    """How many code points of `line` lie before column `units`.

    A column past the end gives the end; one inside a character (between two surrogates, between the bytes of a UTF-8
    sequence) is rounded down to the start of that character.
    """
    if encoding is PositionEncoding.UTF32 or line.isascii():
        return min(units, len(line))
    if encoding is PositionEncoding.UTF8:
        # "surrogatepass": a JSON string may hold a lone surrogate, and a position must still be found in such a line.
        data = line.encode("utf-8", "surrogatepass")
        if units >= len(data):
            return len(line)
        while data[units] & 0xC0 == 0x80:
            units -= 1
        return len(data[:units].decode("utf-8", "surrogatepass"))
    data = line.encode("utf-16-le", "surrogatepass")
    if 2 * units >= len(data):
        return len(line)
    if units and _is_low(data, units) and _is_high(data, units - 1):
        units -= 1
    return len(data[: 2 * units].decode("utf-16-le", "surrogatepass"))


def code_points_to_units(prefix: str, encoding: PositionEncoding) -> int:
    """The column just behind `prefix`, which is a line's text from its start."""
    if encoding is PositionEncoding.UTF32 or prefix.isascii():
        return len(prefix)
    if encoding is PositionEncoding.UTF8:
        return len(prefix.encode("utf-8", "surrogatepass"))
    return len(prefix.encode("utf-16-le", "surrogatepass")) // 2


def join_surrogates(text: str) -> str:
    """`text` with each high surrogate followed by a low one made the one character that they stand for.

    Clients count such a pair as one character, so the store must too; it arises when an edit puts two halves together.
    """
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return text


def is_split_pair(text: str, offset: int) -> bool:
    """Whether a high surrogate stands right before `offset` and a low one right behind it."""
    return 0 < offset < len(text) and ord(text[offset - 1]) in _HIGH_SURROGATES and ord(text[offset]) in _LOW_SURROGATES


def _is_high(data: bytes, unit: int) -> bool:
    return data[2 * unit + 1] & 0xFC == 0xD8


def _is_low(data: bytes, unit: int) -> bool:
    return data[2 * unit + 1] & 0xFC == 0xDC
