"""What is counted of what standard clients do, through the whole server: they tell nothing, or next to nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from glosswright_server.feedback import impressions
from glosswright_server.feedback.file import FeedbackFile
from glosswright_server.generation.scripted import Script

from .support import URI, Wire, applied

pytestmark = pytest.mark.timeout(30)

TEXT = "# add two numbers\n"
CODE = "def add(a, b):\n    return a + b\n"


async def total(wire: Wire) -> dict[str, Any]:
    found = (await wire.call("glosswright/stats"))["total"]
    return {name: found[name] for name in ("shown", "accepted", "partlyAccepted", "dismissed") if found[name]}


def insert(line: int, character: int, text: str) -> dict[str, Any]:
    at = {"line": line, "character": character}
    return {"range": {"start": at, "end": at}, "text": text}


async def test_ghost_text_accepted_by_sight(wire: Wire) -> None:
    """A client that runs no command: the code came in one piece where it was offered."""
    wire.model.script = Script(CODE)
    await wire.initialize()
    wire.open(TEXT)
    [item] = (await wire.inline())["items"]
    assert await total(wire) == {"shown": 1}
    wire.change(insert(1, 0, item["insertText"]))
    assert await total(wire) == {"shown": 1, "accepted": 1}


async def test_typed_out_is_not_accepted(wire: Wire) -> None:
    """Who types it all by hand has not accepted it."""
    wire.model.script = Script("x = 1\n")
    await wire.initialize()
    wire.open(TEXT)
    [item] = (await wire.inline())["items"]
    for column, letter in enumerate(item["insertText"].rstrip("\n")):
        wire.change(insert(1, column, letter))
    assert await total(wire) == {"shown": 1}


async def test_something_else_is_typed(wire: Wire) -> None:
    """What does not go with the ghost text dismisses it."""
    wire.model.script = Script(CODE)
    await wire.initialize()
    wire.open(TEXT)
    await wire.inline()
    wire.change(insert(1, 0, "class"))
    assert await total(wire) == {"shown": 1, "dismissed": 1}


async def test_the_notification_of_our_own_clients(wire: Wire) -> None:
    """What LSP cannot say; whatever else a client sends there is borne."""
    wire.model.script = Script(CODE)
    await wire.initialize()
    wire.open(TEXT)
    [item] = (await wire.inline())["items"]
    offer = item["command"]["arguments"][0]["id"]
    for params in (None, [], {}, {"id": 3, "event": "shown"}, {"id": offer, "event": "eaten"}, {"id": "s99"}):
        wire.tell("glosswright/feedback", params)
    wire.tell("glosswright/feedback", {"id": offer, "event": "dismissed"})
    assert await total(wire) == {"shown": 1, "dismissed": 1}
    wire.tell("glosswright/feedback", {"id": offer, "event": "partlyAccepted", "acceptedLength": 4})
    assert await total(wire) == {"shown": 1, "partlyAccepted": 1}
    wire.tell("glosswright/feedback", {"id": offer, "event": "accepted"})
    assert await total(wire) == {"shown": 1, "accepted": 1}


async def test_actions_and_commands(wire: Wire) -> None:
    """A resolved action counts as shown, and as accepted once its code stands there; a command that was applied as
    both."""
    wire.model.script = Script(CODE)
    await wire.initialize()
    wire.open(TEXT)
    [action] = await wire.actions()
    assert await total(wire) == {}
    resolved = await wire.call("codeAction/resolve", action)
    assert await total(wire) == {"shown": 1}
    wire.apply(resolved["edit"])
    assert await total(wire) == {"shown": 1, "accepted": 1}
    wire.change({"text": "# and two more\n"})
    await wire.command("glosswright.generate", {"uri": URI, "position": {"line": 0, "character": 3}})
    assert await total(wire) == {"shown": 2, "accepted": 2}


@pytest.mark.parametrize(("then", "kept"), [(None, 1), ("something else\n", 0)])
async def test_kept_after_a_minute(wire: Wire, monkeypatch: pytest.MonkeyPatch, then: str | None, kept: int) -> None:
    """The open document is looked at again; the minute is shorter here."""
    monkeypatch.setattr(impressions, "KEPT_AFTER_S", 0.1)
    wire.model.script = Script(CODE)
    await wire.initialize()
    wire.open(TEXT)
    [item] = (await wire.inline())["items"]
    wire.change(insert(1, 0, item["insertText"]))
    if then is not None:
        wire.change({"text": then})
    await asyncio.sleep(0.2)
    found = (await wire.call("glosswright/stats"))["total"]
    assert (found["accepted"], found["lookedAtAfterAMinute"], found["kept"]) == (1, 1, kept)


async def test_lists(wire: Wire) -> None:
    """An item counts as shown when it was looked at, not each time a list is asked for."""
    wire.model.script = Script(CODE)
    await wire.initialize()
    wire.open(TEXT)
    params = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": len(TEXT) - 1}}
    for _ in range(3):
        [item] = (await wire.call("textDocument/completion", params))["items"]
    assert await total(wire) == {}
    await wire.call("completionItem/resolve", item)
    assert await total(wire) == {"shown": 1}
    wire.change({"text": applied(TEXT, [item["textEdit"]])})
    assert await total(wire) == {"shown": 1, "accepted": 1}


async def test_the_setting_turns_it_off(wire: Wire) -> None:
    """Not a byte is written."""
    wire.model.script = Script(CODE)
    await wire.initialize({"feedback": {"enabled": False}})
    wire.open(TEXT)
    [item] = (await wire.inline())["items"]
    await wire.call("workspace/executeCommand", item["command"])
    assert await total(wire) == {}
    assert (await wire.call("glosswright/stats"))["enabled"] is False
    assert not FeedbackFile().path.exists()


async def test_the_wipe(wire: Wire) -> None:
    """Everything is forgotten, what is not written yet as well."""
    wire.model.script = Script(CODE)
    await wire.initialize()
    wire.open(TEXT)
    await wire.inline()
    assert await total(wire) == {"shown": 1}
    assert await wire.call("glosswright/wipeStats") == {"wiped": 1}
    assert await total(wire) == {}


@pytest.mark.parametrize("days", [0, -1, "x", True, 1.5])
async def test_bad_parameters(wire: Wire, days: Any) -> None:
    """Told in words."""
    await wire.initialize()
    assert (await wire.error("glosswright/stats", {"days": days}))["code"] == -32602


async def test_a_broken_disk_disturbs_nobody(wire: Wire) -> None:
    """With a file in the place of the folder, ghost text comes and is accepted as ever; only the statistics fail."""
    FeedbackFile().path.parent.write_text("in the way")
    wire.model.script = Script(CODE)
    await wire.initialize()
    wire.open(TEXT)
    [item] = (await wire.inline())["items"]
    await wire.call("workspace/executeCommand", item["command"])
    error = await wire.error("glosswright/stats")
    assert error["code"] == -32803
    assert wire.told() == []
