"""A Python statement without what only people read: docstrings, and annotations that nothing can see."""

from __future__ import annotations

import ast
import copy

_KNOWN = frozenset(
    (
        *("staticmethod", "classmethod", "property", "cached_property", "cache", "lru_cache", "contextmanager"),
        *("abstractmethod", "override", "final", "wraps", "setter", "getter", "deleter", "total_ordering"),
    )
)
"""Decorators that look at no annotation."""


def bare(node: ast.stmt, *, keep_headers: bool = False) -> ast.stmt:
    """A copy of `node` without docstrings and, unless `keep_headers`, without the annotations of its functions.

    Annotations of a class's fields stay: data classes are made of them. So do those of a function that has a decorator
    which may look at them.
    """
    stripped: ast.stmt = _Stripper(keep_headers).visit(copy.deepcopy(node))
    return ast.fix_missing_locations(stripped)


class _Stripper(ast.NodeTransformer):
    def __init__(self, keep_headers: bool) -> None:
        self._keep_headers = keep_headers
        self._depth = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        depth, self._depth = self._depth, 0
        self.generic_visit(node)
        self._depth = depth
        node.body = _without_passes(node.body)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, (str, bytes)):
            return ast.Pass()
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        # The annotation of a local variable is never evaluated (PEP 526); the variable stays local.
        if self._depth > 0 and isinstance(node.target, ast.Name):
            node.annotation = ast.Constant(value=None)
        return self.generic_visit(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        if not self._keep_headers and all(_last_name(decorator) in _KNOWN for decorator in node.decorator_list):
            node.returns = None
            for argument in ast.walk(node.args):
                if isinstance(argument, ast.arg):
                    argument.annotation = None
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1
        node.body = _without_passes(node.body)
        return node


def _without_passes(body: list[ast.stmt]) -> list[ast.stmt]:
    return [node for node in body if not isinstance(node, ast.Pass)] or [ast.Pass()]


def _last_name(decorator: ast.expr) -> str:
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
