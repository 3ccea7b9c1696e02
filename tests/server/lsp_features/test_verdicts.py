"""How a user learns what is known of the code: labels, the end of the progress, warnings, previews of failing code."""

from __future__ import annotations

from typing import Any

import pytest

from glosswright_server.generation.scripted import Script
from glosswright_server.verify.verdict import Verdict

from .findings import FAILING, PASSING, UNSOUND, tried
from .support import CAPABILITIES, URI, Wire

pytestmark = pytest.mark.timeout(30)

DOCUMENT = "# add two numbers\n"
CODE = "total = 1 + 2\n"
PLACE = {"uri": URI, "position": {"line": 0, "character": 3}}
ANNOTATING = {
    **CAPABILITIES,
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {"documentChanges": True, "changeAnnotationSupport": {"groupsOnLabel": True}},
    },
}


async def test_passing_code_pops_nothing_up(wire: Wire) -> None:
    """The verdict stands at the end of the progress and in the status; a message each time would be a nuisance."""
    wire.model.script = Script(CODE)
    wire.found(verdict=PASSING, tried=tried(PASSING, FAILING))
    await wire.initialize({"statusNotifications": True})
    wire.open(DOCUMENT)
    result = await wire.command("glosswright.generate", PLACE)
    assert result["verdict"] == "✓ 2/2 examples"
    [end] = [value for value in wire.progress() if value["kind"] == "end" and "message" in value]
    assert end["message"].startswith("✓ 2/2 examples · 2 candidates · ")
    assert wire.sent_of("glosswright/status")[-1]["message"] == end["message"]
    assert (await wire.command("glosswright.status"))["message"] == end["message"]
    assert wire.told() == []


@pytest.mark.parametrize(
    ("verdict", "others", "says"),
    [
        (FAILING, (FAILING,), "No candidate satisfies example 2, which may itself be wrong: f(2) == 3."),
        (FAILING, (PASSING,), "Example 2 fails, f(2) == 3: gave 4, expected 3."),
        (FAILING, (), "Example 2 fails, f(2) == 3: gave 4, expected 3."),
        (UNSOUND, (), "It fails the check “names resolve”: `pd` is not defined."),
    ],
)
async def test_failing_code_is_warned_of(wire: Wire, verdict: Verdict, others: Any, says: str) -> None:
    """It is given, since it was asked for, with the reason; the example is doubted where nobody passes it."""
    wire.model.script = Script(CODE)
    wire.found(verdict=verdict, tried=tried(verdict, *others) if others else ())
    await wire.initialize()
    wire.open(DOCUMENT)
    assert (await wire.command("glosswright.generate", PLACE))["applied"] is True
    [message] = wire.told()
    assert says in message
    assert ("may itself be wrong" in message) is ("may itself" in says)


async def test_failing_code_is_previewed_where_the_editor_can(wire: Wire) -> None:
    """An annotation that needs confirmation makes VS Code show the edit first; passing code goes in at once."""
    wire.model.script = Script(CODE)
    await wire.initialize(capabilities=ANNOTATING)
    wire.open(DOCUMENT)
    for verdict, needs in ((PASSING, False), (FAILING, True)):
        wire.found(verdict=verdict)
        [action] = await wire.actions()
        edit = (await wire.call("codeAction/resolve", action))["edit"]
        [(name, annotation)] = edit["changeAnnotations"].items()
        assert annotation["needsConfirmation"] is needs
        assert verdict.label in annotation["label"]
        assert ("Example 2" in annotation.get("description", "")) is needs
        [change] = edit["documentChanges"]
        assert [e["annotationId"] for e in change["edits"]] == [name]
        assert wire.apply(edit).startswith(DOCUMENT + CODE.strip())
        wire.change({"text": DOCUMENT})


async def test_no_annotation_for_others(wire: Wire) -> None:
    """A client that has not announced them would not understand the edit."""
    wire.model.script = Script(CODE)
    wire.found(verdict=FAILING)
    await wire.initialize()
    wire.open(DOCUMENT)
    [action] = await wire.actions()
    edit = (await wire.call("codeAction/resolve", action))["edit"]
    assert "changeAnnotations" not in edit
    assert "annotationId" not in edit["documentChanges"][0]["edits"][0]


async def test_the_title_stays_and_the_facts_come(wire: Wire) -> None:
    """Clients list the title before anything is known, and not all take another one from resolve."""
    wire.model.script = Script(CODE)
    wire.found(verdict=PASSING)
    await wire.initialize()
    wire.open(DOCUMENT)
    [action] = await wire.actions()
    resolved = await wire.call("codeAction/resolve", action)
    assert resolved["title"] == action["title"]
    assert resolved["data"]["facts"]["verdict"] == "✓ 2/2 examples"


async def test_the_steps_are_shown(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the engine is about is what the progress says."""
    wire.model.script = Script(CODE)
    fulfil = wire.engine.fulfil

    async def stepping(*args: Any, on_step: Any = None, **kwargs: Any) -> Any:
        for step in ("trying candidate 3 of 8", "running 3 examples"):
            on_step(step)
        return await fulfil(*args, on_step=on_step, **kwargs)

    monkeypatch.setattr(wire.engine, "fulfil", stepping)
    await wire.initialize()
    wire.open(DOCUMENT)
    await wire.command("glosswright.generate", PLACE)
    said = [value.get("message") for value in wire.progress()]
    assert said.index("trying candidate 3 of 8") < said.index("running 3 examples")


async def test_a_completion_item_says_why(wire: Wire) -> None:
    """The verdict beside the item, the explanation in its documentation, in Markdown or without any marks."""
    wire.model.script = Script(CODE)
    wire.found(verdict=PASSING)
    for formats, kind in ((["markdown"], "markdown"), ([], "plaintext")):
        item = {"labelDetailsSupport": True, "documentationFormat": formats}
        other = Wire()
        try:
            other.model.script = Script(CODE)
            other.found(verdict=PASSING)
            await other.initialize(capabilities={"textDocument": {"completion": {"completionItem": item}}})
            other.open(DOCUMENT)
            params = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 17}}
            [offered] = (await other.call("textDocument/completion", params))["items"]
            assert offered["labelDetails"]["description"] == "✓ 2/2 examples"
            assert offered["detail"] == "Glosswright · ✓ 2/2 examples"
            resolved = await other.call("completionItem/resolve", offered)
            assert resolved["documentation"]["kind"] == kind
            assert "scripted" in resolved["documentation"]["value"]
            assert ("**" in resolved["documentation"]["value"]) is (kind == "markdown")
        finally:
            await other.aclose()


async def test_an_inline_item_names_its_offer(wire: Wire) -> None:
    """The label is the command's title; its argument has the facts, and the id by which the server knows it again."""
    wire.model.script = Script(CODE)
    wire.found(verdict=PASSING)
    await wire.initialize()
    wire.open(DOCUMENT)
    [item] = (await wire.inline())["items"]
    assert item["command"]["title"] == "✓ 2/2 examples"
    [facts] = item["command"]["arguments"]
    assert facts["passed"] is True
    assert wire.features.provenance.get(facts["id"]) is not None
