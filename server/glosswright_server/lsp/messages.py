"""From the bytes of one message to a request, a notification or a response (JSON-RPC 2.0), or to what is wrong with it.

Only the envelope is looked at. Parameters stay plain JSON here: whether they fit the method, `structuring` says, and a
`jsonrpc` key deep inside them means nothing. Decoding never raises: each malformed message becomes a `Malformed` that
says how to answer it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NoReturn

MessageId = str | int

PARSE_ERROR = -32700
INVALID_REQUEST = -32600


@dataclass(frozen=True, slots=True)
class Request:
    """The client wants an answer under `id`."""

    id: MessageId
    method: str
    params: Any


@dataclass(frozen=True, slots=True)
class Notification:
    """The client tells something."""

    method: str
    params: Any


@dataclass(frozen=True, slots=True)
class Response:
    """The client's answer to one of the server's own requests; `error` is None when it succeeded."""

    id: MessageId
    result: Any
    error: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Malformed:
    """Not a message. `answer` tells whether the client gets an error: whatever may have been a request does."""

    code: int
    why: str
    id: MessageId | None = None
    answer: bool = True


Message = Request | Notification | Response | Malformed


def decode_message(body: bytes) -> Message:
    """What `body` says."""
    try:
        data = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        return Malformed(PARSE_ERROR, "the message is not UTF-8")
    except RecursionError:
        return Malformed(PARSE_ERROR, "the message is nested too deeply")
    except ValueError:
        return Malformed(PARSE_ERROR, "the message is not JSON")
    if isinstance(data, list):
        return Malformed(INVALID_REQUEST, "batches are not part of LSP")
    if not isinstance(data, dict):
        return Malformed(INVALID_REQUEST, "a message must be a JSON object")
    return _decode_envelope(data)


def _decode_envelope(data: dict[str, Any]) -> Message:
    has_id = "id" in data
    number = message_id(data.get("id"))
    if data.get("jsonrpc") != "2.0":
        return Malformed(INVALID_REQUEST, "jsonrpc is not 2.0", number, answer=has_id)
    if "method" not in data:
        return _decode_response(data, number)
    method = data["method"]
    if not isinstance(method, str):
        return Malformed(INVALID_REQUEST, "method is not a string", number, answer=has_id)
    if not has_id:
        return Notification(method, data.get("params"))
    if number is None:
        return Malformed(INVALID_REQUEST, "id is neither a string nor an integer")
    return Request(number, method, data.get("params"))


def _decode_response(data: dict[str, Any], number: MessageId | None) -> Message:
    if not data.keys() & {"id", "result", "error"}:
        return Malformed(INVALID_REQUEST, "neither a method nor an id")
    if number is None:
        # An error about a message whose id the client could not read. To answer an answer would begin a quarrel.
        return Malformed(INVALID_REQUEST, "a response without a usable id", answer=False)
    error = data.get("error")
    if error is not None and not isinstance(error, dict):
        error = {"code": INVALID_REQUEST, "message": "the client answered with a malformed error"}
    # Without "result" it means null: in some languages a table cannot hold a key without a value.
    return Response(number, data.get("result"), error)


def message_id(value: Any) -> MessageId | None:
    """`value` where it can be the id of a message, else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)  # a client written in a language with one kind of number
    return value if isinstance(value, (str, int)) else None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
