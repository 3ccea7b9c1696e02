"""Examples written as assertions: `assert f(1) == 2`, `assert_eq!(f(1), 2)`, `expect(f(1)).toBe(2)`.

An assertion counts when it calls the function, or speaks of a name that lines above it were given by calling it.
Nothing is evaluated. Never raises.
"""

from __future__ import annotations

import ast
import re

from glosswright_server.intent.contract import ExampleKind
from glosswright_server.intent.docs.examples_dialect import FORMULA, Dialect
from glosswright_server.intent.docs.examples_doctest import equation
from glosswright_server.intent.docs.examples_python import PythonDialect, bound_names, free_names, parsed_statements
from glosswright_server.intent.docs.examples_scan import REACH, Reading, closing, split_top

_ASSERT = re.compile(r"^[\s`*+\-]*(assert\b[ \t(].*)$")
_ASSIGNMENT = re.compile(r"^[\s*+\-]*([A-Za-z_]\w*[ \t]*=(?!=)[ \t]*\S.{0,400})$")
_MAX_LINES = 30
_FAR = 12  # lines above an assertion in which its names are looked for

# Which calls assert, and in which order they take what is and what should be.
_EQUAL = re.compile(
    r"\b(?:assert_eq!|assert\.(?:equal|strictEqual|deepEqual|deepStrictEqual|Equal|Equals)|assertEquals?|assert_equal"
    r"|ASSERT_EQ|EXPECT_EQ|t\.(?:is|deepEqual|equal|same))[ ]?(?=\()"
)
_TRUE = re.compile(r"\b(?:assert!|assert\.(?:ok|isTrue|True)|assertTrue|console\.assert|assert)[ ]?(?=\()")
_FALSE = re.compile(r"\b(?:assert\.(?:isFalse|False)|assertFalse)[ ]?(?=\()")
_THROWS = re.compile(r"\b(?:assert\.throws|assertThrows)[ ]?(?=\()")
_EXPECT = re.compile(r"\bexpect[ ]?(?=\()")
_MATCHER = re.compile(
    r"\s*\.(toBe|toEqual|toStrictEqual|toThrow|toThrowError|toBeNull|toBeUndefined|toBeTruthy|toBeFalsy)(?=\()"
)
_FIXED = {"toBeNull": "null", "toBeUndefined": "undefined"}
_THUNK = re.compile(r"^(?:\(\s*\)\s*(?:=>|->)|function\s*\(\s*\))\s*(?:\{\s*(?:return\s+)?)?(.*?);?\s*\}?$", re.DOTALL)


def read_python_asserts(reading: Reading, taken: set[int]) -> None:
    """Find `assert` statements; notes their lines in `taken`."""
    dialect = PythonDialect(reading.name, reading.parameters, reading.names)
    for line, text in enumerate(reading.lines):
        if reading.exhausted:
            return
        match = _ASSERT.match(text) if line not in taken else None
        if match is None:
            continue
        lines = [match[1].rstrip(" `")]
        while _is_open("\n".join(lines)) and line + len(lines) < len(reading.lines) and len(lines) < _MAX_LINES:
            lines.append(reading.lines[line + len(lines)])
            reading.spend(sum(map(len, lines)))
        source = "\n".join(lines)
        reading.spend(len(source))
        statements = parsed_statements(source.rstrip(".;,。"))
        if not statements or len(statements) != 1 or not isinstance(statements[0], ast.Assert):
            continue  # "assert f(1) => 2" is left to the reader of calls
        _python_assert(reading, dialect, line, source, statements[0])
        taken.update(range(line, line + len(lines)))


def _python_assert(reading: Reading, dialect: PythonDialect, line: int, source: str, statement: ast.Assert) -> None:
    setup, names = _assigned(reading, line, free_names(statement.test))
    calls = free_names(statement.test) | {name for one in setup for name in free_names(one)}
    if reading.name and reading.name not in calls:
        return
    test = ast.get_source_segment(source, statement.test) or ""
    trouble = dialect.trouble(test.replace("\n", " "), names)
    if trouble:
        if trouble != FORMULA:
            reading.reject(line, source, trouble)
        return
    before = "\n".join(ast.unparse(one) for one in setup)
    left, right = equation(statement.test, source, reading.name)
    if right and not dialect.trouble(left, names):
        reading.add(left, right, ExampleKind.VALUE, line, setup=before)
    else:
        reading.add(f"({test})" if "\n" in test else test, "", ExampleKind.HOLDS, line, setup=before)


