"""The part of a Python file that a candidate is judged by: the statements around it, other functions' bodies left out.

Parsing and resolving a file of 2,000 lines costs more than a keystroke allows, and what other functions do inside does
not matter to this one: their headers still bind the names they bind. Nothing is decided here.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

import tree_sitter

from glosswright_server.intent.tree import Tree

_CUT = "..."
_HOLDERS = frozenset(
    (
        *("block", "module", "class_definition", "decorated_definition", "if_statement", "elif_clause", "else_clause"),
        *(
            "try_statement",
            "except_clause",
            "except_group_clause",
            "finally_clause",
            "for_statement",
            "while_statement",
        ),
        *("with_statement", "match_statement", "case_clause", "function_definition"),
    )
)
"""Nodes below which statements are found."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Source text with "\\n" line ends; `source[start:end]` is the candidate. Offsets are code points."""

    source: str
    start: int
    end: int

    def with_body(self, code: str) -> str:
        """The same source with other code in the candidate's place."""
        return self.source[: self.start] + code + self.source[self.end :]


def excerpt_of(tree: Tree, start: int, end: int) -> Excerpt:
    """The top-level statements that touch `start..end` of `tree.text`.

    Of other functions the headers are left, and of other methods, whose names no method sees, nothing at all.
    """
    nodes = [] if tree.root is None else [n for n in tree.root.children if n.end_byte >= start and n.start_byte <= end]
    low = min(start, nodes[0].start_byte) if nodes else start
    high = max(end, nodes[-1].end_byte) if nodes else end
    cuts = sorted(cut for node in nodes for cut in _cuts(node, start, end))
    left = _plain(_joined(tree.text, low, start, cuts))
    middle = _plain(tree.text[start:end])
    right = _plain(_joined(tree.text, end, high, cuts))
    return Excerpt(left + middle + right, len(left), len(left) + len(middle))


def outline_of(tree: Tree, node: tree_sitter.Node) -> str:
    """The text of a definition without any function's body, at the left margin."""
    text = tree.text
    margin = text[text.rfind("\n", 0, node.start_byte) + 1 : node.start_byte]
    outline = _plain(_joined(text, node.start_byte, node.end_byte, sorted(_cuts(node, -1, -1))))
    return outline if margin.strip() else textwrap.dedent(margin + outline)


def _cuts(node: tree_sitter.Node, start: int, end: int) -> list[tuple[int, int]]:
    """The ranges, at and below `node` and wholly outside `start..end`, that are left out."""
    found, stack = [], [node]
    while stack:
        one = stack.pop()
        outside = one.end_byte <= start or one.start_byte >= end
        if one.type == "function_definition" and outside:
            body = one.child_by_field_name("body")
            if body is not None and body.named_child_count and not one.has_error:
                found.append((body.start_byte, body.end_byte))
        elif one.type == "class_definition" and not outside:
            body = one.child_by_field_name("body")
            statements = body.named_children if body is not None else []
            inside_method = any(_is_method(it) and it.start_byte < start < it.end_byte for it in statements)
            for it in statements:
                if inside_method and _is_method(it) and (it.end_byte <= start or it.start_byte >= end):
                    if not it.has_error:
                        found.append((it.start_byte, it.end_byte))
                else:
                    stack.append(it)
        elif one.type in _HOLDERS:
            stack.extend(one.named_children)
    return found


def _is_method(node: tree_sitter.Node) -> bool:
    definition = node.child_by_field_name("definition") if node.type == "decorated_definition" else node
    return definition is not None and definition.type == "function_definition"


def _joined(text: str, low: int, high: int, cuts: list[tuple[int, int]]) -> str:
    pieces: list[str] = []
    for first, last in cuts:
        if low <= first and last <= high:
            if not pieces or text[low:first].strip():  # of methods side by side one mark is left
                pieces += [text[low:first], _CUT]
            low = last
    return "".join([*pieces, text[low:high]])


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
