"""One version of one open document: its text and the arithmetic between offsets and LSP positions.

A snapshot never changes, so a request that took one when it arrived may read it for as long as it runs. Offsets are
code point offsets (Python string indices). Positions that do not exist are clamped as LSP 3.17 says, never refused:
input from an editor is not an error.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from .lines import line_starts, line_starts_after_edit
from .positions import (
    Position,
    PositionEncoding,
    code_points_to_units,
    is_split_pair,
    join_surrogates,
    units_to_code_points,
)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The text of a document as the client had it at one version.

    `repr` leaves the text out, so that a snapshot may appear in a log.
    """

    uri: str
    language_id: str
    """As the client calls the language ("python", "typescriptreact")."""
    version: int
    """As the client counts; it need not be consecutive."""
    text: str = field(repr=False)
    encoding: PositionEncoding = PositionEncoding.UTF16
    indent_unit: str = ""
    """One level of indentation as the editor would write it; "" where it does not say."""
    revision: int = 0
    """Grows with every text that any document of the store takes on; a reopened document does not repeat one."""

    @cached_property
    def line_starts(self) -> list[int]:
        """The offset at which each line starts. Shared: do not change it."""
        return line_starts(self.text)

    @property
    def line_count(self) -> int:
        """At least 1: the empty document has one empty line."""
        return len(self.line_starts)

    @cached_property
    def eol(self) -> str:
        """The line end that most lines have; `"\\n"` where there is none or a tie."""
        crlf = self.text.count("\r\n")
        lf = self.text.count("\n") - crlf
        cr = self.text.count("\r") - crlf
        return max((lf, "\n"), (crlf, "\r\n"), (cr, "\r"), key=lambda counted: counted[0])[1]

    def offset_at(self, position: Position) -> int:
        """The offset of `position`.

        A column past the end of its line means the end of that line, before its line end; a line past the last one
        means the end of the document; a negative number means 0. A column inside a character (between two surrogates
        or between UTF-8 bytes) means the start of that character.
        """
        line, character = position.line, position.character
        if line < 0:
            return 0
        if line >= self.line_count:
            return len(self.text)
        start, end = self.line_starts[line], self.line_end(line)
        if character <= 0:
            return start
        if self.text.isascii():
            return min(start + character, end)
        # No unit is larger than a character, so the first `character` characters are enough to look at.
        return start + units_to_code_points(self.text[start : min(end, start + character)], character, self.encoding)

    def position_at(self, offset: int) -> Position:
        """The position of `offset`, which is first clamped to the document.

        An offset between `\\r` and `\\n` has no position of its own and gives the one before both.
        """
        offset = max(0, min(offset, len(self.text)))
        line = self.line_at(offset)
        start = self.line_starts[line]
        offset = min(offset, self.line_end(line))
        if self.text.isascii():
            return Position(line, offset - start)
        return Position(line, code_points_to_units(self.text[start:offset], self.encoding))

    def line_at(self, offset: int) -> int:
        """The number of the line that holds `offset`; a line end belongs to the line that it ends."""
        return max(0, bisect_right(self.line_starts, offset) - 1)

    def line_start(self, line: int) -> int:
        """The offset at which `line` starts. Raises IndexError for a line that does not exist."""
        return self.line_starts[self._checked(line)]

    def line_end(self, line: int) -> int:
        """The offset at which `line` ends, before its line end. Raises IndexError for a line that does not exist."""
        if self._checked(line) == self.line_count - 1:
            return len(self.text)
        end = self.line_starts[line + 1] - 1
        if self.text[end] == "\n" and end > self.line_starts[line] and self.text[end - 1] == "\r":
            end -= 1
        return end

    def line_text(self, line: int) -> str:
        """The text of `line` without its line end. Raises IndexError for a line that does not exist."""
        return self.text[self.line_start(line) : self.line_end(line)]

    def slice(self, start: Position, end: Position) -> str:
        """The text between two positions; empty when `end` is not behind `start`."""
        return self.text[self.offset_at(start) : self.offset_at(end)]

    def edited(self, start: int, end: int, inserted: str) -> Snapshot:
        """A snapshot with `inserted` in the place of the offsets `start:end`."""
        text = self.text[:start] + inserted + self.text[end:]
        edited = replace(self, text=text)
        if is_split_pair(text, start) or is_split_pair(text, start + len(inserted)):
            return replace(edited, text=join_surrogates(text))
        starts = line_starts_after_edit(self.line_starts, start, end, len(inserted), text)
        # Where cached_property keeps its value: the lines are known already, so they are not looked for again.
        edited.__dict__["line_starts"] = starts
        return edited

    def edited_upwards(self, edits: Sequence[tuple[Position, Position, str]]) -> Snapshot | None:
        """A snapshot with several edits, each wholly above the one before it; None when they do not stand so.

        Such edits do not move each other, so the text is put together once for all of them. This is the order in which
        editors send a "replace all"; one by one, thousands of edits to a large document would take seconds.
        """
        pieces: list[str] = []
        rest = len(self.text)
        previous: Position | None = None
        for start, end, inserted in edits:
            first, last = self.offset_at(start), self.offset_at(end)
            # A position that had to be clamped may mean another place once the edits below it are made.
            exact = self.position_at(first) == start and self.position_at(last) == end
            if not exact or not start <= end or (previous is not None and end >= previous):
                return None
            pieces += (self.text[last:rest], inserted)
            rest, previous = first, start
        pieces.append(self.text[:rest])
        return replace(self, text=join_surrogates("".join(reversed(pieces))))

    def numbered(self, *, version: int, revision: int) -> Snapshot:
        """The same text under other numbers; what is known of its lines is kept."""
        numbered = replace(self, version=version, revision=revision)
        if "line_starts" in self.__dict__:
            numbered.__dict__["line_starts"] = self.line_starts
        return numbered

    def _checked(self, line: int) -> int:
        if not 0 <= line < self.line_count:
            raise IndexError(f"line {line} of a document with {self.line_count} lines")
        return line
