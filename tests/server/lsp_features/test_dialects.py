"""The dialects of other clients where no recording reaches: odd parameters, and what is counted of odd moments."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from glosswright_server.generation.scripted import Script

from .support import URI, Wire

pytestmark = pytest.mark.timeout(60)

TEXT = "# add two numbers\n"
CODE = "def add(a, b):\n    return a + b\n"
TABBY = {"clientInfo": {"tabbyPlugin": {"name": "vim-tabby"}}, "clientCapabilities": {"tabby": {}}}
HERE = {"textDocument": {"uri": URI}}

REQUESTS = (
    "llm-ls/getCompletions", "llm-ls/acceptCompletion", "llm-ls/rejectCompletion",
    "textDocument/copilotPanelCompletion", "checkStatus", "signIn", "signOut", "tabby/status", "tabby/config",
)  # fmt: skip
NOTIFICATIONS = (
    "textDocument/didShowCompletion", "textDocument/didPartiallyAcceptCompletion", "textDocument/didFocus",
    "tabby/telemetry/event", "tabby/editors/didChangeActiveEditor", "llm-ls/acceptCompletion",
)  # fmt: skip
ODD: tuple[Any, ...] = (
    None, [], [1], {}, 3, True, "text",
    {"textDocument": 3}, {"textDocument": {"uri": 3}}, {**HERE, "position": 3},
    {**HERE, "position": {"line": "1", "character": None}}, {**HERE, "position": {"line": -1, "character": 0}},
    {**HERE, "position": {"line": 2**31, "character": 0}}, {**HERE, "position": {"line": 0, "character": 10**30}},
    {**HERE, "position": {"line": True, "character": 0}},
    {"textDocument": {"uri": "nonsense \ud800"}, "position": {"line": 0, "character": 0}},
    {"item": []}, {"item": {"command": {"arguments": {}}}}, {"item": {"command": {"arguments": [["s1"]]}}},
    {"item": {"command": {"arguments": [{"id": []}]}}, "acceptedLength": "3"},
    {"item": {"command": {"arguments": ["s99"]}}, "acceptedLength": 3},
    {"item": {"command": {"arguments": ["s1"]}}, "acceptedLength": -(10**30)},
    {"requestId": [], "shownCompletions": 3}, {"request_id": {}}, {"requestId": "s1", "acceptedCompletion": []},
    {"type": [], "eventId": {"completionId": []}}, {"type": {}, "eventId": {"completionId": "s1"}},
    {"type": "select", "selectKind": [], "eventId": "s1"},
)  # fmt: skip


async def total(wire: Wire) -> dict[str, Any]:
    found = (await wire.call("glosswright/stats"))["total"]
    return {name: found[name] for name in ("shown", "accepted", "partlyAccepted", "dismissed") if found[name]}


@pytest.mark.parametrize("method", [*REQUESTS, *NOTIFICATIONS])
async def test_odd_parameters(wire: Wire, caplog: pytest.LogCaptureFixture, method: str) -> None:
    """Whatever is sent is answered, with invalid params at worst; nothing fails inside, and nobody is told."""
    wire.model.script = Script(CODE)
    await wire.initialize()
    wire.open(TEXT)
    await wire.inline()
    for params in ODD:
        if method in REQUESTS:
            answer = await wire.answer(wire.ask(method, params))
            assert "result" in answer or answer["error"]["code"] == -32602, (params, answer)
        else:
            wire.tell(method, params)
    shown = await total(wire)
    assert shown["shown"] == 1
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert wire.told() == []


async def test_the_length_counts_from_where_the_item_begins(wire: Wire) -> None:
    """With an item of the list selected, ghost text begins with that item's text, which is not ours: who takes so much
    and no more has taken nothing."""
    wire.model.script = Script("t(1)\n")
    await wire.initialize()
    wire.open("x = pri\n")
    span = {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 7}}
    [item] = (await wire.inline(0, 7, selectedCompletionInfo={"range": span, "text": "prin🙂"}))["items"]
    assert item["insertText"] == "prin🙂t(1)"
    for length, counted in (
        (6, {"shown": 1}),
        (8, {"shown": 1, "partlyAccepted": 1}),
        (10, {"shown": 1, "accepted": 1}),
    ):
        wire.tell("textDocument/didPartiallyAcceptCompletion", {"item": item, "acceptedLength": length})
        assert await total(wire) == counted


async def test_half_a_character_is_taken(wire: Wire) -> None:
    """A client may stop between the halves of a surrogate pair."""
    wire.model.script = Script("x = '🙂'\n")
    await wire.initialize()
    wire.open(TEXT)
    [item] = (await wire.inline())["items"]
    wire.tell("textDocument/didPartiallyAcceptCompletion", {"item": item, "acceptedLength": 6})
    assert await total(wire) == {"shown": 1, "partlyAccepted": 1}


async def test_llm_ls_in_the_spelling_of_old(wire: Wire) -> None:
    """Its clients have named the fields as the answer does, and as LSP does."""
    wire.model.script = Script(CODE)
    await wire.initialize()
    wire.open(TEXT)
    found = await wire.call("llm-ls/getCompletions", {**HERE, "position": {"line": 1, "character": 0}})
    params = {"request_id": found["request_id"], "accepted_completion": 0, "shown_completions": [0]}
    assert await wire.call("llm-ls/acceptCompletion", params) is None
    assert await total(wire) == {"shown": 1, "accepted": 1}


async def test_tabby_lists(wire: Wire) -> None:
    """Clients of that dialect that take lists for ghost text report what they show by the item's event id."""
    wire.model.script = Script(CODE)
    await wire.initialize(TABBY)
    wire.open(TEXT)
    params = {**HERE, "position": {"line": 0, "character": len(TEXT) - 1}}
    [item] = (await wire.call("textDocument/completion", params))["items"]
    event = item["data"]["eventId"]
    assert event["choiceIndex"] == 0
    wire.tell("tabby/telemetry/event", {"type": "view", "eventId": event})
    assert await total(wire) == {"shown": 1}
    wire.tell("tabby/telemetry/event", {"type": "select", "eventId": event})
    assert await total(wire) == {"shown": 1, "accepted": 1}


