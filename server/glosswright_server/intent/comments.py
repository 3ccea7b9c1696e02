"""Comments: where one stands, and all that is known of it.

`wording` says what stands in it without markers, `roles` whether that asks for code; here its characters are found, in
the syntax tree where there is one, else by reading lines. What a comment means for the code around it is the business
of `read`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from glosswright_server.intent.languages import Language
from glosswright_server.intent.lines import Line, indent_at, is_blank, line_above, line_at, line_below
from glosswright_server.intent.roles import Role, is_pragma, role_of
from glosswright_server.intent.tree import Tree, climb
from glosswright_server.intent.wording import MARGIN, dedented, lines_of_block, lines_of_run

MAX_RUN = 400
"""Lines of one comment that are read, upwards and downwards each; longer ones are cut there."""
_MAX_READ = 20_000  # characters of one comment that are read; `end` is true all the same
_COMMENT_DEPTH = 4  # levels between a character of a comment and the comment's node


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A block comment, or a run of line comments on adjacent lines with one indentation."""

    start: int
    """Offset of the first marker."""
    end: int
    """Offset after the last character, white space at the end of the line excluded."""
    text: str
    """Markers, margins and pragma lines removed."""
    indent: str
    """Indentation of the line it starts on."""
    own_line: bool
    """False when code stands before it on its line."""
    block: bool
    """True for `/* */` and its like."""
    role: Role


def comment_at(tree: Tree, offset: int) -> Comment | None:
    """The comment that holds `offset`, or that ends at it with nothing but white space between."""
    text = tree.text
    line = line_at(text, offset)
    content = text[line.start : line.end].rstrip(MARGIN)
    at = min(offset, line.start + len(content))
    found = _raw_in_tree(tree, at) if tree.root is not None else _raw_in_lines(tree, line, at)
    if found is None:
        return None
    start, end = found
    first = line_at(text, start)
    own_line = not text[first.start : start].strip(MARGIN)
    marker = _line_marker(tree.language, text[start:end])
    if marker and own_line:
        start, end = _run(tree, first, marker)
    end = start + len(text[start:end].rstrip(MARGIN + "\r\n"))
    return _comment(tree, start, end, own_line, marker == "")


def comment_above(tree: Tree, line: Line, blank_lines: int) -> Comment | None:
    """The comment on lines of its own that ends right above `line`, at most `blank_lines` blank lines between."""
    text = tree.text
    above = line_above(text, line)
    while above is not None and blank_lines and is_blank(text, above):
        above = line_above(text, above)
        blank_lines -= 1
    if above is None or is_blank(text, above):
        return None
    end = above.start + len(text[above.start : above.end].rstrip(MARGIN))
    comment = comment_at(tree, end)
    return comment if comment is not None and comment.own_line and comment.end == end else None


def _comment(tree: Tree, start: int, end: int, own_line: bool, block: bool) -> Comment:
    raw = tree.text[start:end]
    lines = lines_of_block(tree.language, raw[:_MAX_READ]) if block else lines_of_run(raw[:_MAX_READ])
    indent = indent_at(tree.text, line_at(tree.text, start))
    said = [line for line in lines if not is_pragma(line)]
    text = dedented(said)
    return Comment(
        start=start,
        end=end,
        text=text,
        indent=indent,
        own_line=own_line,
        block=block,
        role=role_of(tree, start, raw, text, block=block, pragmas=len(said) < len(lines)),
    )


def _raw_in_tree(tree: Tree, at: int) -> tuple[int, int] | None:
    """Start and end of the comment node that holds `at` or ends there."""
    grammar = tree.language.grammar
    assert grammar is not None
    for low, high in ((at - 1, at), (at, at + 1)):
        if low < 0:
            continue
        around = islice(climb(tree.node_at(low, min(high, len(tree.text)))), _COMMENT_DEPTH)
        node = next((node for node in around if node.type in grammar.comments), None)
        if node is None:
            continue
        # Rust's documentation comments include their line end.
        end = node.start_byte + len(tree.text_of(node).rstrip("\r\n"))
        # A node that merely starts at `at` is right of the cursor: the cursor is before it, not in it.
        if node.start_byte < at <= end:
            return node.start_byte, end
    return _raw_unclosed(tree, at)


def _raw_unclosed(tree: Tree, at: int) -> tuple[int, int] | None:
    """A block comment that is being typed and not closed yet, which the parser shows as an error: its first line, and
    lines below that begin with a star."""
    text = tree.text
    if tree.root is None or not tree.root.has_error:
        return None
    line = line_at(text, at)
    for opening, closing in tree.language.block_comments:
        start = text.rfind(opening, max(0, at - 4_000), at)
        if start < 0 or text.find(closing, start) >= 0 or text[line_at(text, start).start : start].strip(MARGIN):
            continue
        later = re.split(r"\r\n|\r|\n", text[start : line.end])[1:]
        if all(one.lstrip(MARGIN).startswith("*") for one in later):
            return start, line.end
    return None


def _raw_in_lines(tree: Tree, line: Line, at: int) -> tuple[int, int] | None:
    """The same by markers alone: line comments on their own line, and block comments that open a line."""
    text, language = tree.text, tree.language
    start = line.start + len(indent_at(text, line))
    for opening, closing in language.block_comments:
        nearest = text.rfind(opening, max(0, at - 20_000), at + len(opening) - 1)
        if nearest < 0 or not nearest < at or text[line_at(text, nearest).start : nearest].strip(MARGIN):
            continue
        close = text.find(closing, nearest + len(opening))
        end = close + len(closing) if close >= 0 else len(text)
        if at <= end:
            return nearest, end
    if start < at and _line_marker(language, text[start : line.end]):
        return start, line.end
    return None


def _line_marker(language: Language, content: str) -> str:
    """The line comment marker that opens `content`, or ""."""
    if any(content.startswith(opening) for opening, _ in language.block_comments):
        return ""
    return next((marker for marker in language.line_comments if content.startswith(marker)), "")


def _run(tree: Tree, line: Line, marker: str) -> tuple[int, int]:
    """The run of line comments around `line` with the same marker and indentation."""
    text = tree.text
    indent = indent_at(text, line)

    def belongs(other: Line | None) -> bool:
        return (
            other is not None
            and text.startswith(indent + marker, other.start)
            and bool(_line_marker(tree.language, text[other.start + len(indent) : other.end]))
        )

    first = last = line
    for _ in range(MAX_RUN):
        other = line_above(text, first)
        if other is None or not belongs(other):
            break
        first = other
    for _ in range(MAX_RUN):
        other = line_below(text, last)
        if other is None or not belongs(other):
            break
        last = other
    return first.start + len(indent), last.end
