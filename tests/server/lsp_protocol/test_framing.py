"""Frames from bytes: what is read leniently, what ends the connection. The bytes come from memory."""

from __future__ import annotations

import io
import time

import pytest

from glosswright_server.lsp.framing import MAX_HEADER_BYTES, FrameReader, FramingLost, frame


def bodies(data: bytes, *, at_a_time: int = 1 << 20, **options: int) -> list[bytes]:
    """The bodies in `data`, read in pieces of at most `at_a_time` bytes."""
    stream = io.BytesIO(data)
    reader = FrameReader(lambda size: stream.read(min(size, at_a_time)), **options)
    found = []
    while (body := reader.read_body()) is not None:
        found.append(body)
    return found


@pytest.mark.parametrize("at_a_time", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"Content-Length: 2\r\n\r\n{}Content-Length: 2\r\n\r\n[]", id="by the book"),
        pytest.param(b"content-length: 2\r\n\r\n{}CONTENT-LENGTH: 2\r\n\r\n[]", id="case of the name"),
        pytest.param(b"Content-Length:2\r\n\r\n{}Content-Length :  2 \r\n\r\n[]", id="spaces"),
        pytest.param(b"Content-Length: 2\n\n{}Content-Length: 2\n\n[]", id="bare line feeds"),
        pytest.param(b"X: y\r\nContent-Length: 2\r\nContent-Type: z\r\n\r\n{}Content-Length: 2\r\n\r\n[]", id="others"),
        pytest.param(b"Content-Length: 2\r\n\r\n{}\r\nContent-Length: 2\r\n\r\n[]\n", id="line ends after bodies"),
        pytest.param(b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}Content-Length: 2\r\n\r\n[]", id="said twice"),
        pytest.param(frame(b"{}") + frame(b"[]"), id="what `frame` makes"),
    ],
)
def test_frames(data: bytes, at_a_time: int) -> None:
    """Clients write headers in many ways that can mean only one thing, and pipes cut them anywhere."""
    assert bodies(data, at_a_time=at_a_time) == [b"{}", b"[]"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"Content-Length: -5\r\n\r\n", id="negative"),
        pytest.param(b"Content-Length: 1e3\r\n\r\n", id="not digits"),
        pytest.param(b"Content-Length: +5\r\n\r\nabcde", id="a sign"),
        pytest.param("Content-Length: ５\r\n\r\nabcde".encode(), id="digits that are not ASCII"),
        pytest.param(b"Content-Length:\r\n\r\n", id="no number"),
        pytest.param(b"Content-Length: 99999999999\r\n\r\n", id="huge"),
        pytest.param(b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", id="a number of 5000 digits"),
        pytest.param(b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", id="two different lengths"),
        pytest.param(b'{"jsonrpc": "2.0"}\r\n\r\n', id="no header but JSON, which has a colon and no length"),
        pytest.param(b"hello\r\n", id="no colon"),
        pytest.param(b"X: " + b"y" * (MAX_HEADER_BYTES + 5) + b"\r\n", id="an endless header line"),
        pytest.param(b"X: y\r\n" * MAX_HEADER_BYTES, id="endless header lines"),
        pytest.param(b"\r\n" * MAX_HEADER_BYTES, id="endless blank lines"),
        pytest.param(b"\0" * (2 * MAX_HEADER_BYTES), id="no lines at all"),
    ],
)
@pytest.mark.parametrize("at_a_time", [1000, 1 << 20])
def test_lost(data: bytes, at_a_time: int) -> None:
    """Where the next message starts can no longer be known: that must be said, not waited for."""
    with pytest.raises(FramingLost):
        bodies(data + b"Content-Length: 2\r\n\r\n{}" + b"x" * MAX_HEADER_BYTES, at_a_time=at_a_time)


@pytest.mark.parametrize(
    ("data", "inside"),
    [
        (b"", False),
        (frame(b"{}"), False),
        (frame(b"{}") + b"Content-Le", True),
        (b"Content-Length: 2\r\n", True),
        (b"Content-Length: 2\r\n\r\n", True),
        (b"Content-Length: 2\r\n\r\n{", True),
    ],
)
def test_end_of_stream(data: bytes, inside: bool) -> None:
    """Half a message is never handed on as a whole one."""
    stream = io.BytesIO(data)
    reader = FrameReader(stream.read)
    while (body := reader.read_body()) is not None:
        assert body == b"{}"
    assert reader.ended_inside_message is inside


def test_body_limit() -> None:
    """The limit is the caller's; a body of exactly that size passes."""
    assert bodies(frame(b"x" * 10), max_body_bytes=10) == [b"x" * 10]
    with pytest.raises(FramingLost, match="11 bytes"):
        bodies(frame(b"x" * 11), max_body_bytes=10)


def test_large_bodies_take_linear_time() -> None:
    """A 64 MB document arrives in pipe-sized pieces; copying it for each piece would take minutes."""
    data = frame(b"x" * (64 << 20))
    started = time.monotonic()
    assert len(bodies(data, at_a_time=1 << 16)[0]) == 64 << 20
    assert time.monotonic() - started < 10
