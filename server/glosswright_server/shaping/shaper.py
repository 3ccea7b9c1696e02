"""Turns the text of a model, as it streams in, into text that fits the file.

`Shaper.feed` says when what was asked for is complete, so that the caller can close the stream instead of generating
text to throw away. `Shaper.result` then mends what is left: margins, line ends, repeats. It invents nothing: every word
of the result is the model's. It does no I/O, raises for no text whatever, and does not judge whether the code is any
good; that is the business of `verify`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from glosswright_server.intent.model import Extent, Intent, IntentKind
from glosswright_server.shaping import chatter, repeats
from glosswright_server.shaping.extent import Boundary, Head, head_of
from glosswright_server.shaping.helpers import Helpers
from glosswright_server.shaping.lexis import Blocks, Line, lexis_for
from glosswright_server.shaping.margins import eol_of, fit, joined, tab_width, unit_of

_LINE_END = re.compile(r"\r\n|\n|\r(?!\Z)")
"""A lone CR counts once the next character shows that it is not the first half of CR LF."""
_STAMMER_STEP = 100
_MOST_SKIPPED = 8
"""Lines before the first code, besides the request said again, after which none is expected any more."""
_LINES_ABOVE = 40


@dataclass(frozen=True, slots=True)
class Shaped:
    """An answer that fits."""

    text: str
    """What replaces `text[start:end]` of the document: lead, code and tail, in the file's own line ends."""
    complete: bool
    """Whether the code ends where what was asked for ends; False when it was cut at a whole statement before that."""
    code: str
    """The generated code alone, without lead and tail, in the file's own line ends."""


