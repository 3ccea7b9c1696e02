"""The imports that code needs arrive with it, in every kind of document and by every way that code is taken."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from glosswright_server.engine.suggestion import ImportEdit
from glosswright_server.generation.scripted import Script

from .findings import verdict
from .support import CAPABILITIES, URI, Wire

pytestmark = pytest.mark.timeout(30)

IMPORT = "import math"
NEEDS_MATH = verdict(imports=(IMPORT,))
CODE = "area = math.pi * 4\n"
APPLY = "workspace/applyEdit"


def documents(eol: str, filler: str) -> tuple[str, int, str]:
    """A document, the line of its comment, and the document as it must be in the end."""
    head = f'"""{filler} module."""{eol}{eol}NAME = "{filler}"  # {filler}{eol}'
    comment = f"# the area of a circle {filler}{eol}"
    at = head.index("NAME")
    after = f"{head[:at]}{IMPORT}{eol}{head[at:]}{comment}{CODE.strip()}{eol}"
    return head + comment, 3, after


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("filler", ["plain", "日本語é", "🦄𝒳"])
@pytest.mark.parametrize("versioned", [True, False])
async def test_an_action_brings_its_imports(wire: Wire, eol: str, filler: str, versioned: bool) -> None:
    """Both edits are of one version and land where they must, whatever the line ends and characters."""
    text, line, after = documents(eol, filler)
    wire.model.script = Script(CODE)
    wire.found(verdict=NEEDS_MATH, import_edit=ImportEdit(at=text.index("NAME"), text=IMPORT + eol))
    capabilities = CAPABILITIES if versioned else {**CAPABILITIES, "workspace": {"applyEdit": True}}
    await wire.initialize(capabilities=capabilities)
    wire.open(text)
    [action] = await wire.actions(line, 3)
    edit = (await wire.call("codeAction/resolve", action))["edit"]
    if versioned:
        [change] = edit["documentChanges"]
        assert change["textDocument"]["version"] == wire.version
    assert wire.apply(edit) == after


async def test_a_command_brings_them_too(wire: Wire) -> None:
    """One edit to apply, and so one step to undo."""
    text, line, after = documents("\r\n", "🦄")
    wire.model.script = Script(CODE)
    wire.found(verdict=NEEDS_MATH, import_edit=ImportEdit(at=text.index("NAME"), text=IMPORT + "\r\n"))
    await wire.initialize()
    wire.open(text)
    result = await wire.command("glosswright.generate", {"uri": URI, "position": {"line": line, "character": 2}})
    assert result["applied"] is True
    [applied] = wire.sent_of(APPLY)
    assert wire.apply(applied["edit"]) == after


@pytest.mark.parametrize(
    ("text", "at", "line", "after"),
    [
        ("# area\n", 0, 0, f"{IMPORT}\n# area\n{CODE}"),
        ("def f():\n    ...\n", 0, 0, None),
    ],
)
async def test_imports_beside_the_code(wire: Wire, text: str, at: int, line: int, after: str | None) -> None:
    """At the very place of the code the imports come first; the two edits never overlap."""
    wire.model.script = Script(CODE)
    wire.found(import_edit=ImportEdit(at=at, text=IMPORT + "\n"))
    await wire.initialize()
    wire.open(text)
    [action] = await wire.actions(line, 3)
    edit = (await wire.call("codeAction/resolve", action))["edit"]
    result = wire.apply(edit)
    assert result.count(IMPORT) == 1
    if after is not None:
        assert result.rstrip("\n") == after.rstrip("\n")


async def test_imports_inside_what_is_replaced_are_left_out(wire: Wire) -> None:
    """Overlapping edits would spoil the document: rather no import."""
    text = "def f():\n    ...\n"
    wire.model.script = Script("return 1\n")
    wire.found(start=9, end=16, import_edit=ImportEdit(at=12, text=IMPORT + "\n"))
    await wire.initialize()
    wire.open(text)
    [action] = await wire.actions(0, 5)
    edit = (await wire.call("codeAction/resolve", action))["edit"]
    assert IMPORT not in wire.apply(edit)


@pytest.mark.parametrize("filler", ["plain", "🦄"])
async def test_a_completion_item_brings_them_beside(wire: Wire, filler: str) -> None:
    """In `additionalTextEdits`, which may not touch the item's own line."""
    text, line, after = documents("\n", filler)
    wire.model.script = Script(CODE)
    wire.found(verdict=NEEDS_MATH, import_edit=ImportEdit(at=text.index("NAME"), text=IMPORT + "\n"))
    await wire.initialize(capabilities={}, clientInfo={"name": "some editor"})
    wire.open(text)
    character = len(text.splitlines()[line].encode("utf-16-le")) // 2
    params = {"textDocument": {"uri": URI}, "position": {"line": line, "character": character}}
    [item] = (await wire.call("textDocument/completion", params))["items"]
    assert "command" not in item
    edits = [*item["additionalTextEdits"], item["textEdit"]]
    assert wire.apply({"changes": {URI: edits}}) == after


