"""Examples that show a call and then what comes of it: `f(1) -> 2`, `f(1) == 2`, "f(1) returns 2", `f(1)  # 2`.

Works for every language: a `Dialect` says what an expression and a value are there. A call counts only where the text
before it does not make it part of something else, and its value only where the text behind it does not go on: right
code must not look wrong because of prose. Nothing is evaluated. Never raises.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Protocol

from glosswright_server.intent.contract import ExampleKind
from glosswright_server.intent.docs.examples_python import FORMULA
from glosswright_server.intent.docs.examples_scan import EXAMPLE_HEADING, Reading, closing, value_ends


class Dialect(Protocol):
    """What a language has to say about pieces of its code. Nothing is evaluated, nothing raised."""

    @property
    def comment(self) -> str:
        """The marker of a comment that runs to the end of the line."""

    def trouble(self, source: str, bound: Collection[str] = ()) -> str:
        """Why `source` cannot be evaluated for an example: "" when it can, `FORMULA` when it is none."""

    def value(self, source: str, bound: Collection[str] = ()) -> str:
        """`source` as the value that is expected; "" where it is none."""

    def exception(self, source: str) -> str:
        """The exception that `source` starts with; "" where it names none."""

    def is_ambiguous(self, source: str) -> bool:
        """Whether `source` may mean either of two values."""

    def call(self, arguments: list[str]) -> str:
        """A call of the function with these arguments."""


_GAP = r"[ \t`]*"
_ARROW = r"={2,4}>|=>|-{1,3}>|[→➞⇒⟶⟹➔➜↦]"
_RESULT_WORDS = (
    r"(?:(?:should|must|will|would|shall|can|does)\s+)?"
    r"(?:returns?|be|gives?|equals?|evaluates?|produces?|outputs?|results?|yields\s+the\s+value|is)\b"
    r"(?:\s+(?:to|in|equal|be|exactly|the|a|value|number|string|list|tuple|array|set|dict|dictionary|result|boolean)\b)*"
)
_CHINESE = (
    r"(?:的?(?:结果|返回值|输出|值)?(?:应该|应当|应|将|会|就)?(?:返回|得到|等于|输出|得出|产生|为|是))"
    r"(?:列表|字符串|元组|字典|数组|值|结果)?"
)
_SEPARATOR = re.compile(
    rf"{_GAP}(?:(?P<arrow>{_ARROW})|(?P<equals>={{2,3}}|=(?!=))|(?P<words>\b{_RESULT_WORDS})|(?P<chinese>{_CHINESE}))"
    rf"{_GAP}[:：]?{_GAP}",
    re.IGNORECASE,
)
_RAISES = re.compile(
    rf"{_GAP}(?:(?:{_ARROW})\s*)?(?:(?:should|must|will|would)\s+)?"
    rf"(?:(?:raises?|throws?|fails?\s+with)\b(?:\s+(?:an?|the)\b)?|(?:应该|应当|应|将|会)?(?:抛出|引发|触发)(?:异常)?){_GAP}[:：]?{_GAP}",
    re.IGNORECASE,
)
_AFTER_ARROW = re.compile(rf"(?:{_RESULT_WORDS}|返回|得到|returns?\b)\s*:?\s*(?=[^\s])", re.IGNORECASE)
_COMMENT_LABEL = (
    rf"(?:(?:{_ARROW}|={{1,3}}(?!=))\s*)?"
    r"(?:(?:it\s+)?(?:should\s+)?(?:returns?|outputs?|prints?|results?|expected|logs?|be|is|返回|输出|结果为?|得到)\s*(?:is\b)?[:：]?\s*)?"
)
_END = re.compile(
    r"\s*$|[ \t]*(?:\n|[.,;:!?。，；：！？、)\]}\"'`|]|#|//|[-–—]+\s(?=[^\W\d])|\(|（"
    r"|(?:because|since|as|but|while|whereas|so|which|however)\b|(?:and|then)\s+[A-Za-z_`]|(?:因为|由于|而|因此|，|和))"
)
_ON = re.compile(r"[ \t]*(?:[.][ \t]*)?(?:={1,3}>?|->|=>|[→➞⇒])")
_SAME = re.compile(r"[ \t]*={1,2}(?![=>])[ \t]*")
_LOOKS_LIKE_VALUE = re.compile(r"[\[({'\"\d]|-\d|true\b|false\b|none\b", re.IGNORECASE)
_OPENERS = re.compile(r"(?:(?<![\w.])(?:[A-Za-z_][\w.]*)?\(|(?<![\w.)\]])[A-Za-z_]\w*\.|(?<![\w)\]])-)$")
_TRAILER = re.compile(r"\.[A-Za-z_]\w*|[(\[]")
_BULLET = re.compile(r"^\s*(?:[-*+•·–—>$]|\d+[.)、:]|[(（]\w{1,3}[)）])\s*$")
_ASSIGNED = re.compile(r"^\s*(?:(?:const|let|var|val|auto)\s+)?[A-Za-z_]\w*\s*(?::=|=)\s*$")
_ATTACHED = re.compile(r"\w[(\[]$")
_PRECEDED = re.compile(
    r"(?:^|[\s`\"'“”‘’(（\[:,;.!?|。，；：！？、*])$|[\u3040-\u30ff\u3400-\u9fff]$"  # a boundary; Chinese has no spaces
)
_UNFIT_WORD = re.compile(
    r"(?:\b(?:def|class|not|or|if|while|unless|when|lambda|yield|function|fn|func|fun|async|await|new|never|unlike|"
    r"return|typeof|in|is|except|elif|until)|[-+*/%=<>&|^~@!≠≤≥]|如果|假如|若|当|不|除非|非)\s*$",
    re.IGNORECASE,
)


def read_calls(reading: Reading, dialect: Dialect, taken: set[int]) -> None:
    """Find calls of the function, or of any function where none is named, that are followed by a value."""
    name = re.escape(reading.name) if reading.name else r"[A-Za-z_][\w.]*[\w]|[A-Za-z_]"
    pattern = re.compile(rf"(?<![\w.$])(?:{name})[ ]?\(" if not reading.name else rf"(?<![\w$]){name}[ ]?\(")
    calls = _Calls(reading, dialect)
    text, at = reading.text, 0
    while not reading.exhausted:
        match = pattern.search(text, at)
        if match is None:
            break
        at = match.end()
        if reading.line_of(match.start()) not in taken:
            at = max(at, calls.read(match.start(), match.end() - 1))
    if calls.formulas:
        _drop_definitions(reading, taken)


def _drop_definitions(reading: Reading, taken: set[int]) -> None:
    """Forget the equations of a recurrence: `a(1) = 3` beside `a(n) = a(n - 1) + 2` speaks of the sequence, which need
    not be what the function returns, where a later heading announces the examples."""
    last = max((line for line, text in enumerate(reading.lines) if EXAMPLE_HEADING.match(text)), default=0)
    if any(one.line >= last and one.line not in taken for one in reading.found):
        reading.found = [one for one in reading.found if one.line >= last or one.line in taken]
        reading.unreadable = [one for one in reading.unreadable if one[0] >= last or one[0] in taken]


class _Calls:
    def __init__(self, reading: Reading, dialect: Dialect) -> None:
        self.reading = reading
        self.text = reading.text
        self.dialect = dialect
        self.formulas: list[int] = []
        comment = re.escape(dialect.comment)
        self.comment = re.compile(rf"[ \t]*;?[ \t]*{comment}+[ \t]*{_COMMENT_LABEL}", re.IGNORECASE)

    def read(self, start: int, bracket: int) -> int:
        """Read the call that starts at `start`; answers how far the text has been used up."""
        end = closing(self.text, bracket)
        line = self.reading.line_of(start)
        line_start = self.reading.starts[line]
        self.reading.spend((end if end > 0 else bracket + 200) - start)
        if end < 0:
            self._unbalanced(line, start)
            return bracket + 1
        for first, last in self._extents(line_start, start, end):
            before = self.text[line_start:first]
            if not self._is_own(before):
                continue
            used = self._outcome(line, first, last, is_assigned=bool(_ASSIGNED.match(before)))
            if used:
                return used
        return bracket + 1

    def _extents(self, line_start: int, start: int, end: int) -> list[tuple[int, int]]:
        """The expressions that the call may be part of, widest first: `round(f(1), 2)`, `f(1)[0]`, `f(1)`."""
        extents = [(start, self._trailed(end))]
        while len(extents) < 4:
            first, last = extents[0]
            match = _OPENERS.search(self.text, max(line_start, first - 80), first)
            if match is None:
                break
            wide = match.start()
            if match[0].endswith("("):
                close = closing(self.text, match.end() - 1)
                if close < last:
                    break
                last = self._trailed(close)
            extents.insert(0, (wide, last))
        return extents

    def _trailed(self, end: int) -> int:
        """`end` moved behind `.name`, `[…]` and `(…)` that are attached."""
        for _ in range(8):
            match = _TRAILER.match(self.text, end)
            if match is None:
                return end
            close = closing(self.text, match.start()) if match[0] in "([" else match.end()
            if close < 0:
                return end
            end = close
        return end

    def _is_own(self, before: str) -> bool:
        """Whether what follows `before` on its line can be an expression of its own."""
        if not before.strip() or _BULLET.match(before) or _ASSIGNED.match(before):
            return True
        stripped = before.rstrip("`\"' \t“‘")
        if _ATTACHED.search(before) or _UNFIT_WORD.search(stripped):
            return False
        return bool(_PRECEDED.search(before))

    def _outcome(self, line: int, first: int, last: int, *, is_assigned: bool) -> int:
        """Read what follows the expression; answers the offset behind it, or 0 where it is no example."""
        expression = self.text[first:last]
        if not is_assigned:
            match = _RAISES.match(self.text, last)
            if match and (error := self.dialect.exception(self.text[match.end() : match.end() + 120])):
                return self._keep(line, expression, error, ExampleKind.RAISES, match.end() + len(error))
            match = _SEPARATOR.match(self.text, last)
            if match:
                return self._value(line, expression, match)
        match = self.comment.match(self.text, last)
        return self._value(line, expression, match) if match else 0

    def _value(self, line: int, expression: str, separator: re.Match[str]) -> int:
        text, at = self.text, separator.end()
        kind = separator.lastgroup
        if kind == "arrow" and (more := _AFTER_ARROW.match(text, at)):
            at = more.end()
        if kind in ("arrow", "equals"):
            at = self._next_line(at, line)
        error = self.dialect.exception(text[at : at + 120]) if kind != "equals" else ""
        if error and _END.match(text, at + len(error)):
            return self._keep(line, expression, error, ExampleKind.RAISES, at + len(error))
        value, end, is_ambiguous = self._expected(at)
        if value:
            return self._keep(line, expression, value, ExampleKind.VALUE, end)
        if kind in ("arrow", "equals") and _LOOKS_LIKE_VALUE.match(text, at):
            trouble = self.dialect.trouble(expression)
            if trouble != FORMULA:
                stop = text.find("\n", at)
                shown = text[separator.start() - len(expression) : stop if stop >= 0 else len(text)]
                self.reading.reject(line, shown, "may mean two values" if is_ambiguous else "the value is not readable")
                return at
        if self.dialect.trouble(expression) == FORMULA:
            self.formulas.append(line)
        return 0

    def _next_line(self, at: int, line: int) -> int:
        """Where the value starts: below an arrow that ends its line, at `at` otherwise."""
        stop = self.text.find("\n", at)
        if stop < 0 or self.text[at:stop].strip() or line + 1 >= len(self.reading.lines):
            return at
        below = self.reading.lines[self.reading.line_of(at) + 1]
        return stop + 1 + len(below) - len(below.lstrip()) if below.strip() else at

    def _expected(self, at: int) -> tuple[str, int, bool]:
        """The longest value at `at`, where it ends, and whether it might be another one."""
        ends, _ = value_ends(self.text, at)
        is_ambiguous = False
        for end in reversed(ends):
            source = self.text[at:end].rstrip().rstrip(".")
            self.reading.spend(len(source))
            if not source.strip() or self.reading.work <= 0:
                break
            if self.dialect.is_ambiguous(source):
                is_ambiguous = True
                break
            value = self.dialect.value(source)
            if not value or not (_END.match(self.text, end) or _SAME.match(self.text, end)):
                continue
            return self._last_of_chain(value, end)
        return "", at, is_ambiguous

    def _last_of_chain(self, value: str, end: int) -> tuple[str, int, bool]:
        """`19 - 5 - 6 = 8` means 8; after any other sign that goes on, the value is not the end of the story."""
        match = _SAME.match(self.text, end)
        if match:
            return self._expected(match.end())
        return ("", end, False) if _ON.match(self.text, end) else (value, end, False)

    def _keep(self, line: int, expression: str, expected: str, kind: ExampleKind, end: int) -> int:
        trouble = self.dialect.trouble(expression)
        if trouble == FORMULA:
            self.formulas.append(line)
        elif trouble:
            self.reading.reject(line, f"{expression} -> {expected}", trouble)
        else:
            self.reading.add(expression, expected, kind, line)
        return end

    def _unbalanced(self, line: int, start: int) -> None:
        shown = self.text[start : self.reading.starts[line] + len(self.reading.lines[line])]
        before = self.text[self.reading.starts[line] : start]
        if (not before.strip() or _BULLET.match(before)) and re.search(rf"{_ARROW}|==", shown):
            self.reading.reject(line, shown, "a bracket or quote does not close")
