"""Syntax trees for comparing code: the grammars, tokens with their kind, and sub-trees without names.

A tree is had for any text: what the grammar cannot read becomes error nodes. Whether text *is* valid is another
question, answered by `valid`.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from tree_sitter import Language, Node, Parser, Tree

from glosswright_model.errors import DataError
from glosswright_model.evaluation import python_text

GRAMMARS = {
    "python": ("tree_sitter_python", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "javascriptreact": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "typescriptreact": ("tree_sitter_typescript", "language_tsx"),
    "go": ("tree_sitter_go", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "java": ("tree_sitter_java", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "ruby": ("tree_sitter_ruby", "language"),
    "shellscript": ("tree_sitter_bash", "language"),
    "sql": ("tree_sitter_sql", "language"),
}
"""LSP identifier of a language to module and function of its grammar."""

_ATOMS = frozenset({"string", "string_literal", "interpreted_string_literal", "raw_string_literal", "char_literal"})
"""One token, whatever is inside."""


@dataclass(frozen=True, slots=True)
class Token:
    """A leaf of the tree."""

    text: str
    keyword: bool


SubTree: TypeAlias = tuple[str, tuple["SubTree", ...]]
"""Type of a node, and the sub-trees below it: what is left of code without names and literals."""


def parse_tree(code: str, language: str) -> Tree:
    """The tree of a piece of code; parts of Python statements are completed first. Raises DataError (no grammar)."""
    if language == "python":
        code = python_text.completed(code) or code
    return _parser(language).parse(code.encode("utf-8", "replace"))


def valid(code: str, language: str) -> bool:
    """Whether code parses: Python by its own parser (completed where it is part of a statement), others by grammar."""
    if language == "python":
        return python_text.parse(code) is not None
    return bool(code.strip()) and not parse_tree(code, language).root_node.has_error


def tokens(tree: Tree) -> list[Token]:
    """The leaves in order, comments left out. A keyword is a leaf that the grammar spells out in letters."""
    found = []
    for node in walk(tree.root_node):
        if (node.child_count and node.type not in _ATOMS) or not node.text:
            continue
        text = node.text.decode("utf-8", "replace")
        found.append(Token(text, text.isalpha() and (not node.is_named or node.type == text.lower())))
    return found


def sub_trees(tree: Tree) -> Counter[SubTree]:
    """Every sub-tree that has children, by its shape; names, literals, operators and comments do not count."""
    found: Counter[SubTree] = Counter()

    def shape(node: Node) -> SubTree:
        made = (node.type, tuple(shape(child) for child in node.named_children if child.type != "comment"))
        if node.child_count:
            found[made] += 1
        return made

    with suppress(RecursionError):  # nested deeper than Python can walk: compared as far as it was walked
        shape(tree.root_node)
    return found


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it, parents first, in order of the text; comments and the inside of strings left out."""
    stack = [node]
    while stack:
        current = stack.pop()
        if current.type.endswith("comment"):
            continue
        yield current
        if current.type not in _ATOMS:
            stack.extend(reversed(current.children))


@cache
def _parser(language: str) -> Parser:
    if language not in GRAMMARS:
        raise DataError(f"There is no grammar for {language!r}; there are {', '.join(GRAMMARS)}.")
    module, function = GRAMMARS[language]
    return Parser(Language(getattr(importlib.import_module(module), function)()))
