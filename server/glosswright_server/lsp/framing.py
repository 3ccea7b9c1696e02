"""LSP's base protocol on bytes: header fields, a blank line, a body of so many bytes (LSP 3.17, "Base Protocol").

Lenient where clients differ without doubt about what they mean (case of header names, white space, bare line feeds),
final where the boundary between two messages is lost: `FramingLost` cannot be recovered from, and whoever catches it
must end the process, because editors restart a server that died but wait for ever on one that went deaf. Nothing here
knows JSON or how the bytes arrive.
"""

from __future__ import annotations

from collections.abc import Callable

from glosswright_server.errors import GlosswrightError

MAX_BODY_BYTES = 256 * 1024 * 1024
MAX_HEADER_BYTES = 16 * 1024
_CHUNK_BYTES = 1024 * 1024


class FramingLost(GlosswrightError):
    """Where the next message starts can no longer be told."""


class FrameReader:
    """Cuts a stream of bytes into message bodies.

    `read(n)` returns between 1 and n bytes, waiting if it must, or b"" at the end of the stream.
    """

    def __init__(self, read: Callable[[int], bytes], *, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._read = read
        self._max_body_bytes = max_body_bytes
        self._buffer = bytearray()
        self.ended_inside_message = False
        """Whether the stream ended in the middle of a header or a body."""

    def read_body(self) -> bytes | None:
        """The next message body, or None at the end of the stream. Raises FramingLost."""
        length = self._read_header()
        return None if length is None else self._read_exactly(length)

    def _read_header(self) -> int | None:
        length: int | None = None
        header_bytes = fields = 0
        while True:
            line = self._read_line(MAX_HEADER_BYTES - header_bytes)
            if line is None:
                self.ended_inside_message = bool(header_bytes or self._buffer)
                return None
            header_bytes += len(line)
            if line.strip():
                length = _content_length(line, length)
                fields += 1
            elif fields:
                return self._checked(length)
            # Else a blank line before any header field: some clients end each body with a line end of their own.

    def _checked(self, length: int | None) -> int:
        if length is None:
            raise FramingLost("a header without Content-Length")
        if length > self._max_body_bytes:
            raise FramingLost(f"a message of {length} bytes is larger than {self._max_body_bytes} bytes")
        return length

    def _read_line(self, limit: int) -> bytes | None:
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > limit:
                raise FramingLost(f"the header section is longer than {MAX_HEADER_BYTES} bytes")
            chunk = self._read(_CHUNK_BYTES)
            if not chunk:
                return None
            self._buffer += chunk
        if end >= limit:
            raise FramingLost(f"the header section is longer than {MAX_HEADER_BYTES} bytes")
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        return line

    def _read_exactly(self, length: int) -> bytes | None:
        body = self._buffer[:length]
        del self._buffer[:length]
        # The body grows with what arrives, so a length that is announced and never sent costs no memory.
        while len(body) < length:
            chunk = self._read(min(_CHUNK_BYTES, length - len(body)))
            if not chunk:
                self.ended_inside_message = True
                return None
            body += chunk
        return bytes(body)


def frame(body: bytes) -> bytes:
    """`body` with the header that LSP wants before it."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def _content_length(line: bytes, known: int | None) -> int | None:
    name, colon, value = line.partition(b":")
    if not colon:
        raise FramingLost("a header line has no colon")
    if name.strip().lower() != b"content-length":
        return known
    value = value.strip()
    # bytes.isdigit knows ASCII digits only; the limit keeps int() away from absurdly long numbers.
    if not value.isdigit() or len(value) > 18:
        raise FramingLost("Content-Length is not a number of bytes")
    if known is not None and known != int(value):
        raise FramingLost("two different Content-Length fields")
    return int(value)
