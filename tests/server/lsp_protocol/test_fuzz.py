"""Random messages: whatever comes in, nothing is raised and each request has exactly one answer."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types

from glosswright_server.lsp.framing import FrameReader, FramingLost, frame
from glosswright_server.lsp.server_base import ServerBase

METHODS = [*sorted(types.METHOD_TO_TYPES), "no/such", "$/no/such", "$/cancelRequest", "$/progress"]
KEYS = [
    "textDocument",
    "uri",
    "version",
    "text",
    "position",
    "line",
    "character",
    "context",
    "contentChanges",
    "range",
    "start",
    "end",
    "capabilities",
]
KEYS += [
    "triggerKind",
    "command",
    "arguments",
    "token",
    "value",
    "id",
    "jsonrpc",
    "method",
    "params",
    "event",
    "added",
    "diagnostics",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["file:///a", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)
PLACE = {"textDocument": {"uri": "file:///a"}, "position": {"line": 0, "character": 0}}
DOCUMENT = {"uri": "file:///a", "version": 1, "languageId": "x", "text": "a\n"}
GOOD = st.sampled_from(
    [PLACE, {"textDocument": DOCUMENT}, {"textDocument": DOCUMENT, "contentChanges": [{"text": "b"}]}]
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"jsonrpc": st.just("2.0"), "method": st.sampled_from(METHODS).filter(lambda m: m not in {"exit", "shutdown"})},
        optional={"params": JSON | GOOD, "id": st.integers(0, 5) | st.text(max_size=1) | JSON},
    ),
    max_size=12,
)


def build(sent: list[dict[str, Any]]) -> ServerBase:
    """An initialized server with a few features that answers into `sent`."""
    server = ServerBase("fuzz", "0")
    server.protocol.send = lambda body: sent.append(json.loads(body))

    async def anything(params: Any, context: Any) -> Any:
        await asyncio.sleep(0)
        return context.snapshot and context.snapshot.text

    for method in (types.TEXT_DOCUMENT_HOVER, types.TEXT_DOCUMENT_INLINE_COMPLETION, types.TEXT_DOCUMENT_CODE_ACTION):
        server.feature(method)(anything)
    server.command("x")(anything)
    initialize = {"jsonrpc": "2.0", "id": "init", "method": "initialize", "params": {"capabilities": {}}}
    server.protocol.receive(json.dumps(initialize).encode())
    return server


def usable(message: dict[str, Any]) -> bool:
    """Whether the message is a request under an id that JSON-RPC allows."""
    number = message.get("id")
    if isinstance(number, float):
        return number.is_integer()
    return isinstance(number, (str, int)) and not isinstance(number, bool)


def is_json(message: dict[str, Any]) -> bool:
    """Whether it can be said in JSON, which has no NaN and no infinities."""
    try:
        json.dumps(message, allow_nan=False)
    except ValueError:
        return False
    return True


@settings(max_examples=200, deadline=None)
@given(messages=MESSAGES)
def test_every_request_has_one_answer(messages: list[dict[str, Any]]) -> None:
    """A silent request hangs an editor's feature; a second answer confuses its next one."""

    async def session() -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []
        server = build(sent)
        for message in messages:
            server.protocol.receive(json.dumps(message).encode())
        for _ in range(10):
            await asyncio.sleep(0)
        assert not server.protocol._running
        return sent

    answers = [m for m in asyncio.run(session()) if "method" not in m and m["id"] != "init"]
    # A body with NaN or Infinity is not JSON: it is answered, too, under the id null.
    requests = [m for m in messages if "id" in m or not is_json(m)]
    assert len(answers) == len(requests)
    strict = [m["id"] for m in requests if usable(m) and is_json(m)]
    assert sorted(map(repr, (a["id"] for a in answers if a["id"] is not None))) == sorted(
        repr(int(number) if isinstance(number, float) else number) for number in strict
    )
    assert all(("result" in answer) != ("error" in answer) for answer in answers)


@settings(max_examples=300, deadline=None)
@given(body=st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_body_raises(body: bytes) -> None:
    """Bytes of any kind in a good frame."""
    sent: list[dict[str, Any]] = []
    build(sent).protocol.receive(body)


@settings(max_examples=300, deadline=None)
@given(pieces=st.lists(st.binary(max_size=30) | st.binary(max_size=5).map(frame), max_size=5), size=st.integers(1, 9))
def test_frames_end_or_are_lost(pieces: list[bytes], size: int) -> None:
    """Bytes of any kind instead of a frame: the reader comes to an end, in one way or the other."""
    data = bytearray(b"".join(pieces))

    def read(limit: int) -> bytes:
        taken = bytes(data[: min(size, limit)])
        del data[: len(taken)]
        return taken

    reader = FrameReader(read)
    try:
        while reader.read_body() is not None:
            continue
    except FramingLost:
        return
    assert not data
