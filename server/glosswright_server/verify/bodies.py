"""Does a function's body, in a language with braces or `end`, do anything at all? Comments and placeholders do not.

Python has its own, closer look (`verify.python`).
"""

from __future__ import annotations

import re

import tree_sitter

from glosswright_server.intent.model import Intent
from glosswright_server.intent.stubs import is_placeholder
from glosswright_server.intent.tree import Tree
from glosswright_server.verify.verdict import Check, Outcome

_DOES = "does something"
_LISTS = frozenset(("statement_list", "block", "compound_statement", "statement_block", "body_statement"))
_WANTS_NOTHING = re.compile(
    r"\b(?:do(?:es)?\s+nothing|no-?op|nothing|abstract|overrid\w*|placeholder|stub|dummy|hook|default\s+constructor"
    r"|not\s+implemented|unsupported)\b|空|不做|占位|抽象|钩子",
    re.IGNORECASE,
)


def body_checks(tree: Tree, intent: Intent, end: int) -> tuple[Check, ...]:
    """The check of a body that stands at `intent.start..end` of `tree.text`; none where its function is not found."""
    grammar = tree.language.grammar
    if grammar is None:
        return ()
    function = tree.enclosing(intent.start, grammar.functions | grammar.anonymous)
    body = function.child_by_field_name("body") if function is not None else None
    if body is None or body.end_byte < end - len(intent.tail) or body.has_error:
        return ()
    statements = _statements(body, grammar.comments)
    if not all(is_placeholder(tree.text_of(one)) for one in statements):
        return (Check(_DOES, Outcome.PASSED),)
    if _WANTS_NOTHING.search(intent.request):
        return (Check(_DOES, Outcome.NOT_APPLICABLE, "it may be empty on purpose"),)
    return (Check(_DOES, Outcome.FAILED, "there is no code in it"),)


def _statements(body: tree_sitter.Node, comments: frozenset[str]) -> list[tree_sitter.Node]:
    """What stands between the braces, comments left out; an arrow function's bare expression is its own statement."""
    if body.type not in _LISTS:
        return [body] if body.type not in ("{", "do_block") else []
    found = []
    for child in body.named_children:
        if child.type in _LISTS and child.type != "block":
            found += _statements(child, comments)
        elif child.type not in comments:
            found.append(child)
    return found
