"""Examples that show what goes in and what comes out, without a call: "For x = 3, the result should be 9",
"Input: [1, 2] Output: 3", "[1, 2] -> 3".

The call is put together from the function's parameters, and only where that can be done in one way: every parameter
has its value, by name or by position. Nothing is evaluated. Never raises.
"""

from __future__ import annotations

import re

from glosswright_server.intent.contract import ExampleKind
from glosswright_server.intent.docs.examples_dialect import ARROW, BULLET, Dialect
from glosswright_server.intent.docs.examples_scan import EXAMPLE_HEADING, Reading, split_top
from glosswright_server.intent.docs.examples_values import END, expected_value, given_value, value_start

_GIVEN = re.compile(
    r"(?:\b(?:for|if|given|when|with|input)\b|对于|对|当|给定|若|如果|输入)[ \t]*"
    r"(?:the[ \t]+)?(?:inputs?[ \t]+)?:?[ \t`]*(?=[A-Za-z_]\w*[ \t]*=(?![=>]))",
    re.IGNORECASE,
)
_RESULT = re.compile(
    r"[`\s]*[,;:，；]?(?:[^\n.]|\n(?![ \t]*\n)){0,80}?"
    r"(?:\b(?:output|result|answer|function|returned[ ]value|return[ ]value|value|it)[ \t\n]+"
    r"(?:(?:should|must|will|would)[ \t]+)?(?:be|is|return|returns|output|outputs|equals?)\b"
    r"|\b(?:should[ \t]+|must[ \t]+|will[ \t]+)?returns?\b"
    r"|(?:结果|输出|答案|返回值|函数)?(?:应该|应当|应|将|会|就)?(?:返回|得到|输出|等于|应为|为|是)"
    rf"|(?:{ARROW}))[ \t:：`]*",
    re.IGNORECASE,
)
_INPUT = re.compile(r"(?:^|[\s(>*\-])(?:inputs?|输入)(?:[ \t]*\d+)?[ \t]*(?:[:：]|=(?!=))[ \t`]*", re.IGNORECASE)
_OUTPUT = re.compile(
    r"(?:^|[\s,;>*\-)`])(?:(?:expected[ ])?outputs?|expected|returns?|result|输出|返回|结果)(?:[ \t]*\d+)?"
    rf"[ \t]*(?:[:：]|=(?!=)|{ARROW})[ \t`]*",
    re.IGNORECASE,
)
_BINDING = re.compile(r"[ \t`]*([A-Za-z_]\w*)[ \t]*=(?![=>])[ \t]*")
_JOINT = re.compile(r"[ \t`]*(?:,[ \t]*(?:and[ \t]+)?|，|、|和|且|and[ \t]+)")
_LABEL = re.compile(r"^[ \t]*(?:(?:e\.g\.|examples?[ \t]*\d*|示例\d*|例如|比如|例)[ \t]*[:：,.]?[ \t]*)", re.IGNORECASE)
_NAMED = re.compile(r"([A-Za-z_]\w*)\s*[=:]\s*(.+)", re.DOTALL)
_AND = re.compile(r"\s+(?:and|&)\s+|\s*(?:和|且|、)\s*")
_LONGEST_INPUT = 1_500


def read_given(reading: Reading, dialect: Dialect, taken: set[int]) -> None:
    """Find examples without a call. Needs the function's name and parameters."""
    if not reading.name or not reading.parameters or reading.parameters[0] in ("self", "cls"):
        return
    given = _Given(reading, dialect)
    given.sentences(taken)
    given.pairs(taken)
    given.arrows(taken)


