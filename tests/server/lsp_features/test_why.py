"""*Why this suggestion?*: on code that a suggestion put in, there for as long as it is that code, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from glosswright_server.generation.scripted import Script
from glosswright_server.lsp.provenance import MAX_OFFERED, Provenance

from .findings import PASSING, tried
from .support import CAPABILITIES, URI, Wire

pytestmark = pytest.mark.timeout(30)

DOCUMENT = "x = 1\n# add two numbers\n"
CODE = "def add(a, b):\n    return a + b\n"
INSIDE, OUTSIDE = (3, 6), (0, 2)
MARKDOWN = {
    **CAPABILITIES,
    "textDocument": {**CAPABILITIES["textDocument"], "hover": {"contentFormat": ["markdown", "plaintext"]}},
}


async def taken(wire: Wire, capabilities: Any = None, text: str = DOCUMENT) -> str:
    """A session in which the code of an action was put in; the document."""
    wire.model.script = Script(CODE)
    wire.found(verdict=PASSING, tried=tried(PASSING, PASSING))
    await wire.initialize(capabilities=capabilities)
    wire.open(text)
    [action] = await wire.actions(1, 3)
    return wire.apply((await wire.call("codeAction/resolve", action))["edit"])


async def test_hover(wire: Wire) -> None:
    """In Markdown, over the code; null outside it, so that other servers' hovers are not disturbed."""
    await taken(wire, MARKDOWN)
    hover = await wire.hover(*INSIDE)
    assert hover["contents"]["kind"] == "markdown"
    assert "2/2 examples" in hover["contents"]["value"]
    assert hover["range"] == {"start": {"line": 2, "character": 0}, "end": {"line": 3, "character": 16}}
    for place in (OUTSIDE, (1, 4), (99, 0)):
        assert await wire.hover(*place) is None
    assert await wire.hover(0, 0, uri="file:///other.py") is None


async def test_indentation_belongs_to_the_code(wire: Wire) -> None:
    """Editors send the cursor's column, which in Vim is often the first of the line."""
    wire.model.script = Script("return 1\n")
    await wire.initialize()
    wire.open('def f():\n    """Count."""\n')
    [action] = await wire.actions(0, 5)
    text = wire.apply((await wire.call("codeAction/resolve", action))["edit"])
    assert text.splitlines()[2] == "    return 1"
    for character in (0, 3, 4, 12):
        assert await wire.hover(2, character) is not None
    assert await wire.hover(1, 0) is None


async def test_hover_for_a_plain_client(wire: Wire) -> None:
    """No marks where nobody renders them."""
    await taken(wire)
    hover = await wire.hover(*INSIDE)
    assert hover["contents"]["kind"] == "plaintext"
    assert "2/2 examples" in hover["contents"]["value"]
    assert "**" not in hover["contents"]["value"]
    assert "###" not in hover["contents"]["value"]


async def test_offered_is_not_taken(wire: Wire) -> None:
    """A suggestion that nobody took explains nothing."""
    wire.model.script = Script(CODE)
    await wire.initialize()
    wire.open(DOCUMENT)
    [action] = await wire.actions(1, 3)
    await wire.call("codeAction/resolve", action)
    assert await wire.hover(1, 3) is None
    assert await wire.command("glosswright.why") is None
    assert wire.told() == ["Glosswright: no suggestion of this session is known here."]


async def test_ghost_text_that_was_taken(wire: Wire) -> None:
    """No client tells of an accepted item for certain: the text itself does."""
    wire.model.script = Script(CODE)
    await wire.initialize()
    wire.open(DOCUMENT)
    [item] = (await wire.inline(2))["items"]
    wire.apply({"changes": {URI: [{"range": item["range"], "newText": item["insertText"]}]}})
    assert "parses" in (await wire.hover(*INSIDE))["contents"]["value"]


@pytest.mark.parametrize(
    ("edit", "at"),
    [
        (lambda text: "import os\n\n" + text, 5),
        (lambda text: text.replace("x = 1\n", ""), 2),
        (lambda text: text + "\nmore = 2\n", 3),
        (lambda text: "import os\n" + text + "\nmore = 2\n", 4),
        (lambda text: text.replace("a + b", "a - b"), None),
        (lambda text: text.replace("def add", "def plus"), None),
        (lambda text: text.replace("    return a + b", ""), None),
        (lambda text: "", None),
    ],
)
async def test_the_users_edits(wire: Wire, edit: Any, at: int | None) -> None:
    """Moved code is followed; changed code is the user's own and has no explanation."""
    text = await taken(wire)
    changed = edit(text)
    wire.change({"text": changed})
    for line in range(changed.count("\n") + 1):
        hover = await wire.hover(line, 5)
        assert (hover is not None) is (at is not None and line in (at, at - 1)), line


