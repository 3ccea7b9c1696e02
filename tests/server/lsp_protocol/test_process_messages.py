"""What a client can say wrong to a real server process, and the answer it must get: one server lives through it all."""

from __future__ import annotations

from typing import Any

import pytest
from harness.raw import RawClient, encode

PLACE = {"textDocument": {"uri": "file:///a"}, "position": {"line": 0, "character": 0}}


def hover(uri: str) -> dict[str, Any]:
    return {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}}


def text_of(client: RawClient, uri: str) -> str | None:
    result = client.call("textDocument/hover", hover(uri))
    return None if result is None else str(result["contents"])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"Content-Length: 1\r\n\r\n{", -32700, id="bad JSON"),
        pytest.param(b"Content-Length: 0\r\n\r\n", -32700, id="an empty body"),
        pytest.param(b"Content-Length: 2\r\n\r\n\xff\xfe", -32700, id="bad UTF-8"),
        pytest.param(b"Content-Length: 100000\r\n\r\n" + b"[" * 100_000, -32700, id="100k deep"),
        pytest.param(encode([{"jsonrpc": "2.0", "id": 1, "method": "shutdown"}]), -32600, id="a batch"),
        pytest.param(encode(5), -32600, id="a scalar"),
    ],
)
def test_malformed_bodies_are_answered(shared: RawClient, data: bytes, code: int) -> None:
    """pygls answered with a pop-up; the sender needs an error, and the server must go on."""
    before = len(shared.answers(None))
    shared.send_bytes(data)
    shared.wait_for(lambda m: len(shared.answers(None)) > before)
    assert shared.answers(None)[-1]["error"]["code"] == code
    assert shared.call("echo/ended") is not None


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        pytest.param("textDocument/hover", {"nonsense": 1}, -32602, id="invalid params"),
        pytest.param("textDocument/hover", None, -32602, id="missing params"),
        pytest.param("textDocument/rename", {}, -32601, id="a method without a feature"),
        pytest.param("no/such", {}, -32601, id="an unknown method"),
        pytest.param("$/no/such", {}, -32601, id="an unknown optional method"),
        pytest.param("textDocument/didOpen", {}, -32601, id="a notification sent as a request"),
        pytest.param("echo/unserialisable", "object", -32603, id="a result that is no JSON"),
        pytest.param("echo/unserialisable", "nan", -32603, id="a number that is no JSON"),
        pytest.param("echo/raise", "secret", -32603, id="a handler with a bug"),
        pytest.param("echo/raise", "code", -32801, id="a handler with a code"),
        pytest.param("echo/raise", "user", -32803, id="a handler with a sentence for the user"),
        pytest.param("workspace/executeCommand", {"command": "no.such"}, -32602, id="an unknown command"),
        pytest.param("workspace/executeCommand", {"command": "echo.sleep"}, -32603, id="a command with a bug"),
        pytest.param("initialize", {"capabilities": {}}, -32600, id="initialize again"),
    ],
)
def test_every_request_is_answered(shared: RawClient, method: str, params: Any, code: int) -> None:
    """Each of these left the client waiting or leaked a traceback; the answer is short and says no secrets."""
    answer = shared.answer(shared.ask(method, params))
    assert answer["error"]["code"] == code
    assert len(answer["error"]["message"]) < 150
    assert "data" not in answer["error"]
    assert "secret" not in str(answer)
    assert "Traceback" not in str(answer)


def test_errors_stay_out_of_sight(shared: RawClient) -> None:
    """No pop-ups in the editor, and no text of exceptions (they quote documents) in the log."""
    shared.answer(shared.ask("echo/raise", "secret"))
    shared.notify("textDocument/didChange", {"nonsense": 1})
    shared.call("echo/ended")
    assert shared.notifications("window/showMessage") == []
    shared.wait_for_stderr("echo/raise failed: ValueError")
    assert "secret" not in shared.stderr()


@pytest.mark.parametrize(
    "method",
    ["$/unknown", "no/such", "textDocument/didSave", "window/workDoneProgress/cancel", "$/cancelRequest", "$/setTrace"],
)
@pytest.mark.parametrize("params", [None, {}, {"id": 12345, "token": "unknown", "value": "loud"}, [1], 5])
def test_notifications_never_hurt(shared: RawClient, method: str, params: Any) -> None:
    """Nobody can answer a notification, so whatever is in it the server goes on in silence."""
    shared.notify(method, params)
    assert shared.call("echo/ended") is not None