class _Given:
    def __init__(self, reading: Reading, dialect: Dialect) -> None:
        self.reading = reading
        self.text = reading.text
        self.dialect = dialect
        self.call_of = re.compile(rf"\b{re.escape(reading.name)}[ ]?\(")

    def sentences(self, taken: set[int]) -> None:
        """For x = [1, 2] and k = 1, the output should be 3."""
        at = 0
        while not self.reading.exhausted and (match := _GIVEN.search(self.text, at)):
            at = match.end()
            line = self.reading.line_of(match.start())
            if line in taken:
                continue
            self.reading.spend(200)
            bindings, end = self._bindings(at)
            result = _RESULT.match(self.text, end) if bindings else None
            if result is not None:
                at = self._keep(line, self._arguments(bindings), result.end()) or at

    def pairs(self, taken: set[int]) -> None:
        """Input: nums = [1, 2], k = 1 / Output: 3."""
        at = 0
        while not self.reading.exhausted and (match := _INPUT.search(self.text, at)):
            at = match.end()
            line = self.reading.line_of(match.end() - 1)
            result = _OUTPUT.search(self.text, at, at + _LONGEST_INPUT)
            self.reading.spend(200)
            if result is None or line in taken or _INPUT.search(self.text, at, result.start()):
                continue
            source = re.sub(rf"(?:{ARROW})\s*$", "", self.text[at : result.start()].strip()).strip(" \t\n`,;.，；。")
            if self.call_of.match(source) and not self.dialect.trouble(source):
                self._expect(line, source, value_start(self.reading, result.end()))
            elif bindings := self._split(source):
                at = self._keep(line, self._arguments(bindings), value_start(self.reading, result.end())) or at

    def arrows(self, taken: set[int]) -> None:
        """[1, 2] -> 3, alone on its line."""
        is_other = False
        for line, text in enumerate(self.reading.lines):
            if self.reading.exhausted:
                return
            if not text.strip():
                is_other = False
            if EXAMPLE_HEADING.match(text):
                is_other = False
            elif text.rstrip().endswith((":", "：")):
                is_other = True
            if line in taken or is_other or len(text) > _LONGEST_INPUT or self.call_of.search(text):
                continue
            arrows = re.findall(ARROW, text)
            if len(arrows) != 1:
                continue
            self.reading.spend(len(text))
            left, right = re.split(ARROW, text, maxsplit=1)
            left = left.lstrip().lstrip("-*+•·").strip() if not BULLET.match(left) else ""
            left = _LABEL.sub("", re.sub(r"^\d+[.)][ \t]+", "", left)).strip(" \t`")
            bindings = self._split(left)
            if bindings:
                start = self.reading.starts[line] + len(text) - len(right) + len(right) - len(right.lstrip(" \t`"))
                self._keep(line, self._arguments(bindings), start)

    def _bindings(self, at: int) -> tuple[list[tuple[str, str]], int]:
        """`x = 1, y = 2` at `at`, and where it ends."""
        found: list[tuple[str, str]] = []
        end = at
        while match := _BINDING.match(self.text, at):
            expected = given_value(self.reading, self.dialect, match.end())
            if not expected.source:
                break
            found.append((match[1], expected.source))
            end = expected.end
            joint = _JOINT.match(self.text, end)
            if joint is None:
                break
            at = joint.end()
        return found, end

    def _split(self, source: str) -> list[tuple[str, str]]:
        """The values, with their names where they have one, that `source` lists; [] where it is anything else."""
        if not source or len(source) > _LONGEST_INPUT:
            return []
        for parts in (split_top(source), _AND.split(source)):
            found = []
            for part in parts:
                named = _NAMED.fullmatch(part)
                name, value = (named[1], named[2]) if named else ("", part)
                if self.dialect.is_ambiguous(value) or not (known := self.dialect.value(value.strip("`"))):
                    break
                found.append((name, known))
            else:
                return found
        return []

    def _arguments(self, bindings: list[tuple[str, str]]) -> list[str]:
        """The arguments in the parameters' order; [] unless each parameter gets exactly one."""
        parameters = self.reading.parameters
        if len(bindings) == 1 and len(parameters) > 1 and not bindings[0][0]:
            value = bindings[0][1]
            bindings = [("", part) for part in split_top(value[1:-1])] if value.startswith("(") else bindings
        if len(bindings) != len(parameters):
            return []
        names = [name for name, _ in bindings]
        if not any(names) or len(parameters) == 1:
            return [value for _, value in bindings]
        values = {name.casefold(): value for name, value in bindings}
        wanted = [name.casefold() for name in parameters]
        return [values[name] for name in wanted] if sorted(values) == sorted(wanted) else []

    def _keep(self, line: int, arguments: list[str], at: int) -> int:
        return self._expect(line, self.dialect.call(arguments), at) if arguments else 0

    def _expect(self, line: int, expression: str, at: int) -> int:
        error = self.dialect.exception(self.text[at : at + 120])
        if error and END.match(self.text, at + len(error)):
            self.reading.add(expression, error, ExampleKind.RAISES, line)
            return at + len(error)
        expected = expected_value(self.reading, self.dialect, at)
        if not expected.source:
            return 0
        self.reading.add(expression, expected.source, ExampleKind.VALUE, line)
        return expected.end
