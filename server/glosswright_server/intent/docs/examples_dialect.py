"""What the readers of examples ask about a language, and the words that stand between a call and its value.

An interface and patterns; the languages themselves are in `examples_python`, `examples_script` and `examples_other`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Protocol

FORMULA = "a formula"
"""Why an expression is no example although nothing is wrong with it: it speaks of all values, not of one."""

PLACEHOLDERS = frozenset(("arg", "args", "kwargs", "options"))
"""Names that stand for any argument."""

GAP = r"[ \t`]*"
ARROW = r"={2,4}>|=>|-{1,3}>|[→➞⇒⟶⟹➔➜↦]"
RESULT_WORDS = (
    r"(?:(?:should|must|will|would|shall|can|does)\s+)?"
    r"(?:returns?|be|gives?|equals?|evaluates?|produces?|outputs?|results?|is)\b"
    r"(?:\s+(?:to|in|equal|be|exactly|the|a|value|number|string|list|tuple|array|set|dict|dictionary|result|boolean)\b)*"
)
RESULT_WORDS_CHINESE = (
    r"(?:的?(?:结果|返回值|输出|值)?(?:应该|应当|应|将|会|就)?(?:返回|得到|等于|输出|得出|产生|为|是))"
    r"(?:列表|字符串|元组|字典|数组|值|结果)?"
)
BULLET = re.compile(r"^\s*(?:[-*+•·–—$]|>{1,3}|\d+[.)、:]|[(（]\w{1,3}[)）])\s*$")


class Dialect(Protocol):
    """What a language has to say about pieces of its code. Nothing is evaluated, nothing raised."""

    comment: str
    """The marker of a comment that runs to the end of the line."""

    def trouble(self, source: str, bound: Collection[str] = ()) -> str:
        """Why `source` cannot be evaluated for an example: "" when it can, `FORMULA` when it is none."""

    def value(self, source: str, bound: Collection[str] = ()) -> str:
        """`source` as the value that is expected; "" where it is none."""

    def computed(self, source: str) -> str:
        """`source` as an expression whose value has to be computed, such as `math.pi`; "" where it is none, or where
        that cannot be told from prose."""
        del source
        return ""

    def modules(self, source: str) -> list[str]:
        """The modules of the standard library that `source` takes something from and the file does not import."""
        del source
        return []

    def exception(self, source: str) -> str:
        """The exception that `source` starts with; "" where it names none."""

    def is_ambiguous(self, source: str) -> bool:
        """Whether `source` may mean either of two values."""

    def printed(self, expression: str) -> str:
        """What `expression` prints, where it is a call of the language's print function; "" otherwise."""

    def as_printed(self, value: str) -> str:
        """`value` as it is printed, where that is certain; "" otherwise."""

    def call(self, arguments: list[str]) -> str:
        """A call of the function with these arguments."""


def meant(names: Collection[str], own: Collection[str]) -> set[str]:
    """Those of the file's names that mean themselves in an example: not the function's `own` ones, its parameters among
    them, and none that stands for any value, as a single letter does."""
    return {one for one in names if len(one) > 1} - {*own} - PLACEHOLDERS