def _assigned(reading: Reading, line: int, wanted: set[str]) -> tuple[list[ast.stmt], set[str]]:
    """The assignments not far above `line` that bind what is `wanted`, in order, and the names they bind."""
    found: list[ast.stmt] = []
    names: set[str] = set()
    wanted = set(wanted)
    for above in range(line - 1, max(-1, line - 1 - _FAR), -1):
        match = _ASSIGNMENT.match(reading.lines[above])
        if match is None:
            continue
        reading.spend(len(match[1]))
        statements = parsed_statements(match[1]) or []
        new = set(bound_names(statements))
        if len(statements) == 1 and isinstance(statements[0], ast.Assign) and new & wanted and not new & names:
            found.insert(0, statements[0])
            names |= new
            wanted |= free_names(statements[0])
    return found, names


def _is_open(source: str) -> bool:
    at = 0
    while match := re.compile(r"[(\[{]").search(source, at):
        end = closing(source, match.start())
        if end < 0:
            return True
        at = end
    return False


def read_call_asserts(reading: Reading, dialect: Dialect, taken: set[int]) -> None:
    """Find assertions that are calls, in the manner of JavaScript, Rust, Java, Go and C++; notes their lines."""
    _Asserts(reading, dialect, taken).read()


class _Asserts:
    def __init__(self, reading: Reading, dialect: Dialect, taken: set[int]) -> None:
        self.reading = reading
        self.text = reading.text
        self.dialect = dialect
        self.taken = taken

    def read(self) -> None:
        for pattern, keep in (
            (_EQUAL, self._equal),
            (_THROWS, self._throws),
            (_FALSE, self._false),
            (_EXPECT, self._expect),
            (_TRUE, self._true),
        ):
            at = 0
            while not self.reading.exhausted and (match := pattern.search(self.text, at)):
                at = match.end()
                line = self.reading.line_of(match.start())
                end = closing(self.text, match.end())
                self.reading.spend(max(end, at) - at)
                if line in self.taken:
                    continue
                if end < 0:
                    self.reading.reject(
                        line, self.text[match.start() : match.start() + 200], "a bracket does not close"
                    )
                    self.taken.add(line)
                    continue
                arguments = split_top(self.text[match.end() + 1 : end - 1])
                if keep(line, arguments, end):
                    self.taken.update(range(line, self.reading.line_of(end) + 1))

    def _equal(self, line: int, arguments: list[str], end: int) -> bool:
        del end
        sides = [one for one in arguments if one][:2]
        if len(sides) < 2:
            return False
        return self._is_equal(line, *sides) or self._is_equal(line, *reversed(sides))

    def _throws(self, line: int, arguments: list[str], end: int) -> bool:
        del end
        thunks = [match[1] for one in arguments if (match := _THUNK.match(one))]
        errors = [name for one in arguments if (name := self.dialect.exception(one.removesuffix(".class")))]
        if not thunks or self.dialect.trouble(thunks[0]) or not self._is_about(thunks[0]):
            return False
        self.reading.add(thunks[0], errors[0] if errors else "Error", ExampleKind.RAISES, line)
        return True

    def _false(self, line: int, arguments: list[str], end: int) -> bool:
        del end
        return self._is_equal(line, arguments[0], "false")

    def _true(self, line: int, arguments: list[str], end: int) -> bool:
        del end
        test = arguments[0]
        for sign in ("===", "=="):
            left, found, right = test.partition(sign)
            if found and self._is_equal(line, left.strip(), right.strip()):
                return True
        if not self._is_about(test) or self.dialect.trouble(test):
            return False
        self.reading.add(test, "", ExampleKind.HOLDS, line)
        return True

    def _expect(self, line: int, arguments: list[str], end: int) -> bool:
        match = _MATCHER.match(self.text, end)
        if match is None or len(arguments) != 1:
            return False
        close = closing(self.text, match.end())
        inner = self.text[match.end() + 1 : close - 1].strip() if close > 0 else ""
        if match[1].startswith("toThrow"):
            return self._throws(line, [arguments[0], inner], end)
        if match[1] in ("toBeTruthy", "toBeFalsy"):
            return self._true(line, [arguments[0] if match[1] == "toBeTruthy" else f"!({arguments[0]})"], end)
        return self._is_equal(line, arguments[0], _FIXED.get(match[1], inner))

    def _is_equal(self, line: int, expression: str, expected: str) -> bool:
        if not self._is_about(expression) or self.dialect.trouble(expression):
            return False
        value = self.dialect.value(expected)
        if value:
            self.reading.add(expression, value, ExampleKind.VALUE, line)
        return bool(value)

    def _is_about(self, source: str) -> bool:
        """Whether `source` calls the function, or calls anything where no function is named."""
        name = re.escape(self.reading.name) if self.reading.name else r"[A-Za-z_]\w*"
        return bool(re.search(rf"(?<![\w$]){name}[ ]?\(", source[:REACH]))
