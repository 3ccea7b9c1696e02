"""Examples at a Python prompt: `>>>` lines, their `...` continuations, and what the prompt answered.

As in the standard library's doctest, all prompts of one text are one session. Unlike there, an answer that is a
literal is compared as a value, prose below an answer is not part of it, and a bare `f(1) == 2` says that it holds.
Nothing is evaluated. Never raises.
"""

from __future__ import annotations

import ast
import builtins
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from glosswright_server.intent.contract import ExampleKind
from glosswright_server.intent.docs.examples_dialect import ARROW
from glosswright_server.intent.docs.examples_python import (
    BUILTINS,
    PythonDialect,
    bound_names,
    called_names,
    free_names,
    has_ellipsis,
    is_call_of,
    is_value,
    parsed,
    parsed_statements,
)
from glosswright_server.intent.docs.examples_scan import PROMPTS, Reading

PROMPT = re.compile(r"[ \t]*>>>(?!>)")

_CONTINUATION = re.compile(r"[ \t]*\.\.\.(?:[ \t]|$)")
_SKIP = re.compile(r"#\s*doctest:.*\+SKIP\b")
_ELLIPSIS = re.compile(r"#\s*doctest:.*\+ELLIPSIS\b")
_SAYS_MORE = re.compile(rf"{ARROW}|\)[ \t]*=")
_COMMENT = re.compile(rf"#\s*(?:(?:{ARROW}|={{1,2}}|returns?:?|outputs?:?)\s*)?(\S.*?)\s*$", re.IGNORECASE)
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{4,}")
_MAX_GROUP = 200  # lines of one input or one answer
_CONSTANTS = {"true": "True", "false": "False", "null": "None"}


@dataclass(slots=True)
class _Group:
    line: int
    source: str
    answer: list[str]
    outdented: bool = False
    """Whether a value stands below, where the answer would be, but left of the prompt."""
    prose: int = 0
    """How many of the answer's last lines are no part of it."""


def read_prompts(reading: Reading) -> set[int]:
    """Find the examples at prompts; answers the numbers of the lines that belong to them."""
    taken: set[int] = set()
    session = _Session(reading)
    for group in _groups(reading, taken):
        if reading.exhausted:
            break
        reading.spend(len(group.source) + sum(map(len, group.answer)))
        if _SAYS_MORE.search(group.source) and parsed_statements(group.source) is None:
            taken.difference_update(range(group.line, group.line + 1 + group.source.count("\n")))
            continue  # `>>> f(1) -> 2`: left to the reader of calls
        session.read(group)
        if group.prose:
            last = group.line + 1 + group.source.count("\n") + len(group.answer)
            taken.difference_update(range(last - group.prose, last))
    return taken


class _Session:
    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.bound: set[str] = {reading.name}
        self.setup: list[str] = []
        self.broken: set[str] = set()
        if PythonDialect(reading.name, reading.parameters).is_method:
            self.bound, self.broken = set(), {reading.name}

    def read(self, group: _Group) -> None:
        if _SKIP.search(group.source):
            return
        statements = parsed_statements(group.source)
        if statements is None:
            self._reject(group, "not valid Python")
            return
        if not statements:
            return
        *before, last = statements
        if any(_awaits(one) for one in before) or (not isinstance(last, ast.Expr) and _awaits(last)):
            self._reject(group, "only an expression can be awaited")
            return
        if self._shows_several(before, last, group.answer):
            self._reject(group, "it shows several values at once")
            return
        free = self._unbound(statements)
        if free:
            self.broken.update(bound_names(statements))
            self._reject(group, f"{min(free)} is not defined")
            return
        lines = [ast.get_source_segment(group.source, one) or "" for one in before]
        if not isinstance(last, ast.Expr):
            is_loop = isinstance(last, ast.For | ast.While)
            if any(line.strip() for line in group.answer):
                self._reject(group, "a loop cannot be an example" if is_loop else "a statement has no value")
            self._run(statements, group.source)
            return
        expression = ast.get_source_segment(group.source, last.value) or ""
        if before:
            self._run(before, "\n".join(lines))
        self._expression(group, last.value, expression)

    def _shows_several(self, before: list[ast.stmt], last: ast.stmt, answer: list[str]) -> bool:
        """Whether a prompt shows more than the last value: `f(4); f(5)`."""
        shown = [one for one in before if isinstance(one, ast.Expr) and is_call_of(one.value, self.reading.name)]
        again = isinstance(last, ast.Expr) and is_call_of(last.value, self.reading.name)
        return bool(shown) and (len(_stripped(answer)) > 1 or (again and bool(_stripped(answer))))

    def _expression(self, group: _Group, node: ast.expr, expression: str) -> None:
        answer = _stripped(group.answer)
        if group.outdented and not answer:
            self._reject(group, "its answer is indented less than the prompt")
            return
        if not answer:
            if isinstance(node, ast.Compare | ast.BoolOp) or _is_not(node):
                left, right = equation(node, expression, self.reading.name)
                if right:
                    self._add(group, left, right, ExampleKind.VALUE)
                else:
                    self._add(group, expression, "", ExampleKind.HOLDS)
            elif isinstance(node, ast.Call):
                self._call(group, expression)
            return
        if answer[0].startswith("Traceback (most recent call last"):
            name = _exception(answer[1:])
            if name:
                self._add(group, expression, name, ExampleKind.RAISES)
            else:
                self._reject(group, "the traceback does not end")
            return
        if not is_call_of(node, "print", "pprint"):
            if len(answer) == 1 and (name := _exception(answer)) and _is_builtin_exception(name):
                self._add(group, expression, name, ExampleKind.RAISES)  # `ValueError: no`, without its traceback
                return
            value, group.prose = _literal(answer)
            if value:
                self._add(group, expression, value, ExampleKind.VALUE)
                return
        text = "\n".join("" if line.strip() == "<BLANKLINE>" else line for line in answer)
        whole = parsed(text)
        if _ELLIPSIS.search(group.source):
            self._add(group, expression, text, ExampleKind.PRINTS)  # whose `...` stands for anything
        elif "..." in text and (whole is None or has_ellipsis(whole)):
            self._reject(group, "the answer is shortened")
        elif _ADDRESS.search(text):
            self._reject(group, "the answer is an address")
        elif whole is None and text.startswith(("[", "(", "{", "'", '"')) and not is_call_of(node, "print", "pprint"):
            self._reject(group, "the answer is not a value")
        else:
            self._add(group, expression, text, ExampleKind.PRINTS)

    def _call(self, group: _Group, expression: str) -> None:
        """A call without an answer: its comment may say what comes of it."""
        match = _COMMENT.search(group.source, group.source.rfind(expression) + len(expression))
        node = parsed(match[1]) if match else None
        if match and node is not None and is_value(node) and not isinstance(node, ast.Tuple):
            self._add(group, expression, match[1], ExampleKind.VALUE)
        else:
            self.setup.append(expression)

    def _add(self, group: _Group, expression: str, expected: str, kind: ExampleKind) -> None:
        setup, self.setup = "\n".join(self.setup), []
        self.reading.add(expression, expected, kind, group.line, setup=setup, session=PROMPTS)

    def _run(self, statements: list[ast.stmt], source: str) -> None:
        self.bound.update(bound_names(statements))
        self.setup.append(source)

    def _reject(self, group: _Group, why: str) -> None:
        self.reading.reject(group.line, ">>> " + group.source, why)

    def _unbound(self, statements: list[ast.stmt]) -> set[str]:
        """Names that can come from nowhere. What is called or capitalised may come from the module."""
        free: set[str] = set()
        own: set[str] = set()
        for one in statements:
            new = free_names(one) - own
            free |= {name for name in new - called_names(one) if not name[:1].isupper() and name != "_"}
            free |= new & self.broken
            own.update(bound_names([one]))
        return free - self.bound - BUILTINS


