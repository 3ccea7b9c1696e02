"""Whatever goes wrong at the endpoint or in what the editor sends: a quiet answer or one clear message, and it goes on.

One language server process lives through all of it, so each case also shows that the one before left it in order.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from .misbehaving_endpoint import CODE, Endpoint
from .session import CAPABILITIES, MARKED, Session, no_process_left, start_session

pytestmark = pytest.mark.timeout(120)

QUICK = {
    "inline": {"debounceMinMs": 0, "debounceMaxMs": 0, "deadlineMs": 3000},
    "model": {"autostart": False, "download": False},
}
REQUEST_FAILED = -32803
INVALID_PARAMS = -32602


def check_alive(session: Session) -> None:
    """A normal request works: ghost text below a comment."""
    [item] = session.inline(session.open(), by_hand=True)
    assert item["insertText"].startswith(CODE.strip())


@pytest.fixture(scope="module", autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Every process that a test of this file starts is gone at the end of the file."""
    with no_process_left():
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment that keeps state and weights of these tests to themselves."""
    base = tmp_path_factory.mktemp("bad-input")
    return {"GLOSSWRIGHT_RUNTIME_DIR": str(base / "run"), "GLOSSWRIGHT_CACHE_DIR": str(base / "cache")}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as served:
        yield served


@pytest.fixture(scope="module")
def shared(endpoint: Endpoint, folder: dict[str, str]) -> Iterator[Session]:
    """The language server that lives through every case."""
    options = {**QUICK, "endpoint": {"url": endpoint.url, "timeoutS": 1}}
    client, session = start_session(options, folder)
    with client:
        yield session
        assert client.shut_down() == 0
        assert client.stray == b""


@pytest.fixture
def session(shared: Session, endpoint: Endpoint) -> Iterator[Session]:
    """The shared server in good health before and after the test, its messages counted from zero."""
    endpoint.behave("healthy")
    check_alive(shared)
    check_alive(shared)
    shared.client.messages.clear()
    yield shared
    endpoint.behave("healthy")
    check_alive(shared)


# What goes wrong at the endpoint


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        ("html", "web page"),
        ("401", "API key"),
        ("404", "endpoint.url"),
        ("429", "busy"),
        ("500", "HTTP 500"),
        ("hanging", "did not answer in time"),
        ("dropping", "before any text came"),
        ("broken events", "not JSON"),
        ("not http", "does not speak HTTP"),
        ("refused", "Nobody answers"),
    ],
)
def test_an_endpoint_that_fails(session: Session, endpoint: Endpoint, behaviour: str, says: str) -> None:
    """Typing on against a broken endpoint: nothing shown, one message, few requests; asked by hand, a clear error."""
    endpoint.behave(behaviour)
    uris = [session.open(f"# add two numbers, {number}\n") for number in range(6)]
    assert [session.inline(uri) for uri in uris] == [None] * 6
    assert endpoint.asked + endpoint.listed <= 3, "no back-off"
    [message] = session.told()
    assert says in message
    assert message.startswith("Glosswright: ")
    for answer in (session.generate(uris[0]), session.resolve(uris[1])):
        assert answer["error"]["code"] == REQUEST_FAILED
        assert says in answer["error"]["message"]
        assert "Traceback" not in answer["error"]["message"]
    assert len(session.told()) == 1, "who asked by hand has the error already"
    endpoint.behave("healthy")
    assert "error" not in session.generate(uris[0]), "a request by hand must not wait for the back-off"
    assert session.inline(uris[2]) is not None


def test_a_failure_after_success_is_told_again(session: Session, endpoint: Endpoint) -> None:
    """An endpoint that breaks, recovers while the user only types, and breaks again: two messages, not one."""
    for round_number in (1, 2):
        endpoint.behave("500")
        assert session.inline(session.open(f"# add two numbers {round_number}\n")) is None
        assert len(session.told()) == round_number
        endpoint.behave("healthy")
        ends_at = time.monotonic() + 10
        while session.inline(session.open(f"# add three numbers {round_number}\n")) is None:
            assert time.monotonic() < ends_at, "the back-off does not end"
            time.sleep(0.2)


def test_the_back_off_grows(session: Session, endpoint: Endpoint) -> None:
    """The wait doubles with each failure: in five seconds an endpoint that fails is asked three times or so."""
    endpoint.behave("500")
    ends_at = time.monotonic() + 5
    number = 0
    while time.monotonic() < ends_at:
        number += 1
        assert session.inline(session.open(f"# add {number} numbers\n")) is None
        time.sleep(0.05)
    assert number > 20
    assert 2 <= endpoint.asked + endpoint.listed <= 5
    assert len(session.told()) == 1


def test_statements_before_a_broken_connection_are_shown(session: Session, endpoint: Endpoint) -> None:
    """What was written before the connection broke is whole lines, and it is offered."""
    endpoint.behave("statements")
    [item] = session.inline(session.open(), by_hand=True)
    assert item["insertText"].rstrip() == "first = 1\nsecond = 2"


# What goes wrong in the documents


@pytest.mark.parametrize(
    ("text", "language_id"),
    [
        ("\0\1\2" * 100, "python"),
        (MARKED + "\0", "python"),
        ("", "python"),
        ("\n" * 5, ""),
        ("# add two numbers\n", "brainfuck"),
        ("# add two numbers\n", "no such language 🦄"),
        ("\ud800 half a pair\n", "python"),
        ("(" * 5000 + "\n", "python"),
        ("# " + "x" * 200_000 + "\n", "python"),
        ("\ufeff# add two numbers\r\n", "python"),
    ],
)
def test_strange_documents(session: Session, text: str, language_id: str) -> None:
    """Binary, empty, unknown, deep or endless lines: each request is answered without an error or a message."""
    uri = session.open(text, language_id)
    for line, character in ((0, 0), (1, 0), (0, 10**6), (10**6, 0), (2**31 - 1, 2**31 - 1)):
        session.inline(uri, line, character)
        session.inline(uri, line, character, by_hand=True)
    assert session.told() == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8", "utf-32"])
def test_columns_behind_wide_characters(endpoint: Endpoint, folder: dict[str, str], encoding: str) -> None:
    """An emoji and a Chinese word before the cursor: the range is right in each of LSP's units."""
    endpoint.behave("healthy")
    options = {**QUICK, "endpoint": {"url": endpoint.url}}
    capabilities = {**CAPABILITIES, "general": {"positionEncodings": [encoding]}}
    client, session = start_session(options, folder, capabilities=capabilities)
    with client:
        before = 's = "🦄 两数 \u2028" + '
        column = {"utf-16": len(before) + 1, "utf-8": len(before.encode()), "utf-32": len(before)}[encoding]
        uri = session.open(f"# 两数之和 🦄\n{before}\ny = 2\n")
        [item] = session.inline(uri, 1, column, by_hand=True)
        at = {"line": 1, "character": column}
        assert item["range"] == {"start": at, "end": at}
        assert endpoint.prompts[-1].endswith(before.rstrip(" ")) or endpoint.prompts[-1].endswith(before)
        assert client.shut_down() == 0


