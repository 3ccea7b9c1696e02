"""Is a candidate code at all: does it do something, does its recursion end, is it more than the examples written down?

Each fails only what cannot be right on any reading; a strange way of doing it is none of its business.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence

from glosswright_server.intent.contract import Contract, Example, ExampleKind
from glosswright_server.verify.python.lookup import is_table_of
from glosswright_server.verify.python.parsed import (
    FUNCTIONS,
    LOOPS,
    Function,
    Parsed,
    body_of,
    bound_names,
    decorator_name,
    own_nodes,
    parameters_of,
)
from glosswright_server.verify.verdict import Check, Outcome

DOES, ENDS, OWN_WORDS = "does something", "recursion ends", "not the docstring's words"

WANTS_NOTHING = re.compile(
    r"\b(?:do(?:es)?\s+nothing|no-?op|nothing|abstract|subclass\w*|overrid\w*|placeholder|stub|dummy|hook"
    r"|not\s+implemented|NotImplementedError|unsupported)\b|空|不做|占位|抽象|子类|钩子",
    re.IGNORECASE,
)
"""Documentation of a function that may rightly be empty."""
_TRANSPARENT = frozenset(("staticmethod", "classmethod", "lru_cache", "cache"))


def does_something(function: Function, request: str) -> Check:
    """Whether there is a statement that is more than `pass`, `...`, a string or `raise NotImplementedError`."""
    body = body_of(function)
    if not all(_is_nothing(one) for one in body):
        return Check(DOES, Outcome.PASSED)
    if WANTS_NOTHING.search(request):
        return Check(DOES, Outcome.NOT_APPLICABLE, "it may be empty on purpose")
    if any(isinstance(one, ast.Raise) for one in body):
        return Check(DOES, Outcome.FAILED, "it only raises NotImplementedError")
    return Check(DOES, Outcome.FAILED, "there is no code in it")


def recursion_ends(parsed: Parsed) -> Check:
    """Whether each new function that calls itself has a path on which it does not."""
    functions = [node for node in parsed.new_nodes if isinstance(node, FUNCTIONS)]
    if parsed.function is not None:
        functions.insert(0, parsed.function)
    recursive = False
    for function in functions:
        calls = _SelfCalls(function, is_method=function in parsed.methods)
        if not calls.possible:
            continue
        recursive = recursive or calls.within(function.body)
        if calls.always(function.body):
            return Check(ENDS, Outcome.FAILED, f"`{function.name}` calls itself on every path")
    if not recursive:
        return Check(ENDS, Outcome.NOT_APPLICABLE, "it does not call itself")
    return Check(ENDS, Outcome.PASSED)


def own_words(function: Function, contract: Contract) -> Check:
    """Whether the body is more than the documented examples, input by input."""
    pairs = [pair for example in contract.examples if (pair := _literal_example(example, function.name)) is not None]
    if not pairs:
        return Check(OWN_WORDS, Outcome.NOT_APPLICABLE, "there are no examples that could be repeated")
    if _repeats(function, pairs) or is_table_of(function, pairs):
        return Check(OWN_WORDS, Outcome.FAILED, "it only repeats the examples' results")
    return Check(OWN_WORDS, Outcome.PASSED)


def _is_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Raise):
        raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
        return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


class _SelfCalls:
    """Finds calls of one function by itself, and those that no path avoids."""

    def __init__(self, function: Function, *, is_method: bool) -> None:
        decorators = [decorator_name(one) for one in function.decorator_list]
        self._name = function.name
        self._receiver = ""
        self._is_property = is_method and decorators == ["property"]
        first = function.args.args[0].arg if function.args.args else ""
        if is_method:
            self._receiver = first
        bound = list(bound_names(function.args)) + [name for one in function.body for name in bound_names(one)]
        clear = self._receiver not in bound[len(list(bound_names(function.args))) :] if is_method else True
        is_generator = any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in own_nodes(function))
        plain = all(one in _TRANSPARENT for one in decorators) and "staticmethod" not in decorators
        self.possible = (
            not is_generator
            and (plain or self._is_property or (not is_method and decorators == []))
            and (bool(first) and clear if is_method else self._name not in bound)
        )

    def is_one(self, node: ast.AST) -> bool:
        """Whether `node` calls the function (reads the property)."""
        if self._is_property:
            return isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and self._is_own(node)
        if not isinstance(node, ast.Call):
            return False
        if self._receiver:
            return isinstance(node.func, ast.Attribute) and self._is_own(node.func)
        return isinstance(node.func, ast.Name) and node.func.id == self._name

    def _is_own(self, node: ast.Attribute) -> bool:
        return isinstance(node.value, ast.Name) and node.value.id == self._receiver and node.attr == self._name

    def within(self, statements: Iterable[ast.stmt]) -> bool:
        return any(self.is_one(node) for one in statements for node in ast.walk(one))

    def always(self, statements: Sequence[ast.stmt]) -> bool:
        """Whether every path through `statements` makes the call before anything could end it."""
        for one in statements:
            if self._statement_always(one):
                return True
            if self._leaves(one):
                return False
        return False

    def _leaves(self, statement: ast.stmt) -> bool:
        """Whether control may leave the function in a statement without the call."""
        if not isinstance(statement, ast.If):
            return _may_leave(statement)
        if _may_leave(statement.test):
            return True
        for branch in (statement.body, statement.orelse):
            for one in branch:
                if self._statement_always(one):
                    break
                if self._leaves(one):
                    return True
        return False

    def _statement_always(self, one: ast.stmt) -> bool:
        if isinstance(one, ast.If):
            both = bool(one.orelse) and self.always(one.body) and self.always(one.orelse)
            return self._evaluated(one.test) or both
        if isinstance(one, (ast.For, ast.AsyncFor)):
            return self._evaluated(one.iter)
        if isinstance(one, ast.While):
            return self._evaluated(one.test)
        if isinstance(one, ast.With):
            return any(self._evaluated(item.context_expr) for item in one.items)
        if isinstance(one, ast.Assert):
            return self._evaluated(one.test)
        if isinstance(one, (ast.Return, ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign)):
            return one.value is not None and self._evaluated(one.value)
        return False

    def _evaluated(self, expression: ast.expr) -> bool:
        """Whether evaluating the expression surely makes the call."""
        stack: list[ast.AST] = [expression]
        while stack:
            node = stack.pop()
            if self.is_one(node):
                return True
            if isinstance(node, (ast.Lambda, *FUNCTIONS)):
                continue
            if isinstance(node, ast.IfExp):
                if self._evaluated(node.body) and self._evaluated(node.orelse):
                    return True
                stack.append(node.test)
            elif isinstance(node, ast.BoolOp):
                stack.append(node.values[0])
            elif isinstance(node, ast.Compare):
                stack += [node.left, node.comparators[0]]
            elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
                stack.append(node.generators[0].iter)
            else:
                stack.extend(ast.iter_child_nodes(node))
        return False


def _may_leave(code: ast.AST) -> bool:
    """Whether something in `code` may end the function."""
    leaving = (ast.Return, ast.Raise, ast.Assert, ast.Try, ast.Match, ast.With, ast.AsyncWith, ast.Await)
    return any(isinstance(node, leaving) or _is_endless(node) or _may_exit(node) for node in ast.walk(code))


def _is_endless(node: ast.AST) -> bool:
    return isinstance(node, LOOPS) and not isinstance(node, ast.For)


def _may_exit(node: ast.AST) -> bool:
    called = node.func if isinstance(node, ast.Call) else None
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    return name in ("exit", "_exit", "quit", "abort", "next", "input", "fail", "skip", "pop")


def _literal_example(example: Example, name: str) -> tuple[tuple[object, ...], object] | None:
    """Arguments and result of `name(1, 2) == 3`; None for anything else than literals."""
    if example.kind is not ExampleKind.VALUE or example.setup:
        return None
    try:
        call = ast.parse(example.expression.strip(), mode="eval").body
        if not isinstance(call, ast.Call) or decorator_name(call) != name or not call.args:
            return None
        arguments = [*call.args, *(one.value for one in call.keywords)]
        return tuple(ast.literal_eval(one) for one in arguments), ast.literal_eval(example.expected.strip())
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return None


def _repeats(function: Function, pairs: list[tuple[tuple[object, ...], object]]) -> bool:
    """Whether the body is nothing but results of the examples, chosen by the examples' arguments if at all."""
    parameters = {one.arg for one in parameters_of(function)} - {"self", "cls"}
    branches: list[tuple[list[object], object]] = []
    statements = list(body_of(function))
    default: list[object] = []
    while statements:
        one = statements.pop(0)
        if isinstance(one, ast.If) and len(one.body) == 1 and isinstance(one.body[0], ast.Return):
            inputs = _compared(one.test, parameters)
            if inputs is None or not _is_literal(one.body[0].value):
                return False
            branches.append((inputs, ast.literal_eval(one.body[0].value)))  # type: ignore[arg-type]  # a literal
            if one.orelse:
                statements = [*one.orelse, *statements]
        elif isinstance(one, ast.Return) and not statements and _is_literal(one.value):
            default.append(ast.literal_eval(one.value))  # type: ignore[arg-type]  # a literal
        else:
            return False
    if not branches:
        return bool(default) and bool(parameters) and any(_same(default[0], result) for _, result in pairs)
    if any(isinstance(result, bool) for _, result in pairs):
        return False  # a predicate may well be a list of cases
    return all(
        any(_same(result, shown) and all(_among(one, arguments) for one in inputs) for arguments, shown in pairs)
        for inputs, result in branches
    )


def _compared(test: ast.expr, parameters: set[str]) -> list[object] | None:
    """The literals that parameters are compared with by `==`, joined by `and`; None for any other test."""
    tests = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]
    found: list[object] = []
    for one in tests:
        if not isinstance(one, ast.Compare) or len(one.ops) != 1 or not isinstance(one.ops[0], ast.Eq):
            return None
        name, value = one.left, one.comparators[0]
        if not isinstance(name, ast.Name) or name.id not in parameters or not _is_literal(value):
            return None
        found.append(ast.literal_eval(value))
    return found


def _is_literal(node: ast.expr | None) -> bool:
    if node is None:
        return False
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return False
    return True


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def _among(one: object, others: Iterable[object]) -> bool:
    return any(_same(one, other) for other in others)
