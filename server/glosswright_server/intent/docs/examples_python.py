"""Python expressions in documentation: which can be checked, and which are formulas, signatures or slips.

Sources are parsed, never evaluated. An expression can be checked when every name in it is bound: a builtin, the
function itself, a name of the session. Whether what it says is true is not asked here. Never raises.
"""

from __future__ import annotations

import ast
import builtins
import re
import sys
import warnings
from collections.abc import Collection, Iterator

from glosswright_server.intent.docs.examples_dialect import FORMULA, PLACEHOLDERS, meant
from glosswright_server.intent.docs.examples_scan import closing

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

    def __init__(self, name: str, parameters: tuple[str, ...], names: Collection[str] = ()) -> None:
        self.name = name
        self.parameters = parameters
        self.names = meant(names, (name, *parameters))
        self.is_method = parameters[:1] in (("self",), ("cls",))

    def trouble(self, source: str, bound: Collection[str] = ()) -> str:
        """Why `source` cannot be evaluated for an example: "" when it can, `FORMULA` when it is none."""
        node = parsed(source)
        if node is None:
            return FORMULA if _SIGNATURE.search(source) else "not an expression"
        if has_ellipsis(node):
            return FORMULA
        known = BUILTINS | self.names | {*bound} | ({self.name} if not self.is_method else set())
        free = free_names(node) - known
        called = called_names(node)
        if self.is_method and self.name in called & free:
            return "it is a method"
        free -= {one for one in called if one[:1].isupper() or not self.name}
        if not free:
            return ""
        if any(len(one) == 1 or one in self.parameters or one in PLACEHOLDERS for one in free):
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
        if not is_value(node, bound):
            return ""
        return source if "#" not in source else ast.get_source_segment(source, node) or ""  # without its comment

    def computed(self, source: str) -> str:
        """`source` where it is an attribute or a call, such as `math.pi` or `date(2024, 2, 1)`; "" otherwise."""
        node = parsed(source)
        if not isinstance(node, ast.Attribute | ast.Call):
            return ""
        return ast.get_source_segment(source.strip(), node) or ""

    def modules(self, source: str) -> list[str]:
        """The modules of the standard library that `source` takes something from and the file does not import."""
        node = parsed(source)
        return sorted(called_names(node) & sys.stdlib_module_names - self.names) if node is not None else []

    def exception(self, source: str) -> str:
        """The exception that `source` starts with; "" where it names none."""
        match = _EXCEPTION.match(source)
        return match[1] if match else ""

    def is_ambiguous(self, source: str) -> bool:
        """Whether `source` may mean either of two values: `("a")` a string or a tuple, `1, 2` one value or two."""
        node = parsed(source)
        if isinstance(node, ast.Tuple):
            return not source.startswith("(") and is_value(node)
        return isinstance(node, ast.Constant) and source.startswith("(") and closing(source, 0) == len(source)

    def printed(self, expression: str) -> str:
        """What `expression` prints, where it is `print(…)` of one thing; "" otherwise."""
        node = parsed(expression) if expression.startswith("print(") else None
        if not isinstance(node, ast.Call) or len(node.args) != 1 or node.keywords or not is_call_of(node, "print"):
            return ""
        return ast.get_source_segment(expression.strip(), node.args[0]) or ""

    def as_printed(self, value: str) -> str:
        """`value` as `print` shows it; "" for texts and numbers that can be written in several ways."""
        node = parsed(value)
        if node is None or any(
            isinstance(part, ast.Constant) and isinstance(part.value, str | float) for part in ast.walk(node)
        ):
            return ""
        return (
            "" if any(isinstance(part, ast.Call | ast.BinOp | ast.Set) for part in ast.walk(node)) else _unparsed(node)
        )

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
        elif _is_no_literal(part):
            return False
    return True


def _is_no_literal(part: ast.AST) -> bool:
    if isinstance(part, ast.BinOp):  # "True/False" offers two values
        return not (_is_operand(part.left) and _is_operand(part.right))
    return isinstance(part, ast.Not) or not isinstance(part, _LITERALS) or _is_ellipsis(part)


def _is_operand(node: ast.expr) -> bool:
    return not isinstance(node, ast.Constant) or not (node.value is None or isinstance(node.value, bool))


def _is_ellipsis(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def is_call_of(node: ast.expr, *names: str) -> bool:
    """Whether `node` calls a function of one of these names."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def has_ellipsis(node: ast.AST) -> bool:
    """Whether `...` stands in it for something that was left out."""
    return any(map(_is_ellipsis, ast.walk(node)))


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


def _unparsed(node: ast.expr) -> str:
    try:
        return ast.unparse(node)
    except (RecursionError, ValueError):
        return ""
