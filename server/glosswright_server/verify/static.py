"""Judges a candidate without running it: does it parse where it stands, does it end, does it say anything new.

First of several layers; it knows nothing of types or behaviour. The file around the gap may be broken: only what the
candidate adds to that counts.
"""

from __future__ import annotations

import ast
import warnings

from glosswright_server.intent.languages import LANGUAGES, PLAIN
from glosswright_server.intent.model import Intent
from glosswright_server.intent.tree import Tree, parse
from glosswright_server.verify.verdict import Check, Outcome, Verdict

_MARGIN = 2


def judge(text: str, intent: Intent, insertion: str, *, before: Tree | None = None) -> Verdict:
    """The verdict on `insertion` in place of `text[start:end]`.

    `before` is the parsed document without it, when the caller has it already; otherwise it is parsed here. Never raises.
    """
    language = LANGUAGES.get(intent.language, PLAIN)
    old = before if before is not None and before.text == text else parse(text, language)
    new_text = text[: intent.start] + insertion + text[intent.end :]
    new = parse(new_text, language, old)
    return Verdict(
        (_parses(old, new, intent, insertion), _ends_whole(new, intent, insertion), _new(text, intent, insertion))
    )


def _parses(old: Tree, new: Tree, intent: Intent, insertion: str) -> Check:
    name = "parses"
    if new.root is None or old.root is None:
        return Check(name, Outcome.NOT_APPLICABLE, "no grammar for this language")
    if not new.root.has_error:
        if intent.language == "python" and not _python_parses(new.text) and _python_parses(old.text):
            return Check(name, Outcome.FAILED, "Python does not accept the file with it")
        return Check(name, Outcome.PASSED)
    if _errors(new) > _errors(old):
        return Check(name, Outcome.FAILED, "it leaves a syntax error")
    end = intent.start + len(insertion)
    if new.has_error(intent.start + _MARGIN, end - _MARGIN) and not old.has_error(intent.start, intent.end):
        return Check(name, Outcome.FAILED, "it holds a syntax error")
    return Check(name, Outcome.PASSED, "as well as the file did before")


def _errors(tree: Tree) -> int:
    count, stack = 0, [tree.root] if tree.root is not None else []
    while stack:
        node = stack.pop()
        if not node.has_error:
            continue
        count += node.is_error or node.is_missing
        stack.extend(node.children)
    return count


def _python_parses(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _ends_whole(new: Tree, intent: Intent, insertion: str) -> Check:
    name = "ends whole"
    if new.root is None:
        return Check(name, Outcome.NOT_APPLICABLE, "no grammar for this language")
    end = intent.start + len(insertion.rstrip())
    if new.in_string(end) and intent.extent.value != "line":
        return Check(name, Outcome.FAILED, "a string is left open")
    missing = next(iter(new.find(intent.start, end + _MARGIN, lambda node: node.is_missing)), None)
    if missing is not None:
        return Check(name, Outcome.FAILED, f"{missing.type!r} is missing")
    return Check(name, Outcome.PASSED)


def _new(text: str, intent: Intent, insertion: str) -> Check:
    name = "not a repeat"
    bare = [line.strip() for line in insertion.splitlines() if line.strip()]
    after = [line.strip() for line in text[intent.end :].splitlines() if line.strip()]
    if bare and after[: len(bare)] == bare:
        return Check(name, Outcome.FAILED, "it stands below already")
    if not bare:
        return Check(name, Outcome.FAILED, "it is empty")
    return Check(name, Outcome.PASSED)
