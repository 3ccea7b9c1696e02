"""Server-sent events: every split of the bytes gives the same events, and limits hold."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glosswright_server.generation.sse import EventParser, EventStreamError, ServerEvent


def check(pieces: list[bytes], *expected: str | ServerEvent) -> None:
    parser = EventParser()
    events = [event for piece in pieces for event in parser.feed(piece)]
    assert events == [ServerEvent(item) if isinstance(item, str) else item for item in expected]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        pytest.param(b"data: a\n\n", ["a"], id="lf"),
        pytest.param(b"data: a\r\n\r\n", ["a"], id="crlf"),
        pytest.param(b"data: a\r\rdata: b\r\r", ["a", "b"], id="cr"),
        pytest.param(b"data:a\n\n", ["a"], id="no-space"),
        pytest.param(b"data:  a\n\n", [" a"], id="only-one-space-goes"),
        pytest.param(b": ping\n\ndata: a\n\n", ["a"], id="comment"),
        pytest.param(b"data: a\ndata: b\n\n", ["a\nb"], id="two-data-lines"),
        pytest.param(b"data\n\n", [""], id="empty-data"),
        pytest.param(b"id: 1\nretry: 5\nx: y\n\n", [], id="no-data-no-event"),
        pytest.param(b"event: error\ndata: a\n\ndata: b\n\n", [ServerEvent("a", "error"), "b"], id="name-is-reset"),
        pytest.param(b"\xef\xbb\xbfdata: a\n\n", ["a"], id="byte-order-mark"),
        pytest.param("data: é漢😀\n\n".encode(), ["é漢😀"], id="utf-8"),
        pytest.param(b"data: half", [], id="unfinished"),
        pytest.param(b"data: a\n\ndata: b\n\ndata: c\n\n", ["a", "b", "c"], id="many"),
    ],
)
def test_reads_the_format_at_every_split(stream: bytes, expected: list[str | ServerEvent]) -> None:
    """Networks split anywhere, within characters and within CRLF too."""
    check([stream], *expected)
    check([stream[i : i + 1] for i in range(len(stream))], *expected)
    for cut in range(len(stream)):
        check([stream[:cut], b"", stream[cut:]], *expected)


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=20), max_size=5),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.lists(st.integers(0, 200), max_size=10),
)
def test_any_text_at_any_cuts(texts: list[str], newline: str, cuts: list[int]) -> None:
    """What was put in comes out, whatever the line ends and the cuts."""
    stream = "".join(f"data: {text}{newline}{newline}" for text in texts).encode()
    marks = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    check([stream[a:b] for a, b in pairwise(marks)], *texts)


@pytest.mark.parametrize(
    ("pieces", "says"),
    [
        pytest.param([b"data: \xff\n\n"], "UTF-8", id="not-utf-8"),
        pytest.param([b"x" * 60, b"x" * 60], "longer", id="line-without-end"),
        pytest.param([b"data: " + b"x" * 120 + b"\n"], "line longer", id="long-line-at-once"),
        pytest.param([b"data: " + b"x" * 60 + b"\n"] * 2, "event longer", id="many-data-lines"),
    ],
)
def test_refuses(pieces: list[bytes], says: str) -> None:
    """Memory is bounded, and characters are never silently replaced in code."""
    parser = EventParser(max_event_bytes=100)
    for piece in pieces[:-1]:
        assert parser.feed(piece) == []
    with pytest.raises(EventStreamError, match=says):
        parser.feed(pieces[-1])
