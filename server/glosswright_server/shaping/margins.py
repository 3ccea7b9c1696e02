"""The left margin of an answer: its lines moved to the file's own indentation, in the file's own tabs or spaces.

What stands inside a string that reaches over several lines is left as it is: white space is a value there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from glosswright_server.shaping.extent import leading, width_of
from glosswright_server.shaping.lexis import Blocks, Lexis, Line

_SAMPLE_CHARS = 20_000


def unit_of(text: str, indent: str, lexis: Lexis, *, wanted: str = "") -> str:
    """One level of indentation as the file writes it; where it shows none, the `wanted` one, unless the language knows
    one only; "" when nobody says."""
    if indent.startswith("\t"):
        return "\t"
    margins = re.findall(r"^([ \t]+)(?=[^\s*])", text[:_SAMPLE_CHARS], re.MULTILINE)
    tabs = sum(margin.startswith("\t") for margin in margins)
    if tabs * 2 > len(margins):
        return "\t"
    widths = [len(margin) for margin in margins if "\t" not in margin] + ([len(indent)] if indent else [])
    for size in (8, 4, 2, 3):
        if widths and sum(width % size == 0 for width in widths) * 10 >= len(widths) * 9:
            return " " * size
    if wanted and lexis.unit != "\t":
        return wanted
    return lexis.unit if lexis.blocks is Blocks.OFFSIDE or lexis.unit == "\t" else ""


def eol_of(text: str, lead: str) -> str:
    """The file's line end: that of the lead, or of its first line."""
    found = re.search(r"\r\n|\n|\r", lead) or re.search(r"\r\n|\n|\r", text)
    return found.group() if found else "\n"


def tab_width(unit: str) -> int:
    """Columns to count for a tab when an answer mixes what the file does not."""
    return len(unit) if unit.startswith(" ") else 4


def fit(
    lines: Sequence[Line], lexis: Lexis, *, base: int, indent: str, unit: str, midline: bool, absolute: bool
) -> list[str]:
    """The lines with the margin they need under `indent`; the first one stands after the lead and gets none.

    `base` is the width in columns of the answer's own outermost level; with `absolute`, a line outside of it keeps its
    own margin (`)` under the call that code goes on with).
    """
    tab = tab_width(unit)
    if lexis.blocks is not Blocks.OFFSIDE and not absolute:
        base = _bracketed_base(lines, base, tab, midline)
    step = _step_of(lines, tab, base)
    unit = unit or " " * step
    fitted: list[str] = []
    for number, line in enumerate(lines):
        body = line.text.lstrip(" \t")
        if line.inside:
            fitted.append(line.text)
        elif number == 0:
            fitted.append(line.text if midline else body)
        elif not body:
            fitted.append("")
        else:
            width = width_of(leading(line.text), tab)
            outside = width < base and absolute
            levels, rest = divmod(width if outside else max(0, width - base), step)
            fitted.append(("" if outside else indent) + unit * levels + " " * rest + body)
    return fitted


def joined(fitted: Sequence[str], lines: Sequence[Line]) -> str:
    """The text of fitted lines without blanks at their ends, where those are not part of a string."""
    return "\n".join(line if seen.inside else line.rstrip() for line, seen in zip(fitted, lines, strict=True)).rstrip()


def _bracketed_base(lines: Sequence[Line], base: int, tab: int, midline: bool) -> int:
    """The outermost level of an answer in a language of brackets: that of its least indented whole-level line."""
    widths = [width_of(leading(line.text), tab) for line in lines[1:] if line.begins or _closes_all(line)]
    return min(widths) if widths and not midline else base


def _closes_all(line: Line) -> bool:
    closes = re.match(r"\s*([)\]}]|end\b|fi\b|done\b|esac\b|until\b)", line.code)
    return closes is not None and line.depth == 0 < line.start_depth


def _step_of(lines: Sequence[Line], tab: int, base: int) -> int:
    """Columns of one level in the answer: how far the first block stands inside its header."""
    for above, line in pairwise(lines):
        opens = above.code.rstrip().endswith((":", "{", "(", "[", " do", " then")) and not line.inside
        if opens and line.text.strip():
            outer = base if above is lines[0] else width_of(leading(above.text), tab)
            step = width_of(leading(line.text), tab) - outer
            if 1 < step <= 8:
                return step
    return tab
