"""The server object in this process: registration, helpers and the tables that must not grow."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest
from lsprotocol import types

from glosswright_server.documents import DocumentView
from glosswright_server.lsp.context import Context
from glosswright_server.lsp.server_base import ClientRequestError, ServerBase

CAPABILITIES = {"textDocument": {"codeAction": {"dataSupport": True}}, "general": {"positionEncodings": ["utf-8"]}}
SECRET = "sec" + "ret"  # put together here, because tracebacks quote source lines


class Wire:
    """A server whose messages are lists in memory."""

    def __init__(self) -> None:
        self.server = ServerBase("unit", "0")
        self.sent: list[dict[str, Any]] = []
        self.server.protocol.send = lambda body: self.sent.append(json.loads(body))

    def tell(self, method: str, params: Any = None, **fields: Any) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params, **fields}
        self.server.protocol.receive(json.dumps(message).encode())

    def initialize(self, **params: Any) -> dict[str, Any]:
        self.tell("initialize", {"processId": None, "rootUri": None, "capabilities": CAPABILITIES, **params}, id="init")
        return self.sent[-1]


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_requests_need_async_handlers(wire: Wire) -> None:
    """A blocking handler would stop everything, cancellation included; it is refused where it is written."""
    with pytest.raises(TypeError, match="async def"):
        wire.server.feature(types.TEXT_DOCUMENT_HOVER)(lambda params, context: None)
    with pytest.raises(TypeError, match="async def"):
        wire.server.command("unit.x")(lambda arguments, context: None)  # type: ignore[type-var]  # the mistake


def test_methods_of_objects_are_handlers(wire: Wire) -> None:
    """Features are often bound methods, on which pygls could not set its attributes."""

    class Features:
        def __init__(self) -> None:
            self.seen: list[str] = []

        def opened(self, params: types.DidOpenTextDocumentParams, context: Context) -> None:
            assert context.snapshot is not None
            self.seen.append(context.snapshot.text)

    features = Features()
    wire.server.feature(types.TEXT_DOCUMENT_DID_OPEN)(features.opened)
    wire.initialize()
    document = {"uri": "u", "languageId": "x", "version": 1, "text": "hello"}
    wire.tell("textDocument/didOpen", {"textDocument": document})
    assert features.seen == ["hello"]


async def test_notifications_may_be_tasks(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    """An async handler of a notification runs beside; when it fails the log says so, without the exception's text."""
    ran = asyncio.Event()

    @wire.server.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams, context: Context) -> None:
        ran.set()
        raise ValueError(SECRET)

    wire.initialize()
    wire.tell("initialized", {})
    await asyncio.wait_for(ran.wait(), 5)
    await asyncio.sleep(0)
    assert "initialized failed: ValueError" in caplog.text
    assert "secret" not in caplog.text


def test_failing_and_unreadable_notifications(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    """One feature's failure, or one bad message, is one line in the log."""

    @wire.server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams, context: Context) -> None:
        raise ValueError(SECRET)

    wire.initialize()
    wire.tell("textDocument/didSave", {"textDocument": {"uri": "u"}})
    wire.tell("textDocument/didSave", {"textDocument": 5})
    assert "textDocument/didSave failed: ValueError" in caplog.text
    assert "ignored textDocument/didSave" in caplog.text
    assert "secret" not in caplog.text


def test_initialize_handler_comes_before_the_capabilities(wire: Wire) -> None:
    """A feature may depend on what the client can do, so it can still be registered while initializing."""

    @wire.server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams, context: Context) -> None:
        assert wire.server.client_supports("text_document.code_action.data_support") is True

        @wire.server.feature(types.TEXT_DOCUMENT_HOVER)
        async def hover(params: types.HoverParams, context: Context) -> None: ...

    assert wire.server.client_supports("text_document", "nothing yet") == "nothing yet"
    assert wire.initialize()["result"]["capabilities"]["hoverProvider"] is True
    assert wire.server.client_supports("window.work_done_progress", False) is False


def test_workspace_folders_and_trace(wire: Wire) -> None:
    """Both are told at initialize and changed later; pygls ignored the first `trace`."""
    wire.initialize(trace="messages", workspaceFolders=[{"uri": "file:///a", "name": "a"}])
    assert wire.server.protocol.trace is types.TraceValue.Messages
    event = {"added": [{"uri": "file:///b", "name": "b"}], "removed": [{"uri": "file:///a", "name": "a"}]}
    wire.tell("workspace/didChangeWorkspaceFolders", {"event": event})
    assert [folder.uri for folder in wire.server.workspace_folders] == ["file:///b"]
    wire.tell("$/setTrace", {"value": "verbose"})
    assert wire.server.protocol.trace is types.TraceValue.Verbose
    wire.tell("$/setTrace", {"value": "deafening"})
    assert wire.server.protocol.trace is types.TraceValue.Verbose


