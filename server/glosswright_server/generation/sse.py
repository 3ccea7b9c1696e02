"""Server-sent events out of arbitrary pieces of bytes (WHATWG HTML, section 9.2 "Server-sent events").

Takes the bytes as the network delivers them, split anywhere, and gives whole events. Sizes are bounded, so that a
hostile or broken server cannot fill the memory. It does no I/O, does not reconnect and does not look into the data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_EVENT_BYTES = 1_048_576
_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class EventStreamError(ValueError):
    """The bytes are not an event stream within the limits. The message holds none of them."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event: its type ("message" unless named) and its data lines joined by line feeds."""

    data: str
    event: str = "message"


class EventParser:
    """Incremental parser: `feed` bytes, get the events they complete.

    Not strict where servers differ (CR, LF and CRLF, comments, unknown fields), strict where the text would suffer:
    bytes that are not UTF-8 raise, for silently replaced characters would end up in somebody's code.
    """

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max = max_event_bytes
        self._tail = bytearray()
        self._data: list[str] = []
        self._data_bytes = 0
        self._event = ""
        self._after_cr = False
        self._at_start = True

    def feed(self, piece: bytes) -> list[ServerEvent]:
        """Events completed by `piece`. Raises EventStreamError for an over-long event or bytes that are not UTF-8."""
        if self._after_cr and piece:
            # The CR ended its line already; this LF is the second half of a CRLF cut in two.
            piece = piece.removeprefix(b"\n")
            self._after_cr = False
        self._tail += piece
        if len(self._tail) < len(_BOM) and _BOM.startswith(self._tail):
            return []
        if self._at_start:
            self._at_start = False
            if self._tail.startswith(_BOM):
                del self._tail[: len(_BOM)]
        *lines, rest = _LINE_END.split(bytes(self._tail))
        self._after_cr = bool(lines) and not rest and self._tail.endswith(b"\r")
        self._tail = bytearray(rest)
        if len(rest) > self._max:
            raise EventStreamError(f"a line longer than {self._max} bytes")
        return [event for line in lines if (event := self._line(line))]

    def _line(self, line: bytes) -> ServerEvent | None:
        if not line:
            return self._dispatch()
        if line.startswith(b":"):
            return None
        if len(line) > self._max:
            raise EventStreamError(f"a line longer than {self._max} bytes")
        try:
            name, _, value = line.decode("utf-8").partition(":")
        except UnicodeDecodeError:
            raise EventStreamError("bytes that are not UTF-8") from None
        value = value.removeprefix(" ")
        if name == "data":
            self._data_bytes += len(line)
            if self._data_bytes > self._max:
                raise EventStreamError(f"an event longer than {self._max} bytes")
            self._data.append(value)
        elif name == "event":
            self._event = value
        return None

    def _dispatch(self) -> ServerEvent | None:
        data, event = self._data, self._event
        self._data, self._data_bytes, self._event = [], 0, ""
        return ServerEvent("\n".join(data), event or "message") if data else None
