"""The parameters of one function, read from its syntax tree: names, types, defaults and kinds.

Grammars name the pieces alike (`name`, `pattern`, `type`, `value`), so most of this is one table for all languages.
What a grammar leaves in an error node is left out. Never raises.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

import tree_sitter

from glosswright_server.intent.surroundings import Argument
from glosswright_server.intent.tree import Tree

MAX_ARGUMENTS = 100

_KINDS = MappingProxyType(
    {
        "list_splat_pattern": "rest",
        "rest_pattern": "rest",
        "splat_parameter": "rest",
        "spread_parameter": "rest",
        "variadic_parameter_declaration": "rest",
        "variadic_parameter": "rest",
        "dictionary_splat_pattern": "keywords",
        "hash_splat_parameter": "keywords",
        "keyword_parameter": "keyword-only",
    }
)
_NAMES = ("name", "pattern", "left", "declarator")
_DEFAULTS = ("value", "right", "default_value")
_IDENTIFIERS = frozenset(("identifier", "self", "this", "field_identifier", "type_identifier"))
_PATTERNS = frozenset(("object_pattern", "array_pattern", "tuple_pattern", "struct_pattern", "tuple_struct_pattern"))
_SKIPPED = frozenset(("comment", "line_comment", "block_comment", "attribute_item", "type_parameters", "decorator"))


def arguments_of(tree: Tree, function: tree_sitter.Node) -> tuple[Argument, ...]:
    """The parameters of `function`, in order; `self` and `this` as they are written."""
    parameters = parameters_node(function)
    if parameters is None:
        return ()
    if not parameters.named_children:  # `x => x`
        return (Argument(name=tree.text_of(parameters)),) if parameters.type in _IDENTIFIERS else ()
    found: list[Argument] = []
    is_keyword = False
    for node in parameters.named_children[:MAX_ARGUMENTS]:
        if node.type == "positional_separator":
            found = [_as(one, "positional-only") for one in found]
        elif node.type == "keyword_separator":
            is_keyword = True
        elif node.type not in _SKIPPED and not node.is_error:
            for one in _arguments(tree, node):
                found.append(_as(one, "keyword-only") if is_keyword and one.kind == "positional" else one)
                is_keyword = is_keyword or (one.kind == "rest" and tree.language.key == "python")
    return tuple(found)


def parameters_node(function: tree_sitter.Node) -> tree_sitter.Node | None:
    """The list of parameters; in C it is part of the declarator, of an arrow function it may be one name."""
    node: tree_sitter.Node | None = function
    for _ in range(8):
        if node is None:
            return None
        found = node.child_by_field_name("parameters") or node.child_by_field_name("parameter")
        if found is not None:
            return found
        inner = node.child_by_field_name("declarator")
        node = inner or next((child for child in node.named_children if child.type == "function_declarator"), None)
    return None


def bare_type(text: str) -> str:
    """A type as written, without the sign that introduces it."""
    return text.strip().removeprefix("->").removeprefix(":").strip()


def _arguments(tree: Tree, node: tree_sitter.Node) -> Iterator[Argument]:
    """What one node of the list declares: nothing, one parameter, or several (Go's `a, b int`)."""
    type_node = node.child_by_field_name("type")
    if type_node is None and node.type == "spread_parameter":  # Java's grammar gives these no fields
        type_node = next(iter(node.named_children), None)
    written = bare_type(tree.text_of(type_node)) if type_node is not None else ""
    default_node = next((one for field in _DEFAULTS if (one := node.child_by_field_name(field)) is not None), None)
    default = tree.text_of(default_node) if default_node is not None else ""
    names = [one for field in _NAMES for one in node.children_by_field_name(field)] or [node]
    for name in names:
        kind, leaf = _leaf(node, name, type_node)
        if leaf is not None:
            yield Argument(name=tree.text_of(leaf), type=written, default=default, kind=kind)


def _leaf(
    node: tree_sitter.Node, name: tree_sitter.Node, type_node: tree_sitter.Node | None
) -> tuple[str, tree_sitter.Node | None]:
    """The kind of a parameter, and the node that is its name."""
    kind = _KINDS.get(node.type, "positional")
    leaf: tree_sitter.Node | None = name
    for _ in range(8):
        if leaf is None or leaf.type in _IDENTIFIERS or leaf.type in _PATTERNS:
            return kind, leaf
        if leaf.type == "self_parameter":
            return kind, next((child for child in leaf.named_children if child.type == "self"), leaf)
        kind = _KINDS.get(leaf.type, kind)
        below = leaf.child_by_field_name("declarator") or leaf.child_by_field_name("name")
        leaf = below or next((child for child in leaf.named_children if child != type_node), None)
    return kind, None


def _as(argument: Argument, kind: str) -> Argument:
    return Argument(name=argument.name, type=argument.type, default=argument.default, kind=kind)
