"""Which JavaScript function or class a candidate makes, and whether examples can call it. It keeps and cuts nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter

from glosswright_server.intent.model import Intent
from glosswright_server.intent.tree import Tree
from glosswright_server.verify.program_javascript_effects import FUNCTIONS

_CLASSES = frozenset({"class_declaration", "class"})
_HOLDERS = {
    "variable_declarator": "name",
    "pair": "key",
    "field_definition": "property",
    "assignment_expression": "left",
}
_HELD = FUNCTIONS | _CLASSES | {"object", "parenthesized_expression"}


class NoTarget(Exception):
    """Why there is no program, one sentence for the user. An ordinary outcome, never let out of the package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What examples call."""

    top: tree_sitter.Node
    """The top-level statement it stands in."""
    name: str = ""
    """`f`, `Stack`, `Stack.push` or `api.add`; "" where the candidate defines nothing."""
    is_async: bool = False
    is_static: bool = False
    """Whether it is called on what is before the dot."""
    is_stateless: bool = False
    """Whether any fresh object of its class will do."""


def find_target(
    tree: Tree, own: list[tree_sitter.Node], start: int, end: int, intent: Intent, called: set[str]
) -> Target:
    """What the candidate at `start..end` makes. Raises `NoTarget` where examples cannot call it.

    `own` are the top-level statements it touches, `called` the names that examples use.
    """
    top = own[0]
    path = [node for node in _path(top, start) if node.start_byte < start < node.end_byte]
    if not any(node.type in FUNCTIONS for node in path):
        made = [node for node in _definitions(own) if start <= node.start_byte < end]
        made = [node for node in made if not any(one.type in FUNCTIONS for one in _above(node))]
        if not made:
            if any(node.type in _CLASSES for node in path):
                raise NoTarget("The suggestion defines no method that an example could call.")
            return Target(top=top)
        chosen = _chosen(tree, made, intent, called)
        top = next(node for node in own if node.start_byte <= chosen.start_byte < node.end_byte)
        path = [*reversed(list(_above(chosen))), chosen]
        if chosen.type == "variable_declarator":
            path += [value for value in (chosen.child_by_field_name("value"),) if value is not None]
    return _reachable(tree, top, path, called)


def _path(top: tree_sitter.Node, offset: int) -> Iterator[tree_sitter.Node]:
    """`top` and the nodes below it that hold `offset`, outermost first."""
    node: tree_sitter.Node | None = top
    while node is not None:
        yield node
        node = next((child for child in node.children if child.start_byte < offset < child.end_byte), None)


def _above(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    parent = node.parent
    while parent is not None and parent.type != "program":
        yield parent
        parent = parent.parent


def _definitions(own: list[tree_sitter.Node]) -> Iterator[tree_sitter.Node]:
    """Functions, classes, methods, and variables that hold functions or classes."""
    stack = list(reversed(own))
    while stack:
        node = stack.pop()
        value = node.child_by_field_name("value")
        named = node.type in FUNCTIONS and node.child_by_field_name("name") is not None
        held = node.type == "variable_declarator" and value is not None and value.type in FUNCTIONS | _CLASSES
        if named or held or node.type == "class_declaration":
            yield node
        stack.extend(reversed(node.children))


def _chosen(tree: Tree, made: list[tree_sitter.Node], intent: Intent, called: set[str]) -> tree_sitter.Node:
    """The definition that is meant: the one asked for, else the first that examples use, else the first."""

    def name(node: tree_sitter.Node) -> str:
        named = node.child_by_field_name("name")
        return tree.text_of(named) if named is not None else ""

    wanted = [node for node in made if intent.name and name(node) == intent.name]
    wanted += [node for node in made if name(node) in called]
    return (wanted or made)[0]


def _reachable(tree: Tree, top: tree_sitter.Node, path: list[tree_sitter.Node], called: set[str]) -> Target:
    names: list[str] = []
    functions: list[tuple[str, tree_sitter.Node]] = []
    owner: tree_sitter.Node | None = None
    for node in path:
        held = node.child_by_field_name("value") or node.child_by_field_name("right")
        if node.type in _HOLDERS and held is not None and held.type in _HELD:
            names.append(_last(tree, node.child_by_field_name(_HOLDERS[node.type])))
        elif node.type in FUNCTIONS or node.type in _CLASSES:
            if node.type in ("class_declaration", "function_declaration", "generator_function_declaration") or (
                node.type == "method_definition"
            ):
                names.append(_last(tree, node.child_by_field_name("name")))
            if node.type in FUNCTIONS:
                functions.append((".".join(names), node))
            elif not functions:
                owner = node
    if not functions:
        return Target(top=top, name=".".join(names))
    name, function = functions[0]
    inner = functions[-1][0].rpartition(".")[2]
    if len(functions) > 1 and functions[-1][0] != name and (inner in called or name not in called):
        raise NoTarget(f"`{inner}` is defined inside `{name}`, where examples cannot call it.")
    if not name or "" in name.split("."):
        raise NoTarget("The function has no name by which examples could call it.")
    return Target(
        top=top,
        name=name,
        is_async=any(child.type == "async" for child in function.children),
        is_static=owner is None or any(child.type == "static" for child in function.children),
        is_stateless=owner is not None and _is_stateless(tree, owner),
    )


def _last(tree: Tree, node: tree_sitter.Node | None) -> str:
    """A name; of `exports.name` the last part."""
    if node is None:
        return ""
    if node.type == "member_expression":
        return _last(tree, node.child_by_field_name("property"))
    return tree.text_of(node) if node.type.endswith("identifier") else ""


def _is_stateless(tree: Tree, owner: tree_sitter.Node) -> bool:
    body = owner.child_by_field_name("body")
    if body is None or any(child.type == "class_heritage" for child in owner.children):
        return False
    for member in body.named_children:
        if member.type == "field_definition" or _last(tree, member.child_by_field_name("name")) == "constructor":
            return False
    return True
