"""A candidate as Python's own parser sees it where it stands, with what the checks ask of that: whose body it is, which
nodes are new, what a function holds of its own. No verdicts here.
"""

from __future__ import annotations

import ast
import bisect
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from glosswright_server.verify.python.excerpt import Excerpt

Function: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = (*FUNCTIONS, ast.Lambda, ast.ClassDef)
LOOPS = (ast.For, ast.AsyncFor, ast.While)


def parse_python(source: str) -> ast.Module | None:
    """Python's syntax tree, or None for what it refuses, for whatever reason."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def refusal(source: str) -> str:
    """Why Python would not compile what it can parse (`return` outside a function, say); "" if it would."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "candidate", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error.msg or "invalid syntax"
    except (ValueError, RecursionError, MemoryError):
        return ""
    return ""


@dataclass(frozen=True)
class Parsed:
    """One candidate inside its excerpt."""

    module: ast.Module
    excerpt: Excerpt

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for line in self.excerpt.source.split("\n"):
            starts.append(starts[-1] + len(line) + 1)
        return starts

    def offset(self, line: int, column: int) -> int:
        """The code point offset of an `ast` position: lines from 1, columns in UTF-8 bytes from 0."""
        start, end = self._starts[min(line, len(self._starts) - 1) - 1 : min(line, len(self._starts) - 1) + 1]
        text = self.excerpt.source[start : end - 1]
        return start + (column if text.isascii() else len(text.encode("utf-8")[:column].decode("utf-8", "ignore")))

    def line_at(self, offset: int) -> int:
        """The line, from 1, of a code point offset."""
        return bisect.bisect_right(self._starts, offset)

    def is_new(self, node: ast.AST) -> bool:
        """Whether `node` begins in the candidate."""
        line, column = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
        return line > 0 and self.excerpt.start <= self.offset(line, column) < self.excerpt.end

    @cached_property
    def enclosing(self) -> tuple[ast.AST, ...]:
        """The classes and functions around the candidate's first line of code, outermost first."""
        source, (start, end) = self.excerpt.source, (self.excerpt.start, self.excerpt.end)
        place = start + len(source[start:end]) - len(source[start:end].lstrip())
        found: list[ast.AST] = []
        stack: list[ast.AST] = [self.module]
        while stack:
            node = stack.pop()
            for child in ast.iter_child_nodes(node):
                if not isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case)):
                    continue
                parts = child.body if isinstance(child, ast.match_case) else [child]
                first, last = parts[0], parts[-1]
                if not self._starts_of(first) <= place < self.offset(last.end_lineno or 0, last.end_col_offset or 0):
                    continue
                if isinstance(child, (*FUNCTIONS, ast.ClassDef)) and self._starts_of(child) < start:
                    found.append(child)
                stack = [child]
                break
        return tuple(found)

    def _starts_of(self, node: ast.stmt | ast.ExceptHandler) -> int:
        return self.offset(node.lineno, node.col_offset)

    @property
    def function(self) -> Function | None:
        """The function in whose body the candidate stands."""
        last = self.enclosing[-1] if self.enclosing else None
        return last if isinstance(last, FUNCTIONS) else None

    @property
    def owner(self) -> ast.ClassDef | None:
        """The class whose method that function is."""
        above = self.enclosing[-2] if len(self.enclosing) > 1 else None
        return above if isinstance(above, ast.ClassDef) and self.function is not None else None

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the excerpt."""
        return tuple(ast.walk(self.module))

    @cached_property
    def methods(self) -> frozenset[ast.stmt]:
        """Every statement that stands in a class body itself."""
        return frozenset(one for node in self.nodes if isinstance(node, ast.ClassDef) for one in node.body)

    @cached_property
    def new_nodes(self) -> tuple[ast.AST, ...]:
        """Every node that begins in the candidate."""
        first, last = self.line_at(self.excerpt.start), self.line_at(self.excerpt.end)
        return tuple(node for node in self.nodes if first <= getattr(node, "lineno", 0) <= last and self.is_new(node))


def own_nodes(function: Function) -> Iterator[ast.AST]:
    """What stands in a function's body, nested functions and classes themselves but not what is in them."""
    stack: list[ast.AST] = list(reversed(function.body))
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, SCOPES):
            stack.extend(reversed(list(ast.iter_child_nodes(node))))


def body_of(function: Function) -> list[ast.stmt]:
    """The statements without the docstring."""
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return function.body[1:] if documented and isinstance(first.value.value, str) else function.body  # type: ignore[attr-defined]  # as `documented` says


def parameters_of(function: Function) -> list[ast.arg]:
    """All named parameters but `*args` and `**kwargs`, in order."""
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def bound_names(node: ast.AST) -> Iterator[str]:
    """Every name that `node` or something in it binds, in whatever scope; one for each binding."""
    for one in ast.walk(node):
        yield from names_bound_by(one)


def names_bound_by(node: ast.AST) -> Iterable[str]:
    """The names that one node binds, what is in it left out."""
    if isinstance(node, ast.Name):
        return () if isinstance(node.ctx, ast.Load) else (node.id,)
    if isinstance(node, ast.arg):
        return (node.arg,)
    if isinstance(node, ast.alias):
        return (node.asname or node.name.partition(".")[0],)
    if isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        return (node.name,) if node.name else ()
    if isinstance(node, ast.MatchMapping):
        return (node.rest,) if node.rest else ()
    return node.names if isinstance(node, (ast.Global, ast.Nonlocal)) else ()


def decorator_name(node: ast.expr) -> str:
    """`functools.lru_cache(maxsize=1)` → `lru_cache`."""
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
