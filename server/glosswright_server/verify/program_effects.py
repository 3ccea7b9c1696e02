"""Tells the Python statements that only define something from those that do something when a module is loaded.

A judgement by kind, from the syntax alone: `TABLE = {c: i for i, c in enumerate(LETTERS)}` defines, `app = start()`
does. It is not what keeps code in (the sandbox is); it keeps a user's file from being started by accident.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator

MUTATORS = frozenset(
    ("append", "extend", "add", "update", "setdefault", "insert", "sort", "reverse", "remove", "discard", "pop")
)
"""Methods that change a container in place."""

_ACTIONS = frozenset(
    (
        *("print", "input", "open", "exec", "eval", "compile", "__import__", "exit", "quit", "breakpoint", "help"),
        *("copyright", "credits", "license", "globals", "locals", "vars"),
    )
)
_BUILTINS = frozenset(dir(builtins)) - _ACTIONS
_MODULES = frozenset(
    (
        *("abc", "array", "ast", "base64", "binascii", "bisect", "calendar", "cmath", "collections", "colorsys"),
        *("contextvars", "copy", "ctypes", "dataclasses", "datetime", "decimal", "difflib", "enum", "fractions"),
        *("functools", "hashlib", "heapq", "hmac", "html", "inspect", "ipaddress", "itertools", "json", "keyword"),
        *("locale", "math", "numbers", "operator", "pathlib", "queue", "random", "re", "statistics", "string"),
        *("struct", "textwrap", "threading", "time", "types", "typing", "unicodedata", "urllib.parse", "uuid"),
        *("warnings", "weakref", "zoneinfo", "contextlib", "typing_extensions", "numpy", "sympy", "attr", "attrs"),
        *("logging.getLogger", "logging.NullHandler", "os.path", "os.getenv", "os.environ.get", "sys.intern"),
    )
)
"""Modules, or names of modules, whose calls define."""
_METHODS = frozenset(
    (
        *("basicConfig", "connect", "execute", "exit", "listen", "load", "main", "mainloop", "mkdir", "open"),
        *(
            "parse_args",
            "read",
            "read_bytes",
            "read_text",
            "recv",
            "rmdir",
            "run",
            "send",
            "serve",
            "serve_forever",
            "show",
        ),
        *("sleep", "start", "system", "touch", "unlink", "write", "write_bytes", "write_text", "writelines"),
    )
)
"""Methods that do something, whatever they are called on."""
_Definition = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Effects:
    """Judges the statements of one module."""

    def __init__(self, statements: Iterable[ast.stmt]) -> None:
        self._modules: dict[str, str] = {}
        self._definitions: dict[str, ast.stmt] = {}
        self._visiting: set[str] = set()
        self._harmless: dict[str, bool] = {}
        for node in statements:
            for each in _flat(node):
                if isinstance(each, (ast.Import, ast.ImportFrom)):
                    self._modules.update(_imported(each))
                elif isinstance(each, _Definition):
                    self._definitions.setdefault(each.name, each)

    def is_module(self, name: str) -> bool:
        """Whether an import binds `name`."""
        return name in self._modules

    def defines(self, node: ast.stmt) -> bool:
        """Whether loading `node` only defines."""
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.Pass)):
            return True
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            defaults = [default for default in (*node.args.defaults, *node.args.kw_defaults) if default is not None]
            return self._decorated(node) and all(map(self._value, defaults))
        if isinstance(node, ast.ClassDef):
            values = [*node.bases, *(keyword.value for keyword in node.keywords)]
            return self._decorated(node) and all(map(self._value, values)) and self._all(node.body)
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            return node.value is None or self._value(node.value)
        if isinstance(node, ast.If):
            return not is_main_guard(node) and self._value(node.test) and self._all([*node.body, *node.orelse])
        if isinstance(node, ast.For):
            return self._value(node.iter) and self._all([*node.body, *node.orelse])
        if isinstance(node, ast.Try):
            handlers = [each for handler in node.handlers for each in handler.body]
            return self._all([*node.body, *handlers, *node.orelse, *node.finalbody])
        if isinstance(node, ast.Expr):
            return isinstance(node.value, ast.Constant) or self._changes(node.value)
        return type(node).__name__ == "TypeAlias"  # `type X = int`, from Python 3.12

    def _all(self, body: list[ast.stmt]) -> bool:
        return all(map(self.defines, body))

    def _decorated(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
        return all(map(self._callable, node.decorator_list))

    def _changes(self, value: ast.expr) -> bool:
        return (
            isinstance(value, ast.Call)
            and isinstance(value.func, ast.Attribute)
            and value.func.attr in MUTATORS
            and isinstance(value.func.value, ast.Name)
            and not self.is_module(value.func.value.id)
            and self._value(value)
        )

    def _value(self, value: ast.expr) -> bool:
        """Whether evaluating `value` only makes a value; what a lambda does, it does later."""
        if isinstance(value, ast.Lambda):
            return True
        if isinstance(value, (ast.Await, ast.Yield, ast.YieldFrom)):
            return False
        if isinstance(value, ast.Call) and not self._callable(value.func):
            return False
        return all(self._value(part) for part in _parts(value))

    def _callable(self, function: ast.expr) -> bool:
        """Whether calling `function`, or decorating with it, only makes a value."""
        if isinstance(function, ast.Call):
            return self._value(function)
        names: list[str] = []
        root = function
        while isinstance(root, ast.Attribute):
            names.insert(0, root.attr)
            root = root.value
        if not isinstance(root, ast.Name):
            return names[-1:] == [] or names[-1] not in _METHODS
        if root.id in self._modules:
            path = ".".join((self._modules[root.id], *names))
            return any(path == known or path.startswith(f"{known}.") for known in _MODULES) and not _acts(names)
        if root.id in self._definitions:
            return not _acts(names) and self._runs(root.id)
        return root.id not in _ACTIONS and not _acts(names)

    def _runs(self, name: str) -> bool:
        """Whether calling a definition of the file only makes a value, as far as its text tells."""
        if name in self._harmless:
            return self._harmless[name]
        if name in self._visiting:
            return True
        self._visiting.add(name)
        harmless = all(self._step(node) for node in ast.walk(self._definitions[name]))
        self._visiting.discard(name)
        if not self._visiting:  # an answer found inside a cycle may lean on a guess
            self._harmless[name] = harmless
        return harmless

    def _step(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Call):
            return self._callable(node.func)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            return all(path.split(".")[0] in _MODULES for path in _imported(node).values())
        return not isinstance(node, (ast.With, ast.AsyncWith, ast.Await))


def is_main_guard(node: ast.stmt) -> bool:
    """Whether `node` is `if __name__ == "__main__":` in one of its forms."""
    return isinstance(node, ast.If) and any(
        isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(node.test)
    )


def _acts(names: list[str]) -> bool:
    return bool(names) and names[-1] in _METHODS


def _parts(value: ast.AST) -> Iterator[ast.expr]:
    for child in ast.iter_child_nodes(value):
        if isinstance(child, ast.expr):
            yield child
        elif isinstance(child, (ast.comprehension, ast.keyword)):
            yield from _parts(child)


def _flat(node: ast.stmt) -> Iterator[ast.stmt]:
    """`node` and the statements of its branches, functions and classes not entered."""
    yield node
    if isinstance(node, (ast.If, ast.Try, ast.For, ast.With)):
        for child in ast.iter_child_nodes(node):
            bodies = child.body if isinstance(child, ast.ExceptHandler) else [child]
            for each in bodies:
                if isinstance(each, ast.stmt):
                    yield from _flat(each)


def _imported(node: ast.Import | ast.ImportFrom) -> dict[str, str]:
    """Local name → dotted path."""
    if isinstance(node, ast.Import):
        return {
            alias.asname or alias.name.split(".")[0]: alias.name if alias.asname else alias.name.split(".")[0]
            for alias in node.names
        }
    module = "." * node.level + (node.module or "")
    return {alias.asname or alias.name: f"{module}.{alias.name}" for alias in node.names}