def test_edits_out_of_range(session: Session) -> None:
    """Edits far outside the text are clamped as LSP says; an inverted one makes the document silent until sent anew."""
    uri = session.open("x = 1\n")
    far = {"line": 10**6, "character": 10**6}
    session.client.change(uri, 2, {"range": {"start": far, "end": far}, "text": MARKED})
    [item] = session.inline(uri, 2, by_hand=True)
    assert item["insertText"].startswith(CODE.strip())
    start, end = {"line": 1, "character": 0}, {"line": 0, "character": 0}
    session.client.change(uri, 3, {"range": {"start": start, "end": end}, "text": "?"})
    assert session.inline(uri, 2, by_hand=True) is None
    assert session.generate(uri)["error"]["code"] == INVALID_PARAMS
    session.client.change(uri, 4, {"text": MARKED})
    assert session.inline(uri, 1, by_hand=True) is not None


def test_a_large_document(session: Session) -> None:
    """A file of 300,000 characters is served like any other, and the prompt stays small."""
    lines = "".join(f"value_{number} = {number}\n" for number in range(20_000))
    assert len(lines) > 300_000
    uri = session.open(lines + MARKED)
    [item] = session.inline(uri, 20_001, by_hand=True)
    assert item["insertText"].startswith(CODE.strip())