def test_nested_jsonrpc_keys(shared: RawClient) -> None:
    """A `jsonrpc` key deep in the parameters was taken for a message of its own."""
    nested = {"jsonrpc": "2.0", "id": 1, "method": "shutdown"}
    shared.call("workspace/executeCommand", {"command": "echo.sleep", "arguments": [0, nested]})
    assert shared.answer(shared.ask("echo/sleep", {"seconds": 0, "x": nested}))["result"] == "slept"


@pytest.mark.parametrize("context", [None, {}, {"triggerKind": 0}, {"triggerKind": 1}, {"triggerKind": 2}])
def test_inline_completion_dialects(shared: RawClient, context: Any) -> None:
    """Clients older than LSP 3.18 count from 0 or send no context; they got no answer and a pop-up."""
    params = {**PLACE, "formattingOptions": {"tabSize": 4}, **({} if context is None else {"context": context})}
    assert shared.call("textDocument/inlineCompletion", params)[0]["insertText"] in {"Invoked", "Automatic"}


def test_handlers_see_the_document_of_their_moment(shared: RawClient) -> None:
    """A request and a didChange in one write: the handler runs later and still sees the text from before."""
    shared.open("file:///moment", "before")
    request = {"jsonrpc": "2.0", "id": "moment", "method": "textDocument/hover", "params": hover("file:///moment")}
    document = {"uri": "file:///moment", "version": 2}
    change = {"jsonrpc": "2.0", "method": "textDocument/didChange"}
    change["params"] = {"textDocument": document, "contentChanges": [{"text": "after"}]}  # type: ignore[assignment]
    shared.send_bytes(encode(request) + encode(change))
    assert shared.answer("moment")["result"]["contents"] == "1:before"
    assert text_of(shared, "file:///moment") == "2:after"


def span(a: int, b: int, c: int, d: int) -> dict[str, Any]:
    return {"start": {"line": a, "character": b}, "end": {"line": c, "character": d}}


@pytest.mark.parametrize(
    ("version", "changes"),
    [
        pytest.param(1, [{"text": "x"}], id="a stale version"),
        pytest.param("2", [{"text": "x"}], id="a version that is a string"),
        pytest.param(None, [{"text": "x"}], id="no version"),
        pytest.param(2, [{"range": span(0, 2, 0, 1), "text": "x"}], id="an inverted range"),
        pytest.param(2, [{"range": span(0, -1, 0, 1), "text": "x"}], id="a negative position"),
        pytest.param(2, [{"text": None}], id="no text"),
        pytest.param(2, [{"range": {}, "text": "x"}], id="an empty range"),
        pytest.param(2, ["x"], id="a change that is a string"),
        pytest.param(2, [{"text": "good"}, {"range": 5, "text": ""}], id="one good and one bad"),
    ],
)
def test_edits_that_cannot_be_meant(shared: RawClient, version: Any, changes: list[Any]) -> None:
    """The document falls silent instead of being guessed at, until its whole text comes again."""
    shared.open("file:///edits", "abc")
    shared.change("file:///edits", version, *changes)
    assert text_of(shared, "file:///edits") is None
    assert shared.call("echo/documents")["file:///edits"] == "out of step with the editor"
    shared.change("file:///edits", 99, {"text": "whole"})
    assert text_of(shared, "file:///edits") == "99:whole"
    shared.notify("textDocument/didClose", {"textDocument": {"uri": "file:///edits"}})
    assert text_of(shared, "file:///edits") is None


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("textDocument/didOpen", {"textDocument": {"uri": "file:///bad", "version": 1, "languageId": "x"}}),
        ("textDocument/didOpen", {"textDocument": "file:///bad"}),
        ("textDocument/didChange", {"textDocument": {"uri": 5}, "contentChanges": []}),
        ("textDocument/didChange", {"textDocument": {"uri": "file:///never", "version": 1}, "contentChanges": []}),
        ("textDocument/didClose", {"textDocument": {"uri": "file:///never"}}),
        ("textDocument/didClose", None),
        ("notebookDocument/didOpen", {"notebookDocument": {}, "cellTextDocuments": []}),
        ("notebookDocument/didChange", {"notebookDocument": {"uri": "x"}}),
        ("workspace/didChangeWorkspaceFolders", {"event": 5}),
    ],
)
def test_document_notifications_that_say_nothing(shared: RawClient, method: str, params: Any) -> None:
    """An unreadable or pointless document notification changes nothing and shows nothing."""
    before = shared.call("echo/documents")
    shared.notify(method, params)
    assert shared.call("echo/documents") == before


