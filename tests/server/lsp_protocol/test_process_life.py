"""How a connection begins and ends, what cancels what, and what no client may do to the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from harness.raw import RawClient, encode

PLACE = {"textDocument": {"uri": "file:///a"}, "position": {"line": 0, "character": 0}}


# Handshake


def test_before_initialize(client: RawClient) -> None:
    """Requests are refused with the code that clients know, notifications do nothing, and initialize still works."""
    assert client.error_code("textDocument/hover", PLACE) == -32002
    assert client.error_code("shutdown") == -32002
    assert client.error_code("no/such") == -32002
    client.open("file:///early", "x")
    client.notify("initialized", {})
    client.initialize()
    assert client.call("echo/documents") == {}


def test_initialize_twice_keeps_the_documents(ready: RawClient) -> None:
    """A second initialize lost every open document."""
    ready.open("file:///a", "kept")
    assert ready.error_code("initialize", {"processId": None, "rootUri": None, "capabilities": {}}) == -32600
    assert ready.call("textDocument/hover", PLACE)["contents"] == "1:kept"


def test_after_shutdown(ready: RawClient) -> None:
    """Late requests are refused, not ignored; exit then ends with status 0."""
    ready.call("shutdown")
    assert ready.error_code("textDocument/hover", PLACE) == -32600
    assert ready.error_code("shutdown") == -32600
    ready.open("file:///late", "x")
    ready.notify("exit")
    assert ready.exit_status() == 0


def test_invalid_initialize_can_be_repeated(client: RawClient) -> None:
    """Without capabilities there is nothing to go by; the client may mend its request."""
    assert client.error_code("initialize", {"processId": None}) == -32602
    client.initialize()


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [(None, "utf-16"), (["utf-8", "utf-16"], "utf-8"), (["utf-7", "utf-32"], "utf-32"), (["utf-7"], "utf-16")],
)
def test_position_encoding(client: RawClient, offered: list[str] | None, chosen: str) -> None:
    """The client's first choice that is known here; edits and positions then count in it."""
    result = client.initialize({"general": {"positionEncodings": offered}} if offered else {})
    assert result["capabilities"]["positionEncoding"] == chosen
    assert result["capabilities"]["textDocumentSync"] == {"openClose": True, "change": 2, "save": False}
    column = {"utf-8": 4, "utf-16": 2, "utf-32": 1}[chosen]
    client.open("file:///a", "😀x")
    place = {"line": 0, "character": column}
    client.change("file:///a", 2, {"range": {"start": place, "end": place}, "text": "-"})
    assert client.call("textDocument/hover", PLACE)["contents"] == "2:😀-x"


def test_initialize_with_everything_unknown(client: RawClient) -> None:
    """One unknown enum value, or one `jsonrpc` key in the options, kept pygls from ever answering."""
    capabilities: dict[str, Any] = {
        "textDocument": {"codeAction": {"tagSupport": {"valueSet": [1, 2]}}},
        "workspace": {"symbol": {"symbolKind": {"valueSet": [1, 99]}}},
        "future": {"x": 1},
    }
    result = client.initialize(
        capabilities,
        trace="compact",
        initializationOptions={"jsonrpc": "2.0", "id": 1, "method": "shutdown"},
        workspaceFolders=[{"uri": "file:///w", "name": "w"}],
        processId=os.getpid(),
        locale="xx",
    )
    assert result["capabilities"]["executeCommandProvider"] == {"commands": ["echo.sleep"]}
    assert result["capabilities"]["inlineCompletionProvider"] == {}
    assert client.shut_down() == 0


# Cancelling


@pytest.mark.parametrize(
    ("method", "params", "name"),
    [
        ("echo/sleep", {"seconds": 30}, "sleep"),
        ("workspace/executeCommand", {"command": "echo.sleep", "arguments": [30]}, "command"),
    ],
)
def test_cancel(ready: RawClient, method: str, params: Any, name: str) -> None:
    """The work itself ends (pygls let a command's run on), and there is exactly one answer."""
    number = ready.ask(method, params)
    ready.call("echo/ended")
    ready.notify("$/cancelRequest", {"id": number})
    assert ready.answer(number)["error"]["code"] == -32800
    assert ready.call("echo/ended") == [name]
    ready.notify("$/cancelRequest", {"id": number})
    ready.call("echo/ended")
    assert len(ready.answers(number)) == 1


