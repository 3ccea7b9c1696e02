"""Documentation → its parts: prose, and blocks that a heading, a field or a tag opens, whatever the style.

One reader for all styles, because people mix them: `Args:` (also `参数：`), underlined headings (NumPy), `# Errors`
(Rustdoc), `:param x:` (Sphinx), `@param x` (JSDoc, Javadoc, epytext) and lines that describe a known parameter. Code
(fences, `>>>` blocks, `<pre>`) is told apart and dropped: examples are read elsewhere. What a block's lines *mean* is
the business of `fields`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from glosswright_server.intent.contract import DocStyle
from glosswright_server.intent.docs.items import parameter_item
from glosswright_server.intent.docs.openings import TAGGED, Block, field_at, heading_at, indent_of, is_underline, tag_at
from glosswright_server.intent.docs.words import Kind

MAX_BLOCKS = 300
"""Blocks of one documentation that are read; the rest is taken for prose."""


@dataclass(slots=True)
class Outline:
    """A documentation's parts."""

    prose: list[str] = field(default_factory=list)
    """Lines of running text, "" between paragraphs."""
    blocks: list[Block] = field(default_factory=list)


def outline_of(lines: list[str], language: str, parameters: tuple[str, ...] = ()) -> Outline:
    """The parts of a documentation, in order."""
    return _Splitter(lines, language, parameters).split()


