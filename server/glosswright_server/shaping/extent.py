"""Where an answer ends: decides, line by line, whether the next one still belongs to what was asked for.

Every decision depends on the text read so far and on nothing else, so that an answer ends at the same place however it
was cut into pieces on its way here. It changes no text; `margins` and `repeats` do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from glosswright_server.intent.model import Extent, Intent, IntentKind
from glosswright_server.shaping.lexis import Blocks, Lexis, Line, Scanner

_OFFSIDE_CLAUSES = frozenset({"elif", "else", "except", "finally", "case"})
_BRACE_CLAUSES = frozenset({"else", "catch", "finally", "while", "where", "elseif", "elif"})
_CONTROL = frozenset(
    {
        *("if", "for", "while", "switch", "match", "try", "do", "else", "catch", "finally", "foreach", "loop"),
        *("unsafe", "with", "synchronized"),
    }
)
_IMPORTS = frozenset({"import", "from", "use", "using", "require", "require_relative", "package", "include", "extern"})
_DEFINITIONS = frozenset(
    {
        *("def", "class", "async", "function", "func", "fn", "pub", "public", "private", "protected", "internal"),
        *("static", "export", "abstract", "override", "interface", "struct", "enum", "impl", "trait", "module"),
        *("module.exports", "CREATE", "create", "template", "typedef", "final"),
    }
)
_HEAD = re.compile(r"([ \t]*)(\w+|[^\w\s])")
_IMPORTING = re.compile(r"#include|(const|var|let)\b[^=]*=\s*require\(")
_IMPORT_ASKED = re.compile(r"\b(imports?|includes?|requires?)\b|导入|引入", re.IGNORECASE)
_HEADER_CHARS = 300
_GOES_ON = (".", "?", "&", "|", "=", ":", "{")
_METHOD = re.compile(r"\s*(?:[\w<>\[\],.*&:?]+\s+)*[~\w$]+\s*\([^;]*\)[^;=]*\{")


@dataclass(frozen=True, slots=True)
class Head:
    """What a line begins with: its width in columns and its first word or sign."""

    width: int
    word: str
    """"" while more letters of it may come."""


def head_of(text: str, tab: int) -> Head | None:
    """The head of a line that may not have fully arrived (`text` ends with "\\n" when it has); None for blank text."""
    found = _HEAD.match(text)
    if found is None:
        return None
    partial = found.end() == len(text) and (found.group(2)[-1].isalnum() or found.group(2)[-1] == "_")
    return Head(width_of(found.group(1), tab), "" if partial else found.group(2))


def width_of(blank: str, tab: int) -> int:
    """Columns that leading white space takes."""
    return len(blank) + blank.count("\t") * (tab - 1)


def leading(text: str) -> str:
    """The white space a line begins with."""
    return text[: len(text) - len(text.lstrip(" \t"))]


class Boundary:
    """Follows one answer; `admits` before a line, `add` after it."""

    def __init__(self, intent: Intent, lexis: Lexis, *, left: str, below: str, tab: int, above: str = "") -> None:
        """`left` is what stands on the answer's first line already, `above` the lines over it whose brackets the answer
        may close; `below` is the first line with text after the gap."""
        self.lexis = lexis
        self.intent = intent
        self.tab = tab
        self.base = width_of(leading(left) if left.strip() else intent.indent or left, tab)
        self.lines: list[Line] = []
        self.whole = 0
        """Number of lines that end with a whole statement."""
        self.done = False
        # A body or a comment's code closes no bracket that stands left of it; code gone on with may.
        self._left = left if intent.kind is IntentKind.CONTINUE else ""
        self._below = below.rstrip()
        self._scanner = Scanner(lexis)
        # What is imported for the code asked for is part of it, not the code itself.
        self._imports_aside = intent.extent is not Extent.STATEMENT and not _IMPORT_ASKED.search(intent.request)
        self._scanner.stack.extend(_open_rounds(above, lexis))
        self._own_base = False
        self._settled = bool(left.strip())
        self._blank = False
        self.within_brackets = bool(self._scanner.stack)
        """Whether the answer begins within round or square brackets that lines above it opened."""
        self._statements = int(self.within_brackets)
        self._header = ""
        self._ready = False
        self._compound = False
        self._definition = False

    def rebase(self) -> None:
        """Trust the next line's indentation as the answer's own margin (it restated a header or opened a fence)."""
        self._own_base, self._settled = True, False
        self._left = ""

    @property
    def in_text(self) -> bool:
        """Whether the next line begins within a string or a comment."""
        return not self._scanner.neutral

    @property
    def whole_now(self) -> bool:
        """Whether the answer could end after the lines taken so far."""
        return self.whole == len(self.lines) > 0

    def admits(self, head: Head) -> bool:
        """Whether a line that begins so may belong to the answer."""
        if not self.lines:
            return not (self._left.strip() == "" and self._closes(head))
        if self._midway():
            return True
        self._settle(head)
        blocks = self.lexis.blocks
        if blocks is Blocks.OFFSIDE and head.width < self.base:
            return False
        if not head.word:
            return True
        if blocks is Blocks.OFFSIDE:
            return self._admits_offside(head)
        if blocks is Blocks.BLANK:
            return True
        return self._admits_bracketed(head)

    def add(self, text: str) -> bool:
        """Take a line; returns whether the answer is complete with it (it may have been cut short then)."""
        first = not self.lines
        if first and self._own_base:
            self.base = width_of(leading(text), self.tab)
        line, code = self._scan(text, first)
        if line.excess >= 0:
            kept = text[: line.excess].rstrip()
            if kept.strip():
                self._take(
                    Line(kept, line.code[: len(kept)], line.inside, line.start_depth, line.start_depth, False, -1), code
                )
                self.whole = len(self.lines)
            self.done = True
            return True
        if not text.strip() and not first and not line.inside:
            return self._add_blank(line)
        self._take(line, code)
        self.done = self._ends_after(line)
        return self.done

    def repeats_below(self, text: str) -> bool:
        """Whether a line is the one that stands below the gap already: the answer has run into it."""
        if not self._below or not self.lines or self._midway() or self._scanner.depth:
            return False
        return len(self._below.strip()) > 7 and text.rstrip() == self._below

    def _scan(self, text: str, first: bool) -> tuple[Line, str]:
        """The scanned line, and the code of the whole line with what stands left of the answer on it."""
        if not (first and self._left):
            line = self._scanner.line(text)
            return line, line.code
        shift = len(self._left)
        line = self._scanner.line(self._left + text)
        excess = line.excess - shift if line.excess >= shift else -1
        return Line(text, line.code[shift:], False, line.start_depth, line.depth, line.open_after, excess), line.code

    def _midway(self) -> bool:
        """Whether the next line goes on with a statement that brackets, strings or an escaped line end keep open."""
        return bool(self.lines) and self.lines[-1].open_after

    def _settle(self, head: Head) -> None:
        """Read the answer's own left margin off the second line, when the first one did not show it."""
        if self._settled or self.lexis.blocks is not Blocks.OFFSIDE:
            return
        self._settled = True
        if self._own_base or not any(line.code.strip() for line in self.lines):
            self._settled = self._own_base
            return
        opened = self.lines[-1].code.rstrip().endswith(":")
        if opened and head.width <= self.base:
            self.base = max(0, head.width - (self.tab if head.width >= self.tab else head.width))
        elif not opened and head.width > self.base:
            self.base = head.width

    def _closes(self, head: Head) -> bool:
        if self.lexis.blocks is Blocks.BRACES or (self.lexis.blocks is Blocks.WORDS and head.word == "}"):
            return head.word in ("}", ")", "]")
        return self.lexis.blocks is Blocks.WORDS and head.word in self.lexis.closers

    def _admits_offside(self, head: Head) -> bool:
        decorated = not self._ready
        if head.width > self.base or head.word in _OFFSIDE_CLAUSES or decorated:
            return True
        if self.intent.extent is Extent.STATEMENT:
            return self._statements == 0
        return self._admits_next(head, comment=head.word == "#")

    def _admits_bracketed(self, head: Head) -> bool:
        if self._scanner.depth:
            return True
        if self._closes(head):
            return False
        if not self._ready or (head.word in _BRACE_CLAUSES and self._compound) or self._goes_on(head):
            return True
        if self.intent.extent is Extent.STATEMENT:
            return self._statements == 0
        return self._admits_next(head, comment=head.word in ("/", "#", "-", "*"))

    def _goes_on(self, head: Head) -> bool:
        """Whether a line that begins so goes on with the statement above it (`.then(…)`, `&& …`)."""
        return self.lexis.blocks in (Blocks.BRACES, Blocks.WORDS) and head.word in _GOES_ON

    def _admits_next(self, head: Head, *, comment: bool) -> bool:
        """Whether another statement at the answer's own level belongs to it: the rules of `Extent.BLOCK`."""
        if self.intent.extent is not Extent.BLOCK or not self._statements:
            return True
        top = not self.intent.indent
        if top and self._definition and self.intent.kind is IntentKind.COMMENT:
            return False
        if not self._blank:
            return True
        return not (top or comment or head.word in _DEFINITIONS or head.word == "@")

    def _add_blank(self, line: Line) -> bool:
        if self.lexis.blocks is Blocks.BLANK:
            self.done = bool(self._statements)
            return self.done
        self._blank = True
        whole = self.whole_now
        self.lines.append(line)
        if whole:
            self.whole = len(self.lines)
        simple = not self._compound and not self._definition
        if self.intent.extent is Extent.BLOCK and not self.intent.indent and whole and simple and self._statements:
            self.done = True
        return self.done

    def _take(self, line: Line, full: str) -> None:
        """Note what the line begins and whether a statement is whole after it."""
        starts = not (self.lines and self.lines[-1].open_after) and not line.inside
        width = self.base if not self.lines else width_of(leading(line.text), self.tab)
        code = full.strip()
        if starts and code and self._at_base(line, width):
            line = replace(line, begins=(self._ready or not self._header) and not code.startswith(_GOES_ON))
            self._begin(code)
        if self._compound is False and code:
            self._compound = self._opens_block(line, full)
        self.lines.append(line)
        if line.text.strip():
            self._blank = False
        if not line.open_after and code:
            self._ready = self._ends_statement(line, full)
            if self._ready and (self.lexis.blocks is Blocks.OFFSIDE or not line.depth):
                self.whole = len(self.lines)

    def _at_base(self, line: Line, width: int) -> bool:
        if self.lexis.blocks is Blocks.OFFSIDE:
            return width <= self.base
        return line.start_depth == 0

    def _begin(self, code: str) -> None:
        """A line that may begin a new statement on the answer's own level."""
        word = (re.match(r"[@#]?[\w.]+|.", code) or [""])[0]
        clauses = _OFFSIDE_CLAUSES if self.lexis.blocks is Blocks.OFFSIDE else _BRACE_CLAUSES
        if self._statements and not self._ready:
            return
        if (self._statements and word in clauses) or not re.search(r"\w", code):
            return
        self._header, self._compound, self._definition = code, False, False
        if self._imports_aside and (word in _IMPORTS or _IMPORTING.match(code)):
            return
        self._statements += 1
        offside = self.lexis.blocks is Blocks.OFFSIDE
        if offside or self.lexis.blocks is Blocks.WORDS:
            self._definition = word in _DEFINITIONS or word.startswith("@")
        elif word.lower() not in _CONTROL:
            self._definition = word in _DEFINITIONS or bool(_METHOD.match(code[:_HEADER_CHARS])) or "=>" in code

    def _opens_block(self, line: Line, full: str) -> bool:
        code = full.rstrip()
        if self.lexis.blocks is Blocks.OFFSIDE:
            return code.endswith(":")
        return "{" in code or line.depth > line.start_depth

    def _ends_statement(self, line: Line, full: str) -> bool:
        """Whether the statement may end with this line, no bracket being open in it but those of blocks."""
        code = full.rstrip()
        last = code[-1:]
        blocks = self.lexis.blocks
        if blocks is Blocks.OFFSIDE:
            return last != ":" and not code.lstrip().startswith("@")
        if blocks is Blocks.SEMICOLON:
            return last == ";" and line.depth == 0
        if blocks is Blocks.BLANK:
            return True
        if blocks is Blocks.WORDS:
            return last not in ",|&\\" and not code.endswith(" do")
        if last in ",+-*%=&|?:([<!~^\\." and not code.endswith(("++", "--")):
            return False
        word = (re.match(r"\s*\}?\s*(\w*)", code) or ["", ""])[1]
        unbraced = word in ("if", "for", "while", "else") and last != ";" and "{" not in code and not line.depth
        return not (unbraced and (last == ")" or code.strip() == "else")) or word == "do"

    def _ends_after(self, line: Line) -> bool:
        """Whether the answer is complete with this line, without looking at the next one."""
        extent = self.intent.extent
        if extent is Extent.LINE:
            return True
        if line.open_after or not self._ready or not self._statements:
            return False
        blocks = self.lexis.blocks
        if blocks is Blocks.OFFSIDE:
            return extent is Extent.STATEMENT and not self._compound and self.whole_now
        if blocks is Blocks.BLANK:
            return extent is Extent.STATEMENT
        if line.depth:
            return False
        if extent is Extent.STATEMENT:
            last = line.code.rstrip()[-1:]
            return last == ";" or (self._definition and last == "}") or (blocks is Blocks.WORDS and not self._compound)
        top = extent is Extent.BLOCK and not self.intent.indent and self.intent.kind is IntentKind.COMMENT
        closed = line.code.rstrip().endswith(("}", "};", "})", "});")) or line.start_depth > 0
        return top and self._definition and self._compound and closed


def _open_rounds(above: str, lexis: Lexis) -> list[str]:
    """The innermost round and square brackets that some lines leave open."""
    scanner = Scanner(lexis)
    for line in above.splitlines():
        scanner.line(line)
    stack = scanner.stack
    first = next((n for n in range(len(stack), 0, -1) if stack[n - 1] not in "(["), 0)
    return stack[first:] if scanner.neutral else []
