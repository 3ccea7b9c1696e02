"""Where generated code goes: from "below this comment" or "this function's body" to offsets and white space.

Two wishes rule it. What is replaced stays on one line whenever it can, because editors show inline suggestions on one
line only; and the text around the answer keeps its own lines and indentation, whatever line ends and tabs it uses.
"""

from __future__ import annotations

from typing import NamedTuple

from glosswright_server.intent.comments import Comment
from glosswright_server.intent.functions import Unfinished
from glosswright_server.intent.languages import BlockStyle
from glosswright_server.intent.lines import (
    indent_at,
    indent_unit,
    is_blank,
    line_above,
    line_at,
    line_end_of,
)
from glosswright_server.intent.tree import Tree


class Place(NamedTuple):
    """`text[start:end]` gives way to `lead`, the code, `tail`; the code's outermost lines are indented by `indent`."""

    start: int
    end: int
    lead: str
    tail: str
    indent: str


def after_comment(tree: Tree, comment: Comment) -> Place:
    """On a new line below the comment."""
    text = tree.text
    line = line_at(text, comment.end)
    new_line = line_end_of(text, comment.end) + comment_indent(tree, comment)
    if not text[comment.end : line.end].strip():
        return Place(comment.end, line.end, new_line, "", comment_indent(tree, comment))
    return Place(comment.end, comment.end, new_line, new_line, comment_indent(tree, comment))


def on_blank_line(text: str, offset: int, indent: str) -> Place:
    """On the blank line of `offset`: what is missing of the indentation is added, what is too much is replaced."""
    line = line_at(text, offset)
    before = text[line.start : offset]
    if indent.startswith(before):
        return Place(offset, line.end, indent[len(before) :], "", indent)
    return Place(line.start, line.end, indent, "", indent)


def comment_indent(tree: Tree, comment: Comment) -> str:
    """Indentation of the code that a comment asks for: the comment's own, or one level deeper right below (or right of)
    what opens a block."""
    text = tree.text
    line = line_at(text, comment.start)
    if not comment.own_line:
        opener = text[line.start : comment.start].rstrip()
        deeper = opener.endswith(("{", ":") if tree.language.style is not BlockStyle.END else "{")
        return comment.indent + (indent_unit(text, comment.start, tree.language.indent) if deeper else "")
    if tree.language.style is not BlockStyle.INDENTATION:
        return comment.indent
    above = line_above(text, line)
    while above is not None and is_blank(text, above):
        above = line_above(text, above)
    if above is None or not text[above.start : above.end].rstrip().endswith(":"):
        return comment.indent
    outer = indent_at(text, above)
    if len(comment.indent) > len(outer) or tree.in_string(above.end):
        return comment.indent
    return outer + indent_unit(text, comment.start, tree.language.indent)


def body_of(tree: Tree, function: Unfinished, offset: int) -> Place:
    """The body of `function`, asked for at `offset`."""
    if function.placeholder is not None:
        return _instead_of(tree.text, function, function.placeholder)
    if function.style is BlockStyle.INDENTATION:
        return _below(tree, function, offset)
    return _between(tree, function, offset)


def _instead_of(text: str, function: Unfinished, placeholder: tuple[int, int]) -> Place:
    """In the place of a placeholder; one that shares its line with header or brace moves to a line of its own."""
    start, end = placeholder
    new_line = line_end_of(text, start)
    lead = tail = ""
    before = text[line_at(text, start).start : start]
    if before.strip():
        start = max(function.opened, start - (len(before) - len(before.rstrip(" \t;"))))
        lead = new_line + function.body_indent
    elif before != function.body_indent:
        start = line_at(text, start).start
        lead = function.body_indent
    if text.startswith(";", end):
        end += 1
    if function.style is not BlockStyle.INDENTATION and end <= function.closed:
        rest = text[end : line_at(text, end).end]
        if rest.strip() and not text[end : function.closed].strip(" \t;"):
            end = function.closed
            tail = new_line + function.indent
    return Place(start, end, lead, tail, function.body_indent)


def _below(tree: Tree, function: Unfinished, offset: int) -> Place:
    """Below header, docstring and notes; on the cursor's own line where that is a blank one."""
    text = tree.text
    last = max([function.closed, *(note.end for note in function.notes)])
    line = line_at(text, last)
    if offset > line.end and is_blank(text, line_at(text, offset)):
        return on_blank_line(text, offset, function.body_indent)
    start = line.start + len(text[line.start : line.end].rstrip())
    lead = line_end_of(text, last) + function.body_indent
    return Place(max(start, last), line.end, lead, "", function.body_indent)


def _between(tree: Tree, function: Unfinished, offset: int) -> Place:
    """Between the braces (or `def` and `end`)."""
    text, indent = tree.text, function.body_indent
    base = function.notes[-1].end if function.notes else function.opened
    line = line_at(text, base)
    if line.end < function.closed and text[base : line.end].strip():
        base = line.end  # a comment right of the brace stays there
    here = line_at(text, offset)
    if here.start > base and here.end < function.closed and is_blank(text, here):
        return on_blank_line(text, offset, indent)
    new_line = line_end_of(text, base)
    gap = text[base : function.closed]
    breaks = gap.replace("\r\n", "\n").replace("\r", "\n").count("\n")
    if breaks == 1 and text[line_at(text, function.closed).start : function.closed] == function.indent:
        return Place(base, line_at(text, base).end, new_line + indent, "", indent)
    if gap.strip(" \t\r\n;"):
        return Place(base, base, new_line + indent, "" if breaks else new_line + function.indent, indent)
    return Place(base, function.closed, new_line + indent, new_line + function.indent, indent)
