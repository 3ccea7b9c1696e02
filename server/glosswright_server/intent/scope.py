"""Where an answer will stand: the function, its class, the imports in force and the names in scope, from syntax trees.

Reads the tree of the document and nothing else, so a name that comes from another file, or from a wildcard, is not
known here. Code around an intent is unfinished by nature: what a grammar cannot make out is left empty. The time is
bounded on long files. Never raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import tree_sitter

from glosswright_server.intent.languages import BlockStyle
from glosswright_server.intent.model import Intent
from glosswright_server.intent.scope_arguments import arguments_of, bare_type
from glosswright_server.intent.scope_classes import class_name, members, owner_of
from glosswright_server.intent.scope_names import imports_of, is_scope, named, names_in
from glosswright_server.intent.surroundings import Argument, Surroundings
from glosswright_server.intent.tree import Tree, climb, parse

_ATTRIBUTED = frozenset(("decorator", "attribute_item", "annotation", "marker_annotation"))
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_MAX_SIGNATURE = 4_000
_MAX_COMMENTS = 100  # one above another
_BODIES = {BlockStyle.INDENTATION: " pass\n", BlockStyle.BRACES: " {}\n", BlockStyle.END: "\nend\n"}


def surroundings_of(tree: Tree, intent: Intent) -> Surroundings:
    """What stands around the place of `intent` in the document that `tree` was made of."""
    if tree.root is None:
        return _signed(tree, intent)
    around = list(_around(tree, intent))
    function = _asked_for(tree, intent) or _innermost_function(tree, around)
    owner = owner_of(tree, function if function is not None else next(iter(around), None))
    names = names_in(tree, tree.root)
    for outer in _enclosing(tree, function):
        names |= names_in(tree, outer.child_by_field_name("body")) | set(_bound(arguments_of(tree, outer)))
    # A header that the parser could not place in the file may still be read by itself.
    found = _signed(tree, intent) if function is None else _facts(tree, function)
    fields, methods, bases = members(tree, owner)
    return replace(
        found,
        is_method=owner is not None and (bool(intent.name) if function is None else _is_direct(tree, function, owner)),
        class_name=class_name(tree, owner),
        bases=bases,
        fields=fields,
        methods=methods,
        imports=imports_of(tree),
        names=frozenset(name for name in (*names, *_bound(found.arguments)) if name),
    )


def _asked_for(tree: Tree, intent: Intent) -> tree_sitter.Node | None:
    """The function whose body is asked for: the last of its name above the place."""
    grammar = tree.language.grammar
    if not intent.name or grammar is None:
        return None
    first_line = intent.signature.split("\n", 1)[0].strip()
    low = tree.text.rfind(first_line, 0, intent.start) if first_line else -1
    low = max(low, 0, intent.start - _MAX_SIGNATURE) if low < 0 else low
    types = grammar.functions | grammar.anonymous
    found = None
    for node in tree.find(low, intent.start, lambda node: node.type in types):
        if node.start_byte <= intent.start and _name(tree, node) == intent.name:
            found = node
    return found


def _around(tree: Tree, intent: Intent) -> Iterator[tree_sitter.Node]:
    """The functions and classes around the place, innermost first."""
    at, width = intent.start, 1_000_000
    if tree.language.style is BlockStyle.INDENTATION and intent.indent:
        # A block ends with its last statement: below it, indentation alone says what the next line belongs to.
        at, width = _last_code(tree, at), len(intent.indent)
    for node in climb(tree.node_at(max(at - 1, 0), at)):
        if is_scope(tree, node) and node.start_byte < intent.start and node.start_point[1] < width:
            yield node


def _last_code(tree: Tree, at: int) -> int:
    """Where the code before `at` ends, comments left out."""
    for _ in range(_MAX_COMMENTS):
        while at > 0 and tree.text[at - 1].isspace():
            at -= 1
        node = tree.node_at(max(at - 1, 0), at)
        if node is None or node.type != "comment":
            break
        at = node.start_byte
    return at


def _innermost_function(tree: Tree, around: list[tree_sitter.Node]) -> tree_sitter.Node | None:
    """The function around the place, if no class is between."""
    grammar = tree.language.grammar
    first = next(iter(around), None)
    return first if first is not None and grammar is not None and first.type not in grammar.classes else None


def _signed(tree: Tree, intent: Intent) -> Surroundings:
    """What the header alone says, where the file around it cannot be parsed."""
    nothing = Surroundings(function=intent.name)
    grammar = tree.language.grammar
    if not intent.signature or grammar is None or len(intent.signature) > _MAX_SIGNATURE:
        return nothing
    alone = parse(intent.signature + _BODIES.get(tree.language.style, "\n"), tree.language)
    types = grammar.functions | grammar.anonymous
    node = next(alone.find(0, len(alone.text), lambda node: node.type in types), None)
    return nothing if node is None else replace(_facts(alone, node), function=intent.name)


def _facts(tree: Tree, function: tree_sitter.Node) -> Surroundings:
    """What a function's header says."""
    return Surroundings(
        function=_name(tree, function),
        arguments=arguments_of(tree, function),
        returns=_returns(tree, function),
        decorators=tuple(_decorators(tree, function)),
        is_async=_is_async(tree, function),
    )


