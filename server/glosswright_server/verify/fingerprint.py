"""A name for what a candidate does, equal for candidates that differ in looks only, so that none is judged twice.

Looks are white space, comments, docstrings, redundant brackets, quote style, trailing commas and, in Python, the names
of local variables. Nothing is reasoned about meaning: `a + b` and `b + a` differ.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator

import tree_sitter

from glosswright_server.intent.languages import LANGUAGES, PLAIN
from glosswright_server.intent.model import Intent
from glosswright_server.intent.tree import Tree, parse
from glosswright_server.verify.fingerprint_python import canonical
from glosswright_server.verify.program_place import statements

_QUOTED = frozenset({"javascript", "typescript", "tsx"})
"""Languages in which both quotes mean the same and a comma before a closing bracket means nothing."""
_RESTRICTED = frozenset({"return_statement", "yield_expression"})
_CLOSING = frozenset({")", "]", "}"})


def fingerprint(text: str, intent: Intent, insertion: str) -> str:
    """64 hexadecimal digits for `insertion` in place of `text[intent.start:intent.end]`. Never raises.

    Comparable among candidates for one `text` and `intent` only.
    """
    code = text[: intent.start] + insertion + text[intent.end :]
    start = intent.start + len(insertion) - len(insertion.lstrip())
    end = max(start, intent.start + len(insertion.rstrip()))
    parts = _python(code, start, end) if intent.language == "python" else None
    if parts is None:
        tree = parse(code, LANGUAGES.get(intent.language, PLAIN))
        parts = _lines(insertion) if tree.root is None else _structure(tree, start, end)
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()


def _python(code: str, start: int, end: int) -> Iterator[str] | None:
    """None where Python's own parser cannot tell."""
    try:
        places, broken = statements(code)
        if broken:
            return None
        own = [place.node for place in places if place.end > start and place.start < end]
        return iter((canonical(ast.Module(body=own, type_ignores=[])),))
    except (RecursionError, MemoryError):
        return None


def _lines(insertion: str) -> Iterator[str]:
    return (" ".join(line.split()) for line in insertion.splitlines() if line.strip())


def _structure(tree: Tree, start: int, end: int) -> Iterator[str]:
    """The syntax tree of the top-level nodes that the candidate touches, as node types and leaves."""
    assert tree.root is not None
    grammar = tree.language.grammar
    assert grammar is not None
    ecma = tree.language.key in _QUOTED
    stack: list[tree_sitter.Node | str] = [
        node for node in reversed(tree.root.children) if node.end_byte > start and node.start_byte < end
    ]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            yield node
            continue
        if node.type in grammar.comments:
            continue
        children = [child for child in node.children if child.type not in grammar.comments]
        if node.type == "parenthesized_expression" and len(children) == 3 and not _chained(children[1]):
            stack.append(children[1])
            continue
        if not children:
            yield _leaf(tree, node, ecma)
            continue
        if node.type in grammar.strings:
            yield from _string(tree, node, children, ecma)
            if not any(child.type in grammar.holes for child in children):
                continue
        yield f"({node.type}"
        if ecma and node.type in _RESTRICTED and "\n" in tree.text[children[0].end_byte : children[-1].start_byte]:
            yield "\n"  # the line end ends the statement (ECMA-262, 12.10.1); the grammar does not see it
        stack.append(")")
        stack.extend(reversed(_without_trailing(children) if ecma else children))


def _leaf(tree: Tree, node: tree_sitter.Node, ecma: bool) -> str:
    text = tree.text_of(node)
    return '"' if ecma and text == "'" and node.type == "'" else text


def _string(tree: Tree, node: tree_sitter.Node, children: list[tree_sitter.Node], ecma: bool) -> Iterator[str]:
    """A string's own text, code inside it left out."""
    text = tree.text_of(node)
    if ecma and node.type == "string" and len(text) > 1 and "\\" not in text:
        quotes = {text[0], text[-1]}
        inner = text[1:-1]
        if quotes <= {"'", '"'} and not {"'", '"'} & set(inner):
            yield f'"{inner}"'
            return
    at = node.start_byte
    for child in children:
        yield tree.text[at : child.start_byte]
        at = child.end_byte
    yield tree.text[at : node.end_byte]
    yield from (tree.text_of(child) for child in children if not child.child_count)


def _without_trailing(children: list[tree_sitter.Node]) -> list[tree_sitter.Node]:
    """Without the commas and semicolons that change nothing; `[1,,]` keeps its holes."""
    if len(children) > 2 and children[-1].type in _CLOSING and children[-2].type == "," and children[-3].is_named:
        children = [*children[:-2], children[-1]]
    if len(children) > 1 and children[-1].type == ";" and children[-2].is_named:
        children = children[:-1]
    return children


def _chained(node: tree_sitter.Node) -> bool:
    """Whether brackets around `node` end an optional chain: `(a?.b).c` is not `a?.b.c`."""
    return any(child.type in ("?.", "optional_chain") or _chained(child) for child in node.children[:2])