class Shaper:
    """Shapes one answer. Feed it the stream, stop at True, then take the result."""

    def __init__(self, text: str, intent: Intent, *, prompt_assumed: str = "", unit: str = "") -> None:
        """`prompt_assumed` is code the prompt put before the model's first token already; it is part of the answer.

        `unit` is one level of indentation, for a file that shows none."""
        self._text = text
        self._intent = intent
        self._lexis = lexis_for(intent.language)
        self._unit = unit_of(text, intent.indent, self._lexis, wanted=unit)
        self._left = _last_line(text[: intent.start] + intent.lead)
        self._midline = bool(self._left.strip())
        after = text[intent.end :].replace("\r\n", "\n").replace("\r", "\n")
        self._after = after
        below = next((line for line in after.split("\n")[1:] if line.strip()), "")
        self._bounds = Boundary(
            intent,
            self._lexis,
            left=self._left,
            above=_lines_above(text, intent, after),
            below=below,
            tab=tab_width(self._unit),
        )
        self._helpers = Helpers(text, intent, self._lexis, tab=tab_width(self._unit))
        self._asked = repeats.lines_asked(text, intent)
        self._pending = ""
        self._watched = 0
        self._front = True
        self._skipped = 0
        self._in_header = False
        self._over = False
        self.feed(prompt_assumed)

    def feed(self, delta: str) -> bool:
        """Take the next piece of the stream; True when the answer is complete. Further text then changes nothing."""
        if self._over or not delta:
            return self._over
        self._pending += delta
        while not self._over:
            found = _LINE_END.search(self._pending)
            if found is None:
                break
            line, self._pending = self._pending[: found.start()], self._pending[found.end() :]
            self._watch(line)
            if not self._over:
                self._line(line)
                self._watched = 0
        if not self._over:
            self._watch(self._pending)
            self._peek(self._pending)
        return self._over

    def result(self, *, truncated: bool = False) -> Shaped | None:
        """The answer once the stream has ended, whoever ended it; None when nothing worth showing is left.

        `truncated` says that the stream ended for want of tokens or time: only whole statements are kept then.
        """
        if truncated and not self._over:
            return self.partial()
        if not self._over:
            line, self._pending = self._pending.rstrip("\r"), ""
            if line:
                self._line(line)
            self._over = True
        self._helpers.close()
        ended = self._bounds.done or self._bounds.whole_now or not _cut_off(self._bounds.lines)
        lines = self._bounds.lines if ended else self._bounds.lines[: self._bounds.whole]
        return self._shape(lines, complete=ended)

    def partial(self) -> Shaped | None:
        """The whole statements so far, for a deadline that comes before the end; None when there is none yet. Of the
        functions that it calls and the model goes on to write, those that are whole."""
        if self._over:
            return self.result()
        return self._shape(self._bounds.lines[: self._bounds.whole], complete=False)

    def _peek(self, pending: str) -> None:
        """End as soon as the beginning of a line shows that it belongs to something else."""
        if self._front or not pending:
            return
        head = head_of(pending, self._bounds.tab)
        if head is not None and not self._admits(head):
            self._over = self._bounds.done = True

    def _admits(self, head: Head) -> bool:
        """Whether a line that begins so may belong to the answer or to a function that it needs."""
        if self._helpers.begun:
            return self._helpers.admits(head)
        if self._bounds.admits(head):
            return True
        if not self._helpers.begin(self._bounds.lines, self._bounds.base) or not self._helpers.admits(head):
            return False
        self._bounds.done = True
        return True

    def _watch(self, line: str) -> None:
        """End when one line runs on in a circle; looks in fixed steps so that the pieces it came in do not matter."""
        step = self._watched + _STAMMER_STEP
        while step <= len(line):
            if repeats.stammers(line[:step]):
                self._over = True
                return
            self._watched = step
            step += _STAMMER_STEP

    def _line(self, line: str) -> None:
        at = chatter.special_token_at(line, self._text)
        if at >= 0:
            line = line[:at].rstrip()
        line = chatter.restored(line, self._text)
        if self._front and self._skips(line):
            self._skipped += 1
            self._over = self._over or self._skipped > _MOST_SKIPPED + len(self._asked)
        elif not (at >= 0 and not line.strip()):
            self._take(line)
        if at >= 0:
            self._over = True

    def _skips(self, line: str) -> bool:
        """Whether a line before the first code is none: blank, a fence, talk, or what was asked said again."""
        if self._midline:
            if chatter.is_fence(line):
                return True
            self._front = False
            return False
        bare = line.strip()
        if not bare:
            return True
        if self._in_header:
            self._in_header = not bare.endswith((":", "{"))
            return True
        if self._lexis.blocks is not Blocks.BLANK and chatter.is_fence(line):
            self._bounds.rebase()
            return True
        if bare in self._asked:
            if self._intent.kind is IntentKind.BODY and line[:1] not in (" ", "\t"):
                self._bounds.rebase()
            return True
        if self._restates_header(bare):
            self._in_header = not bare.endswith((":", "{"))
            self._bounds.rebase()
            return True
        if self._lexis.blocks is not Blocks.BLANK and chatter.is_prose(line):
            return True
        self._front = False
        return False

    def _restates_header(self, bare: str) -> bool:
        intent = self._intent
        if intent.kind is not IntentKind.BODY or not intent.name or not intent.signature:
            return False
        word = intent.signature.split()[0]
        return bare.startswith(word + " ") and re.search(rf"\b{re.escape(intent.name)}\s*\(", bare) is not None

    def _take(self, line: str) -> None:
        bounds = self._bounds
        if self._lexis.blocks is not Blocks.BLANK and not bounds.in_text and chatter.is_fence(line):
            self._over = bounds.done = True
            return
        head = head_of(line + "\n", bounds.tab)
        if (head is not None and not self._admits(head)) or bounds.repeats_below(line):
            self._over = bounds.done = True
            return
        if self._helpers.begun:
            self._over = self._helpers.add(line)
            return
        if bounds.add(line):
            self._over = True
            return
        recent = [taken.text for taken in bounds.lines[-repeats.WINDOW :]]
        keep = repeats.runaway(recent)
        if keep >= 0:
            del bounds.lines[len(bounds.lines) - len(recent) + keep :]
            bounds.whole = min(bounds.whole, len(bounds.lines))
            self._over = True

    def _shape(self, lines: list[Line], *, complete: bool) -> Shaped | None:
        intent = self._intent
        lines = _without_own_docstring(lines, intent)
        while lines and not lines[-1].text.strip():
            lines = lines[:-1]
        if not lines:
            return None
        fitted = fit(
            lines,
            self._lexis,
            base=self._bounds.base,
            indent=intent.indent,
            unit=self._unit,
            midline=self._midline,
            absolute=self._bounds.within_brackets,
        )
        fitted[0] = self._join(fitted[0])
        code = repeats.without_right_context(joined(fitted, lines), self._after, self._left, self._lexis)
        if not code.strip() or self._is_there_already(code):
            return None
        if intent.kind is not IntentKind.CONTINUE and chatter.is_stub(code, intent, self._lexis):
            return None
        bodiless = self._lexis.blocks is Blocks.OFFSIDE and code.endswith(":") and intent.extent is not Extent.LINE
        if bodiless:
            return None
        code += self._helpers.fitted(self._unit)
        eol = eol_of(self._text, intent.lead)
        code = code.replace("\n", eol)
        return Shaped(intent.lead + code + intent.tail, complete, code)

    def _join(self, first: str) -> str:
        """The first line as it joins what stands left of it: no blank doubled, nothing of the line said again."""
        if not self._midline:
            return first
        left = self._left.strip()
        if len(left) > 3 and first.lstrip().startswith(left):
            first = first.lstrip()[len(left) :]
        return first.lstrip(" \t") if self._left[-1:] in (" ", "\t", "(", "[") else first

    def _is_there_already(self, code: str) -> bool:
        rest = self._after.lstrip()
        bare = code.strip()
        return rest.startswith(bare) and (len(rest) == len(bare) or not rest[len(bare)].isalnum())


def _last_line(text: str) -> str:
    return text[max(text.rfind("\n"), text.rfind("\r")) + 1 :]


def _lines_above(text: str, intent: Intent, after: str) -> str:
    """The lines of the statement being continued; none where its closing bracket stands below already."""
    if intent.kind is not IntentKind.CONTINUE or after.lstrip()[:1] in (")", "]", "}"):
        return ""
    lines = text[: intent.start].splitlines(keepends=True)[-_LINES_ABOVE:]
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines = lines[:-1]
    first = next((number for number in range(len(lines) - 1, -1, -1) if lines[number][:1].strip(" \t\r\n)]}")), 0)
    return "".join(lines[first:])


def _cut_off(lines: list[Line]) -> bool:
    """Whether the text ends within a string, a bracket or a block."""
    return bool(lines) and (lines[-1].open_after or lines[-1].depth > 0)


def _without_own_docstring(lines: list[Line], intent: Intent) -> list[Line]:
    """Without the docstring a model writes again below the one that asks."""
    if intent.kind is not IntentKind.BODY or not intent.request or not lines:
        return lines
    if not lines[0].text.lstrip().startswith(('"""', "'''")):
        return lines
    end = next((number for number, line in enumerate(lines) if not line.open_after), len(lines) - 1)
    return lines[end + 1 :]