async def test_requests_leave_nothing_behind(wire: Wire) -> None:
    """Answered, refused, late or given up: no table keeps an entry, or a session of days would grow without end."""

    @wire.server.feature("unit/wait")
    async def wait(params: Any, context: Context) -> None:
        await asyncio.sleep(30)

    wire.initialize()
    wire.tell("unit/wait", id=1)
    wire.tell("$/cancelRequest", {"id": 1})  # before the handler could begin
    for _ in range(3):
        await asyncio.sleep(0)
    assert wire.sent[-1]["error"]["code"] == -32800
    with pytest.raises(ClientRequestError) as silent:
        await wire.server.request("unit/ask", {"x": 1}, timeout_s=0.01)
    assert silent.value.code is None
    asked = asyncio.ensure_future(wire.server.request("unit/ask"))
    await asyncio.sleep(0)
    number = wire.sent[-1]["id"]
    answer = {"jsonrpc": "2.0", "id": number, "error": {"code": -32601, "message": "no"}}
    wire.server.protocol.receive(json.dumps(answer).encode())
    with pytest.raises(ClientRequestError, match="no") as refused:
        await asked
    assert refused.value.code == -32601
    protocol = wire.server.protocol
    assert not any([protocol._running, protocol._cancelled, protocol._asked, protocol.progress.tokens])


async def test_pygls_helpers_work(wire: Wire) -> None:
    """The generated helpers of pygls go through the same tables, callbacks included."""
    wire.initialize()
    results: list[Any] = []
    wire.server.workspace_configuration(types.ConfigurationParams(items=[]), results.append)
    wire.server.protocol.receive(json.dumps({"jsonrpc": "2.0", "id": wire.sent[-1]["id"], "result": [1]}).encode())
    refused = wire.server.workspace_configuration(types.ConfigurationParams(items=[]), results.append)
    body = {"jsonrpc": "2.0", "id": wire.sent[-1]["id"], "error": {"code": 1, "message": "no"}}
    wire.server.protocol.receive(json.dumps(body).encode())
    assert refused.exception() is not None
    assert [list(result) for result in results] == [[1]]
    wire.server.window_log_message(types.LogMessageParams(type=types.MessageType.Info, message="m"))
    assert wire.sent[-1] == {
        "jsonrpc": "2.0",
        "method": "window/logMessage",
        "params": {"type": 3, "message": "m"},
    }


def test_a_notification_that_is_no_json(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    """The server's own mistake must not end a handler that only wanted to tell something."""
    wire.server.notify("unit/tell", {"x": object()})
    assert wire.sent == []
    assert "sending unit/tell failed: TypeError" in caplog.text


async def test_progress_cancelled_by_the_client(wire: Wire) -> None:
    """The token's future is cancelled, which is what a feature waits on; the token of a finished request is freed."""
    begun = asyncio.Event()

    @wire.server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams, context: Context) -> None:
        assert params.work_done_token is not None
        wire.server.work_done_progress.begin(params.work_done_token, types.WorkDoneProgressBegin(title="t"))
        begun.set()
        await asyncio.sleep(0.05)
        assert wire.server.work_done_progress.tokens["t"].cancelled()

    wire.initialize()
    place = {"textDocument": {"uri": "u"}, "position": {"line": 0, "character": 0}, "workDoneToken": "t"}
    wire.tell("textDocument/hover", place, id=1)
    await asyncio.wait_for(begun.wait(), 5)
    wire.tell("window/workDoneProgress/cancel", {"token": "t"})
    for _ in range(100):
        if wire.sent[-1].get("id") == 1:
            break
        await asyncio.sleep(0.01)
    assert wire.sent[-1] == {"jsonrpc": "2.0", "id": 1, "result": None}
    assert wire.server.work_done_progress.tokens == {}


def test_a_failure_of_the_layer_itself_is_answered(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong between decoding and the handler, the client gets an answer."""
    monkeypatch.setattr(wire.server.protocol, "_initialize", lambda request: 1 / 0)
    assert wire.initialize()["error"]["code"] == -32603
    monkeypatch.setattr(wire.server.protocol, "_on_notification", lambda notification: 1 / 0)
    wire.tell("initialized", {})


def test_what_pygls_offers_and_this_server_does_not(wire: Wire) -> None:
    """pygls' workspace reads the disk and its sockets have no guard: using them is a mistake that must show."""
    for forbidden in (wire.server.start_io, wire.server.start_tcp, wire.server.start_ws):
        with pytest.raises(RuntimeError):
            forbidden()
    with pytest.raises(RuntimeError, match="documents"):
        _ = wire.server.workspace


def test_pygls_stays_quiet(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    """pygls logs message bodies at INFO, and shows pop-ups for protocol errors."""
    assert logging.getLogger("pygls").level == logging.WARNING
    wire.server.report_server_error(ValueError("secret"), ValueError)
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text
    assert wire.sent == []


@pytest.mark.parametrize("raw", [None, [], {}, {"textDocument": 5}, {"textDocument": {"uri": 5}}])
def test_context_without_a_document(raw: Any) -> None:
    """Parameters that name no document have no snapshot; asking is not an error."""
    context = Context(method="m", raw=raw, documents=DocumentView())
    assert (context.uri, context.snapshot) == (None, None)


def test_stop_outside_a_process(wire: Wire, capsys: pytest.CaptureFixture[str]) -> None:
    """The first reason counts, whatever else breaks while everything ends."""
    wire.server.stop(1, "first")
    wire.server.stop(0, "second")
    assert capsys.readouterr().err == "unit: first\n"