async def test_changed_and_changed_back(wire: Wire) -> None:
    """An undone edit makes it the suggestion's code again."""
    text = await taken(wire)
    wire.change({"text": text.replace("a + b", "a * b")})
    assert await wire.hover(*INSIDE) is None
    wire.change({"text": text})
    assert await wire.hover(*INSIDE) is not None


async def test_the_command_at_a_place(wire: Wire) -> None:
    """A client with a view of its own gets Markdown and facts, and no message unless it asks for one."""
    await taken(wire)
    place = {"uri": URI, "position": {"line": INSIDE[0], "character": INSIDE[1]}}
    answer = await wire.command("glosswright.why", place)
    assert "2/2 examples" in answer["markdown"]
    assert answer["facts"]["verdict"] == "✓ 2/2 examples"
    assert wire.told() == []
    assert await wire.command("glosswright.why", {**place, "position": {"line": 0, "character": 0}}) is None
    assert await wire.command("glosswright.why", {**place, "uri": "file:///other.py"}) is None
    assert wire.told() == []
    await wire.command("glosswright.why", {**place, "show": True})
    [message] = wire.told()
    assert "✓ 2/2 examples · 2 candidates" in message
    assert "\n" not in message


async def test_the_command_without_a_place(wire: Wire) -> None:
    """From a palette it is about what was taken last, and it shows a line: nothing else would."""
    await taken(wire)
    for arguments in ([], [{}], [{"uri": URI}]):
        answer = await wire.command("glosswright.why", *arguments)
        assert answer["facts"]["model"] == "scripted"
    assert len(wire.told()) == 3
    wire.tell("textDocument/didClose", {"textDocument": {"uri": URI}})
    assert await wire.command("glosswright.why") is None


@pytest.mark.parametrize(
    "argument", [3, {"uri": 3}, {"position": {"line": 0, "character": 0}}, {"uri": URI, "position": {"line": -1}}]
)
async def test_the_commands_arguments(wire: Wire, argument: Any) -> None:
    """What cannot be meant is refused in words."""
    await wire.initialize()
    error = await wire.error("workspace/executeCommand", {"command": "glosswright.why", "arguments": [argument]})
    assert error["code"] == -32602


async def test_the_action(wire: Wire) -> None:
    """Listed by hand on such code, not for a lightbulb, not when other kinds are wanted; picked, it shows a line."""
    await taken(wire)
    [action] = await wire.actions(*INSIDE)
    assert action["title"] == "Why this suggestion?"
    assert "edit" not in action
    await wire.call("workspace/executeCommand", action["command"])
    assert len(wire.told()) == 1
    assert await wire.actions(*OUTSIDE) == []
    assert await wire.actions(*INSIDE, triggerKind=2) == []
    assert await wire.actions(*INSIDE, only=["quickfix"]) == []
    assert await wire.call("codeAction/resolve", action)


# What is remembered


async def made(wire: Wire) -> tuple[Any, Any]:
    wire.model.script = Script(CODE)
    await wire.initialize()
    wire.open(DOCUMENT)
    snapshot = wire.server.documents.get(URI)
    assert snapshot is not None
    suggestion = await wire.engine.at(snapshot, len(DOCUMENT))
    assert suggestion is not None
    return snapshot, suggestion


async def test_memory_is_bounded(wire: Wire) -> None:
    """Ghost text is offered thousands of times in a session; only the last offers can still be taken."""
    snapshot, suggestion = await made(wire)
    memory = Provenance()
    ids = [memory.offered(snapshot, suggestion) for _ in range(MAX_OFFERED + 5)]
    assert memory.get(ids[0]) is None
    assert memory.get(ids[-1]) is not None
    for number in range(300):
        other = snapshot.__class__(uri=f"file:///{number}", language_id="python", version=1, text="")
        memory.offered(other, suggestion)
    assert memory.get(ids[-1]) is None


async def test_the_same_code_offered_twice_is_taken_once(wire: Wire) -> None:
    """Ghost text is offered anew while the user types along it: one piece of code, one suggestion."""
    snapshot, suggestion = await made(wire)
    memory = Provenance()
    for _ in range(3):
        memory.offered(snapshot, suggestion)
    after = snapshot.edited(suggestion.start, suggestion.end, suggestion.text)
    memory.changed(after)
    offer = memory.at(URI, suggestion.start + 5)
    assert offer is not None
    assert memory.last() is offer
    memory.changed(after.edited(offer.start, offer.end, ""))
    assert memory.at(URI, suggestion.start) is None


async def test_a_longer_word_is_other_code(wire: Wire) -> None:
    """`count` is not there because `counter` is."""
    snapshot, suggestion = await made(wire)
    memory = Provenance()
    memory.offered(snapshot, suggestion)
    memory.changed(snapshot.edited(suggestion.start, suggestion.end, suggestion.text.rstrip() + "ounter"))
    assert memory.last() is None