class _Splitter:
    """One pass over the lines; `open` is the block that takes the next one."""

    def __init__(self, lines: list[str], language: str, parameters: tuple[str, ...]) -> None:
        self.lines = _with_tags_on_lines(lines) if language in TAGGED else lines
        self.language = language
        self.parameters = frozenset(parameters)
        self.outline = Outline()
        self.open: Block | None = None
        self.at = 0
        self.unclosed: set[str] = set()

    def split(self) -> Outline:
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            if self._skips_code(line):
                continue
            is_before_literal = line.rstrip().endswith("::") and not heading_at(self.lines, self.at - 1)
            self._take(line.rstrip()[:-1] if is_before_literal else line)
            if is_before_literal:
                self._skip_deeper(indent_of(line))
        return self.outline

    def _take(self, line: str) -> None:
        if self._opens(line):
            return
        if self.open is not None and self._continues(self.open, line):
            self.open.lines.append(line)
        elif line.strip() or self.open is None:
            self.open = None
            self.outline.prose.append(line)

    # Code

    def _skips_code(self, line: str) -> bool:
        """Skip a fence, a doctest or an indented literal block that begins on this line."""
        bare = line.strip()
        if bare.startswith(("```", "~~~")):
            self._skip_past(bare[:3])
            return True
        if bare.startswith(">>>"):
            self.at = self._next_blank(structure=True)
            return True
        if bare.startswith("<pre>"):
            if "</pre>" not in bare:
                self._skip_past("</pre>")
            return True
        if directive := _DIRECTIVE.match(bare):
            if directive[1] in _PROSE_DIRECTIVES:
                self.outline.prose += ["", directive[2]]
            else:
                self._skip_deeper(indent_of(line))
            return True
        if bare == "::":
            self._skip_deeper(indent_of(line))
            return True
        return False

    def _skip_past(self, mark: str) -> None:
        """Skip to the line that holds `mark`. What is never closed ends with its paragraph, or it would swallow all
        that follows; it is looked for but once, or many of them would take quadratic time."""
        end = None
        if mark not in self.unclosed:
            end = next((i for i in range(self.at, len(self.lines)) if mark in self.lines[i]), None)
        if end is None:
            self.unclosed.add(mark)
        self.at = end + 1 if end is not None else self._next_blank()

    def _next_blank(self, structure: bool = False) -> int:
        at = self.at
        while at < len(self.lines) and self.lines[at].strip():
            if structure and (field_at(self.lines[at]) or heading_at(self.lines, at)):
                break
            at += 1
        return at

    def _skip_deeper(self, indent: int) -> None:
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.strip() and indent_of(line) <= indent:
                break
            self.at += 1

    # Openings

    def _opens(self, line: str) -> bool:
        if len(self.outline.blocks) >= MAX_BLOCKS or not line.strip():
            return False
        block = field_at(line) or tag_at(line, self.language)
        if block is None and not self._is_item_of_open(line):
            block = heading_at(self.lines, self.at - 1)
            if block is not None and block.underlined:
                self.at += 1
        if block is None:
            block = self._known_parameter(line)
        if block is None:
            return False
        self.open = block
        self.outline.blocks.append(block)
        return True

    def _is_item_of_open(self, line: str) -> bool:
        """Whether a line that looks like a heading is an item of the open section: a parameter named `input`."""
        block = self.open
        if block is None or block.tag or block.kind not in _LISTED:
            return False
        if block.underlined:
            after_gap = not block.lines or not block.lines[-1].strip()
            below = self.lines[self.at] if self.at < len(self.lines) else ""
            return indent_of(line) > block.indent or not (after_gap or is_underline(below))
        first = next((one for one in block.lines if one.strip()), line)
        if not block.inline and indent_of(line) > block.indent and indent_of(line) >= indent_of(first):
            return True
        item = parameter_item(line, self.parameters)
        return block.kind is Kind.PARAMETERS and item is not None and item.name in self.parameters

    def _known_parameter(self, line: str) -> Block | None:
        """A line of plain text that describes a parameter of the function: `x: the number`, `- limit (int): …`."""
        if self.open is not None and self._continues(self.open, line):
            return None
        item = parameter_item(line, self.parameters)
        if item is None or item.name not in self.parameters or not item.separated:
            return None
        # "… and a list of the / extensions: [1, 2] …" is a sentence that happens to wrap there.
        if self.outline.prose and _GOES_ON.search(self.outline.prose[-1][-20:]):
            return None
        return Block(Kind.PARAMETERS, DocStyle.PLAIN, "item", "", line.strip(), indent=indent_of(line))

    # Continuations

    def _continues(self, block: Block, line: str) -> bool:
        """Whether a line that opens nothing belongs to the open block."""
        if not line.strip():
            return not (block.tag and block.tag not in ("example", "examples", "code"))
        if block.underlined or block.markdown or (block.kind is Kind.EXAMPLES and block.tag):
            return True
        deeper = indent_of(line) > block.indent
        said = [one for one in block.lines if one.strip()]
        gap = bool(block.lines) and not block.lines[-1].strip()
        if block.tag:
            wraps = block.style in (DocStyle.JSDOC, DocStyle.JAVADOC) or deeper
            return wraps or (len(block.inline) >= _WRAPPED and not _ends(said[-1] if said else block.inline))
        if block.inline:
            last = said[-1] if said else block.inline
            return not gap and (deeper or (len(last) >= _WRAPPED and not _ends(last)))
        if said and indent_of(said[0]) > block.indent:
            return deeper
        if deeper:
            return not said or not gap
        return not gap and (
            not said or block.kind is not Kind.PARAMETERS or parameter_item(line, self.parameters) is not None
        )


_WRAPPED = 55  # a line at least this long goes on below without being indented


def _ends(text: str) -> bool:
    return text.rstrip().endswith((".", "。", "!", "！", "；", ";"))


def _with_tags_on_lines(lines: list[str]) -> list[str]:
    """`Adds. @returns the sum` as two lines: people write it so in one-line comments."""
    if len(lines) > 3:
        return lines
    parted: list[str] = []
    for line in lines:
        rest, at = line, 0
        for match in _INLINE_TAG.finditer(line):
            parted.append(line[at : match.start()].rstrip())
            at = match.start() + 1
            rest = line[at:]
        parted.append(rest)
    return parted


_LISTED = frozenset((Kind.PARAMETERS, Kind.RETURNS, Kind.YIELDS, Kind.RAISES))
_GOES_ON = re.compile(
    r"(?:\b(?:the|an?|of|and|or|with|to|in|for|by|from|is|are|as|that|whose|its|if|when)|[,，、(])$", re.IGNORECASE
)
_DIRECTIVE = re.compile(r"\.\. ([\w-]{1,30})::\s*(.*)$")
_PROSE_DIRECTIVES = frozenset(("note", "warning", "important", "caution", "attention", "hint", "tip", "danger"))
_INLINE_TAG = re.compile(r"\s@(?:params?|returns?|throws|example|yields)\b")
