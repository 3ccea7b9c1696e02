"""Several answers side by side, and one of them put in."""

from __future__ import annotations

from typing import Any

import pytest

from glosswright_server.generation.completions import CompletionRequest
from glosswright_server.generation.scripted import Script

from .support import URI, Wire, applied

pytestmark = pytest.mark.timeout(30)

TEXT = 'def double(x):\n    """Return twice x."""\n'
BODIES = ("return 2 * x\n", "return x + x\n", "return x * 2\n", "return undefined_name\n")
PLACE = {"textDocument": {"uri": URI}, "position": {"line": 1, "character": 10}}
ASK = "glosswright/alternatives"


def answers(request: CompletionRequest) -> list[str]:
    """One answer, then as many others as are asked for."""
    return [BODIES[0]] if request.n == 1 else [BODIES[index % len(BODIES)] for index in range(request.n)]


async def test_several_are_found(wire: Wire) -> None:
    """Different ones, the sound before the broken, each with its verdict, its words and its own edit."""
    wire.model.script = Script(answers)
    await wire.initialize()
    wire.open(TEXT)
    found = await wire.call(ASK, {**PLACE, "count": 4})
    assert (found["uri"], found["version"]) == (URI, 1)
    assert found["intent"]["kind"] == "body"
    assert found["intent"]["request"] == "Return twice x."
    items = found["items"]
    assert sorted(item["text"].strip() for item in items) == sorted(body.strip() for body in BODIES)
    assert [item["passed"] for item in items] == [True, True, True, False]
    assert [item["best"] for item in items] == [True, False, False, False]
    assert items[-1]["detail"]
    assert len({item["id"] for item in items}) == 4
    for item in items:
        [change] = item["edit"]["documentChanges"]
        assert change["textDocument"] == {"uri": URI, "version": 1}
        assert item["text"].strip() in applied(TEXT, change["edits"])
        assert item["label"] in item["markdown"] or item["facts"]["verdict"] == item["label"]


async def test_one_is_enough_for_one(wire: Wire) -> None:
    """Who wants one gets one, at the price of one."""
    wire.model.script = Script(answers)
    await wire.initialize()
    wire.open(TEXT)
    assert len((await wire.call(ASK, {**PLACE, "count": 1}))["items"]) == 1
    assert len(wire.model.requests) == 1


async def test_insert(wire: Wire) -> None:
    """The edit goes through the client, once the document is checked; it counts as accepted."""
    wire.model.script = Script(answers)
    await wire.initialize()
    wire.open(TEXT)
    items = (await wire.call(ASK, PLACE))["items"]
    assert await wire.call("glosswright/insert", {"id": items[1]["id"]}) == {"applied": True}
    [params] = wire.sent_of("workspace/applyEdit")
    assert params["edit"] == items[1]["edit"]
    total = (await wire.call("glosswright/stats"))["bySurface"]
    assert [(tally["name"], tally["accepted"]) for tally in total] == [("panel", 1)]
    wire.apply(params["edit"])
    error = await wire.error("glosswright/insert", {"id": items[0]["id"]})
    assert error["code"] == -32801
    assert "has changed" in error["message"]


async def test_an_editor_that_refuses(wire: Wire) -> None:
    """Its reason is handed on."""
    wire.model.script = Script(answers)
    wire.answers["workspace/applyEdit"] = lambda _: {"applied": False, "failureReason": "read-only"}
    await wire.initialize()
    wire.open(TEXT)
    [item, *_] = (await wire.call(ASK, PLACE))["items"]
    assert await wire.call("glosswright/insert", {"id": item["id"]}) == {"applied": False, "reason": "read-only"}


async def test_cancel_by_progress_and_by_request(wire: Wire) -> None:
    """Either way the model is free at once; the one answers null, the other that it was cancelled."""
    wire.model.script = Script("x = 1\n" * 300, piece_s=0.01)
    await wire.initialize()
    wire.open(TEXT)
    asked = wire.ask(ASK, {**PLACE, "workDoneToken": "mine"})
    await wire.until(lambda: wire.model.running)
    wire.tell("window/workDoneProgress/cancel", {"token": "mine"})
    assert (await wire.answer(asked))["result"] is None
    await wire.until(lambda: not wire.model.running)
    assert wire.progress()[0]["kind"] == "begin"
    assert wire.progress()[-1]["kind"] == "end"
    asked = wire.ask(ASK, PLACE)
    await wire.until(lambda: wire.model.running)
    wire.tell("$/cancelRequest", {"id": asked})
    assert (await wire.answer(asked))["error"]["code"] == -32800
    await wire.until(lambda: not wire.model.running)


async def test_the_document_changes_meanwhile(wire: Wire) -> None:
    """Nothing is listed that could not be put in."""
    wire.model.script = Script(answers, piece_s=0.02)
    await wire.initialize()
    wire.open(TEXT)
    asked = wire.ask(ASK, PLACE)
    await wire.until(lambda: wire.model.running)
    wire.change({"text": TEXT + "\n"})
    assert (await wire.answer(asked))["error"]["code"] == -32801


async def test_nothing_usable(wire: Wire) -> None:
    """A sentence for the user."""
    wire.model.script = Script("\n\n")
    await wire.initialize()
    wire.open(TEXT)
    error = await wire.error(ASK, PLACE)
    assert error["code"] == -32803
    assert "no usable code" in error["message"]


@pytest.mark.parametrize(
    "params",
    [
        None,
        {},
        {**PLACE, "count": 0},
        {**PLACE, "count": 17},
        {**PLACE, "count": True},
        {**PLACE, "position": None},
        {**PLACE, "textDocument": {"uri": "file:///none.py"}},
        {**PLACE, "position": {"line": 5, "character": 0}},
    ],
)
async def test_bad_parameters(wire: Wire, params: Any) -> None:
    """Told in words, as is a place where nothing can be asked for."""
    await wire.initialize()
    wire.open("x = 1\n" + TEXT if params and params.get("position", {}) == {"line": 5, "character": 0} else TEXT)
    if params and params.get("position") == {"line": 5, "character": 0}:
        wire.change({"text": "x = 1\n" * 9})
    assert (await wire.error(ASK, params))["code"] == -32602


@pytest.mark.parametrize("params", [None, {}, {"id": 3}, {"id": "s99"}])
async def test_bad_ids(wire: Wire, params: Any) -> None:
    """What was never listed cannot be put in."""
    await wire.initialize()
    assert (await wire.error("glosswright/insert", params))["code"] == -32602


async def test_the_capabilities_name_what_there_is(wire: Wire) -> None:
    """A client finds out what it may ask for."""
    result = await wire.initialize()
    assert {
        "glosswright/alternatives",
        "glosswright/doctor",
        "glosswright/documentStatus",
        "glosswright/feedback",
        "glosswright/insert",
        "glosswright/models",
        "glosswright/pause",
        "glosswright/pullModel",
        "glosswright/stats",
        "glosswright/status",
        "glosswright/stopModel",
        "glosswright/wipeStats",
    } <= set(result["capabilities"]["experimental"]["glosswright"])
