"""Where the lines of a text start, found once and then kept up edit by edit.

A line ends with `\\n`, `\\r\\n` or `\\r` and with nothing else (LSP 3.17, "Text Documents"): U+2028, U+2029, NEL,
VT and FF, at which `str.splitlines` breaks, are ordinary characters here. Plain functions over lists of code point
offsets.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate

_LINE_END = re.compile(r"\r\n|\n|\r")


def line_starts(text: str) -> list[int]:
    """The offset at which each line of `text` starts; the first is 0, and a final line end opens an empty last line."""
    carriage_returns = text.count("\r")
    if carriage_returns and carriage_returns != text.count("\r\n"):
        return [0, *(match.end() for match in _LINE_END.finditer(text))]
    # Every line end here ends in \n, so splitting there (in C) finds them all, several times faster than the pattern.
    pieces = text.split("\n")
    pieces.pop()
    return list(accumulate((len(piece) + 1 for piece in pieces), initial=0))


def line_starts_after_edit(starts: list[int], start: int, end: int, inserted: int, text: str) -> list[int]:
    """The line starts of `text`, made from a text with `starts` by putting `inserted` code points in for `start:end`.

    Only the lines that the edit touches are read again. One character to either side belongs to them, because an edit
    can put `\\r` and `\\n` together or tear them apart.
    """
    delta = inserted - (end - start)
    first = bisect_right(starts, max(start - 1, 0)) - 1
    after = bisect_right(starts, end + 1)  # index of the first line that is surely untouched
    region_start = starts[first]
    if after == len(starts):
        region = text[region_start:]
    else:
        region = text[region_start : starts[after] + delta]
    found = line_starts(region)
    if after < len(starts):
        found.pop()  # where the region ends, the first untouched line starts
    if region_start:
        found = [region_start + offset for offset in found]
    tail = starts[after:]
    if delta:
        tail = [offset + delta for offset in tail]
    return starts[:first] + found + tail
