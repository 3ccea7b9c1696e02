"""Documents that the user keeps to themselves: not a word of them reaches the model, and it is said quietly, once."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from glosswright_server.exclusion import ignore_files
from glosswright_server.exclusion.ignore_files import IGNORE_FILE
from glosswright_server.generation.scripted import Script
from glosswright_server.lsp import excluding as module
from glosswright_server.lsp.excluding import TOO_SLOW, local_path

from .support import CAPABILITIES, Wire

pytestmark = pytest.mark.timeout(30)

TEXT = "# add two numbers\n"
CODE = "def add(a, b):\n    return a + b\n"
STATUS = "glosswright/documentStatus"


def folders(tmp_path: Path) -> list[dict[str, str]]:
    return [{"uri": tmp_path.as_uri(), "name": "project"}]


def at(uri: str, line: int = 1, character: int = 0) -> dict[str, Any]:
    return {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}


async def ask_everything(wire: Wire, uri: str) -> list[Any]:
    """The answers to every request that could give a model the document's text."""
    here = {"line": 0, "character": 3}
    answers = [
        await wire.call("textDocument/inlineCompletion", {**at(uri), "context": {"triggerKind": 1}}),
        await wire.call("textDocument/completion", at(uri, 0, 17)),
        await wire.call(
            "textDocument/codeAction",
            {**at(uri), "range": {"start": here, "end": here}, "context": {"diagnostics": []}},
        ),
        await wire.call("textDocument/hover", at(uri)),
        (await wire.call("llm-ls/getCompletions", at(uri)))["completions"] or None,
    ]
    for command in ("glosswright.generate", "glosswright.implement"):
        error = await wire.error(
            "workspace/executeCommand", {"command": command, "arguments": [{"uri": uri, "position": here}]}
        )
        assert "excluded by" in error["message"]
    return answers


@pytest.mark.parametrize("name", [".env", "private/a.py", "id_rsa", ".ssh/config.py"])
async def test_nothing_reaches_the_model(wire: Wire, tmp_path: Path, name: str) -> None:
    """Whatever is asked, by hand or by itself: no code, no request to the model, no model started, no popup."""
    (tmp_path / IGNORE_FILE).write_text("private/\n")
    wire.model.script = Script(CODE)
    await wire.initialize(workspaceFolders=folders(tmp_path))
    uri = (tmp_path / name).as_uri()
    wire.open(TEXT, uri=uri)
    assert await ask_everything(wire, uri) == [None] * 5
    assert wire.model.requests == []
    assert wire.source.acquired == []
    assert wire.told() == []
    [line] = wire.sent_of("window/logMessage")
    assert uri in line["message"]
    assert "excluded by" in line["message"]


async def test_told_once_to_clients_that_show_it(wire: Wire, tmp_path: Path) -> None:
    """One notification for the document, none for others, nothing in the log."""
    await wire.initialize({"statusNotifications": True}, workspaceFolders=folders(tmp_path))
    uri, other = (tmp_path / ".env").as_uri(), (tmp_path / "a.py").as_uri()
    wire.open(TEXT, uri=uri, language_id="dotenv")
    wire.open(TEXT, uri=other)
    for _ in range(3):
        await wire.call("textDocument/inlineCompletion", {**at(uri), "context": {"triggerKind": 2}})
    assert wire.sent_of(STATUS) == [
        {
            "uri": uri,
            "offered": False,
            "reason": "excluded",
            "detail": "excluded by the built-in pattern `.env`",
            "language": "dotenv",
        }
    ]
    assert wire.sent_of("window/logMessage") == []
    assert await wire.call(STATUS, {"textDocument": {"uri": other}}) == {
        "uri": other,
        "offered": True,
        "reason": "",
        "detail": "",
        "language": "python",
    }


