"""Functions in a syntax tree: which nodes are functions, what stands around them, and where their bodies are.

Grammars differ in this more than in anything else; `MinedLanguage` says how. Nodes in, nodes and byte offsets out: the
text, and whether it makes a pair, is for `extract` to say.
"""

from __future__ import annotations

from dataclasses import dataclass

import tree_sitter

from glosswright_model.data.mining.mined_language import MinedLanguage

_MAX_WRAPPERS = 4


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a function."""

    begin: int
    """The byte where the signature ends."""
    nodes: list[tree_sitter.Node]
    """Statements and comments, at least one."""
    node: tree_sitter.Node | None = None
    """What the nodes stand in, where that ends with its last statement."""


def is_function(node: tree_sitter.Node, language: MinedLanguage) -> bool:
    """Whether a node is a function, and not something else that the grammar gives the same type."""
    if node.type not in language.functions:
        return False
    if language.words and (not node.children or (node.children[0].text or b"").decode() not in language.words):
        return False
    return not language.parameters or any(child.type in language.parameters for child in node.named_children[:-1])


def function_in(node: tree_sitter.Node, language: MinedLanguage) -> tree_sitter.Node | None:
    """The function that a sibling is or wraps."""
    for _ in range(_MAX_WRAPPERS):
        if is_function(node, language):
            return node
        if node.type not in language.wrappers:
            return None
        inner = [
            child
            for child in node.named_children
            if child.type in language.wrappers or child.type in language.functions
        ]
        if len(inner) != 1:
            return None
        node = inner[0]
    return None


def outer_of(function: tree_sitter.Node, language: MinedLanguage) -> tree_sitter.Node:
    """The function with what is wrapped around it."""
    outer = function
    while outer.parent is not None and outer.parent.type in language.wrappers:
        outer = outer.parent
    return outer


def body_of(function: tree_sitter.Node, language: MinedLanguage) -> Body | None:
    """Where the body is; None where there is none, or none that can be told from the signature."""
    node = _body_node(function, language)
    if node is None and (expression := _inline_body(function, language)) is not None:
        return Body(expression.start_byte, [expression])
    if node is None:
        nodes = _parts(function, language) if language.frame else []
        return Body(nodes[0].start_byte, nodes) if _has_statement(nodes, language) else None
    while node.type in language.functions and (inner := node.child_by_field_name("body")) is not None:
        node = inner
    leading = _comments_before(node, function, language)
    while len(inside := _parts(node, language)) == 1 and inside[0].type in language.body:
        node = inside[0]
    while inside and inside[-1].type in language.body and all(one.type in language.comments for one in inside[:-1]):
        leading, node = [*leading, *inside[:-1]], inside[-1]
        inside = _parts(node, language)
    is_block = node.type in language.blocks
    if not language.enclosed:
        nodes = [*leading, *(inside if is_block and inside else [node])]
        return Body(nodes[0].start_byte, nodes, node) if _has_statement(nodes, language) else None
    if not is_block and not language.expressions:
        return None
    nodes = inside if is_block or node.type in language.body else [node]
    if not _has_statement(nodes, language):
        return None
    return Body(node.start_byte if is_block else nodes[0].start_byte, nodes)


def _body_node(function: tree_sitter.Node, language: MinedLanguage) -> tree_sitter.Node | None:
    if (named := function.child_by_field_name("body")) is not None:
        return named
    parts = [child for child in function.named_children if child.type not in language.comments]
    if function.type in language.body_last:
        return parts[-1] if parts else None
    return next((child for child in parts if child.type in language.body), None)


def _inline_body(function: tree_sitter.Node, language: MinedLanguage) -> tree_sitter.Node | None:
    node = function
    for kind in language.inline:
        if not node.named_children or node.named_children[-1].type != kind:
            return None
        node = node.named_children[-1]
    return node.named_children[-1] if language.inline and node.named_children else None


def _parts(node: tree_sitter.Node, language: MinedLanguage) -> list[tree_sitter.Node]:
    return [child for child in node.named_children if child.type not in language.frame]


def _comments_before(
    body: tree_sitter.Node, function: tree_sitter.Node, language: MinedLanguage
) -> list[tree_sitter.Node]:
    """Comments on lines of their own that begin the body but stand beside it, as in languages without braces."""
    return [
        node
        for node in function.children
        if node.type in language.comments
        and node.end_byte <= body.start_byte
        and node.prev_sibling is not None
        and node.prev_sibling.end_point.row < node.start_point.row
    ]


def _has_statement(nodes: list[tree_sitter.Node], language: MinedLanguage) -> bool:
    return any(node.type not in language.comments for node in nodes)
