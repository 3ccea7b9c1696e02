"""Which names a piece of a syntax tree binds, and which nodes import: one table of what grammars call things.

Names bound inside a nested function or class are theirs and are not listed. Visits at most `MAX_NODES` nodes. Never
raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import MappingProxyType

import tree_sitter

from glosswright_server.intent.tree import Tree

MAX_NODES = 20_000
"""Nodes that are visited for one question: some 30 ms."""
MAX_IMPORTS = 200

_IMPORTS = frozenset(
    {
        *("import_statement", "import_from_statement", "future_import_statement", "import_declaration"),
        *("use_declaration", "extern_crate_declaration", "preproc_include", "using_declaration"),
    }
)
_REQUIRE = re.compile(r"\s*(?:require(?:_relative)?\b|(?:const|let|var)\s[^=\n]{1,200}=\s*require\s*\()")
# Type of a node → the fields whose identifiers it binds.
_BINDS = MappingProxyType(
    {
        "assignment": ("left",),
        "for_statement": ("left",),
        "for_in_statement": ("left",),
        "named_expression": ("name",),
        "aliased_import": ("alias",),
        "as_pattern_target": ("",),
        "variable_declarator": ("name",),
        "import_specifier": ("alias", "name"),
        "import_clause": ("",),
        "namespace_import": ("",),
        "short_var_declaration": ("left",),
        "range_clause": ("left",),
        "var_spec": ("name",),
        "const_spec": ("name",),
        "type_spec": ("name",),
        "let_declaration": ("pattern",),
        "const_item": ("name",),
        "static_item": ("name",),
        "struct_item": ("name",),
        "enum_item": ("name",),
        "type_item": ("name",),
        "mod_item": ("name",),
        "macro_definition": ("name",),
        "use_as_clause": ("alias",),
        "interface_declaration": ("name",),
        "type_alias_declaration": ("name",),
        "enum_declaration": ("name",),
        "init_declarator": ("declarator",),
        "preproc_def": ("name",),
        "preproc_function_def": ("name",),
        "struct_specifier": ("name",),
        "enum_specifier": ("name",),
        "type_definition": ("declarator",),
        "local_variable_declaration": ("declarator",),
    }
)
_IDENTIFIERS = frozenset(("identifier", "type_identifier", "constant", "shorthand_property_identifier_pattern"))
_NOT_BOUND = frozenset(
    ("attribute", "subscript", "member_expression", "subscript_expression", "call", "selector_expression")
)
_MORE_BODIES = frozenset(("lambda", "arrow_function", "function_expression", "closure_expression", "lambda_expression"))


def imports_of(tree: Tree) -> tuple[str, ...]:
    """The statements that import, as written, in order, also those inside a module-level `try` or `if`."""
    found: list[str] = []
    for node in within(tree, tree.root):
        if node.type in _IMPORTS or (
            node.type in ("call", "lexical_declaration", "variable_declaration") and _REQUIRE.match(tree.text_of(node))
        ):
            text = tree.text_of(node).strip()
            if text not in found:
                found.append(text)
        if len(found) >= MAX_IMPORTS:
            break
    return tuple(found)


def names_in(tree: Tree, scope: tree_sitter.Node | None) -> set[str]:
    """The names that `scope` itself binds: a module, or a function's body."""
    names: set[str] = set()
    for node in within(tree, scope):
        if is_scope(tree, node):
            if name := named(tree, node):
                names.add(name)
            continue
        if node.type in _IMPORTS:
            names.update(_imported(tree, node))
            continue
        for field in _BINDS.get(node.type, ()):
            bound = [node] if not field else node.children_by_field_name(field)
            names.update(name for one in bound for name in _identifiers(tree, one))
            if bound:
                break
    return names


def within(tree: Tree, scope: tree_sitter.Node | None) -> Iterator[tree_sitter.Node]:
    """The nodes below `scope` in order, nested functions and classes themselves but nothing in them."""
    stack = list(reversed(scope.named_children)) if scope is not None else []
    for _ in range(MAX_NODES):
        if not stack:
            return
        node = stack.pop()
        yield node
        if not is_scope(tree, node):
            stack.extend(reversed(node.named_children))


def is_scope(tree: Tree, node: tree_sitter.Node) -> bool:
    """Whether `node` keeps the names bound in it to itself."""
    grammar = tree.language.grammar
    return grammar is not None and (
        node.type in grammar.functions
        or node.type in grammar.classes
        or node.type in grammar.anonymous
        or node.type in _MORE_BODIES
    )


def named(tree: Tree, node: tree_sitter.Node) -> str:
    """The name that a function or class gives itself; "" where it has none."""
    name = node.child_by_field_name("name")
    declarator = node.child_by_field_name("declarator")
    for _ in range(8):
        if name is not None or declarator is None:
            break
        inner = declarator.child_by_field_name("declarator") or next(
            (child for child in declarator.named_children if child.type == "function_declarator"), None
        )
        name = declarator if inner is None else None
        declarator = inner
    return tree.text_of(name) if name is not None else ""


def _imported(tree: Tree, node: tree_sitter.Node) -> Iterator[str]:
    """What an import binds. A wildcard binds what cannot be known here."""
    language = tree.language.key
    if language == "python":
        for one in node.children_by_field_name("name"):
            alias = one.child_by_field_name("alias")
            yield tree.text_of(alias) if alias is not None else tree.text_of(one).split(".")[0].strip()
        return
    if language in ("c", "cpp"):
        return
    if language == "go":
        for spec in _below(node, "import_spec"):
            name, path = spec.child_by_field_name("name"), spec.child_by_field_name("path")
            yield (
                tree.text_of(name)
                if name is not None
                else tree.text_of(path).strip('"`').rsplit("/", 1)[-1]
                if path
                else ""
            )
        return
    if language == "java":
        yield tree.text_of(node).rstrip("; \n").rsplit(".", 1)[-1]
        return
    if language == "rust":
        yield from re.findall(r"(\w+)\s*(?=[,};]|$)", tree.text_of(node))
        return
    for clause in _below(node, "import_clause"):
        for one in clause.named_children:
            if one.type == "identifier":
                yield tree.text_of(one)
        for specifier in (*_below(clause, "import_specifier"), *_below(clause, "namespace_import")):
            bound = specifier.child_by_field_name("alias") or specifier.child_by_field_name("name")
            yield (
                tree.text_of(bound if bound is not None else specifier.named_children[-1])
                if (bound is not None or specifier.named_children)
                else ""
            )


def _below(node: tree_sitter.Node, wanted: str) -> Iterator[tree_sitter.Node]:
    stack = [node]
    for _ in range(1_000):
        if not stack:
            return
        one = stack.pop()
        if one.type == wanted:
            yield one
        stack.extend(reversed(one.named_children))


def _identifiers(tree: Tree, node: tree_sitter.Node) -> Iterator[str]:
    stack = [node]
    for _ in range(200):
        if not stack:
            return
        one = stack.pop()
        if one.type in _IDENTIFIERS:
            yield tree.text_of(one)
        elif one.type not in _NOT_BOUND:
            stack.extend(one.named_children)
