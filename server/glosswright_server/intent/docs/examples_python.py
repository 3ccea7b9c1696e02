"""Python expressions in documentation: which can be checked, and which are formulas, signatures or slips.

Sources are parsed, never evaluated. An expression can be checked when every name in it is bound: a builtin, the
function itself, a name of the session. Whether what it says is true is not asked here. Never raises.
"""

from __future__ import annotations

import ast
import builtins
import re
import warnings
from collections.abc import Collection, Iterator

from glosswright_server.intent.docs.examples_scan import closing

FORMULA = "a formula"
"""Why an expression is no example although it is right: it speaks of all values, not of one."""

BUILTINS = frozenset(dir(builtins))
_PURE = frozenset(
    {
        *("abs", "bool", "bytearray", "bytes", "chr", "complex", "dict", "float", "frozenset", "int", "len", "list"),
        *("max", "min", "ord", "pow", "range", "repr", "reversed", "round", "set", "sorted", "str", "sum", "tuple"),
    }
)
_FOREIGN_CONSTANTS = {
    "true": "True",
    "false": "False",
    "null": "None",
    "none": "None",
    "TRUE": "True",
    "FALSE": "False",
}
_SIGNATURE = re.compile(r"[(,]\s*\*{0,2}\w+\s*:(?!=)|[(,]\s*/\s*[,)]|[(,]\s*\*\s*,")
_EXCEPTION = re.compile(r"(?:[A-Za-z_]\w*\.)*([A-Z]\w*(?:Error|Exception|Warning|Exit|Interrupt|Iteration))\b")
_LITERALS = (
    ast.Constant,
    ast.List,
    ast.Tuple,
    ast.Set,
    ast.Dict,
    ast.UnaryOp,
    ast.BinOp,
    ast.unaryop,
    ast.operator,
    ast.expr_context,
    ast.keyword,
)


class PythonDialect:
    """What the readers of calls and pairs ask about Python."""

    comment = "#"

    def __init__(self, name: str, parameters: tuple[str, ...]) -> None:
        self.name = name
        self.parameters = parameters

    def trouble(self, source: str, bound: Collection[str] = ()) -> str:
        """Why `source` cannot be evaluated for an example: "" when it can, `FORMULA` when it is none."""
        node = parsed(source)
        if node is None:
            return FORMULA if _SIGNATURE.search(source) else "not an expression"
        if has_ellipsis(node):
            return FORMULA
        free = free_names(node) - BUILTINS - {self.name, *bound} - (set() if self.name else called_names(node))
        if not free:
            return "is awaited" if any(isinstance(part, ast.Await) for part in ast.walk(node)) else ""
        if any(len(one) == 1 or one in self.parameters for one in free):
            return FORMULA
        return f"{min(free)} is not defined"

    def value(self, source: str, bound: Collection[str] = ()) -> str:
        """`source` as the value that is expected; "" where it is none."""
        node = parsed(source)
        if node is None:
            return ""
        if isinstance(node, ast.Tuple) and not source.startswith("("):
            return ""
        if isinstance(node, ast.Name) and node.id in _FOREIGN_CONSTANTS:
            return _FOREIGN_CONSTANTS[node.id]
        return source if is_value(node, bound) else ""

    def exception(self, source: str) -> str:
        """The exception that `source` starts with; "" where it names none."""
        match = _EXCEPTION.match(source)
        return match[1] if match else ""

    def is_ambiguous(self, source: str) -> bool:
        """Whether `source` may mean either of two values: `("a")` a string or a tuple, `1, 2` one value or two."""
        node = parsed(source)
        if isinstance(node, ast.Tuple):
            return not source.startswith("(")
        return isinstance(node, ast.Constant) and source.startswith("(") and closing(source, 0) == len(source)

    def call(self, arguments: list[str]) -> str:
        """A call of the function with these arguments."""
        return f"{self.name}({', '.join(arguments)})"


def parsed(source: str) -> ast.expr | None:
    """`source` as one Python expression; None where it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "'str' object is not callable", invalid escapes: the author's business
            return ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def parsed_statements(source: str) -> list[ast.stmt] | None:
    """`source` as Python statements; None where it is not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source).body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def is_value(node: ast.expr, bound: Collection[str] = ()) -> bool:
    """Whether `node` is a literal, arithmetic of literals, or a call such as `set([1])` with literals."""
    functions = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            if not isinstance(part.func, ast.Name) or part.func.id not in _PURE or _is_nan(part):
                return False
            functions.add(id(part.func))
        elif isinstance(part, ast.Name):
            if id(part) not in functions and part.id not in bound:
                return False
        elif not isinstance(part, _LITERALS) or (isinstance(part, ast.Constant) and part.value is ...):
            return False
    return True


def has_ellipsis(node: ast.AST) -> bool:
    """Whether `...` stands in it for something that was left out."""
    return any(isinstance(part, ast.Constant) and part.value is ... for part in ast.walk(node))


def free_names(node: ast.AST) -> set[str]:
    """Names that `node` reads and does not bind itself (comprehensions, lambdas and assignments bind)."""
    read: set[str] = set()
    bound: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            (read if isinstance(part.ctx, ast.Load) else bound).add(part.id)
        elif isinstance(part, ast.arg):
            bound.add(part.arg)
    return read - bound


def called_names(node: ast.AST) -> set[str]:
    """Names that `node` calls, or whose attributes it takes: they may come from the module."""
    users = (part for part in ast.walk(node) if isinstance(part, ast.Call | ast.Attribute))
    bases = (part.func if isinstance(part, ast.Call) else part.value for part in users)
    return {base.id for base in bases if isinstance(base, ast.Name)}


def bound_names(statements: list[ast.stmt]) -> Iterator[str]:
    """Names that these statements bind at their own level."""
    for part in (part for statement in statements for part in ast.walk(statement)):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            yield part.id
        elif isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield part.name
        elif isinstance(part, ast.alias):
            yield (part.asname or part.name).split(".")[0]


def _is_nan(call: ast.Call) -> bool:
    return any(
        isinstance(one, ast.Constant) and isinstance(one.value, str) and "nan" in one.value.lower() for one in call.args
    )