def test_cancel_in_the_same_write(ready: RawClient) -> None:
    """Request and cancellation together: whether the handler had begun or not, there is one answer, and no wait."""
    request = {"jsonrpc": "2.0", "id": "x", "method": "echo/sleep", "params": {"seconds": 30}}
    cancel = {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": "x"}}
    ready.send_bytes(encode(request) + encode(cancel))
    assert ready.answer("x")["error"]["code"] == -32800
    assert ready.call("echo/ended") in ([], ["sleep"])
    assert len(ready.answers("x")) == 1


def test_a_handler_may_keep_its_result(ready: RawClient) -> None:
    """A cancelled handler that has something to say is heard; the specification allows it."""
    number = ready.ask("echo/sleep", {"seconds": 30, "swallow": True})
    ready.call("echo/ended")
    ready.notify("$/cancelRequest", {"id": number})
    assert ready.answer(number)["result"] == "kept"


def test_giving_up_is_null(ready: RawClient) -> None:
    """-32800 is for what the client cancelled; a handler that gives up by itself has nothing to offer."""
    assert ready.call("echo/raise", "self-cancel") is None


def test_an_id_that_is_in_use(ready: RawClient) -> None:
    """The second request is refused; the first keeps its answer."""
    for _ in range(2):
        ready.send({"jsonrpc": "2.0", "id": "x", "method": "echo/sleep", "params": {"seconds": 0.3}})
    ready.wait_for(lambda m: m.get("id") == "x" and m.get("result") == "slept")
    assert sorted(answer.get("result", "refused") for answer in ready.answers("x")) == ["refused", "slept"]


def test_shutdown_cancels_what_runs(ready: RawClient) -> None:
    """Shutdown with a command in flight failed with -32603; each request gets its answer, and the end is in order."""
    numbers = [ready.ask("echo/sleep", {"seconds": 30}) for _ in range(5)]
    numbers.append(ready.ask("workspace/executeCommand", {"command": "echo.sleep", "arguments": [30]}))
    ready.call("shutdown")
    assert [ready.answer(number)["error"]["code"] for number in numbers] == [-32800] * 6
    ready.notify("exit")
    assert ready.exit_status() == 0


# The end of the process


def test_exit_without_shutdown(ready: RawClient) -> None:
    """Status 1 tells the client that something went wrong; the shutdown callbacks run all the same."""
    ready.notify("exit")
    assert ready.exit_status() == 1
    assert "tidied up" in ready.stderr()


@pytest.mark.parametrize("shut_down", [True, False])
def test_what_ends_slowly_is_answered(ready: RawClient, shut_down: bool) -> None:
    """A handler that has to tidy up when it is cancelled gets the time to, and its request an answer."""
    number = ready.ask("echo/sleep", {"seconds": 30, "linger": 0.4})
    ready.call("echo/ended")
    if shut_down:
        ready.call("shutdown")
    ready.notify("exit")
    assert ready.answer(number)["error"]["code"] == -32800
    assert ready.exit_status() == (0 if shut_down else 1)


def test_what_does_not_end_is_cut_short(ready: RawClient) -> None:
    """One that goes on all the same does not keep the process."""
    started = time.monotonic()
    ready.ask("echo/sleep", {"seconds": 30, "linger": 30})
    assert ready.shut_down() == 0
    assert time.monotonic() - started < 5


def test_exit_before_initialize(client: RawClient) -> None:
    """`exit` is the one notification that works at any time."""
    client.notify("exit")
    assert client.exit_status() == 1


@pytest.mark.parametrize(("shut_down", "status"), [(True, 0), (False, 1)])
def test_end_of_input(ready: RawClient, shut_down: bool, status: int) -> None:
    """A client that is gone closes the pipe; nobody is left to serve."""
    if shut_down:
        ready.call("shutdown")
    ready.close_input()
    assert ready.exit_status() == status


@pytest.mark.parametrize("half", [b"Content-Len", b"Content-Length: 10\r\n\r\n", b"Content-Length: 10\r\n\r\n{}"])
def test_half_a_message_and_the_end(ready: RawClient, half: bytes) -> None:
    """What is left of a message is not acted on."""
    ready.send_bytes(half)
    ready.close_input()
    assert ready.exit_status() == 1


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(b"hello world\r\n\r\n", id="no header"),
        pytest.param(b"Content-Length: -1\r\n\r\n{}", id="negative"),
        pytest.param(b"Content-Length: 99999999999\r\n\r\n", id="huge"),
        pytest.param(b"Content-Length: 2\r\n\r\n{}}}\r\n\r\n", id="a length too small by two"),
        pytest.param(b"Content-Length: x\r\n\r\n", id="not a number"),
        pytest.param(b"X" * 100_000, id="no line ends"),
        # Without a colon: with one, a line may be a header of a later version, and more is waited for.
        pytest.param(bytes(range(14, 256)).replace(b":", b"") + b"\n", id="noise"),
    ],
)
def test_lost_framing_ends_the_process(ready: RawClient, garbage: bytes) -> None:
    """A deaf server is never restarted; a dead one with a reason on stderr is."""
    ready.send_bytes(garbage)
    assert ready.exit_status() == 1
    ready.wait_for_stderr("echo: lost track of where the editor's messages begin:")
    assert "Traceback" not in ready.stderr()