def _name(tree: Tree, function: tree_sitter.Node) -> str:
    """The function's name, or that of what it is assigned to."""
    if name := named(tree, function):
        return name
    parent = function.parent
    for field in ("name", "key", "left", "property"):
        holder = parent.child_by_field_name(field) if parent is not None else None
        if holder is not None and holder.end_byte <= function.start_byte:
            return tree.text_of(holder)
    return ""


def _returns(tree: Tree, function: tree_sitter.Node) -> str:
    fields = ("return_type", "result", "type") if tree.language.key not in ("c", "cpp") else ("type",)
    node = next((one for field in fields if (one := function.child_by_field_name(field)) is not None), None)
    return bare_type(tree.text_of(node)) if node is not None else ""


def _decorators(tree: Tree, function: tree_sitter.Node) -> Iterator[str]:
    """Decorators, annotations and attributes, as written, in order."""
    parent = function.parent
    before: list[tree_sitter.Node] = []
    if parent is not None and parent.type in ("decorated_definition", "export_statement"):
        before = [child for child in parent.named_children if child.type in _ATTRIBUTED]
    else:
        sibling = function.prev_named_sibling
        while sibling is not None and sibling.type in _ATTRIBUTED and len(before) < 20:
            before.insert(0, sibling)
            sibling = sibling.prev_named_sibling
    for child in function.named_children:
        if child.type in _ATTRIBUTED:
            before.append(child)
        elif child.type == "modifiers":
            before += [one for one in child.named_children if one.type in _ATTRIBUTED]
    yield from (tree.text_of(node) for node in before)


def _is_async(tree: Tree, function: tree_sitter.Node) -> bool:
    body = function.child_by_field_name("body")
    header = tree.text[function.start_byte : body.start_byte if body is not None else function.end_byte]
    return bool(re.search(r"(?<![\w.])async\b", header[:_MAX_SIGNATURE].split("(", 1)[0]))


def _bound(arguments: tuple[Argument, ...]) -> Iterator[str]:
    """The names that parameters bind; those of a pattern are its words, `{a, b: c}` giving one too many."""
    for one in arguments:
        yield from _WORD.findall(one.name) if not one.name.isidentifier() else [one.name]


def _enclosing(tree: Tree, function: tree_sitter.Node | None) -> Iterator[tree_sitter.Node]:
    """The function and the functions around it; classes bind no names for what is inside them."""
    grammar = tree.language.grammar
    assert grammar is not None
    yield from (node for node in climb(function) if is_scope(tree, node) and node.type not in grammar.classes)


def _is_direct(tree: Tree, function: tree_sitter.Node, owner: tree_sitter.Node) -> bool:
    """Whether nothing but the class is between the function and it."""
    if function.type == "method_declaration" and function.child_by_field_name("receiver") is not None:
        return True
    above = (node for node in climb(function.parent) if is_scope(tree, node))
    return next(above, None) == owner
