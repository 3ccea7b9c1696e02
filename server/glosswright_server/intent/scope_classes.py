"""The class around a place: its name, bases, fields and methods, for what languages call classes, impls and receivers.

Only what stands in the file is known; inherited members are not. Visits a bounded number of nodes. Never raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import tree_sitter

from glosswright_server.intent.scope_names import MAX_NODES, named
from glosswright_server.intent.tree import Tree, climb

MAX_MEMBERS = 200

_FIELDS = frozenset(("field_declaration", "field_definition", "public_field_definition"))
_HERITAGE = frozenset(("class_heritage", "base_class_clause", "superclass", "super_interfaces", "argument_list"))
_ASSIGNMENTS = frozenset(("assignment", "augmented_assignment", "assignment_expression", "operator_assignment"))
_DECLARED = frozenset(("identifier", "field_identifier", "property_identifier", "private_property_identifier"))
_MODIFIERS = frozenset(("accessibility_modifier", "override_modifier", "readonly"))
_OWN = re.compile(r"(?:self|this)\s*(?:\.|->)\s*(#?\w+)\Z|@{1,2}(\w+)\Z")
_BASE_WORDS = re.compile(r"^(?:extends|implements|public|private|protected|virtual|[:<,(])\s*|\s*[,)]$")


def owner_of(tree: Tree, node: tree_sitter.Node | None) -> tree_sitter.Node | None:
    """The class, `impl` or Go type that `node` stands in; None outside."""
    grammar = tree.language.grammar
    if node is None or grammar is None:
        return None
    receiver = node.child_by_field_name("receiver")
    if receiver is not None:
        name = re.search(r"(\w+)\s*(?:\[[^\]]*\])?\s*\)?\s*$", tree.text_of(receiver))
        return _type_named(tree, name[1]) if name else None
    return next((one for one in climb(node) if one.type in grammar.classes), None)


def class_name(tree: Tree, owner: tree_sitter.Node | None) -> str:
    """What the class is called; of an `impl`, the type it is for."""
    if owner is None:
        return ""
    if owner.type == "impl_item":
        return re.split(r"[<\s]", tree.text_of(_field(owner, "type") or owner), maxsplit=1)[0]
    return named(tree, owner)


def members(tree: Tree, owner: tree_sitter.Node | None) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Fields, methods and bases of a class, in order, each once."""
    if owner is None:
        return (), (), ()
    fields = dict.fromkeys(_fields(tree, owner))
    methods = dict.fromkeys(_methods(tree, owner))
    bases = dict.fromkeys(_bases(tree, owner))
    return tuple(fields)[:MAX_MEMBERS], tuple(methods)[:MAX_MEMBERS], tuple(bases)[:MAX_MEMBERS]


def _fields(tree: Tree, owner: tree_sitter.Node) -> Iterator[str]:
    if owner.type == "impl_item":
        struct = _type_named(tree, class_name(tree, owner))
        if struct is not None and struct.type != "impl_item":
            yield from _fields(tree, struct)
        return
    for node, is_own in _nodes(tree, owner):
        if node.type in _FIELDS:
            yield from _declared(tree, node)
        elif node.type in _ASSIGNMENTS:
            left = _field(node, "left")
            if left is None:
                continue
            match = _OWN.match(tree.text_of(left)[:200])
            if match:
                yield match[1] or match[2]
            elif is_own and left.type == "identifier" and tree.language.key == "python":
                yield tree.text_of(left)
        elif node.type == "required_parameter" and any(child.type in _MODIFIERS for child in node.children):
            pattern = _field(node, "pattern")
            if pattern is not None:
                yield tree.text_of(pattern)


def _declared(tree: Tree, node: tree_sitter.Node) -> Iterator[str]:
    """The names of a field's declaration; of a C++ method's declaration, none."""
    names = [one for field in ("name", "property", "declarator") for one in node.children_by_field_name(field)]
    for name in names:
        one: tree_sitter.Node | None = name
        for _ in range(6):
            if one is None or one.type == "function_declarator":
                break
            if one.type in _DECLARED:
                yield tree.text_of(one)
                break
            one = _field(one, "declarator") or _field(one, "name") or next(iter(one.named_children), None)


def _methods(tree: Tree, owner: tree_sitter.Node) -> Iterator[str]:
    grammar = tree.language.grammar
    assert grammar is not None
    if owner.type == "type_spec":
        name = named(tree, owner)
        for node in tree.root.named_children[:MAX_NODES] if tree.root is not None else ():
            if node.type == "method_declaration" and owner_of(tree, node) == owner and name:
                yield named(tree, node)
        return
    for node, is_own in _nodes(tree, owner):
        if is_own and (node.type in grammar.functions or node.type in ("method_signature", "function_signature_item")):
            yield named(tree, node)
        elif is_own and node.type == "field_declaration":  # C++: declared here, defined elsewhere
            declarator = _field(node, "declarator")
            if declarator is not None and declarator.type == "function_declarator":
                yield tree.text_of(_field(declarator, "declarator") or declarator)


def _bases(tree: Tree, owner: tree_sitter.Node) -> Iterator[str]:
    trait = _field(owner, "trait")
    if trait is not None:
        yield tree.text_of(trait)
    for child in owner.named_children:
        if child.type not in _HERITAGE:
            continue
        stack = list(reversed(child.named_children))
        while stack:
            one = stack.pop()
            if one.type in ("extends_clause", "implements_clause", "type_list", "class_heritage"):
                stack.extend(reversed(one.named_children))
            elif one.type not in ("access_specifier", "type_arguments", "comment", "keyword_argument"):
                yield _BASE_WORDS.sub("", tree.text_of(one).strip())


def _nodes(tree: Tree, owner: tree_sitter.Node) -> Iterator[tuple[tree_sitter.Node, bool]]:
    """The nodes of a class in order, and whether each stands in the class itself rather than in a method of it. Nested
    classes are left out."""
    grammar = tree.language.grammar
    assert grammar is not None
    stack = [(child, True) for child in reversed(owner.named_children)]
    for _ in range(MAX_NODES):
        if not stack:
            return
        node, is_own = stack.pop()
        yield node, is_own
        if node.type in grammar.classes:
            continue
        is_inside = is_own and node.type not in grammar.functions
        stack.extend((child, is_inside) for child in reversed(node.named_children))


def _type_named(tree: Tree, name: str) -> tree_sitter.Node | None:
    """The module-level type of that name."""
    for node in tree.root.named_children[:MAX_NODES] if tree.root is not None else ():
        for one in node.named_children if node.type == "type_declaration" else [node]:
            if one.type in ("type_spec", "struct_item", "enum_item", "union_item") and named(tree, one) == name:
                return one
    return None


def _field(node: tree_sitter.Node, name: str) -> tree_sitter.Node | None:
    return node.child_by_field_name(name)
