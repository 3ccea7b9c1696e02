"""Fit an edit to clients that take only one line: an inline completion's range must lie on the cursor's line.

A body that goes between braces, or below a docstring, replaces white space over several lines. Where that white space
is all it replaces, the same result can be had by putting text in at the cursor and leaving the rest as it stands.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """`text` replaces `[start, end)`, in code point offsets."""

    start: int
    end: int
    text: str


def fit_to_line(document: str, edit: Edit, cursor: int, line_start: int, line_end: int) -> Edit | None:
    """An edit on the cursor's line alone with the same effect, or None where there is none.

    `line_start` and `line_end` bound the cursor's line without its line end. The result may differ from the original in
    trailing white space only.
    """
    if line_start <= edit.start <= cursor <= edit.end <= line_end:
        return edit
    if not edit.start <= cursor <= edit.end or document[edit.start : edit.end].strip():
        return None
    left = document[max(edit.start, line_start) : cursor]
    text = edit.text
    if edit.start < line_start:
        text = _below_first_line_end(text, left)
    elif left:
        if not text.startswith(("\n", "\r")) and not text.startswith(left):
            return None
        text = text.removeprefix(left)
    if edit.end > line_end:
        text = _drop_tail(text)
    end = min(edit.end, line_end)
    return Edit(cursor, end, text) if text.strip() else None


def _below_first_line_end(text: str, left: str) -> str:
    """`text` without the line end it begins with and without the indentation that the cursor's line has already."""
    body = text.lstrip("\r\n")
    indent = body[: len(body) - len(body.lstrip(" \t"))]
    if indent.startswith(left):
        return body[len(left) :]
    return body[len(indent) :]


def _drop_tail(text: str) -> str:
    """`text` without the line end and indentation it closes with: the document has its own there."""
    return text.rstrip(" \t\r\n")