@pytest.mark.slow
def test_a_document_of_100_megabytes(session: Session) -> None:
    """Too large to work on: nothing is offered, who asks is told why, and small documents are served as before."""
    uri = session.open("x = 1\n" * 17_000_000)
    assert session.inline(uri, 1, by_hand=True) is None
    answer = session.generate(uri)
    assert answer["error"]["code"] == INVALID_PARAMS
    assert "too large" in answer["error"]["message"]
    session.client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})


def test_a_folder_that_vanishes(endpoint: Endpoint, folder: dict[str, str], tmp_path: Path) -> None:
    """The workspace folder, which is also the server's own working directory, is removed while files in it are open."""
    endpoint.behave("healthy")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    options = {**QUICK, "endpoint": {"url": endpoint.url}}
    folders = [{"uri": workspace.as_uri(), "name": "workspace"}]
    client, session = start_session(options, folder, workspaceFolders=folders, rootUri=workspace.as_uri())
    with client:
        uri = (workspace / "a.py").as_uri()
        client.open(uri, MARKED, language_id="python")
        workspace.rmdir()
        assert session.inline(uri, by_hand=True) is not None
        event = {"added": [], "removed": folders}
        client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
        check_alive(session)
        assert client.shut_down() == 0


# What goes wrong in requests


@pytest.mark.parametrize(
    "data",
    [
        None, 3, "x", [], {}, {"uri": 3}, {"uri": "file:///project/none.py", "start": 0, "end": 1},
        {"start": -1, "end": -1}, {"start": 10**12, "end": 10**12}, {"start": "0", "end": None},
        {"start": 5, "end": 1}, {"start": True, "end": True}, {"kind": ["comment"], "start": 0, "end": 0},
    ],
)  # fmt: skip
def test_tampered_actions(session: Session, data: Any) -> None:
    """An action comes back from the client: whatever is in its `data` by then, the answer is it or a clear error."""
    uri = session.open()
    if isinstance(data, dict):
        data = {"uri": uri, "version": 1, "digest": "", "kind": "comment", **data}
    answer = session.client.answer(session.client.ask("codeAction/resolve", {"title": "mine", "data": data}), 30)
    if isinstance(data, dict):
        assert answer["error"]["code"] == -32801
    else:
        assert answer["result"]["title"] == "mine"
        assert "edit" not in answer["result"]


@pytest.mark.parametrize("data", [3, [], {}, {"code": 3}, {"code": "x"}, {"code": "x", "tookMs": "y", "language": []}])
def test_tampered_completion_items(session: Session, data: Any) -> None:
    """A completion item of another server, or one whose data was changed, is answered, never an error."""
    answer = session.client.answer(session.client.ask("completionItem/resolve", {"label": "x", "data": data}))
    assert answer["result"]["label"] == "x"


def test_ranges_of_code_actions(session: Session) -> None:
    """Inverted, far away or huge selections list what is there, or nothing."""
    uri = session.open(MARKED + "x = 1\n" * 3)
    for start, end in (((3, 0), (0, 0)), ((10**9, 0), (10**9, 5)), ((0, 0), (10**9, 10**9)), ((0, 10**9), (0, 0))):
        span = {
            "start": {"line": start[0], "character": start[1]},
            "end": {"line": end[0], "character": end[1]},
        }
        session.client.call(
            "textDocument/codeAction",
            {"textDocument": {"uri": uri}, "range": span, "context": {"diagnostics": []}},
        )


