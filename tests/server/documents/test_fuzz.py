"""The store against a second implementation that shares nothing with it: a client that keeps the document as bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glosswright_server.documents import Change, DocumentStore, Position, PositionEncoding
from glosswright_server.documents.lines import line_starts

URI = "file:///fuzz"
CODECS = {
    PositionEncoding.UTF8: ("utf-8", 1),
    PositionEncoding.UTF16: ("utf-16-le", 2),
    PositionEncoding.UTF32: ("utf-32-le", 4),
}
# What makes line ends and columns go wrong: all three line ends, the characters that str.splitlines also breaks at, and
# wide and combining characters of every UTF-8 length.
ALPHABET = ["a", "b", " ", "\r", "\n", "\r\n", "\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x85", "é", "e\u0301", "中"]
ALPHABET += ["😀", "👨\u200d👩\u200d👧", "\U0010ffff", "\ufeff"]
TEXTS = st.lists(st.sampled_from(ALPHABET), max_size=12).map("".join)
COORDINATES = st.integers(0, 14)
KINDS = st.sampled_from(["edit", "edit", "edit", "edit", "whole"])
EDITS = st.lists(
    st.tuples(
        COORDINATES,
        COORDINATES,
        COORDINATES,
        COORDINATES,
        TEXTS,
        st.sampled_from(["edit", "edit", "edit", "edit", "whole"]),
    ),
    max_size=12,
)


class BytesClient:
    """A document as encoded bytes, edited by scanning code units from the start each time: slow and plain."""

    def __init__(self, text: str, encoding: PositionEncoding) -> None:
        self.codec, self.width = CODECS[encoding]
        self.data = text.encode(self.codec)

    @property
    def text(self) -> str:
        return self.data.decode(self.codec)

    def units(self) -> list[int]:
        return [int.from_bytes(self.data[i : i + self.width], "little") for i in range(0, len(self.data), self.width)]

    def lines(self) -> list[tuple[int, int]]:
        """Start and end, in units, of each line; the end is before the line end."""
        units, lines, start, i = self.units(), [], 0, 0
        while i < len(units):
            if units[i] in (10, 13):
                lines.append((start, i))
                i += 2 if units[i : i + 2] == [13, 10] else 1
                start = i
            else:
                i += 1
        return [*lines, (start, len(units))]

    def index(self, line: int, character: int) -> int:
        """Which unit a position means, by the clamping rules of LSP and rounding down inside a character."""
        lines, units = self.lines(), self.units()
        if line >= len(lines):
            return len(units)
        start, end = lines[line]
        index = min(start + character, end)
        while 0 < index < len(units) and self._continues(units[index]):
            index -= 1
        return index

    def _continues(self, unit: int) -> bool:
        return (self.width == 1 and unit & 0xC0 == 0x80) or (self.width == 2 and 0xDC00 <= unit < 0xE000)

    def edit(self, start: tuple[int, int], end: tuple[int, int], text: str) -> None:
        first, last = self.index(*start) * self.width, self.index(*end) * self.width
        self.data = self.data[:first] + text.encode(self.codec) + self.data[last:]


@pytest.mark.parametrize("encoding", PositionEncoding)
@settings(max_examples=200, deadline=None)
@given(text=TEXTS, edits=EDITS)
def test_random_edits(encoding: PositionEncoding, text: str, edits: list[tuple[int, int, int, int, str, str]]) -> None:
    """Texts, line tables and positions stay equal through any edits: a mistake here corrupts user code."""
    store = DocumentStore()
    store.set_encoding(encoding)
    store.open(URI, "plaintext", 0, text)
    client = BytesClient(text, encoding)
    for version, (line, character, end_line, end_character, inserted, kind) in enumerate(edits, 1):
        start, end = sorted([(line, character), (end_line, end_character)])
        if kind == "whole":
            client = BytesClient(inserted, encoding)
            change = Change(None, inserted)
        else:
            client.edit(start, end, inserted)
            change = Change((Position(*start), Position(*end)), inserted)
        assert store.change(URI, version, [change]).applied
        snapshot = store.get(URI)
        assert snapshot is not None
        assert snapshot.text == client.text
        assert snapshot.line_starts == line_starts(snapshot.text)
        assert snapshot.line_count == len(client.lines())


@pytest.mark.parametrize("encoding", PositionEncoding)
@settings(max_examples=150, deadline=None)
@given(text=TEXTS, line=COORDINATES, character=COORDINATES)
def test_positions(encoding: PositionEncoding, text: str, line: int, character: int) -> None:
    """Every position, real or not, means the same place in both, and going there and back stays there."""
    store = DocumentStore()
    store.set_encoding(encoding)
    store.open(URI, "plaintext", 0, text)
    snapshot = store.get(URI)
    assert snapshot is not None
    client = BytesClient(text, encoding)
    offset = snapshot.offset_at(Position(line, character))
    assert len(text[:offset].encode(client.codec)) == client.index(line, character) * client.width
    assert snapshot.offset_at(snapshot.position_at(offset)) == offset


SPANS = st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)).map(
    lambda numbers: sorted([numbers[:2], numbers[2:]])
)


@pytest.mark.parametrize("upwards", [False, True])
@settings(max_examples=300, deadline=None)
@given(text=TEXTS, edits=st.lists(st.tuples(SPANS, TEXTS), max_size=4))
def test_one_notification_equals_many(upwards: bool, text: str, edits: list[tuple[list[tuple[int, int]], str]]) -> None:
    """Changes in one notification mean the same as one by one, also where they are applied all at once."""
    if upwards:
        edits.sort(reverse=True)
    changes = [Change((Position(*start), Position(*end)), inserted) for (start, end), inserted in edits]
    together, apart = DocumentStore(), DocumentStore()
    for store in (together, apart):
        store.open(URI, "plaintext", 0, text)
    together.change(URI, 1, changes)
    for version, change in enumerate(changes, 1):
        apart.change(URI, version, [change])
    one, other = together.get(URI), apart.get(URI)
    assert one is not None
    assert other is not None
    assert one.text == other.text
    assert one.line_starts == other.line_starts