def test_lenient_framing(client: RawClient) -> None:
    """Lower case, no space, bare line feeds: pygls went deaf over each of them."""
    body = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null,"capabilities":{}}}'
    client.send_bytes(b"content-length:%d\n\n%b" % (len(body), body))
    assert "result" in client.answer(1)


@pytest.mark.parametrize("method", ["echo/block", "echo/thread"])
def test_the_end_is_bounded(ready: RawClient, method: str) -> None:
    """A stuck event loop or a thread that runs on must not keep a process alive that nobody talks to."""
    ready.ask(method, {"seconds": 30})
    time.sleep(0.3)
    started = time.monotonic()
    ready.notify("exit")
    ready.close_input()
    assert ready.exit_status() == 1
    assert time.monotonic() - started < 6


def test_slow_callbacks_are_cut_short(start: Callable[..., RawClient]) -> None:
    """A callback that hangs is given up in time for an orderly end with the right status."""
    client = start(env={"ECHO_SLOW_SHUTDOWN": "30"})
    client.initialize()
    started = time.monotonic()
    assert client.shut_down() == 0
    assert time.monotonic() - started < 5
    assert "tidied up" not in client.stderr()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_terminate(ready: RawClient) -> None:
    """SIGTERM ends in order, with the status that shells expect."""
    ready.process.send_signal(signal.SIGTERM)
    assert ready.exit_status() == 128 + signal.SIGTERM
    assert "tidied up" in ready.stderr()


def test_the_death_of_the_parent(client: RawClient) -> None:
    """The process that `processId` names dies while the pipe stays open: the server must not stay behind."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as parent:
        client.initialize(processId=parent.pid)
        time.sleep(2.5)
        assert client.process.poll() is None
        parent.kill()
        assert client.exit_status() == 1


def test_a_parent_out_of_sight(client: RawClient) -> None:
    """A pid from another container names nobody here; the server must not take that for a death."""
    client.initialize(processId=2**31 - 5)
    time.sleep(2.5)
    assert client.call("echo/ended") == []


# Too much of everything


def test_a_document_of_100_mb(ready: RawClient) -> None:
    """It is taken note of and let go; the server goes on, small and quick."""
    ready.open("file:///big", "x" * 100_000_000)
    assert ready.call("echo/documents", timeout_s=60) == {"file:///big": "too large"}
    ready.change("file:///big", 2, {"text": "small"})
    assert ready.call("echo/documents") == {"file:///big": None}


def test_a_client_that_stops_reading(ready: RawClient) -> None:
    """The server takes what it sends for a while, then gives the client up: it never hangs and never grows for ever."""
    ready.pause_reading()
    for _ in range(12):
        ready.ask("echo/big", {"bytes": 10_000_000})
    assert ready.process.wait(20) == 1


def test_large_answers_arrive_whole(ready: RawClient) -> None:
    """More than a pipe holds, several times over, in order."""
    numbers = [ready.ask("echo/big", {"bytes": 3_000_000}) for _ in range(5)]
    assert [len(ready.answer(number)["result"]) for number in numbers] == [3_000_000] * 5


def test_a_flood_of_requests(ready: RawClient) -> None:
    """Each of 2000 requests in one write has its answer."""
    flood = [{"jsonrpc": "2.0", "id": f"f{n}", "method": "echo/ended"} for n in range(2000)]
    ready.send_bytes(b"".join(map(encode, flood)))
    assert [ready.answer(f"f{n}")["result"] for n in range(0, 2000, 97)] == [[]] * 21
    assert ready.shut_down() == 0
