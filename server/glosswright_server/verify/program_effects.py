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
        *("logging.getLogger", "logging.NullHandler", "os.path", "os.getenv", "os.environ.get", "sys"),
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
_QUIET = frozenset(
    ("warnings.catch_warnings", "warnings.simplefilter", "warnings.filterwarnings", "contextlib.suppress")
)
"""What only says what to do about warnings and exceptions."""
_Definition = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Effects:
    """Judges the statements of one module."""

    def __init__(self, statements: Iterable[ast.stmt]) -> None:
        self._modules: dict[str, str] = {}
        self._definitions: dict[str, ast.stmt] = {}
        self._harmless: dict[tuple[str, str], bool] = {}
        self._pending: list[tuple[str, str]] | None = None
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
        """Whether loading `node` only defines. True for what ends a run too: it binds nothing, so nothing keeps it."""
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.Pass, ast.Delete, ast.Raise, ast.Assert)):
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
            if isinstance(node.value, ast.Call) and self._path(node.value.func) in _QUIET:
                return self._value(node.value)
            return isinstance(node.value, (ast.Constant, ast.Name, ast.Attribute)) or self._changes(node.value)
        if isinstance(node, ast.With):
            return all(map(self._guards, node.items)) and self._all(node.body)
        return type(node).__name__ == "TypeAlias"  # `type X = int`, from Python 3.12

    def _all(self, body: list[ast.stmt]) -> bool:
        return all(map(self.defines, body))

    def _guards(self, item: ast.withitem) -> bool:
        """Whether entering a context only says what to do about warnings or exceptions."""
        entered = item.context_expr
        return isinstance(entered, ast.Call) and self._path(entered.func) in _QUIET and self._value(entered)

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
        root, names = _chain(function)
        if names and names[-1] in _METHODS:
            return False
        if not isinstance(root, ast.Name):
            return True
        if root.id in self._modules:
            path = self._path(function)
            return any(path == known or path.startswith(f"{known}.") for known in _MODULES)
        if root.id in self._definitions:
            return self._runs(root.id, names[0] if names else "")
        return root.id not in _ACTIONS

    def _path(self, function: ast.expr) -> str:
        """The dotted path of what an import brings; "" for anything else."""
        root, names = _chain(function)
        module = self._modules.get(root.id) if isinstance(root, ast.Name) else None
        return "" if module is None else ".".join((module, *names))

    def _runs(self, name: str, method: str) -> bool:
        """Whether calling a definition of the file, or a method of it, only makes a value, as far as its text tells."""
        entry = (name, method)
        if entry in self._harmless:
            return self._harmless[entry]
        if self._pending is not None:
            # What is called from there is looked at in its turn, once.
            self._pending.append(entry)
            return True
        self._pending = [entry]
        seen: set[tuple[str, str]] = set()
        harmless = True
        while harmless and self._pending:
            each = self._pending.pop()
            if each not in seen:
                seen.add(each)
                harmless = all(self._step(node) for body in self._bodies(*each) for node in ast.walk(body))
        self._pending = None
        self._harmless.update(dict.fromkeys(seen, True) if harmless else {entry: False})
        return harmless

    def _bodies(self, name: str, method: str) -> Iterator[ast.stmt]:
        """What runs when `name`, or its `method`, is called: of a class only what makes an object."""
        node = self._definitions[name]
        if not isinstance(node, ast.ClassDef):
            yield node
            return
        wanted = (method,) if method else ("__init__", "__new__", "__post_init__")
        yield from (one for one in node.body if isinstance(one, _Definition) and one.name in wanted)
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id in self._definitions:
                self._runs(base.id, method)

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


def _chain(function: ast.expr) -> tuple[ast.expr, list[str]]:
    """`a.b.c` as its root and the names behind it."""
    names: list[str] = []
    while isinstance(function, ast.Attribute):
        names.insert(0, function.attr)
        function = function.value
    return function, names


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
