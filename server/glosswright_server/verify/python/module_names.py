"""The names that a Python module binds, read off its tree-sitter tree in about a millisecond for 2,000 lines.

Generous on purpose: a name that is bound on any path, in any order, counts as bound, and in code that the parser cannot
follow every word does. Better to miss a fault than to blame a candidate for one that is none.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

import tree_sitter

from glosswright_server.intent.tree import Tree

_COMPOUND = frozenset(
    (
        *("block", "if_statement", "elif_clause", "else_clause", "try_statement", "except_clause", "finally_clause"),
        *("except_group_clause", "for_statement", "while_statement", "with_statement", "with_clause", "with_item"),
        *("match_statement", "case_clause", "expression_statement", "as_pattern", "decorated_definition"),
    )
)
_PATTERNS = frozenset(("as_pattern_target", "case_pattern"))
_GLOBAL = re.compile(r"^[ \t]+global[ \t]+(\w+(?:[ \t]*,[ \t]*\w+)*)", re.MULTILINE)
_BINDS_UNSEEN = re.compile(r"^(?:exec\(|(?=[^\s#\"']).*\b(?:globals|vars|locals)\(\))", re.MULTILINE)
_FOR_TYPING = re.compile(r"(?:\w+\.)?TYPE_CHECKING")
_CELLS = re.compile(r"^# (?:%%|In\[)", re.MULTILINE)
_MOST_IN_BROKEN_CODE = 20_000


@dataclass(slots=True)
class ModuleNames:
    """What is bound at module level."""

    bound: dict[str, list[tree_sitter.Node | None]] = field(default_factory=dict)
    """By name, a node for each binding: the definition for functions and classes (decorators included), else None."""
    unbounded: bool = False
    """A star import, or code that writes into `globals()`: any name may be bound."""
    for_typing: dict[str, str] = field(default_factory=dict)
    """Names that are bound for type checkers alone (`if TYPE_CHECKING:`), with the import statement of each."""
    postponed_annotations: bool = False
    """`from __future__ import annotations` is in force."""

    def add(self, name: str, node: tree_sitter.Node | None = None) -> None:
        name = name if name.isascii() else unicodedata.normalize("NFKC", name)
        self.bound.setdefault(name, []).append(node)


def module_names(tree: Tree, start: int = 0, end: int = 0) -> ModuleNames:
    """Read them off `tree`, whose text is the file with the candidate in it, at `start..end`.

    Where the user writes `x += 1`, there is an `x`; where the candidate does, that is to be seen.
    """
    names = ModuleNames()
    stack = list(tree.root.named_children) if tree.root is not None else []
    while stack:
        node = stack.pop()
        kind = node.type
        if kind == "if_statement" and _is_for_typing(tree, node):
            stack.extend(_without_typing(tree, names, node))
            continue
        if kind in ("function_definition", "class_definition"):
            _define(tree, names, node)
        elif kind in ("import_statement", "import_from_statement", "future_import_statement"):
            _import(tree, names, node)
        elif kind == "augmented_assignment" and start <= node.start_byte < end:
            pass
        elif kind in ("assignment", "augmented_assignment", "for_statement", "type_alias_statement"):
            if (left := node.child_by_field_name("left")) is not None:
                _bind_all(tree, names, left)
            right = node.child_by_field_name("right")
            if right is not None and right.type == "assignment":
                stack.append(right)
        elif kind in _PATTERNS:
            _bind_all(tree, names, node)
        if node.has_error:
            _bind_all(tree, names, node)
        if kind in _COMPOUND:
            stack.extend(node.named_children)
    for found in _GLOBAL.finditer(tree.text):
        for name in found[1].split(","):
            names.add(name.strip())
    if ":=" in tree.text:
        for name in re.findall(r"(\w+)[ \t]*:=", tree.text):
            names.add(name)
    if _BINDS_UNSEEN.search(tree.text):
        names.unbounded = True
    names.add("__path__")  # in a package's own file, and which file this is nobody says
    names.add("get_ipython")  # asked for by code that wants to know whether it runs in a notebook
    if _CELLS.search(tree.text):  # a notebook's shell brings it
        names.add("display")
    names.for_typing = {name: statement for name, statement in names.for_typing.items() if name not in names.bound}
    return names


def _is_for_typing(tree: Tree, node: tree_sitter.Node) -> bool:
    condition = node.child_by_field_name("condition")
    return condition is not None and _FOR_TYPING.fullmatch(tree.text_of(condition)) is not None and not node.has_error


def _without_typing(tree: Tree, names: ModuleNames, node: tree_sitter.Node) -> list[tree_sitter.Node]:
    """Note the imports that only a type checker makes; the rest of the `if` is for the caller."""
    block = node.child_by_field_name("consequence")
    rest = [child for child in node.named_children if child != block]
    for one in block.named_children if block is not None else ():
        is_import = one.type in ("import_statement", "import_from_statement")
        if not is_import or any(child.type == "wildcard_import" for child in one.named_children):
            rest.append(one)
            continue
        head = f"from {tree.text_of(module)} " if (module := one.child_by_field_name("module_name")) else ""
        for name in one.children_by_field_name("name"):
            alias = name.child_by_field_name("alias")
            bound = tree.text_of(alias) if alias is not None else tree.text_of(name).partition(".")[0].strip()
            names.for_typing[bound] = f"{head}import {tree.text_of(name)}"
    return rest


def _define(tree: Tree, names: ModuleNames, node: tree_sitter.Node) -> None:
    name = node.child_by_field_name("name")
    if name is not None:
        decorated = node.parent is not None and node.parent.type == "decorated_definition"
        names.add(tree.text_of(name), node.parent if decorated else node)


def _import(tree: Tree, names: ModuleNames, node: tree_sitter.Node) -> None:
    for one in node.children_by_field_name("name"):
        alias = one.child_by_field_name("alias")
        name = tree.text_of(alias) if alias is not None else tree.text_of(one).partition(".")[0].strip()
        names.add(name)
        if node.type == "future_import_statement" and name == "annotations":
            names.postponed_annotations = True
    if any(child.type == "wildcard_import" for child in node.named_children):
        names.unbounded = True


def _bind_all(tree: Tree, names: ModuleNames, node: tree_sitter.Node) -> None:
    """Bind every word below `node`, a target or broken code; more than are bound, but never fewer."""
    stack, left = [node], _MOST_IN_BROKEN_CODE
    while stack and left:
        one = stack.pop()
        left -= 1
        if one.type == "identifier":
            names.add(tree.text_of(one))
        elif one.type not in ("attribute", "subscript") or node.has_error:
            stack.extend(one.named_children)
