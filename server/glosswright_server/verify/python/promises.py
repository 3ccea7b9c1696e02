"""Does a body keep what its documentation promises: parameters used, a value returned, exceptions raised?

Words are read with care in one direction: what is not clearly promised, or may be kept by code that cannot be seen, is
not held against a candidate. Types and values are not looked at; examples are for that.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from glosswright_server.intent.contract import Contract, ExampleKind
from glosswright_server.verify.python.builtin_raises import may_raise
from glosswright_server.verify.python.parsed import Function, Parsed, body_of, decorator_name, own_nodes, parameters_of
from glosswright_server.verify.python.sense import WANTS_NOTHING
from glosswright_server.verify.verdict import Check, Outcome

USES, RETURNS, RAISES = "uses its parameters", "returns a value", "raises what it documents"

_IDLE = re.compile(
    r"unused|ignored?\b|deprecated|reserved|compatib|not used|no effect|placeholder|忽略|未使用|保留|弃用",
    re.IGNORECASE,
)
_NOTHING = re.compile(r"\s*(?:(?:none|nothing|void|nil|null)\b|无|空|没有)", re.IGNORECASE)
_RETURNS = re.compile(
    r"\s*(?:Returns?\s+(?!to\b|control|nothing|none\b|from\b|immediately|early|without)|返回(?!空|无))", re.I
)
_AMBIGUOUS = frozenset(("a", "i", "o", "A", "I", "event", "sender", "context", "request", "frame", "args", "kwargs"))
"""Names that prose uses as words, and that callbacks are given whether they want them or not."""


def uses_its_parameters(parsed: Parsed, function: Function, contract: Contract, request: str) -> Check:
    """Whether each parameter that the documentation names is used, and of undocumented ones at least one."""
    names = _open_parameters(parsed, function)
    if not names or not request:
        return Check(USES, Outcome.NOT_APPLICABLE, "no parameter is documented")
    if _only_raises(function):
        return Check(USES, Outcome.NOT_APPLICABLE, "it only raises")
    used = {node.id for one in function.body for node in ast.walk(one) if isinstance(node, ast.Name)}
    if used & {"locals", "vars", "eval", "exec"} or _calls_bare_super(function):
        return Check(USES, Outcome.PASSED)
    if WANTS_NOTHING.search(request) and not used & set(names):
        return Check(USES, Outcome.NOT_APPLICABLE, "it may do without them on purpose")
    described = {one.name.lstrip("*"): one.description for one in contract.parameters}
    documented = [name for name in names if name in described or _names(request, name)]
    ignored = [
        name for name in documented if name not in used and not _said_to_be_idle(name, described.get(name, ""), request)
    ]
    if ignored and not _has_freedom(parsed, function, described, ignored):
        return Check(USES, Outcome.FAILED, f"`{ignored[0]}` is documented, but not used")
    if not documented and not used & set(names) and parsed.owner is None and not function.decorator_list:
        which = f"`{names[0]}` is not used" if len(names) == 1 else "none of its parameters is used"
        return Check(USES, Outcome.FAILED, which)
    if not documented:
        return Check(USES, Outcome.NOT_APPLICABLE, "no parameter is documented")
    return Check(USES, Outcome.PASSED)


def returns_a_value(function: Function, contract: Contract, request: str) -> Check:
    """Whether a documented or annotated result is returned, or yielded, on some path at least."""
    promised = _promised_result(function, contract, request)
    if not promised:
        return Check(RETURNS, Outcome.NOT_APPLICABLE, "no result is documented")
    for node in own_nodes(function):
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return Check(RETURNS, Outcome.PASSED)
        if isinstance(node, ast.Return) and node.value is not None:
            return Check(RETURNS, Outcome.PASSED)
    if isinstance(function.body[-1], ast.Raise) or any(_runs_for_ever(node) for node in function.body):
        return Check(RETURNS, Outcome.NOT_APPLICABLE, "it does not come to an end by itself")
    return Check(RETURNS, Outcome.FAILED, f"{promised}, but nothing is returned")


def raises_what_it_documents(parsed: Parsed, function: Function, contract: Contract) -> Check:
    """Whether there is something that could raise each documented exception."""
    documented = [one.type.rpartition(".")[2] for one in contract.raises if one.type.rpartition(".")[2].isidentifier()]
    if not documented:
        return Check(RAISES, Outcome.NOT_APPLICABLE, "no exception is documented")
    nodes = [node for one in function.body for node in ast.walk(one)]
    raised = {_raised_name(node) for node in nodes if isinstance(node, ast.Raise)}
    if raised >= set(documented):
        return Check(RAISES, Outcome.PASSED)
    if raised:  # a subclass, a variable, another exception turned into it
        return Check(RAISES, Outcome.NOT_APPLICABLE, "what is raised cannot be told from the code alone")
    for name in documented:
        if not may_raise(name, nodes, function.name):
            return Check(RAISES, Outcome.FAILED, f"{name} is documented, but nothing raises it")
    return Check(RAISES, Outcome.NOT_APPLICABLE, "what it calls may raise it")


def is_declared_only(parsed: Parsed, function: Function) -> bool:
    """Whether the function may be empty on purpose: abstract, an overload, part of a protocol."""
    decorators = [decorator_name(one) for one in function.decorator_list]
    if any(name.startswith("abstract") or name == "overload" for name in decorators):
        return True
    bases = _bases(parsed.owner) if parsed.owner is not None else ()
    return any(decorator_name(base) == "Protocol" for base in bases)


def _bases(owner: ast.ClassDef) -> Iterator[ast.expr]:
    for base in owner.bases:
        yield base.value if isinstance(base, ast.Subscript) else base


def _open_parameters(parsed: Parsed, function: Function) -> list[str]:
    """Names of parameters that a body is expected to use."""
    names = [one.arg for one in parameters_of(function)]
    decorators = {decorator_name(one) for one in function.decorator_list}
    if parsed.owner is not None and "staticmethod" not in decorators:
        names = names[1:]
    return [name for name in names if not name.startswith("_")]


def _names(request: str, name: str) -> bool:
    """Whether the text speaks of a parameter: a word of its own, in quotes where it would be an ordinary one."""
    if name in _AMBIGUOUS:
        return f"`{name}`" in request
    return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", request) is not None


def _said_to_be_idle(name: str, description: str, request: str) -> bool:
    if _IDLE.search(description):
        return True
    lines = [line for line in request.splitlines() if _names(line, name)]
    return any(_IDLE.search(line) for line in lines)


def _has_freedom(parsed: Parsed, function: Function, described: dict[str, str], ignored: list[str]) -> bool:
    """Whether a signature may be somebody else's: an override or a callback takes what it is given."""
    foreign = bool(function.decorator_list) or (parsed.owner is not None and bool(parsed.owner.bases))
    return foreign and not any(name in described for name in ignored)


