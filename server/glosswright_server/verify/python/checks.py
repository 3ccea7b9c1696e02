"""All checks of one Python candidate, in the order people read them. Each lives beside this file; none runs code.

Nothing is checked of code that Python's own parser refuses: "parses" says so already. Of an answer that was cut off,
only what holds for any part of a program is checked.
"""

from __future__ import annotations

import ast
import re

from glosswright_server.intent.contract import Contract
from glosswright_server.intent.languages import LANGUAGES
from glosswright_server.intent.model import Extent, Intent, IntentKind
from glosswright_server.intent.tree import Tree, parse
from glosswright_server.verify.python import calls, names, promises, sense
from glosswright_server.verify.python.excerpt import excerpt_of
from glosswright_server.verify.python.module_names import module_names
from glosswright_server.verify.python.parsed import Parsed, parse_python, refusal
from glosswright_server.verify.verdict import Check, Outcome

_COMPILES = "compiles"
_EVERYWHERE = (_COMPILES, names.NAME, calls.NAME)
_OF_A_BODY = (sense.DOES, promises.USES, promises.RETURNS, promises.RAISES, sense.ENDS, sense.OWN_WORDS)


def python_checks(
    text: str,
    intent: Intent,
    insertion: str,
    *,
    contract: Contract | None = None,
    complete: bool = True,
    after: Tree | None = None,
) -> tuple[tuple[Check, ...], tuple[str, ...]]:
    """The checks of `insertion` in place of `text[start:end]`, and the import statements that the file lacks for it.

    `after` is the tree of the text with the insertion in it, when the caller has it. Never raises.
    """
    whole = text[: intent.start] + insertion + text[intent.end :]
    tree = after if after is not None and after.text == whole else parse(whole, LANGUAGES["python"])
    if tree.root is None:
        return _unchecked(intent, complete, "the file is too long")
    try:
        excerpt = excerpt_of(tree, intent.start, intent.start + len(insertion))
        module = parse_python(excerpt.source)
        if module is None:
            return _unchecked(intent, complete, "the code around it does not parse")
        return _checks(text, intent, Parsed(module, excerpt), tree, contract or Contract(), complete)
    except RecursionError:
        return _unchecked(intent, complete, "it is nested too deeply")
    except ValueError:  # hexadecimal digits without end are read by Python, but not shown
        return _unchecked(intent, complete, "there is too large a number in it")


def _checks(
    text: str, intent: Intent, parsed: Parsed, tree: Tree, contract: Contract, complete: bool
) -> tuple[tuple[Check, ...], tuple[str, ...]]:
    module = module_names(tree, intent.start, len(tree.text) - (len(text) - intent.end))
    resolve, imports = names.names_resolve(parsed, module, text[: intent.start] + "\n" + text[intent.end :])
    checks = [_compiles(parsed, intent), resolve, calls.calls_fit(parsed, module, tree, intent.start)]
    if not complete or intent.extent is Extent.LINE:
        return tuple(checks), imports
    function = parsed.function
    if intent.kind is not IntentKind.BODY or function is None:
        return (*checks, sense.recursion_ends(parsed)), imports
    if promises.is_declared_only(parsed, function) or _leaves_it_to_subclasses(tree, intent, parsed):
        checks += [Check(name, Outcome.NOT_APPLICABLE, "it is only declared here") for name in _OF_A_BODY]
        return tuple(checks), imports
    checks += [
        sense.does_something(function, intent.request),
        promises.uses_its_parameters(parsed, function, contract, intent.request),
        promises.returns_a_value(function, contract, intent.request),
        promises.raises_what_it_documents(parsed, function, contract),
        sense.recursion_ends(parsed),
        sense.own_words(function, contract),
    ]
    return tuple(checks), imports


def _leaves_it_to_subclasses(tree: Tree, intent: Intent, parsed: Parsed) -> bool:
    """Whether other methods of the class raise NotImplementedError, and so does this one."""
    owner = tree.enclosing(intent.start, ("class_definition",)) if parsed.owner is not None else None
    function = parsed.function
    if owner is None or function is None or not any(isinstance(one, ast.Raise) for one in function.body):
        return False
    return len(re.findall(r"^[ \t]+raise NotImplementedError\b", tree.text_of(owner), re.MULTILINE)) > 1


def _unchecked(intent: Intent, complete: bool, why: str) -> tuple[tuple[Check, ...], tuple[str, ...]]:
    names = list(_EVERYWHERE)
    if complete and intent.extent is not Extent.LINE:
        names += _OF_A_BODY if intent.kind is IntentKind.BODY else [sense.ENDS]
    return tuple(Check(name, Outcome.NOT_APPLICABLE, why) for name in names), ()


def _compiles(parsed: Parsed, intent: Intent) -> Check:
    """What parses may still be no program: `return` outside a function, `break` outside a loop, a repeated argument."""
    why = refusal(parsed.excerpt.source)
    if not why:
        return Check(_COMPILES, Outcome.PASSED)
    without = parsed.excerpt.with_body(intent.lead + "pass" + intent.tail)
    if parse_python(without) is None or refusal(without):
        return Check(_COMPILES, Outcome.NOT_APPLICABLE, "the code around it does not compile")
    if parsed.function is None and ("await" in why or "async" in why):  # notebooks and consoles take it
        return Check(_COMPILES, Outcome.NOT_APPLICABLE, why)
    return Check(_COMPILES, Outcome.FAILED, why)
