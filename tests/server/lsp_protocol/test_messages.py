"""Envelopes: each malformed message gets the code that JSON-RPC gives it, and nothing raises."""

from __future__ import annotations

import json
from typing import Any

import pytest

from glosswright_server.lsp.messages import (
    INVALID_REQUEST,
    PARSE_ERROR,
    Malformed,
    Notification,
    Request,
    Response,
    decode_message,
)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"id": 1, "method": "m", "params": {"a": 1}}, Request(1, "m", {"a": 1})),
        ({"id": "x", "method": "m"}, Request("x", "m", None)),
        ({"id": 3.0, "method": "m"}, Request(3, "m", None)),
        ({"id": 0, "method": "m", "params": [1]}, Request(0, "m", [1])),
        (
            {"method": "m", "params": {"jsonrpc": "2.0", "id": 1, "method": "n"}},
            Notification("m", {"jsonrpc": "2.0", "id": 1, "method": "n"}),
        ),
        ({"id": 1, "result": None}, Response(1, None, None)),
        ({"id": 1}, Response(1, None, None)),
        ({"id": 1, "error": {"code": 5}}, Response(1, None, {"code": 5})),
        ({"id": 1, "result": 4, "error": None}, Response(1, 4, None)),
    ],
)
def test_messages(data: dict[str, Any], expected: object) -> None:
    """Only the top level is looked at, so a `jsonrpc` key in the parameters stays a key."""
    assert decode_message(json.dumps({"jsonrpc": "2.0", **data}).encode()) == expected


@pytest.mark.parametrize(
    ("body", "code", "message_id", "answer"),
    [
        pytest.param(b"", PARSE_ERROR, None, True, id="empty"),
        pytest.param(b"{", PARSE_ERROR, None, True, id="half"),
        pytest.param(b'{"jsonrpc":"2.0"}}', PARSE_ERROR, None, True, id="too much"),
        pytest.param(b"\xff\xfe", PARSE_ERROR, None, True, id="not UTF-8"),
        pytest.param(b"[" * 100_000, PARSE_ERROR, None, True, id="deep"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, PARSE_ERROR, None, True, id="deep objects"),
        pytest.param(b'{"jsonrpc":"2.0","id":NaN,"method":"m"}', PARSE_ERROR, None, True, id="NaN"),
        pytest.param(b"[]", INVALID_REQUEST, None, True, id="an empty batch"),
        pytest.param(b'[{"jsonrpc":"2.0","id":1,"method":"m"}]', INVALID_REQUEST, None, True, id="a batch"),
        pytest.param(b"5", INVALID_REQUEST, None, True, id="a number"),
        pytest.param(b"null", INVALID_REQUEST, None, True, id="null"),
        pytest.param(b"{}", INVALID_REQUEST, None, False, id="nothing in it"),
        pytest.param(b'{"jsonrpc":"2.0"}', INVALID_REQUEST, None, True, id="only a version"),
        pytest.param(b'{"jsonrpc":"1.0","id":1,"method":"m"}', INVALID_REQUEST, 1, True, id="another version"),
        pytest.param(b'{"id":1,"method":"m"}', INVALID_REQUEST, 1, True, id="no version"),
        pytest.param(b'{"method":"m"}', INVALID_REQUEST, None, False, id="a notification without a version"),
        pytest.param(b'{"jsonrpc":"2.0","id":1,"method":5}', INVALID_REQUEST, 1, True, id="method is a number"),
        pytest.param(b'{"jsonrpc":"2.0","id":null,"method":"m"}', INVALID_REQUEST, None, True, id="null id"),
        pytest.param(b'{"jsonrpc":"2.0","id":true,"method":"m"}', INVALID_REQUEST, None, True, id="true as id"),
        pytest.param(b'{"jsonrpc":"2.0","id":1.5,"method":"m"}', INVALID_REQUEST, None, True, id="fraction as id"),
        pytest.param(b'{"jsonrpc":"2.0","id":1e999,"method":"m"}', INVALID_REQUEST, None, True, id="infinity as id"),
        pytest.param(b'{"jsonrpc":"2.0","id":[1],"method":"m"}', INVALID_REQUEST, None, True, id="a list as id"),
        pytest.param(b'{"jsonrpc":"2.0","id":null,"error":{}}', INVALID_REQUEST, None, False, id="an error without id"),
    ],
)
def test_malformed(body: bytes, code: int, message_id: int | None, answer: bool) -> None:
    """Whatever may have been a request is answered, under its id where that could be read."""
    message = decode_message(body)
    assert isinstance(message, Malformed)
    assert (message.code, message.id, message.answer) == (code, message_id, answer)


def test_an_error_that_is_no_object() -> None:
    """The one who waits for the answer learns that it failed."""
    message = decode_message(b'{"jsonrpc":"2.0","id":1,"error":"no"}')
    assert isinstance(message, Response)
    assert message.error is not None
    assert message.error["code"] == INVALID_REQUEST
