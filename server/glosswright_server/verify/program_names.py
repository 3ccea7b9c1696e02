"""The names that Python statements bind, change and read at module level. Syntax only; nothing is looked up."""

from __future__ import annotations

import ast
import symtable
import warnings
from collections.abc import Iterable, Iterator

from glosswright_server.intent.contract import Example, ExampleKind
from glosswright_server.verify.program_effects import MUTATORS


def bound_by(node: ast.AST) -> set[str]:
    """The names that `node` binds in the scope it stands in; "*" for a star import."""
    bound: set[str] = set()
    for each in same_scope([node]):
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bound.add(each.name)
        elif isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            bound.add(each.id)
        elif isinstance(each, (ast.Import, ast.ImportFrom)):
            bound.update(alias.asname or alias.name.split(".")[0] for alias in each.names)
        elif isinstance(each, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and each.name:
            bound.add(each.name)
        elif isinstance(each, ast.MatchMapping) and each.rest:
            bound.add(each.rest)
    return bound


def changed_by(node: ast.stmt) -> set[str]:
    """The names whose values `node` changes in place: `x.append(…)`, `x[…] = …`, `x.y = …`."""
    changed: set[str] = set()
    for each in same_scope([node]):
        root: ast.expr | None = None
        if isinstance(each, (ast.Attribute, ast.Subscript)) and not isinstance(each.ctx, ast.Load):
            root = each
        elif isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and each.func.attr in MUTATORS:
            root = each.func
        while isinstance(root, (ast.Attribute, ast.Subscript)):
            root = root.value
        if isinstance(root, ast.Name):
            changed.add(root.id)
    return changed


def read_by(source: str) -> set[str]:
    """The names that the statements of `source` look up in their module, at once or when called.

    Raises SyntaxError where the compiler takes exception (`return` outside a function, `nonlocal` at module level).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tables = [symtable.symtable(source, "<program>", "exec")]
    read: set[str] = set()
    while tables:
        table = tables.pop()
        # `x = x` in the body of a class reads the module's `x`.
        by_value = table.get_type() in ("module", "class")
        read.update(s.get_name() for s in table.get_symbols() if s.is_global() or (by_value and s.is_referenced()))
        tables.extend(table.get_children())
    return read


def read_by_examples(examples: tuple[Example, ...]) -> set[str]:
    """The names that examples look up and do not bind themselves."""
    read: set[str] = set()
    bound: set[str] = set()
    for example in examples:
        sources = [example.setup, example.expression]
        if example.kind is not ExampleKind.PRINTS:
            sources.append(example.expected.strip())
        for source in sources:
            names = _names_of(source)
            read |= names[0]
            bound |= names[1]
    return read - bound


def _names_of(source: str) -> tuple[set[str], set[str]]:
    try:
        return read_by(source), bound_by(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(), set()  # what cannot be read cannot be run either; the sandbox says so


def same_scope(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """`nodes` and what of them runs in the same scope: bodies of functions and classes are left out."""
    stack: list[ast.AST] = list(nodes)
    while stack:
        each = stack.pop()
        yield each
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        if isinstance(each, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            stack.extend(part for part in ast.walk(each) if isinstance(part, ast.NamedExpr))
            continue
        stack.extend(ast.iter_child_nodes(each))
