"""Expressions of languages whose examples are known but not run: Rust, Go, Java, C, C++, Ruby and the rest.

Only literals and brackets are looked at, so this is a guess: good enough to tell a model what is wanted, not to judge
code by. Never raises.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from glosswright_server.intent.docs.examples_dialect import FORMULA, Dialect
from glosswright_server.intent.docs.examples_scan import split_top

_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'')
_WORD = re.compile(r"[A-Za-z_]\w*")
_CONSTANTS = frozenset(("true", "false", "null", "nil", "None", "True", "False", "nullptr", "NULL"))
_NUMBER = re.compile(r"-?(?:0[xXbBoO][\da-fA-F_]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)(?:[a-zA-Z]\w{0,4})?")
_WRAPPED = re.compile(
    r"&?(?:mut\s+)?(?:new\s+)?(?:[A-Za-z_][\w.:<>\[\]]*!?\s*|\[\]\w+\s*|map\[\w+\]\w+\s*)?[(\[{].*[)\]}](?:\.\w+\(\))?",
    re.S,
)
_SIGNATURE = re.compile(r"[(,]\s*&?(?:mut\s+)?\w+\s*:|\(\s*\w+\s+\w+\s*[,)]")
_EXCEPTION = re.compile(r"(?:[A-Za-z_]\w*(?:\.|::))*([A-Z]\w*(?:Error|Exception))\b")


class OtherDialect(Dialect):
    """What the readers of calls and pairs ask about a language that is not parsed here."""

    def __init__(self, comment: str, name: str, parameters: tuple[str, ...]) -> None:
        self.comment = comment
        self.name = name
        self.parameters = parameters

    def trouble(self, source: str, bound: Collection[str] = ()) -> str:
        """Why `source` is no example: "" when it is one, `FORMULA` when it is none."""
        if _SIGNATURE.search(source) or "..." in source:
            return FORMULA
        bare = _STRING.sub("0", source)
        for match in _WORD.finditer(bare):
            word = match[0]
            if word in _CONSTANTS or word in bound or word == self.name or word[:1].isupper():
                continue
            if bare[match.end() : match.end() + 1] not in tuple("(!.:[{<") and bare[
                match.start() - 1 : match.start()
            ] not in tuple(".:0123456789"):
                return FORMULA
        return ""

    def value(self, source: str, bound: Collection[str] = ()) -> str:
        """`source` as the value that is expected; "" where it is none."""
        source = source.strip()
        if source in _CONSTANTS or source in bound or _NUMBER.fullmatch(source) or _STRING.fullmatch(source):
            return source
        if _WRAPPED.fullmatch(source) and not self.trouble(source, bound) and len(split_top(source)) == 1:
            return source
        return ""

    def exception(self, source: str) -> str:
        """The exception that `source` starts with; "" where it names none."""
        match = _EXCEPTION.match(source)
        return match[1] if match else ""

    def is_ambiguous(self, source: str) -> bool:
        """Whether `source` may mean either of two values: `1, 2`."""
        parts = split_top(source)
        return len(parts) > 1 and all(self.value(part) for part in parts)

    def printed(self, expression: str) -> str:
        """Nothing: how these languages print is not known here."""
        del expression
        return ""

    def as_printed(self, value: str) -> str:
        """Nothing, likewise."""
        del value
        return ""

    def call(self, arguments: list[str]) -> str:
        """A call of the function with these arguments."""
        return f"{self.name}({', '.join(arguments)})"