async def test_a_changed_ignore_file(wire: Wire, tmp_path: Path) -> None:
    """The client tells of the change: the document is offered in, and out again, and a generation under way ends."""
    wire.model.script = Script(CODE, piece_s=0.05)
    capabilities = {**CAPABILITIES, "workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}}}
    wire.answers["client/registerCapability"] = lambda _: None
    await wire.initialize({"statusNotifications": True}, capabilities=capabilities, workspaceFolders=folders(tmp_path))
    await wire.until(lambda: wire.sent_of("client/registerCapability"))
    [registration] = wire.sent_of("client/registerCapability")[0]["registrations"]
    assert registration["registerOptions"] == {"watchers": [{"globPattern": f"**/{IGNORE_FILE}"}]}
    path = tmp_path / "a.py"
    uri = path.as_uri()
    wire.open(TEXT, uri=uri)
    asked = wire.ask("textDocument/inlineCompletion", {**at(uri), "context": {"triggerKind": 2}})
    await wire.until(lambda: wire.model.running)
    (tmp_path / IGNORE_FILE).write_text("a.py\n")
    changed = {"changes": [{"uri": (tmp_path / IGNORE_FILE).as_uri(), "type": 1}]}
    wire.tell("workspace/didChangeWatchedFiles", changed)
    await wire.until(lambda: wire.sent_of(STATUS))
    assert (await wire.answer(asked))["result"] is None
    await wire.until(lambda: not wire.model.running)
    (tmp_path / IGNORE_FILE).write_text("# nothing any more\n")
    wire.tell("workspace/didChangeWatchedFiles", changed)
    await wire.until(lambda: len(wire.sent_of(STATUS)) == 2)
    assert [status["offered"] for status in wire.sent_of(STATUS)] == [False, True]
    assert await wire.call("textDocument/inlineCompletion", {**at(uri), "context": {"triggerKind": 1}})


async def test_an_action_that_was_listed_before(wire: Wire, tmp_path: Path) -> None:
    """A light bulb that stands there from before the file was excluded gives it away no more; nor does one made up by
    a client."""
    wire.model.script = Script(CODE)
    await wire.initialize(workspaceFolders=folders(tmp_path))
    path = tmp_path / "a.py"
    wire.open(TEXT, uri=path.as_uri())
    here = {"line": 0, "character": 3}
    asked = {**at(path.as_uri()), "range": {"start": here, "end": here}, "context": {"diagnostics": []}}
    [action] = await wire.call("textDocument/codeAction", asked)
    (tmp_path / IGNORE_FILE).write_text("a.py\n")
    wire.tell("workspace/didChangeWatchedFiles", {"changes": [{"uri": (tmp_path / IGNORE_FILE).as_uri(), "type": 1}]})
    assert "excluded by `a.py`" in (await wire.error("codeAction/resolve", action))["message"]
    assert wire.model.requests == []


async def test_bad_patterns_are_told_once(wire: Wire, tmp_path: Path) -> None:
    """With file and line, in one message, however often the file is looked at."""
    (tmp_path / IGNORE_FILE).write_text("ok\n[a-\n")
    await wire.initialize(workspaceFolders=folders(tmp_path))
    for name in ("a.py", "b.py", "c.py"):
        wire.open("x = 1\n", uri=(tmp_path / name).as_uri())
    await wire.until(wire.told)
    await asyncio.sleep(0.05)
    [message] = wire.told()
    assert f"{tmp_path / IGNORE_FILE}, line 2" in message


async def test_a_disk_that_hangs_excludes(wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that does not answer keeps no request for long, and gives nothing away."""
    hangs = threading.Event()
    monkeypatch.setattr(module, "PATIENCE_S", 0.05)
    monkeypatch.setattr(wire.features.excluding._files, "why", lambda path, folders: hangs.wait(10) and None)
    await wire.initialize(workspaceFolders=folders(tmp_path))
    uri = (tmp_path / "a.py").as_uri()
    wire.open(TEXT, uri=uri)
    try:
        for _ in range(3):
            assert (await wire.call(STATUS, {"textDocument": {"uri": uri}}))["detail"] == TOO_SLOW
        assert wire.model.requests == []
    finally:
        hangs.set()
    await wire.until(lambda: not wire.features.excluding._asking)
    assert (await wire.call(STATUS, {"textDocument": {"uri": uri}}))["offered"]


async def test_other_reasons(wire: Wire) -> None:
    """Settings and pauses are told by their names."""
    await wire.initialize({"disabledLanguages": ["ruby"]})
    wire.open(TEXT, uri="file:///a.rb", language_id="ruby")
    wire.open("\0", uri="file:///a.bin")
    for uri, reason in (("file:///a.rb", "language"), ("file:///a.bin", "binary"), ("file:///none", "notOpen")):
        found = await wire.call(STATUS, {"textDocument": {"uri": uri}})
        assert (found["offered"], found["reason"]) == (False, reason)
        assert found["detail"]
    assert (await wire.error(STATUS, {"uri": "file:///a.rb"}))["code"] == -32602


@pytest.mark.skipif(os.name == "nt", reason="paths are written otherwise there")
@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///a/b.py", "/a/b.py"),
        ("vscode-notebook-cell:/a/b.ipynb#W0sZmlsZQ%3D%3D", "/a/b.ipynb"),
        ("git:/a/.env?%7B%22ref%22%3A%22%22%7D", "/a/.env"),
        ("untitled:Untitled-1", None),
        ("vscode-vfs://github/a/b.py", None),
        ("nonsense", None),
    ],
)
def test_what_file_a_document_stands_for(uri: str, path: str | None) -> None:
    """A cell is its notebook, a version in git is its file; what is elsewhere is not looked for on this disk."""
    assert local_path(uri) == (Path(path) if path is not None else None)


async def test_documents_that_are_no_files(wire: Wire) -> None:
    """Secrets go by their name there too, and by their language where there is no name."""
    await wire.initialize()
    for uri, language, offered in (
        ("vscode-vfs://github/me/project/.env", "plaintext", False),
        ("vscode-vfs://github/me/project/a.py", "python", True),
        ("untitled:Untitled-1", "dotenv", False),
        ("untitled:Untitled-1", "python", True),
    ):
        wire.open(TEXT, uri=uri, language_id=language)
        wire.features.excluding.forget()
        assert (await wire.call(STATUS, {"textDocument": {"uri": uri}}))["offered"] is offered
        wire.tell("textDocument/didClose", {"textDocument": {"uri": uri}})


async def test_pause(wire: Wire) -> None:
    """One language or all of them, for this session, with what is under way ended and the status told."""
    wire.model.script = Script(CODE, piece_s=0.05)
    await wire.initialize({"statusNotifications": True})
    uri = "file:///project/a.py"
    wire.open(TEXT, uri=uri)
    asked = wire.ask("textDocument/inlineCompletion", {**at(uri), "context": {"triggerKind": 2}})
    await wire.until(lambda: wire.model.running)
    status = await wire.call("glosswright/pause", {"paused": True, "language": "python"})
    assert (status["paused"], status["pausedLanguages"]) == (False, ["python"])
    assert (await wire.answer(asked))["result"] is None
    await wire.until(lambda: not wire.model.running)
    assert wire.sent_of(STATUS)[-1]["reason"] == "paused"
    assert await wire.call("textDocument/inlineCompletion", {**at(uri), "context": {"triggerKind": 1}}) is None
    status = await wire.call("glosswright/pause", {"paused": False, "language": "python"})
    assert status["pausedLanguages"] == []
    assert wire.sent_of(STATUS)[-1]["offered"]
    status = await wire.call("glosswright/pause", {"paused": True})
    assert (status["state"], status["paused"]) == ("off", True)
    assert wire.sent_of("glosswright/status")[-1]["state"] == "off"
    assert await wire.call("glosswright/status") == status
    assert (await wire.call("glosswright/pause", {"paused": False}))["state"] != "off"


@pytest.mark.parametrize(
    "params", [None, [], {}, {"paused": 1}, {"paused": True, "language": 3}, {"language": "python"}]
)
async def test_bad_pauses(wire: Wire, params: Any) -> None:
    """Told in words."""
    await wire.initialize()
    assert (await wire.error("glosswright/pause", params))["code"] == -32602


async def test_a_selected_item_that_cannot_be_extended(wire: Wire) -> None:
    """With the popup open nothing but what extends the selected item may come (LSP 3.18, SelectedCompletionInfo)."""
    wire.model.script = Script("nt(1)\n")
    await wire.initialize()
    wire.open("x = pri\n")
    inverted = {"start": {"line": 0, "character": 7}, "end": {"line": 0, "character": 4}}
    assert await wire.inline(0, 7, selectedCompletionInfo={"range": inverted, "text": "print"}) is None
    assert wire.model.requests == []


SECRET_NAMES = (
    ".env", ".env.local", ".env~", "id_rsa", "server.pem", ".netrc", "credentials.json", ".aws/credentials", ".npmrc",
    ".pypirc",
)  # fmt: skip


@pytest.mark.parametrize("name", SECRET_NAMES)
async def test_secrets_as_neighbours(wire: Wire, tmp_path: Path, name: str) -> None:
    """A secrets file that is open beside the code, and one that lies there, are no context: not a word of them is in
    what the model is asked, and nothing is offered in them."""
    wire.model.script = Script(CODE)
    lies = tmp_path / name
    lies.parent.mkdir(exist_ok=True)
    lies.write_text("TOKEN = lying-secret\n")
    await wire.initialize(workspaceFolders=folders(tmp_path))
    neighbour, code = lies.as_uri(), (tmp_path / "a.py").as_uri()
    wire.open("TOKEN = telling-secret\n# add two numbers\n", uri=neighbour)
    wire.open(TEXT, uri=code)
    for trigger in (1, 2):
        assert await wire.call("textDocument/inlineCompletion", {**at(code), "context": {"triggerKind": trigger}})
        asked = {**at(neighbour, 2), "context": {"triggerKind": trigger}}
        assert await wire.call("textDocument/inlineCompletion", asked) is None
    await wire.command("glosswright.generate", {"uri": code, "position": {"line": 0, "character": 3}})
    assert wire.model.requests
    assert "secret" not in repr(wire.model.requests)
    assert wire.told() == []


@pytest.mark.parametrize("pattern", ["*.ipynb", "private/"])
async def test_cells_of_an_excluded_notebook(wire: Wire, tmp_path: Path, pattern: str) -> None:
    """A cell is its notebook, whatever its own name is; the cells above are no context either."""
    (tmp_path / IGNORE_FILE).write_text(f"{pattern}\n")
    wire.model.script = Script(CODE)
    await wire.initialize(workspaceFolders=folders(tmp_path))
    notebook = (tmp_path / "private" / "a.ipynb").as_uri()
    cells = [f"vscode-notebook-cell:/elsewhere/cell{number}" for number in range(2)]
    wire.tell(
        "notebookDocument/didOpen",
        {
            "notebookDocument": {
                "uri": notebook,
                "notebookType": "jupyter-notebook",
                "version": 1,
                "cells": [{"kind": 2, "document": cell} for cell in cells],
            },
            "cellTextDocuments": [{"uri": cell, "languageId": "python", "version": 1, "text": TEXT} for cell in cells],
        },
    )
    for cell in cells:
        asked = {**at(cell), "context": {"triggerKind": 1}}
        assert await wire.call("textDocument/inlineCompletion", asked) is None
    assert wire.model.requests == []


async def test_without_a_client_that_watches(wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that reports no files: a changed ignore file is found out a moment later, in both directions, in nested
    folders and with a line that takes back."""
    for where in (module, ignore_files):
        monkeypatch.setattr(where, "LOOK_AGAIN_S", 0.0)
    wire.model.script = Script(CODE)
    await wire.initialize(workspaceFolders=folders(tmp_path))
    nested = tmp_path / "lib" / "deep"
    nested.mkdir(parents=True)
    uri = (nested / "a.py").as_uri()
    wire.open(TEXT, uri=uri)
    asked = {**at(uri), "context": {"triggerKind": 1}}
    for lines, offered in (
        ({}, True),
        ({tmp_path: "*.py\n"}, False),
        ({tmp_path: "*.py\n", nested: "!a.py\n"}, True),
        ({tmp_path: "lib/\n", nested: "!a.py\n"}, False),
        ({tmp_path: "# nothing\n", nested: ""}, True),
    ):
        for folder, text in lines.items():
            (folder / IGNORE_FILE).write_text(text)
        answer = await wire.call("textDocument/inlineCompletion", asked)
        assert (answer is not None) is offered, lines
    assert wire.told() == []
