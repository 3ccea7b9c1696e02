"""Examples that show a call and then what comes of it: `f(1) -> 2`, `f(1) == 2`, "f(1) returns 2", `f(1)  # 2`; and
prompts, `>>> f(1)` with the answer below, in languages other than Python (`examples_doctest` reads those of Python).

Works for every language: a `Dialect` says what an expression and a value are there. A call counts only where the text
before it does not make it part of something else, and its value only where the text behind it does not go on: right
code must not look wrong because of prose. Nothing is evaluated. Never raises.
"""

from __future__ import annotations

import re

from glosswright_server.intent.contract import ExampleKind
from glosswright_server.intent.docs.examples_dialect import (
    ARROW,
    BULLET,
    FORMULA,
    GAP,
    RESULT_WORDS,
    RESULT_WORDS_CHINESE,
    Dialect,
)
from glosswright_server.intent.docs.examples_scan import EXAMPLE_HEADING, REACH, Reading, closing
from glosswright_server.intent.docs.examples_values import END, expected_value, value_start

_SEPARATOR = re.compile(
    rf"{GAP}(?:(?P<arrow>{ARROW})|(?P<equals>={{2,3}}|=(?!=))|(?P<words>\b{RESULT_WORDS})"
    rf"|(?P<chinese>[,，]?[ \t]*{RESULT_WORDS_CHINESE})){GAP}[:：]?{GAP}",
    re.IGNORECASE,
)
_RAISES = re.compile(
    rf"{GAP}(?:(?:{ARROW})\s*)?(?:(?:should|must|will|would)\s+)?"
    r"(?:(?:raises?|throws?|fails?\s+with)\b(?:\s+(?:an?|the)\b)?|(?:应该|应当|应|将|会)?(?:抛出|引发|触发)(?:异常)?)"
    rf"{GAP}[:：]?{GAP}",
    re.IGNORECASE,
)
_AFTER_ARROW = re.compile(rf"(?:{RESULT_WORDS}|返回|得到)\s*:?\s*(?=[^\s])", re.IGNORECASE)
_COMMENT_LABEL = (
    rf"(?:(?:{ARROW}|={{1,3}}(?!=))\s*)?(?:(?:it\s+)?(?:should\s+)?"
    r"(?:(?:returns?|outputs?|prints?|results?|expected|logs?|be|is)\b|返回|输出|结果为?|得到)\s*(?:is\b)?[:：]?\s*)?"
    r"(?:(?:(?:raises?|throws?)\b|抛出|引发)\s*(?:an?\b\s*)?)?"
)
_WORDS = re.compile(r"[A-Za-z_]\w*")
_FORMAL = re.compile(rf"{ARROW}|==")
_ASSIGNMENT = re.compile(r"^[\s>*\-]*((?:const|let|var)\s+)?([A-Za-z_]\w*)\s*=(?!=)\s*(.{1,400})$")
_FAR = 12  # lines above a call in which its names are looked for
_LEFT = 200  # code points to the left of a call that are looked at
_WORD = 24
_LOOKS_LIKE_VALUE = re.compile(r"[\[({'\"\d]|-\d|true\b|false\b|none\b", re.IGNORECASE)
_OPENERS = re.compile(  # "round(", "point.", "Point(1).", "-"
    r"(?:(?<![\w.])(?:[A-Za-z_][\w.]*)?\(|(?<![\w.)\]])(?:new )?[A-Za-z_][\w.]*(?:\([^()\n]*\))?\.|(?<![\w)\]])-)$"
)
_AWAIT = re.compile(r"(?<![\w.$])await[ \t]+$")
_DENIAL = (
    r"(?:wrong(?:ly)?|incorrect(?:ly)?|bad|invalid|buggy|untrue|mistaken(?:ly)?|counter-?examples?|instead\s+of|rather\s+than"
    r"|(?:not|\w+n['’]t|never)\s+(?:be\s+)?(?:true|correct|right|the\s+case)|false)"
)
_DENIED = re.compile(
    rf"(?:\b{_DENIAL}(?:\s+(?:examples?|results?|answers?|outputs?|usage))?\s*(?:that|to\s+say)?"
    r"|错误(?:的)?(?:示例|例子|结果|用法|写法)?|不正确|不对|错|反例|而不是|并非|不是|不应(?:该)?)\W*$",
    re.IGNORECASE,
)
_DENIED_AFTER = re.compile(
    r"[ \t`]*(?:[#(（,，;]|//|--|[-–—]+)?\s*(?:(?:is|are|would\s+be)\s+)?"
    r"(?:wrong|incorrect|not\b|never\b|false\s+result|bad\b|错|不对|不正确|[✗✘❌×])",
    re.IGNORECASE,
)
_ERRORS = re.compile(r"错误\W*$")
_TRAILER = re.compile(r"\.[A-Za-z_]\w*|[(\[]")
_PROMPT = re.compile(r"[ \t]*>>>[ \t]*")
_ANSWER = re.compile(r"[ \t]{0,60};?[ \t]{0,60}\n[ \t]{0,60}(?!>>>)(?=\S)")
"""From the end of what stands at a prompt to what is answered, on the next line."""
_ASSIGNED = re.compile(r"^\s*(?:(?:const|let|var|val|auto)\s+)?[A-Za-z_]\w*\s*(?::=|=)\s*$")
_ATTACHED = re.compile(r"\w[(\[]$|\S[.]$")
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
    name = re.escape(reading.name) if reading.name else r"[A-Za-z_][A-Za-z0-9_]*"
    pattern = re.compile(rf"(?<![A-Za-z0-9_$]){name}[ ]?\(")  # Chinese stands right before a name, without a space
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
        self.comment = re.compile(
            rf"[ \t]{{0,60}};?[ \t]{{0,60}}{comment}+[ \t]{{0,60}}{_COMMENT_LABEL}", re.IGNORECASE
        )
        self.below = re.compile(
            rf"[ \t]{{0,60}};?[ \t]{{0,60}}\n[ \t]{{0,60}}(?:{comment}+[ \t]{{0,60}})?"
            rf"(?:{ARROW}|(?:returns?|outputs?|返回|输出)[:：])[ \t]*",
            re.IGNORECASE,
        )

    def read(self, start: int, bracket: int) -> int:
        """Read the call that starts at `start`; answers how far the text has been used up."""
        end = closing(self.text, bracket)
        line = self.reading.line_of(start)
        line_start = self.reading.starts[line]
        self.reading.spend(end - start if end > 0 else REACH // 2)
        if end < 0:
            self._unbalanced(line, start)
            return bracket + 1
        for first, last in self._extents(line_start, start, end):
            before = self.text[max(line_start, first - _LEFT) : first]
            if not self._is_own(before):
                continue
            if self._is_denied(line, first, before):
                return last
            used = self._outcome(
                line, first, last, is_assigned=bool(_ASSIGNED.match(before)), at_prompt=bool(_PROMPT.fullmatch(before))
            )
            if used:
                return used
        return bracket + 1

    def _extents(self, line_start: int, start: int, end: int) -> list[tuple[int, int]]:
        """The expressions that the call may be part of, widest first: `round(f(1), 2)`, `f(1)[0]`, `f(1)`."""
        awaited = _AWAIT.search(self.text, max(line_start, start - _WORD), start)
        extents = [(awaited.start() if awaited else start, self._trailed(end))]
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
        if not before.strip() or BULLET.match(before) or _ASSIGNED.match(before):
            return True
        stripped = before.rstrip("`\"' \t“‘")
        if _ATTACHED.search(before[-2:]) or _UNFIT_WORD.search(stripped[-_WORD:]):
            return False
        return bool(_PRECEDED.search(before[-1:]))

    def _is_denied(self, line: int, first: int, before: str) -> bool:
        """Whether the text before says that what follows does not hold: "Wrong: f(3) == 10"."""
        if before.strip(" \t`>*-+•"):
            denied = _DENIED.search(before)
            if denied and _ERRORS.search(before):  # the heading of exceptions, too
                end = closing(self.text, self.text.find("(", first))
                return _RAISES.match(self.text, max(end, first)) is None
            return denied is not None
        for above in range(line - 1, max(-1, line - 1 - _FAR), -1):
            text = self.reading.lines[above].strip()
            if not text:
                return False
            if text.endswith((":", "：")):
                return _DENIED.search(text[-_LEFT:]) is not None and _ERRORS.search(text[-_LEFT:]) is None
        return False

    def _outcome(self, line: int, first: int, last: int, *, is_assigned: bool, at_prompt: bool) -> int:
        """Read what follows the expression; answers the offset behind it, or 0 where it is no example."""
        expression = self.text[first:last]
        if not is_assigned:
            match = _RAISES.match(self.text, last)
            if match and (error := self.dialect.exception(self.text[match.end() : match.end() + 120])):
                return self._keep(line, expression, error, ExampleKind.RAISES, match.end() + len(error))
            match = _SEPARATOR.match(self.text, last)
            if match:
                return self._value(line, expression, match)
        match = self.comment.match(self.text, last) or self.below.match(self.text, last)
        if match is None and at_prompt:
            match = _ANSWER.match(self.text, last)
        if match is None:
            return 0
        inner = self.dialect.printed(expression)
        return self._printed(line, expression, inner, match.end()) if inner else self._value(line, expression, match)

    def _value(self, line: int, expression: str, separator: re.Match[str]) -> int:
        text, at = self.text, separator.end()
        kind = separator.lastgroup
        is_formal = kind in ("arrow", "equals")
        if kind == "arrow" and (more := _AFTER_ARROW.match(text, at)):
            at = more.end()
        if is_formal:
            at = value_start(self.reading, at)
        error = self.dialect.exception(text[at : at + 120]) if kind != "equals" else ""
        if error and END.match(text, at + len(error)):
            return self._keep(line, expression, error, ExampleKind.RAISES, at + len(error))
        expected = expected_value(self.reading, self.dialect, at)
        shown_end = at + len(expected.source)  # a comment behind the value belongs to `expected.end`
        if expected.source and (_DENIED_AFTER.match(text, expected.end) or _DENIED_AFTER.match(text, shown_end)):
            return expected.end
        if expected.source:
            return self._keep(line, expression, expected.source, ExampleKind.VALUE, expected.end)
        if self.dialect.trouble(expression) == FORMULA:
            self.formulas.append(line)
        elif is_formal and self.reading.name and re.compile(rf"{re.escape(self.reading.name)}\(").match(text, at):
            if not self.dialect.trouble(expression):
                shown = text[separator.start() - len(expression) : at + _LEFT].split("\n", 1)[0]
                self.reading.reject(line, shown, "what it should be is not a literal")
                return at
        elif is_formal and _LOOKS_LIKE_VALUE.match(text, at):
            shown = text[separator.start() - len(expression) : at] + text[at : at + _LEFT].split("\n", 1)[0]
            why = "may mean two values" if expected.is_ambiguous else "its value cannot be read"
            self.reading.reject(line, shown, why)
            return at
        elif kind == "equals" and separator[0].strip(" \t`").startswith("=="):
            return self._equation(line, expression, at)
        return 0

    def _equation(self, line: int, expression: str, at: int) -> int:
        """`f(1) == math.pi`: what it should be is computed, so that the equation as a whole is to hold."""
        right = self.dialect.computed(self.text[at : at + _LEFT].split("\n", 1)[0].strip(" \t`;."))
        if not right:
            return 0
        equation = f"{expression} == {right}"
        modules = self.dialect.modules(equation)
        trouble = self.dialect.trouble(equation, modules)
        if trouble and trouble != FORMULA:
            self.reading.reject(line, equation, trouble)
        elif not trouble:
            setup = "\n".join(f"import {module}" for module in modules)
            self.reading.add(equation, "", ExampleKind.HOLDS, line, setup=setup)
        return at if trouble != FORMULA else 0

    def _printed(self, line: int, expression: str, inner: str, at: int) -> int:
        """`print(f(1))  # 3`: what is printed where that is certain, else the value inside."""
        expected = expected_value(self.reading, self.dialect, at)
        if not expected.source:
            return 0
        if text := self.dialect.as_printed(expected.source):
            return self._keep(line, expression, text, ExampleKind.PRINTS, expected.end)
        return self._keep(line, inner, expected.source, ExampleKind.VALUE, expected.end)

    def _keep(self, line: int, expression: str, expected: str, kind: ExampleKind, end: int) -> int:
        trouble, setup = self.dialect.trouble(expression), ""
        if trouble:
            setup, names = self._assigned(line, expression)
            trouble = self.dialect.trouble(expression, names) if names else trouble
        if trouble == FORMULA:
            self.formulas.append(line)
        elif trouble:
            self.reading.reject(line, f"{expression} -> {expected}", trouble)
        else:
            self.reading.add(expression, expected, kind, line, setup=setup)
        return end

    def _assigned(self, line: int, expression: str) -> tuple[str, set[str]]:
        """Lines not far above that give names of `expression` a value, and those names."""
        found: dict[str, str] = {}
        wanted = set(_WORDS.findall(expression))
        for above in range(line - 1, max(-1, line - 1 - _FAR), -1):
            match = _ASSIGNMENT.match(self.reading.lines[above])
            if match and match[2] in wanted - found.keys():
                self.reading.spend(len(match[0]))
                if self.dialect.value(match[3].strip()):
                    found[match[2]] = f"{match[1] or ''}{match[2]} = {match[3].strip()}"
        return "\n".join(reversed(found.values())), set(found)

    def _unbalanced(self, line: int, start: int) -> None:
        shown = self.text[start : start + _LEFT].split("\n", 1)[0]
        before = self.text[max(self.reading.starts[line], start - _LEFT) : start]
        comment = shown.rfind(self.dialect.comment)
        says = _FORMAL.search(shown) or (
            comment > 0 and _LOOKS_LIKE_VALUE.match(shown[comment:].lstrip(self.dialect.comment).strip())
        )
        is_assertion = before.strip() == "assert"
        if is_assertion or (says and (not before.strip() or BULLET.match(before))):
            self.reading.reject(line, shown, "a bracket or quote does not close")
