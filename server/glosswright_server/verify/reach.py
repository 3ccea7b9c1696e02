"""Which parts of a Python candidate its examples never reach. Decides; runs nothing.

A passed example speaks for the code it went through, not for the rest. `spread_out` gives the same program with each
part that may be left out by itself on lines of its own (branches of `a if b else c`, operands behind `and` and `or`,
members and conditions of comprehensions), so that the lines that ran, which the sandbox tells, say which parts did.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_Function = (ast.FunctionDef, ast.AsyncFunctionDef)
_Texts = tuple(getattr(ast, name) for name in ("JoinedStr", "TemplateStr") if hasattr(ast, name))
_MOST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Part:
    """A statement, the header of one, or an expression that may be left out."""

    first: int
    """Line of the spread-out program, from 1."""
    last: int
    text: str
    """Its code on one line, for people."""
    refuses: bool
    """Whether all it does is to raise an exception."""


@dataclass(frozen=True, slots=True)
class SpreadOut:
    """A program with its parts on lines of their own."""

    source: str
    parts: tuple[Part, ...]
    """Those of the candidate, in the order of the text; one that holds others comes before them."""
    raises: frozenset[str] = frozenset()
    """Names of the exceptions that it raises by a statement of its own."""

    def never_ran(self, ran: Collection[int], there: Collection[int]) -> tuple[Part, ...]:
        """The parts without a line that ran, of those that have code at all; of one in another only the outer."""
        ran, there = frozenset(ran), frozenset(there)
        missed: list[Part] = []
        for part in self.parts:
            lines = range(part.first, part.last + 1)
            inside = missed and missed[-1].first <= part.first and part.last <= missed[-1].last
            if not inside and there.intersection(lines) and not ran.intersection(lines):
                missed.append(part)
        return tuple(missed)


def spread_out(source: str, target: str) -> SpreadOut | None:
    """The program with the parts of the function `target` (`f`, `Stack.push`) told apart; None where it is not found or
    cannot be parsed."""
    module = _parsed(source)
    function = _function(module, target) if module is not None else None
    if function is None:
        return None
    spread = _with_breaks(source, [part for part, _ in _pieces(function) if isinstance(part, ast.expr)])
    module = _parsed(spread)
    function = _function(module, target) if module is not None else None
    if function is None:
        return None
    raised = [node.exc for node in ast.walk(function) if isinstance(node, ast.Raise)]
    called = [one.func if isinstance(one, ast.Call) else one for one in raised]
    names = frozenset(ast.unparse(one).rpartition(".")[2] for one in called if one is not None)
    return SpreadOut(spread, tuple(_part(node, last) for node, last in _pieces(function)), names)


def _parsed(source: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _function(module: ast.Module, target: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    body: list[ast.stmt] = module.body
    *owners, name = target.split(".")
    for owner in owners:
        found = [node for node in body if isinstance(node, ast.ClassDef) and node.name == owner]
        body = found[-1].body if found else []
    functions = [node for node in body if isinstance(node, _Function) and node.name == name]
    return functions[-1] if functions else None


def _pieces(function: ast.stmt) -> Iterator[tuple[ast.stmt | ast.expr, int]]:
    """Statements and expressions that may be left out, each with its last line; outer ones first.

    A statement counts with what follows it in its block: where it was not reached, neither were those.
    """
    stack: list[tuple[ast.AST, int]] = [(function, 0)]
    while stack:
        node, last = stack.pop()
        if isinstance(node, _Texts):
            continue  # nothing can be told apart in there before Python 3.12
        if isinstance(node, ast.stmt) and node is not function:
            yield node, last
        elif last:
            assert isinstance(node, ast.expr)
            yield node, last
        optional = {id(part): part.end_lineno or 0 for part in _optional(node)}
        inner: list[tuple[ast.AST, int]] = []
        for _, value in ast.iter_fields(node):
            children = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, ast.AST)]
            ends = children[-1].end_lineno or 0 if children and isinstance(children[-1], ast.stmt) else 0
            inner += [(one, ends or optional.get(id(one), 0)) for one in children]
        stack.extend(reversed(inner))


def _optional(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.IfExp(body=body, orelse=other):
            yield body
            yield other
        case ast.BoolOp(values=[_, *others]):
            yield from others
        case ast.ListComp(elt=member) | ast.SetComp(elt=member) | ast.GeneratorExp(elt=member):
            yield member
        case ast.DictComp(value=member):
            yield member
        case ast.Lambda(body=body):
            yield body
        case ast.comprehension(ifs=conditions):
            yield from conditions


def _with_breaks(source: str, places: list[ast.expr]) -> str:
    """The source with these expressions in brackets, on lines of their own."""
    lines = [line.encode() for line in source.split("\n")]
    marks: list[tuple[int, int, int, bytes]] = []
    for order, node in enumerate(places):
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        marks.append((node.lineno, node.col_offset, -order, b"(\n"))
        marks.append((node.end_lineno, node.end_col_offset, order, b"\n)"))
    # From the end, so that places stay what they are. Of brackets at one place the inner ones stand nearer.
    for line, column, _, text in sorted(marks, reverse=True):
        lines[line - 1] = lines[line - 1][:column] + text + lines[line - 1][column:]
    return b"\n".join(lines).decode()


def _part(node: ast.stmt | ast.expr, last: int) -> Part:
    text = ast.unparse(node).partition("\n")[0]
    text = text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"
    return Part(node.lineno, last, text, isinstance(node, (ast.Raise, ast.Assert)))
