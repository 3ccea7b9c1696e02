"""Is a body nothing but a table of the documented examples: `{1: 2, 2: 4}[x]`, `[0, 2, 4][x]`, `match x: case 1: …`?

A table that knows more than the examples is none of that (Roman digits, months), and one with computed values or
a computed default neither.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from glosswright_server.verify.python.parsed import Function, body_of, parameters_of

Pair = tuple[tuple[object, ...], object]
"""An example's arguments and result."""


def is_table_of(function: Function, pairs: Sequence[Pair]) -> bool:
    """Whether all that the body does is to look the examples' results up by the examples' arguments."""
    known = {repr(_key(arguments)): repr(result) for arguments, result in pairs}
    if len(known) < 2 or any(isinstance(result, bool) for _, result in pairs):
        return False  # a predicate may well be a list of cases
    statements = body_of(function)
    if not statements:
        return False
    tables = _literals(statements[:-1])
    names = {one.arg for one in parameters_of(function)}
    last = statements[-1]
    if tables is None:
        return False
    if isinstance(last, ast.Match) and _is_key(last.subject, names):
        entries = _cases(last)
    elif isinstance(last, ast.Return) and last.value is not None:
        entries = _looked_up(last.value, tables, names)
    else:
        return False
    shown = [entry for entry in entries if known.get(entry[0]) == entry[1]]
    # Of a list, what lies between the examples has to be filled in.
    is_list = bool(entries) and [entry[0] for entry in entries] == [str(at) for at in range(len(entries))]
    extra = len(entries) - len(shown)
    return len(shown) > 1 and len(shown) == len(known) and (extra == 0 or (is_list and extra < len(shown)))


def _key(arguments: tuple[object, ...]) -> object:
    return arguments[0] if len(arguments) == 1 else arguments


def _literals(statements: Sequence[ast.stmt]) -> dict[str, ast.expr] | None:
    """What the names are given that these statements bind; None where they do anything else."""
    found: dict[str, ast.expr] = {}
    for one in statements:
        targets = one.targets if isinstance(one, ast.Assign) else [one.target] if isinstance(one, ast.AnnAssign) else []
        value = one.value if isinstance(one, (ast.Assign, ast.AnnAssign)) else None
        if len(targets) != 1 or not isinstance(targets[0], ast.Name) or value is None:
            return None
        found[targets[0].id] = value
    return found


def _looked_up(node: ast.expr, tables: dict[str, ast.expr], names: set[str]) -> list[tuple[str, str]]:
    """The entries of the table that `node` looks something up in by the parameters; [] for anything else."""
    if isinstance(node, ast.Subscript):
        table, key = node.value, node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        table, key = node.func.value, node.args[0]
        if not all(_shown(one) for one in node.args[1:]):
            return []
    else:
        return []
    table = tables.get(table.id, table) if isinstance(table, ast.Name) else table
    if not _is_key(key, names):
        return []
    if isinstance(table, ast.Dict):
        entries = [
            (_shown(one) if one else "", _shown(value)) for one, value in zip(table.keys, table.values, strict=True)
        ]
    elif isinstance(table, (ast.List, ast.Tuple)):
        entries = [(str(at), _shown(value)) for at, value in enumerate(table.elts)]
    else:
        return []
    return entries if all(one and value for one, value in entries) else []


def _cases(match: ast.Match) -> list[tuple[str, str]]:
    """The cases' inputs and results; [] where a case is more than that."""
    entries: list[tuple[str, str]] = []
    for case in match.cases:
        [statement, *more] = case.body
        result = _shown(statement.value) if isinstance(statement, ast.Return) and statement.value else ""
        is_rest = isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None
        if is_rest and (result or isinstance(statement, ast.Raise)):
            continue
        key = _pattern(case.pattern)
        if more or case.guard or not key or not result:
            return []
        entries.append((key, result))
    return entries


def _pattern(pattern: ast.pattern) -> str:
    if isinstance(pattern, ast.MatchValue):
        return _shown(pattern.value)
    if isinstance(pattern, ast.MatchSingleton):
        return repr(pattern.value)
    if isinstance(pattern, ast.MatchSequence):
        parts = [_pattern(one) for one in pattern.patterns]
        return f"({', '.join(parts)})" if len(parts) > 1 and all(parts) else ""
    return ""


def _is_key(node: ast.expr, names: set[str]) -> bool:
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    return all(isinstance(one, ast.Name) and one.id in names for one in parts)


def _shown(node: ast.expr) -> str:
    """A literal as Python shows it; "" for anything else."""
    try:
        return repr(ast.literal_eval(node))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return ""