def _only_raises(function: Function) -> bool:
    return all(isinstance(one, ast.Raise) for one in body_of(function)) and bool(body_of(function))


def _calls_bare_super(function: Function) -> bool:
    """`super().__init__(...)` aside, `super()` alone needs no names."""
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super" and node.args
        for node in own_nodes(function)
    )


def _promised_result(function: Function, contract: Contract, request: str) -> str:
    """What promises a result, for people; "" when nothing surely does."""
    if function.name == "__init__":
        return ""
    if function.returns is not None:
        annotation = ast.unparse(function.returns).strip("'\"")
        if annotation.rpartition(".")[2] in ("None", "NoReturn", "Never", "Any", "object") or "None" in annotation:
            return ""
        return f"it is to return {annotation}"
    for result in (contract.returns, contract.yields):
        if result is not None and not _NOTHING.match(result.type or result.description):
            return "a result is documented"
    if _RETURNS.match(request):
        return "a result is documented"
    for example in contract.examples:
        shows_value = example.kind is ExampleKind.VALUE and example.expected.strip() not in ("", "None")
        if shows_value and re.match(rf"{re.escape(function.name)}\(", example.expression):
            return "an example shows a result"
    return ""


def _runs_for_ever(node: ast.stmt) -> bool:
    return isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and bool(node.test.value)


def _raised_name(node: ast.Raise) -> str:
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    return raised.attr if isinstance(raised, ast.Attribute) else raised.id if isinstance(raised, ast.Name) else ""