async def test_a_model_that_is_not_started_is_no_trouble(wire: Wire) -> None:
    """It starts with the first request: clients that warn of a lost connection, or show themselves as switched off,
    have no reason to."""
    await wire.initialize({"dialect": "copilot"})
    wire.tell("textDocument/didFocus", {})
    assert await wire.call("tabby/status") == {
        "status": "ready",
        "tooltip": "the model is started when it is needed first",
    }
    assert [status["kind"] for status in wire.sent_of("didChangeStatus")] == ["Normal"]
    await wire.call("glosswright/pause", {"paused": True})
    assert (await wire.call("tabby/status"))["status"] == "disconnected"
    assert [status["kind"] for status in wire.sent_of("didChangeStatus")] == ["Normal", "Inactive"]


async def test_focus_on_a_document_that_is_not_open(wire: Wire) -> None:
    """It may be a terminal, or open a moment later: said once, and again when it changes."""
    await wire.initialize({"dialect": "copilot"})
    for _ in range(3):
        wire.tell("textDocument/didFocus", HERE)
    kinds = [status["kind"] for status in wire.sent_of("didChangeStatus")]
    assert kinds == ["Normal", "Inactive"]
    wire.open(TEXT)
    await wire.until(lambda: wire.sent_of("didChangeStatus")[-1]["kind"] == "Normal")
    wire.tell("textDocument/didClose", HERE)
    await wire.until(lambda: wire.sent_of("didChangeStatus")[-1]["kind"] == "Inactive")


@pytest.mark.parametrize("dialect", ["", "copilot"])
async def test_which_commands_are_announced(wire: Wire, dialect: str) -> None:
    """A client makes announced commands known beyond this server, and cannot where another server of the same editor
    announces them too: those of a dialect are announced to its clients alone. Unannounced they are understood."""
    result = await wire.initialize({"dialect": dialect} if dialect else {})
    announced = result["capabilities"]["executeCommandProvider"]["commands"]
    theirs = {"github.copilot.didAcceptCompletionItem", "github.copilot.didAcceptPanelCompletionItem"}
    assert "glosswright.generate" in announced
    assert theirs & set(announced) == (theirs if dialect else set())
    for command in sorted(theirs):
        assert await wire.command(command, "s99") is None


async def test_a_client_that_is_recognised_late(wire: Wire) -> None:
    """Its items carry a command that was announced to it."""
    wire.model.script = Script(CODE)
    result = await wire.initialize()
    wire.open(TEXT)
    wire.tell("textDocument/didFocus", HERE)
    [item] = (await wire.inline())["items"]
    assert item["command"]["command"] in result["capabilities"]["executeCommandProvider"]["commands"]
    wire.tell("textDocument/didShowCompletion", {"item": item})
    assert await wire.call("workspace/executeCommand", item["command"]) is None
    assert await total(wire) == {"shown": 1, "accepted": 1}
