"""What ordinary Python raises by itself: `int("x")` a ValueError, `d[k]` a KeyError. Knows only what surely does not.

Whatever is not known to be harmless may raise anything.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable

_HARMLESS_BUILTINS = frozenset(
    (
        *("len", "sum", "sorted", "abs", "print", "isinstance", "issubclass", "str", "list", "dict", "set", "tuple"),
        *("enumerate", "zip", "any", "all", "round", "reversed", "map", "filter", "bool", "repr", "frozenset", "type"),
        *("id", "callable", "hasattr"),
    )
)
_HARMLESS_METHODS = frozenset(
    (
        *("append", "lower", "upper", "strip", "lstrip", "rstrip", "items", "keys", "values", "get", "add", "join"),
        *(
            "startswith",
            "endswith",
            "extend",
            "copy",
            "title",
            "capitalize",
            "replace",
            "isdigit",
            "isalpha",
            "isspace",
        ),
        *("isupper", "islower", "sort", "reverse", "count", "find", "setdefault", "clear", "insert", "swapcase"),
    )
)
_LOOKUPS = frozenset(("KeyError", "IndexError", "LookupError"))
_ARITHMETIC = frozenset(("ZeroDivisionError", "ArithmeticError", "OverflowError", "FloatingPointError"))
_OPERATORS = (ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.LShift, ast.RShift)


def may_raise(exception: str, nodes: Iterable[ast.AST], own_name: str = "") -> bool:
    """Whether one of `nodes` might raise `exception`, given by its bare name. There is no `raise` among them."""
    if exception in ("TypeError", "AttributeError", "Exception", "BaseException", "MemoryError", "KeyboardInterrupt"):
        return True
    return any(_may_raise(exception, node, own_name) for node in nodes)


def _may_raise(exception: str, node: ast.AST, own_name: str) -> bool:
    if isinstance(node, ast.Call):
        return not _is_harmless(exception, node.func, own_name)
    if isinstance(node, (ast.With, ast.AsyncWith, ast.Await, ast.Import, ast.ImportFrom)):
        return True
    if isinstance(node, ast.Subscript):
        # A subscript of an object of a class of one's own may raise anything; of a builtin one only these.
        return exception in _LOOKUPS or not hasattr(builtins, exception)
    if isinstance(node, ast.Assert):
        return exception == "AssertionError"
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, _OPERATORS):
        return exception in _ARITHMETIC
    if isinstance(node, (ast.Tuple, ast.List)) and isinstance(node.ctx, ast.Store):
        return exception == "ValueError"  # too many values to unpack
    if isinstance(node, ast.Name):
        return exception in ("NameError", "UnboundLocalError")
    if isinstance(node, (ast.For, ast.comprehension)):  # an iterator may do as it likes
        return exception in ("StopIteration", "RuntimeError")
    return False


def _is_harmless(exception: str, called: ast.expr, own_name: str) -> bool:
    if isinstance(called, ast.Name):
        if called.id == own_name:
            return True  # it raises what the rest of it raises
        return called.id in _HARMLESS_BUILTINS or (called.id == "range" and exception != "ValueError")
    return isinstance(called, ast.Attribute) and called.attr in _HARMLESS_METHODS and hasattr(builtins, exception)