@pytest.mark.parametrize("uri", ["git:/etc/hostname", "file:///etc/hostname", "untitled:x"])
def test_unopened_documents_are_not_read_from_disk(shared: RawClient, uri: str) -> None:
    """A URI that the client never opened names nothing here, even where a file of that name exists."""
    assert text_of(shared, uri) is None


def test_odd_characters(shared: RawClient) -> None:
    """U+2028 is no line end, an emoji is two columns, a lone surrogate survives the way there and back."""
    shared.open("file:///odd", "a\u2028b😀\n\ud83d!")
    shared.change("file:///odd", 2, {"range": span(0, 5, 0, 5), "text": "X"}, {"range": span(1, 1, 1, 2), "text": "?"})
    assert text_of(shared, "file:///odd") == "2:a\u2028b😀X\n\ud83d?"


def test_a_client_that_never_answers(shared: RawClient) -> None:
    """A request to the client has a time limit, after which the client is told to forget it."""
    answer = shared.answer(shared.ask("echo/ask", {"timeout": 0.2}))
    assert answer["error"]["code"] == -32803
    asked = shared.wait_for(lambda m: m.get("method") == "workspace/configuration")
    cancelled = shared.wait_for(lambda m: m.get("method") == "$/cancelRequest")
    assert cancelled["params"]["id"] == asked["id"]
    shared.send({"jsonrpc": "2.0", "id": asked["id"], "result": ["late"]})
    assert shared.call("echo/ended") is not None


@pytest.mark.parametrize(
    ("response", "result"),
    [
        ({"result": [{"jsonrpc": "2.0", "a": 1}]}, [{"jsonrpc": "2.0", "a": 1}]),
        ({"result": [None]}, [None]),
        ({"error": {"code": -32601, "message": "no such method"}}, None),
        ({"error": "no"}, None),
        ({"result": 5}, None),
    ],
)
def test_answers_of_the_client(shared: RawClient, response: dict[str, Any], result: Any) -> None:
    """Whatever the client answers ends the wait: with its result, or with an error."""
    before = {m["id"] for m in shared.messages if m.get("method") == "workspace/configuration"}
    number = shared.ask("echo/ask", {"timeout": 10})
    asked = shared.wait_for(lambda m: m.get("method") == "workspace/configuration" and m["id"] not in before)
    shared.send({"jsonrpc": "2.0", "id": asked["id"], **response})
    answer = shared.answer(number)
    if result is None:
        assert answer["error"]["code"] == -32803
    else:
        assert answer["result"] == result


def test_progress_tokens_are_freed(shared: RawClient) -> None:
    """A token that is never given back would refuse its own reuse and grow the table for ever."""
    seen: set[Any] = set()
    for _ in range(2):
        number = shared.ask("echo/progress")
        created = shared.wait_for(lambda m: m.get("method") == "window/workDoneProgress/create" and m["id"] not in seen)
        seen.add(created["id"])
        shared.send({"jsonrpc": "2.0", "id": created["id"], "result": None})
        assert shared.answer(number)["result"] == 0
    assert [m["params"]["value"]["kind"] for m in shared.notifications("$/progress")] == ["begin", "end"] * 2


def test_stray_output_goes_to_stderr(shared: RawClient) -> None:
    """A print anywhere in the process must not land between two messages."""
    assert shared.call("echo/print") == "printed"
    assert shared.call("echo/ended") is not None
    assert shared.stray == b""
    shared.wait_for_stderr("a stray line")
    shared.wait_for_stderr("a stray write")