def equation(node: ast.expr, source: str, name: str) -> tuple[str, str]:
    """The two sides of `f(1) == 2`, the one that calls the function first; ("", "") where `node` is no equation."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq):
        return "", ""
    left = ast.get_source_segment(source, node.left) or ""
    right = ast.get_source_segment(source, node.comparators[0]) or ""
    left_side, right_side = (_padded(source, one) for one in (node.left, node.comparators[0]))
    if name and name in free_names(node.comparators[0]) and name not in free_names(node.left):
        return right_side or right, left_side or left
    return left_side or left, right_side or right


def _padded(source: str, node: ast.expr) -> str:
    # A generator or a line break inside parentheses loses them in the node's own extent.
    segment = ast.get_source_segment(source, node) or ""
    return f"({segment})" if "\n" in segment and parsed(segment) is None else segment


def _groups(reading: Reading, taken: set[int]) -> Iterator[_Group]:
    lines, at = reading.lines, 0
    while at < len(lines):
        if not PROMPT.match(lines[at]):
            at += 1
            continue
        start = at
        indent = len(lines[at]) - len(lines[at].lstrip())
        source = [lines[at].lstrip().removeprefix(">>>").removeprefix(" ")]
        at += 1
        while at < len(lines) and _CONTINUATION.match(lines[at]) and at - start < _MAX_GROUP:
            source.append(lines[at].lstrip()[4:])
            at += 1
        answer: list[str] = []
        while at < len(lines) and lines[at].strip() and not PROMPT.match(lines[at]) and len(answer) < _MAX_GROUP:
            if len(lines[at]) - len(lines[at].lstrip()) < indent or lines[at].lstrip().startswith("```"):
                break
            answer.append(lines[at][indent:].rstrip())
            at += 1
        taken.update(range(start, at))
        outdented = (
            not answer and at < len(lines) and not PROMPT.match(lines[at]) and _is_value_left_of(lines[at], indent)
        )
        yield _Group(start, textwrap.dedent("\n".join(source)).rstrip(), answer, outdented)


def _is_value_left_of(line: str, indent: int) -> bool:
    node = parsed(line) if line.strip() and len(line) - len(line.lstrip()) < indent else None
    return node is not None and is_value(node)


def _awaits(statement: ast.stmt) -> bool:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return not isinstance(statement, functions) and any(isinstance(part, ast.Await) for part in ast.walk(statement))


def _stripped(answer: list[str]) -> list[str]:
    return [line for line in answer if line.strip()]


def _literal(answer: list[str]) -> tuple[str, int]:
    """The answer's leading lines as a literal, and how many lines below are prose; ("", 0) where they are none, or
    where what follows may belong to it."""
    first = answer[0].strip()
    if first in _CONSTANTS and len(answer) == 1:
        return _CONSTANTS[first], 0
    source = ""
    for count, line in enumerate(answer, 1):
        source = f"{source}\n{line}" if source else line.strip()
        node = parsed(source)
        if node is not None and is_value(node):
            rest = answer[count:]
            below = parsed(rest[0]) if rest else None
            return (source, len(rest)) if below is None or not is_value(below) else ("", 0)
    return "", 0


def _exception(lines: list[str]) -> str:
    for line in lines:
        match = re.match(r"(?:\w+\.)*([A-Za-z_]\w*)(?::|\s*$)", line)
        if match:
            return match[1]
    return ""


def _is_builtin_exception(name: str) -> bool:
    found = getattr(builtins, name, None)
    return isinstance(found, type) and issubclass(found, BaseException)


def _is_not(node: ast.expr) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
