"""Judges a candidate without running it: does it parse where it stands, does it end, does it say anything new; for
Python also whether it resolves, fits and keeps what its documentation promises (`verify.python`).

First of several layers; it knows nothing of types or behaviour. The file around the gap may be broken: only what the
candidate adds to that counts.
"""

from __future__ import annotations

import re
import textwrap

import tree_sitter

from glosswright_server.intent.contract import Contract
from glosswright_server.intent.languages import LANGUAGES, PLAIN
from glosswright_server.intent.model import Extent, Intent, IntentKind
from glosswright_server.intent.tree import Tree, parse
from glosswright_server.verify.bodies import body_checks
from glosswright_server.verify.python import python_checks
from glosswright_server.verify.python.excerpt import excerpt_of
from glosswright_server.verify.python.parsed import parse_python
from glosswright_server.verify.verdict import Check, Outcome, Verdict

_PAIRS = {"(": ")", "[": "]", "{": "}"}
_PARSES, _WHOLE, _NEW, _LOOKS = "parses", "ends whole", "not a repeat", "looks as it reads"
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""What changes the direction of the text around it, so that code looks other than it is."""


def judge(
    text: str,
    intent: Intent,
    insertion: str,
    *,
    before: Tree | None = None,
    contract: Contract | None = None,
    complete: bool = True,
) -> Verdict:
    """The verdict on `insertion` in place of `text[start:end]`.

    `before` is the tree of `text`, when the caller has it already (it spares most of the time). `contract` is what the
    words that asked for it promise. Of an answer that is not `complete` (the deadline came first) nothing is demanded
    that may still be missing. Never raises.
    """
    language = LANGUAGES.get(intent.language, PLAIN)
    old = before if before is not None and before.text == text else parse(text, language)
    new = parse(text[: intent.start] + insertion + text[intent.end :], language, old)
    end = intent.start + len(insertion)
    syntax = _check_syntax(old, new, intent, end)
    checks: tuple[Check, ...] = (syntax, _check_end(new, intent, end), _check_repeat(text, intent, insertion))
    if turning := _TURNING.search(insertion):
        detail = f"U+{ord(turning[0]):04X} in it changes the direction in which it is shown"
        checks = (*checks, Check(_LOOKS, Outcome.FAILED, detail))
    if language.key == "python":
        added, imports = python_checks(text, intent, insertion, contract=contract, complete=complete, after=new)
        return Verdict((*checks, *added), imports=imports)
    if complete and intent.kind is IntentKind.BODY and syntax.outcome is Outcome.PASSED:
        return Verdict((*checks, *body_checks(new, intent, end)))
    return Verdict(checks)


def _check_syntax(old: Tree, new: Tree, intent: Intent, end: int) -> Check:
    if old.root is None or new.root is None:
        return Check(_PARSES, Outcome.NOT_APPLICABLE, "no grammar for this language")
    if not new.root.has_error or not new.has_error(intent.start, end):
        worse = new.root.has_error and _errors(new) > _errors(old)
        if worse or (intent.language == "python" and not _python_accepts(old, new, intent, end)):
            return Check(_PARSES, Outcome.FAILED, "the file does not parse with it")
        return Check(_PARSES, Outcome.PASSED)
    if intent.kind is IntentKind.CONTINUE and _breaks_line(new, intent.start, end):
        return Check(_PARSES, Outcome.FAILED, "its line does not parse")
    if _lies_in_error(old, intent):
        return _check_alone(new, intent, end)
    if intent.kind is not IntentKind.CONTINUE and any(_faults_within(new, intent.start, end)):
        return Check(_PARSES, Outcome.FAILED, "there is a syntax error in it")
    if _errors(new) > _errors(old):
        return Check(_PARSES, Outcome.FAILED, "it leaves a syntax error")
    return Check(_PARSES, Outcome.PASSED)


def _check_alone(new: Tree, intent: Intent, end: int) -> Check:
    """For a gap in broken code: the candidate by itself, in a language whose statements stand by themselves."""
    if intent.language == "python" and intent.extent is not Extent.LINE:
        if parse_python(textwrap.dedent(intent.indent + new.text[intent.start : end].strip())) is not None:
            return Check(_PARSES, Outcome.PASSED, "by itself; the code around it is broken")
        return Check(_PARSES, Outcome.FAILED, "there is a syntax error in it")
    return Check(_PARSES, Outcome.NOT_APPLICABLE, "the code around it is broken")


def _is_fault(node: tree_sitter.Node) -> bool:
    return node.is_error or node.is_missing


def _faults_within(tree: Tree, start: int, end: int) -> list[tree_sitter.Node]:
    return [node for node in tree.find(start, end, _is_fault) if start <= node.start_byte and node.end_byte <= end]


def _breaks_line(tree: Tree, start: int, end: int) -> bool:
    """Whether an error begins in `start..end` or behind it on its line: a line may be unfinished, but not wrong."""
    high = tree.text.find("\n", end)
    high = len(tree.text) if high < 0 else high
    errors = tree.find(start, high, lambda node: node.is_error)
    return any(start <= node.start_byte and node.end_byte <= high for node in errors)


def _lies_in_error(old: Tree, intent: Intent) -> bool:
    """Whether the parser lost its way before the gap and had not found it again behind it."""
    faults = old.find(intent.start, intent.end, lambda node: node.is_error)
    return any(node.start_byte < intent.start and node.end_byte > intent.end for node in faults)


def _errors(tree: Tree) -> int:
    """How many errors and missing tokens the whole tree holds; sound subtrees are not visited."""
    count, stack = 0, [tree.root] if tree.root is not None else []
    while stack:
        node = stack.pop()
        if node.has_error:
            count += _is_fault(node)
            stack.extend(node.children)
    return count


def _python_accepts(old: Tree, new: Tree, intent: Intent, end: int) -> bool:
    """Whether Python's own parser takes the top-level statements around the candidate; True too if it takes no other.

    tree-sitter forgives what Python does not: a header without a block, an odd dedent, arguments in the wrong order.
    """
    excerpt = excerpt_of(new, intent.start, end)
    if parse_python(excerpt.source) is not None:
        return True
    if intent.kind is IntentKind.CONTINUE:
        return parse_python(excerpt_of(old, intent.start, intent.end).source) is None
    return parse_python(excerpt.with_body(intent.lead + "pass" + intent.tail)) is None


def _check_end(new: Tree, intent: Intent, end: int) -> Check:
    if new.root is None:
        return Check(_WHOLE, Outcome.NOT_APPLICABLE, "no grammar for this language")
    if intent.extent is Extent.LINE:
        return Check(_WHOLE, Outcome.NOT_APPLICABLE, "a line may end anywhere")
    code_end = intent.start + len(new.text[intent.start : end].rstrip())
    if new.in_string(code_end):
        return Check(_WHOLE, Outcome.FAILED, "a string is left open")
    open_brackets: list[str] = []
    for node in new.find(intent.start, code_end, lambda one: one.child_count == 0 and not one.is_missing):
        if node.start_byte < intent.start or node.end_byte > code_end:
            continue
        if node.type in _PAIRS:
            open_brackets.append(_PAIRS[node.type])
        elif open_brackets and node.type == open_brackets[-1]:
            open_brackets.pop()
    if open_brackets:
        return Check(_WHOLE, Outcome.FAILED, f"{open_brackets[-1]!r} is missing")
    return Check(_WHOLE, Outcome.PASSED)


def _check_repeat(text: str, intent: Intent, insertion: str) -> Check:
    bare = [line.strip() for line in insertion.splitlines() if line.strip()]
    if not bare:
        return Check(_NEW, Outcome.FAILED, "it is empty")
    # Twice the length is enough to hold the same lines with other margins.
    after = [line.strip() for line in text[intent.end : intent.end + 2 * len(insertion) + 400].splitlines()]
    after = [line for line in after if line]
    if after[: len(bare)] == bare and (len(bare) > 1 or len(bare[0]) > 3):
        return Check(_NEW, Outcome.FAILED, "it stands below already")
    return Check(_NEW, Outcome.PASSED)
