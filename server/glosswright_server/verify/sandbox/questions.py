"""What is asked about a Python example, and what its answer must be. Decides; runs nothing.

As much as can be is compared out here, where the code under test is not: `f(1) == 2` asks for `f(1)` and keeps the 2.
Only what cannot be known without the code, such as an expected value of one of its own classes, is left to be compared
inside. `glosswright_server.verify.sandbox.scripts` does the same for JavaScript.
"""

from __future__ import annotations

import ast
import math
import operator
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from glosswright_server.intent.contract import Example, ExampleKind
from glosswright_server.verify.sandbox.values import Tree, Written, describe, show

_MOST_BITS = 100_000
_MOST_ITEMS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One example, as it is asked."""

    body: str = ""
    """Statements before the expression."""
    last: str = ""
    """The expression whose value is asked for."""
    kind: ExampleKind = ExampleKind.VALUE
    wanted: Tree | None = None
    """The value that must come, where it is known out here."""
    relation: str = ""
    """How the value must stand to `wanted` where that is not equality: a comparison of Python's, or "near <" or
    "near <=", where `wanted` is a pair of a number and how far from it the value may be."""
    inside: str = ""
    """The expression of the expected value where it is not: compared inside, after `last` was evaluated."""
    against: str = ""
    """The expression of `wanted`, where the example asks for `==`: an object is asked inside whether it equals that."""
    show: Callable[[Tree], str] = show
    """Writes a value in the language of the example."""
    text: str = ""
    """The expected value, output or exception as it was written."""


def python_question(example: Example) -> Question:
    """How an example is put to the checker. What cannot be parsed is asked as it stands, and fails there."""
    source = example.expression.strip()
    if example.kind is ExampleKind.HOLDS:
        try:
            return _holds(source)
        except (ValueError, RecursionError):  # parsed, but too long a number or too deep to be written down again
            body, last = _split(source.removeprefix("assert ").strip())
            return Question(body=body, last=last, kind=ExampleKind.HOLDS, text="True")
    body, last = _split(source)
    if example.kind is not ExampleKind.VALUE:
        return Question(body=body, last=last, kind=example.kind, text=example.expected.strip("\n"))
    text = example.expected.strip()
    wanted = constant(text)
    if wanted == ("T",) and not body and isinstance(_parsed(last), ast.Compare):
        return _holds(last)  # `>>> f(1) == 2` and then `True`: the 2 stays out here
    inside = text if wanted is None and _is_expression(text) else ""
    return Question(body=body, last=last, wanted=wanted, inside=inside, text=text)


def _holds(source: str) -> Question:
    source = source.removeprefix("assert ").strip()
    body, last = _split(source)
    match _parsed(last):
        case ast.Compare(left=left, ops=[(ast.Eq() | ast.Is()) as op], comparators=[right]):
            sides = ast.unparse(left), ast.unparse(right)
            for asked, given in (sides, sides[::-1]):
                if (wanted := constant(given)) is not None:
                    against = given if isinstance(op, ast.Eq) else ""
                    return Question(body=body, last=asked, wanted=wanted, against=against, text=given)
            return Question(body=body, last=sides[0], inside=sides[1], text=sides[1])
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _relations():
            return _related(body, last, left, op, right)
    return Question(body=body, last=last, kind=ExampleKind.HOLDS, text="True")


def _related(body: str, last: str, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Question:
    """`f(1) < 3`, `3 > f(1)`, `abs(f(1) - 2.5) < 1e-6`: asked for the value where the other side is known here."""
    straight, turned = _relations()[type(op)]
    bound = constant(ast.unparse(right))
    match left:
        case ast.Call(func=ast.Name(id="abs"), args=[ast.BinOp(left=first, op=ast.Sub(), right=second)], keywords=[]):
            for asked, given in ((first, second), (second, first)):
                middle = constant(ast.unparse(given))
                if bound is not None and middle is not None and straight in ("<", "<="):
                    near: Tree = ("t", middle, bound)
                    text = f"{ast.unparse(given)} within {ast.unparse(right)}"
                    relation = f"near {straight}"
                    return Question(body=body, last=ast.unparse(asked), wanted=near, relation=relation, text=text)
    if bound is not None:
        text = f"{straight} {ast.unparse(right)}"
        return Question(body=body, last=ast.unparse(left), wanted=bound, relation=straight, text=text)
    bound = constant(ast.unparse(left))
    if bound is not None and turned:
        text = f"{turned} {ast.unparse(left)}"
        return Question(body=body, last=ast.unparse(right), wanted=bound, relation=turned, text=text)
    return Question(body=body, last=last, kind=ExampleKind.HOLDS, text="True")


@cache
def _relations() -> dict[type, tuple[str, str]]:
    """A comparison and, where there is one, what it is with its sides exchanged."""
    return {
        ast.Lt: ("<", ">"),
        ast.LtE: ("<=", ">="),
        ast.Gt: (">", "<"),
        ast.GtE: (">=", "<="),
        ast.NotEq: ("!=", "!="),
        ast.IsNot: ("is not", "is not"),
        ast.In: ("in", ""),
        ast.NotIn: ("not in", ""),
    }


def _split(source: str) -> tuple[str, str]:
    """The statements, and the expression at the end: "" where the last one is no expression."""
    module = _module(source)
    if module is None:
        return "", source
    statements = module.body
    if not statements or not isinstance(statements[-1], ast.Expr):
        return source, ""
    if len(statements) == 1:
        return "", source.rstrip().rstrip(";")
    try:
        return "\n".join(ast.unparse(s) for s in statements[:-1]), ast.unparse(statements[-1])
    except (ValueError, RecursionError):
        lines = source.split("\n")
        first = statements[-1].lineno - 1
        return "\n".join(lines[:first]), "\n".join(lines[first:])


def _parsed(source: str) -> ast.expr | None:
    module = _module(f"({source}\n)") if source.strip() else None
    match module:
        case ast.Module(body=[ast.Expr(value=value)]):
            return value
    return None


def _module(source: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `"\d"` in somebody's docstring is not ours to complain of
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _is_expression(source: str) -> bool:
    node = _parsed(source)
    # `[1, ..., 9]` and `<Point …>` are pictures of a value, not values.
    return node is not None and not any(isinstance(part, ast.Constant) and part.value is ... for part in ast.walk(node))


def constant(source: str) -> Tree | None:
    """The value of an expression of literals, arithmetic on numbers, `math.pi` and `set()`; None for others.

    Bounded: no expression makes it work long or take much memory.
    """
    node = _parsed(source.strip())
    if node is None:
        return None
    try:
        return describe(_value(node))
    except (ValueError, TypeError, ArithmeticError, RecursionError, MemoryError):
        return None


@cache
def _operators() -> dict[type, Callable[..., object]]:
    return {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: operator.truediv,
        ast.FloorDiv: operator.floordiv,
        ast.Mod: operator.mod,
        ast.Pow: operator.pow,
        ast.USub: operator.neg,
        ast.UAdd: operator.pos,
        ast.Invert: operator.invert,
        ast.Not: operator.not_,
    }


def _value(node: ast.expr) -> object:
    """The value of a node. Raises `ValueError` for what is not constant."""
    match node:
        case ast.Constant(value=float() as number):
            return Written(number)
        case ast.Constant(value=value) if value is not ...:
            return value
        case ast.Tuple(elts=parts):
            return tuple(map(_value, parts))
        case ast.List(elts=parts):
            return list(map(_value, parts))
        case ast.Set(elts=parts):
            return set(map(_value, parts))
        case ast.Dict(keys=keys, values=values):
            return {_value(_key(key)): _value(value) for key, value in zip(keys, values, strict=True)}
        case ast.Name(id=("inf" | "nan") as name):
            return float(name)
        case ast.Attribute(value=ast.Name(id="math"), attr=("pi" | "e" | "tau" | "inf" | "nan") as name):
            return getattr(math, name)
        case ast.Call(func=ast.Name(id=("set" | "frozenset" | "float" | "dict") as name), args=args, keywords=[]):
            return _called(name, args)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _operators():
            return _operators()[type(op)](_value(operand))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _operators():
            return _combined(op, _value(left), _value(right))
    raise ValueError("not constant")


def _key(key: ast.expr | None) -> ast.expr:
    if key is None:
        raise ValueError("not constant")
    return key


def _called(name: str, args: list[ast.expr]) -> object:
    match name, [_value(arg) for arg in args]:
        case "set", []:
            return set()
        case "dict", []:
            return {}
        case (("set" | "frozenset"), [(list() | tuple() | set() | str()) as members]):
            return (set if name == "set" else frozenset)(members)
        case "frozenset", []:
            return frozenset()
        case "float", [(str() | int() | float()) as value]:
            return float(value)
    raise ValueError("not constant")


def _combined(op: ast.operator, left: object, right: object) -> object:
    match op, left, right:
        case ast.Pow(), int(), int() if left.bit_length() * abs(right) > _MOST_BITS:
            raise ValueError("too large")
        case ast.Mult(), (str() | bytes() | list() | tuple()), int() if len(left) * right > _MOST_ITEMS:
            raise ValueError("too large")
        case ast.Mult(), int(), (str() | bytes() | list() | tuple()) if len(right) * left > _MOST_ITEMS:
            raise ValueError("too large")
        case ast.Mod(), (str() | bytes()), _:
            raise ValueError("formatting may make any amount of text")
        case ast.Mult(), int(), int() if left.bit_length() + right.bit_length() > _MOST_BITS:
            raise ValueError("too large")
    return _operators()[type(op)](left, right)