async def test_a_completion_item_whose_import_goes_to_its_own_line(wire: Wire) -> None:
    """Then the command adds it, once the code is there."""
    text = "# the area of a circle\n"
    wire.model.script = Script(CODE)
    wire.found(verdict=NEEDS_MATH, import_edit=ImportEdit(at=0, text=IMPORT + "\n"))
    await wire.initialize(capabilities={}, clientInfo={"name": "some editor"})
    wire.open(text)
    params = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 22}}
    [item] = (await wire.call("textDocument/completion", params))["items"]
    assert "additionalTextEdits" not in item
    assert not any(isinstance(value, float) for value in item["command"]["arguments"][0].values())
    wire.apply({"changes": {URI: [item["textEdit"]]}})
    result = await wire.command(item["command"]["command"], *item["command"]["arguments"])
    assert result == {"imported": [IMPORT]}
    [applied] = wire.sent_of(APPLY)
    assert wire.apply(applied["edit"]).count(IMPORT) == 1


# Inline items: the import follows when the item was accepted


async def _offered(wire: Wire, text: str, line: int) -> tuple[dict[str, Any], dict[str, Any]]:
    wire.model.script = Script(CODE)
    wire.found(verdict=NEEDS_MATH, import_edit=ImportEdit(at=text.index("NAME"), text=IMPORT + "\n"))
    await wire.initialize()
    wire.open(text)
    [item] = (await wire.inline(line))["items"]
    edit = {"changes": {URI: [{"range": item["range"], "newText": item["insertText"]}]}}
    return item["command"], edit


@pytest.mark.parametrize("filler", ["plain", "🦄"])
async def test_an_accepted_item_is_followed_by_its_import(wire: Wire, filler: str) -> None:
    """For the document as it is then, under its version, and once only."""
    text, line, after = documents("\n", filler)
    command, edit = await _offered(wire, text, line + 1)
    wire.apply(edit)
    wire.change({"text": wire.server.documents.get(URI).text + "\nLATER = 1\n"})  # type: ignore[union-attr]
    assert await wire.command(command["command"], *command["arguments"]) == {"imported": [IMPORT]}
    [applied] = wire.sent_of(APPLY)
    assert applied["edit"]["documentChanges"][0]["textDocument"]["version"] == wire.version
    result = wire.apply(applied["edit"]).replace("\nLATER = 1\n", "")
    assert result.split() == after.split(), "blank lines around imports are a matter of taste"
    assert await wire.command(command["command"], *command["arguments"]) is None
    assert len(wire.sent_of(APPLY)) == 1


@pytest.mark.parametrize("applies", [True, False])
@pytest.mark.parametrize("dialect", ["llm-ls", "tabby"])
async def test_clients_of_other_servers(wire: Wire, dialect: str, applies: bool) -> None:
    """They report what was accepted in their own way and get the import all the same, if they apply edits."""
    text, line, after = documents("\n", "plain")
    wire.model.script = Script(CODE)
    wire.found(verdict=NEEDS_MATH, import_edit=ImportEdit(at=text.index("NAME"), text=IMPORT + "\n"))
    await wire.initialize({"dialect": dialect}, capabilities=CAPABILITIES if applies else {"workspace": {}})
    wire.open(text)
    here = {"line": line + 1, "character": 0}
    if dialect == "tabby":
        [item] = (await wire.inline(line + 1))["items"]
        new = item["insertText"]
    else:
        found = await wire.call("llm-ls/getCompletions", {"textDocument": {"uri": URI}, "position": here})
        new = found["completions"][0]["generated_text"]
    wire.change({"range": {"start": here, "end": here}, "text": new})
    if dialect == "tabby":
        wire.tell("tabby/telemetry/event", {"type": "select", "eventId": item["data"]["eventId"]})
    else:
        assert await wire.call("llm-ls/acceptCompletion", {"requestId": found["request_id"]}) is None
    if not applies:
        await asyncio.sleep(0.1)
        assert wire.sent_of(APPLY) == []
        return
    await wire.until(lambda: wire.sent_of(APPLY))
    [applied] = wire.sent_of(APPLY)
    assert wire.apply(applied["edit"]).split() == after.split()


async def test_the_report_may_come_before_the_change(wire: Wire) -> None:
    """Some clients send the command first: the code is waited for."""
    text, line, _ = documents("\n", "plain")
    command, edit = await _offered(wire, text, line + 1)
    number = wire.ask("workspace/executeCommand", command)
    await asyncio.sleep(0.1)
    wire.apply(edit)
    assert (await wire.answer(number))["result"] == {"imported": [IMPORT]}


async def test_nothing_is_imported_for_code_that_is_not_there(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that says "accepted" and changes nothing, or whose user undid it, gets no edit."""
    monkeypatch.setattr("glosswright_server.lsp.imports.ARRIVAL_S", 0.1)
    text, line, _ = documents("\n", "plain")
    command, _ = await _offered(wire, text, line + 1)
    assert await wire.command(command["command"], *command["arguments"]) is None
    assert wire.sent_of(APPLY) == []


@pytest.mark.parametrize("answer", [lambda _: {"applied": False}, lambda _: 1 / 0])
async def test_an_import_that_the_editor_refuses(wire: Wire, answer: Any) -> None:
    """It was a courtesy: no error for the user."""
    text, line, _ = documents("\n", "plain")
    command, edit = await _offered(wire, text, line + 1)
    wire.answers[APPLY] = answer
    wire.apply(edit)
    assert await wire.command(command["command"], *command["arguments"]) is None
    assert wire.told() == []


@pytest.mark.parametrize("arguments", [[], [3], [{}], [{"id": 3}], [{"id": "s999"}], [None], [{"id": ["s1"]}]])
async def test_reports_of_nothing(wire: Wire, arguments: list[Any]) -> None:
    """Whatever a client sends as a report is answered, and nothing happens."""
    await wire.initialize()
    wire.open("x = 1\n")
    assert await wire.command("glosswright.accepted", *arguments) is None