# What goes wrong in settings and with the local model


@pytest.mark.parametrize(
    "options",
    [3, "x", [1], True, {"inline": 3}, {"inline": {"deadlineMs": "soon"}, "model": {"autostart": "no"}}],
)
def test_settings_of_the_wrong_type(folder: dict[str, str], options: Any) -> None:
    """The session begins with the defaults, each wrong value is named once, and requests are answered."""
    client, session = start_session(options, folder)
    with client:
        # Not a language that code is written in, so that no model is started under these defaults.
        uri = session.open("nothing here", "plaintext", name="notes.txt")
        assert client.call("textDocument/codeAction", {
            "textDocument": {"uri": uri},
            "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}},
            "context": {"diagnostics": []},
        }) is None  # fmt: skip
        told = session.told()
        assert len(told) == (2 if isinstance(options, dict) and len(options) == 2 else 1)
        assert all("must" in message for message in told)
        assert client.shut_down() == 0


def local(folder: Path, model: str, **more: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Options and environment under which a local model server really is started, and can fetch nothing."""
    options = {**QUICK, "model": {"name": model, "autostart": True, "download": False, "idleMinutes": 1, **more}}
    env = {"GLOSSWRIGHT_RUNTIME_DIR": str(folder / "run"), "GLOSSWRIGHT_CACHE_DIR": str(folder / "cache")}
    return options, env


@pytest.fixture
def ended(tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Ends the model server that a language server has started with its runtime folder below `tmp_path`."""

    def end() -> None:
        runtime = str(tmp_path / "run")
        for process in psutil.process_iter(["cmdline"]):
            command = process.info["cmdline"] or []
            if "glosswright_model" in command and any(runtime in part for part in command):
                process.terminate()
                process.wait(15)

    yield end
    end()


def check_no_model(session: Session, says: tuple[str, ...]) -> None:
    uri = session.open("# add two numbers\n")
    session.inline(uri)
    answer = session.generate(uri)
    assert answer["error"]["code"] == REQUEST_FAILED
    for part in says:
        assert part in answer["error"]["message"]
    assert "Traceback" not in answer["error"]["message"]
    assert session.inline(session.open("# add three numbers\n")) is None
    assert len(session.told()) == 1


def test_a_model_that_does_not_exist(tmp_path: Path, ended: Callable[[], None]) -> None:
    """A misspelt model name: the error names it and the nearest names there are."""
    options, env = local(tmp_path, "qwen2.5-coder-0.5")
    client, session = start_session(options, env)
    with client:
        check_no_model(session, ("'qwen2.5-coder-0.5'", "Did you mean qwen2.5-coder-0.5b"))
        assert client.shut_down() == 0


@pytest.mark.llamacpp
@pytest.mark.parametrize(
    "content",
    [b"", b"GGUF", b"GGUF\x03\x00\x00\x00" + b"\xff" * 64, b"<html>not found</html>" * 10],
    ids=["empty", "cut off", "hostile", "a web page"],
)
def test_a_broken_model_file(tmp_path: Path, ended: Callable[[], None], content: bytes) -> None:
    """A file that is no model: the error says so, and neither server dies of it."""
    pytest.importorskip("xllamacpp", reason="needs xllamacpp")
    path = tmp_path / "broken.gguf"
    path.write_bytes(content)
    options, env = local(tmp_path, str(path))
    client, session = start_session(options, env)
    with client:
        check_no_model(session, ("broken.gguf",))
        assert client.shut_down() == 0


def test_weights_that_are_not_there(tmp_path: Path, ended: Callable[[], None]) -> None:
    """With downloads off and no weights in the cache, the error says how to get them."""
    options, env = local(tmp_path, "qwen2.5-coder-0.5b")
    client, session = start_session(options, env)
    with client:
        check_no_model(session, ("glosswright model pull",))
        assert client.shut_down() == 0
