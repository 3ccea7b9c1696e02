"""Positions, offsets and lines, case by case; `test_fuzz` has the random ones."""

from __future__ import annotations

import pytest

from glosswright_server.documents import Position, PositionEncoding, Snapshot

U8, U16, U32 = PositionEncoding.UTF8, PositionEncoding.UTF16, PositionEncoding.UTF32


def snapshot(text: str, encoding: PositionEncoding = U16) -> Snapshot:
    return Snapshot(uri="file:///a", language_id="python", version=1, text=text, encoding=encoding)


@pytest.mark.parametrize(
    ("text", "encoding", "position", "offset"),
    [
        pytest.param("abc\ndef", U16, (1, 2), 6, id="plain"),
        pytest.param("", U16, (0, 0), 0, id="empty"),
        pytest.param("abc\ndef", U16, (0, 99), 3, id="past the end of a line: its end, before the line end"),
        pytest.param("abc\r\ndef", U16, (0, 99), 3, id="before both characters of a CRLF"),
        pytest.param("abc\r\ndef", U16, (0, 4), 3, id="between CR and LF"),
        pytest.param("é\ndef", U16, (0, 99), 1, id="past the end, not ASCII"),
        pytest.param("abc\ndef", U16, (9, 1), 7, id="past the last line"),
        pytest.param("abc\n", U16, (1, 0), 4, id="the empty last line"),
        pytest.param("abc\n", U16, (2_000_000_000, 2_000_000_000), 4, id="huge"),
        pytest.param("abc", U16, (-1, 2), 0, id="a negative line"),
        pytest.param("abc\ndef", U16, (1, -5), 4, id="a negative column"),
        pytest.param("😀x", U16, (0, 2), 1, id="behind a surrogate pair"),
        pytest.param("😀x", U16, (0, 1), 0, id="inside a surrogate pair"),
        pytest.param("😀x", U8, (0, 4), 1, id="behind four bytes"),
        pytest.param("😀x", U8, (0, 3), 0, id="inside four bytes"),
        pytest.param("😀x", U32, (0, 1), 1, id="code points"),
        pytest.param("a\u2028b\nc", U16, (0, 2), 2, id="U+2028 does not end a line"),
        pytest.param("a\x85b\x0bc\x0cd\nc", U16, (1, 0), 8, id="nor do NEL, VT, FF"),
        pytest.param("a\rb", U16, (1, 0), 2, id="a lone CR does"),
        pytest.param("\ud83dx", U16, (0, 1), 1, id="a lone surrogate is one unit"),
        pytest.param("\ud83dx", U8, (0, 3), 1, id="a lone surrogate is three bytes"),
    ],
)
def test_offset_at(text: str, encoding: PositionEncoding, position: tuple[int, int], offset: int) -> None:
    """Each rule of LSP's position arithmetic has a case that only it decides."""
    assert snapshot(text, encoding).offset_at(Position(*position)) == offset


@pytest.mark.parametrize(
    ("text", "encoding", "offset", "position"),
    [
        pytest.param("abc\ndef", U16, 6, (1, 2), id="plain"),
        pytest.param("😀x", U16, 1, (0, 2), id="utf-16"),
        pytest.param("😀x", U8, 1, (0, 4), id="utf-8"),
        pytest.param("😀x", U32, 1, (0, 1), id="utf-32"),
        pytest.param("a\r\nb", U16, 2, (0, 1), id="between CR and LF: before both"),
        pytest.param("a\n", U16, 2, (1, 0), id="the end"),
        pytest.param("a\n", U16, 99, (1, 0), id="past the end"),
        pytest.param("a\n", U16, -1, (0, 0), id="before the start"),
    ],
)
def test_position_at(text: str, encoding: PositionEncoding, offset: int, position: tuple[int, int]) -> None:
    """The way back, where the two directions are not each other's mirror."""
    assert snapshot(text, encoding).position_at(offset) == Position(*position)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a\n", ["a", ""]),
        ("a\r\n\rb\n\rc", ["a", "", "b", "", "c"]),
        ("\r\n", ["", ""]),
        ("a\u2028b\x1cc", ["a\u2028b\x1cc"]),
    ],
)
def test_lines(text: str, lines: list[str]) -> None:
    """Lines are cut at \\n, \\r\\n and \\r alone, and carry no line end."""
    document = snapshot(text)
    assert [document.line_text(line) for line in range(document.line_count)] == lines
    assert [document.line_at(document.line_start(line)) for line in range(len(lines))] == list(range(len(lines)))
    assert document.line_at(document.line_end(0)) == 0


def test_line_that_does_not_exist() -> None:
    """Asking for a line by number is the server's own doing, so a wrong number is a mistake and not clamped."""
    for line in (-1, 1):
        with pytest.raises(IndexError):
            snapshot("a").line_text(line)


@pytest.mark.parametrize(
    ("text", "eol"),
    [("", "\n"), ("a\r\nb\r\nc\n", "\r\n"), ("a\rb\rc\n", "\r"), ("a\nb\r\n", "\n"), ("a\r\nb", "\r\n")],
)
def test_eol(text: str, eol: str) -> None:
    """Generated lines must end as the file's lines do."""
    assert snapshot(text).eol == eol


def test_slice() -> None:
    """A reversed range is empty, as in Python."""
    document = snapshot("ab\ncd")
    assert document.slice(Position(0, 1), Position(1, 1)) == "b\nc"
    assert document.slice(Position(1, 1), Position(0, 1)) == ""


def test_repr_holds_no_text() -> None:
    """Snapshots end up in logs; the user's code must not."""
    assert "secret" not in repr(snapshot("secret"))


def test_snapshots_do_not_change() -> None:
    """An edit makes a new snapshot; the old one keeps its text and its lines, which were shared to save time."""
    before = snapshot("a\nb\nc")
    assert before.line_starts == [0, 2, 4]
    after = before.edited(1, 1, "\n\n")
    assert (before.text, before.line_starts) == ("a\nb\nc", [0, 2, 4])
    assert (after.text, after.line_starts) == ("a\n\n\nb\nc", [0, 2, 3, 4, 6])
