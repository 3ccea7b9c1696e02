"""Code actions, commands and items at their edges: stale, tampered, refused by the client, or turned off."""

from __future__ import annotations

from typing import Any

import pytest

from glosswright_server.errors import EndpointUnreachable
from glosswright_server.generation.scripted import Script

from .support import CAPABILITIES, URI, Wire

pytestmark = pytest.mark.timeout(30)

CONTENT_MODIFIED, REQUEST_FAILED, INVALID_PARAMS = -32801, -32803, -32602
DOCUMENT = "# add two numbers\n"
CODE = "total = 1 + 2\n"


def place(uri: Any = URI, line: Any = 0, character: Any = 3) -> dict[str, Any]:
    return {"uri": uri, "position": {"line": line, "character": character}}


async def test_an_action_outlives_an_edit_that_was_undone(wire: Wire) -> None:
    """Another version with the same text is the same document."""
    wire.model.script = Script(CODE)
    await wire.initialize()
    wire.open(DOCUMENT)
    [action] = await wire.actions()
    wire.change({"text": DOCUMENT})
    resolved = await wire.call("codeAction/resolve", action)
    [change] = resolved["edit"]["documentChanges"]
    assert change["textDocument"]["version"] == 2
    assert resolved["data"]["facts"]["model"] == "scripted"


@pytest.mark.parametrize(
    "tamper",
    [
        {"uri": None}, {"uri": "file:///other.py"}, {"version": 9, "digest": "x"}, {"start": "0"}, {"end": None},
        {"start": 3, "end": 3}, {"kind": "body"}, {"start": -1}, {"start": 10**9, "end": 10**9},
    ],
)  # fmt: skip
async def test_a_tampered_action(wire: Wire, tamper: dict[str, Any]) -> None:
    """What is not found again as it was listed is refused, whatever the client made of it."""
    await wire.initialize()
    wire.open(DOCUMENT)
    [action] = await wire.actions()
    action["data"].update(tamper)
    assert (await wire.error("codeAction/resolve", action))["code"] == CONTENT_MODIFIED
    assert wire.model.requests == []


@pytest.mark.parametrize("action", [{"title": "theirs"}, {"title": "theirs", "data": [1]}])
async def test_another_servers_action(wire: Wire, action: dict[str, Any]) -> None:
    """Some clients send every action to every server: it comes back as it was."""
    await wire.initialize()
    resolved = await wire.call("codeAction/resolve", action)
    assert {key: value for key, value in resolved.items() if value is not None} == action


async def test_an_edit_while_the_model_writes(wire: Wire) -> None:
    """The edit would land in another text: refused, and the client asks again."""
    wire.model.script = Script(CODE, piece_s=0.03)
    await wire.initialize()
    wire.open(DOCUMENT)
    [action] = await wire.actions()
    number = wire.ask("codeAction/resolve", action)
    await wire.until(lambda: wire.model.running == 1)
    wire.change({"text": DOCUMENT + "x = 1\n"})
    answer = await wire.answer(number)
    assert answer["error"]["code"] == CONTENT_MODIFIED


async def test_no_usable_code(wire: Wire) -> None:
    """Said in words that help, by what was asked for."""
    wire.model.script = Script("\n\n")
    await wire.initialize()
    wire.open(DOCUMENT + "\n\ndef f():\n    '''Count.'''\n    pass\n")
    [action] = await wire.actions()
    error = await wire.error("codeAction/resolve", action)
    assert error["code"] == REQUEST_FAILED
    assert "for this comment" in error["message"]
    error = await wire.error(
        "workspace/executeCommand", {"command": "glosswright.implement", "arguments": [place(line=4, character=6)]}
    )
    assert "for this function" in error["message"]


async def test_a_client_without_resolve(wire: Wire) -> None:
    """Asked by hand the first action has its edit; where the model fails or is slow, a command says why later."""
    capabilities = {**CAPABILITIES, "textDocument": {"codeAction": {}}}
    await wire.initialize(capabilities=capabilities)
    wire.open("def f():\n    '''Count.'''\n    # add two numbers\n    pass\n")
    wire.model.script = Script(error=EndpointUnreachable("gone"))
    for action in await wire.actions(2, 8, triggerKind=1):
        assert action["command"]["command"] in ("glosswright.generate", "glosswright.implement")
        assert "edit" not in action
        assert "data" not in action
    wire.model.script = Script("return 1\n")
    first, *others = await wire.actions(2, 8, triggerKind=1)
    assert first["edit"]["documentChanges"]
    assert all("command" in action for action in others)
    asked = len(wire.model.requests)
    listed = await wire.actions(2, 8, triggerKind=2)
    assert all("command" in action for action in listed)
    assert len(wire.model.requests) == asked


async def test_lsp_mode_gets_commands(wire: Wire) -> None:
    """It has each server of the buffer resolve an action, and its lightbulb asks as if by hand: nothing may be
    generated before an action is picked."""
    wire.model.script = Script("return 1\n")
    await wire.initialize(clientInfo={"name": "emacs"})
    wire.open(DOCUMENT)
    [action] = await wire.actions()
    assert action["command"]["command"] == "glosswright.generate"
    assert "edit" not in action
    assert wire.model.requests == []


async def test_an_action_in_helix_ends_with_a_change(wire: Wire) -> None:
    """It gets commands and shows nothing of their results: that there will be no code is told, and the model stops."""
    wire.model.script = Script(CODE, first_s=30)
    await wire.initialize(clientInfo={"name": "helix"})
    wire.open(DOCUMENT)
    [action] = await wire.actions()
    number = wire.ask("workspace/executeCommand", action["command"])
    await wire.until(lambda: wire.model.running)
    wire.change({"text": f"import os\n{DOCUMENT}"})
    answer = await wire.answer(number)
    assert answer["result"] == {"applied": False, "reason": "the document has changed meanwhile"}
    assert wire.told() == ["Glosswright: nothing was put in: the document has changed meanwhile"]
    assert wire.model.broken_off == 1


async def test_a_client_without_versions(wire: Wire) -> None:
    """`changes` where the client does not declare `documentChanges`."""
    wire.model.script = Script(CODE)
    capabilities = {**CAPABILITIES, "workspace": {"applyEdit": True}}
    await wire.initialize(capabilities=capabilities)
    wire.open(DOCUMENT)
    [action] = await wire.actions()
    resolved = await wire.call("codeAction/resolve", action)
    assert list(resolved["edit"]["changes"]) == [URI]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [({"applied": False, "failureReason": "read-only"}, "read-only"), ({"applied": False}, "did not apply")],
)
async def test_an_edit_that_the_editor_refuses(wire: Wire, answer: dict[str, Any], reason: str) -> None:
    """The command tells that nothing was changed, and why."""
    wire.model.script = Script(CODE)
    wire.answers["workspace/applyEdit"] = lambda _: answer
    await wire.initialize()
    wire.open(DOCUMENT)
    result = await wire.call("workspace/executeCommand", {"command": "glosswright.generate", "arguments": [place()]})
    assert result["applied"] is False
    assert reason in result["reason"]
    assert result["model"] == "scripted"


async def test_an_editor_without_apply_edit(wire: Wire) -> None:
    """An error answer to the edit is an error of the command, in words."""
    wire.model.script = Script(CODE)
    wire.answers["workspace/applyEdit"] = lambda _: 1 / 0
    await wire.initialize()
    wire.open(DOCUMENT)
    error = await wire.error("workspace/executeCommand", {"command": "glosswright.generate", "arguments": [place()]})
    assert error["code"] == REQUEST_FAILED
    assert "workspace/applyEdit" in error["message"]


async def test_either_command_takes_what_there_is(wire: Wire) -> None:
    """`generate` prefers a comment and `implement` a body, and each takes the other where there is only that."""
    wire.model.script = Script("return 1\n")
    await wire.initialize()
    wire.open("def f():\n    '''Count.'''\n    # add two numbers\n    pass\n")
    for command, at, kind in (
        ("generate", (2, 8), "comment"),
        ("implement", (2, 8), "body"),
        ("generate", (1, 8), "body"),
    ):
        result = await wire.call(
            "workspace/executeCommand", {"command": f"glosswright.{command}", "arguments": [place(URI, *at)]}
        )
        assert result["applied"] is True
        assert result["intent"] == kind


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        (place(line=True), "`position`"),
        (place(character=-1), "`position`"),
        (place(uri="file:///none.py"), "not open"),
        (place(uri="file:///binary.py"), "binary"),
        (place(uri="file:///off.rb"), "switched off for ruby"),
        (place(line=10**9), "no comment"),
        ("x", "the argument must be"),
    ],
)
async def test_command_arguments(wire: Wire, argument: Any, says: str) -> None:
    """Each mistake has its own words."""
    await wire.initialize({"disabledLanguages": ["ruby"]})
    wire.open("x = 1\n")
    wire.open("\0", uri="file:///binary.py")
    wire.open("# add two numbers\n", "ruby", "file:///off.rb")
    error = await wire.error("workspace/executeCommand", {"command": "glosswright.generate", "arguments": [argument]})
    assert error["code"] == INVALID_PARAMS
    assert says in error["message"]


async def test_the_users_cancel_of_a_command(wire: Wire) -> None:
    """Cancel in the progress that the server began: the command is answered with nothing, the model is freed."""
    wire.model.script = Script("x = 1\n" * 200, piece_s=0.01)
    await wire.initialize()
    wire.open(DOCUMENT)
    number = wire.ask("workspace/executeCommand", {"command": "glosswright.generate", "arguments": [place()]})
    await wire.until(lambda: wire.model.running == 1)
    begun = [p for p in wire.sent_of("$/progress") if p["value"].get("title") == "Glosswright"]
    wire.tell("window/workDoneProgress/cancel", {"token": begun[0]["token"]})
    assert (await wire.answer(number))["result"] is None
    assert wire.model.running == 0
    assert wire.sent_of("workspace/applyEdit") == []


# Completion items


COMPLETE = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 17}}


@pytest.mark.parametrize(
    "options", [{"completion": {"enabled": False}}, {"enabled": False}, {"disabledLanguages": ["python"]}]
)
async def test_completion_is_turned_off(wire: Wire, options: dict[str, Any]) -> None:
    """Turned off is off: no item, no model."""
    await wire.initialize(options)
    wire.open(DOCUMENT)
    assert await wire.call("textDocument/completion", COMPLETE) is None
    assert wire.model.requests == []


async def test_a_completion_item_for_a_rich_client(wire: Wire) -> None:
    """Label details, a snippet and Markdown where the client takes them; long requests are cut in the label."""
    item = {
        "snippetSupport": True,
        "labelDetailsSupport": True,
        "documentationFormat": ["markdown", "plaintext"],
    }
    wire.model.script = Script("x = '```'\n")
    await wire.initialize(capabilities={"textDocument": {"completion": {"completionItem": item}}})
    comment = "# add two numbers " + "and then one more " * 8
    wire.open(comment.rstrip() + "\n")
    position = {"line": 0, "character": len(comment.rstrip())}
    found = await wire.call("textDocument/completion", {"textDocument": {"uri": URI}, "position": position})
    [offered] = found["items"]
    assert offered["insertTextFormat"] == 2
    assert offered["labelDetails"]["description"]
    assert len(offered["label"]) == 62
    assert offered["label"].endswith("…")
    resolved = await wire.call("completionItem/resolve", offered)
    assert resolved["documentation"]["kind"] == "markdown"
    assert resolved["documentation"]["value"].startswith("````python\n"), "the fence must be longer than any inside"


async def test_a_completion_item_for_a_plain_client(wire: Wire) -> None:
    """Plain text throughout, and an item whose data is not ours comes back as it was."""
    wire.model.script = Script("x = '${1}'\n")
    await wire.initialize(capabilities={})
    wire.open(DOCUMENT)
    [offered] = (await wire.call("textDocument/completion", COMPLETE))["items"]
    assert offered["insertTextFormat"] == 1
    assert offered["textEdit"]["newText"].endswith("x = '${1}'")
    resolved = await wire.call("completionItem/resolve", offered)
    assert resolved["documentation"]["kind"] == "plaintext"
    assert "```" not in resolved["documentation"]["value"]
    for data in (None, 3, [], {}, {"code": 3}):
        assert "documentation" not in await wire.call("completionItem/resolve", {"label": "x", "data": data})
    for data in ({"code": ""}, {"code": "x", "language": 3, "facts": 3, "evidence": []}):
        assert (await wire.call("completionItem/resolve", {"label": "x", "data": data}))["label"] == "x"


IN_EMACS = {"textDocument": {"completion": {"completionItem": {"snippetSupport": True}}}}


@pytest.mark.parametrize(("client", "label"), [("Eglot", "✎ add two numbers"), ("emacs", "numbers ✎ add two numbers")])
async def test_a_completion_item_for_emacs(wire: Wire, client: str, label: str) -> None:
    """Its clients say that they take snippets and give them to yasnippet, which runs the backquoted as Lisp; lsp-mode
    lists only what begins with the word at the cursor; an item that eglot has to resolve it may leave half in."""
    code = "x = '`(delete-file \"~/.emacs\")`$1'"
    wire.model.script = Script(f"{code}\n")
    await wire.initialize(capabilities=IN_EMACS, clientInfo={"name": client, "version": "1"})
    wire.open(DOCUMENT)
    [offered] = (await wire.call("textDocument/completion", COMPLETE))["items"]
    assert offered["label"] == label
    assert offered["insertTextFormat"] == 1
    assert offered["textEdit"]["newText"].endswith(code)
    assert ("data" in offered, "documentation" in offered) == ((False, True) if client == "Eglot" else (True, False))


@pytest.mark.parametrize(("language", "label"), [("shellscript", "files. ✎"), ("python", "✎"), ("sql", "✎")])
async def test_the_word_at_the_cursor_is_what_emacs_takes_for_it(wire: Wire, language: str, label: str) -> None:
    """A full stop belongs to it in shell scripts, and elsewhere there is no word behind one."""
    comment = {"sql": "-- count the files."}.get(language, "# count the files.")
    wire.model.script = Script(
        "ls | wc -l\n" if language == "shellscript" else "SELECT 1\n" if language == "sql" else "n = 1\n"
    )
    await wire.initialize(clientInfo={"name": "emacs"})
    wire.open(f"{comment}\n", language_id=language)
    place = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": len(comment)}}
    [offered] = (await wire.call("textDocument/completion", place))["items"]
    assert offered["label"].startswith(f"{label} count the files")


async def test_a_label_is_no_shorter_than_the_word_it_stands_in_for(wire: Wire) -> None:
    """eglot puts it in for that word and takes it out again by the word's length: what follows must not go with it."""
    wire.model.script = Script("return 1\n")
    await wire.initialize(clientInfo={"name": "Eglot"})
    wire.open('def f():\n    """One."""\n    raise NotImplementedError\nx = 1\n')
    place = {"textDocument": {"uri": URI}, "position": {"line": 2, "character": 29}}
    [offered] = (await wire.call("textDocument/completion", place))["items"]
    assert offered["label"].rstrip() == "✎ One."
    assert len(offered["label"]) >= len("NotImplementedError")


async def test_completion_in_ordinary_code(wire: Wire) -> None:
    """The list belongs to the language's own server there: an empty list, no model."""
    await wire.initialize()
    wire.open("x = pri\n")
    found = await wire.call("textDocument/completion", {**COMPLETE, "position": {"line": 0, "character": 7}})
    assert found == {"isIncomplete": True, "items": []}
    assert wire.model.requests == []


# Inline completion with an item selected in the list


@pytest.mark.parametrize(
    ("span", "text", "expected"),
    [
        (((0, 4), (0, 7)), "print", "print(1)"),
        (((0, 7), (0, 4)), "print", None),
        (((0, 4), (0, 7)), "", None),
    ],
)
async def test_a_selected_item(wire: Wire, span: Any, text: str, expected: str | None) -> None:
    """The suggestion goes on from the selected item; what cannot be meant is ignored, never an error."""
    wire.model.script = Script(lambda request: "(1)\n" if request.prompt.endswith("print") else "value\n")
    await wire.initialize()
    wire.open("x = pri\n")
    (a, b), (c, d) = span
    selected = {"range": {"start": {"line": a, "character": b}, "end": {"line": c, "character": d}}, "text": text}
    found = await wire.inline(0, 7, by_hand=True, selectedCompletionInfo=selected)
    if expected is not None:
        [item] = found["items"]
        assert item["insertText"] == expected
        assert item["range"] == selected["range"]


async def test_inline_is_turned_off(wire: Wire) -> None:
    """Turned off is off, by hand too."""
    await wire.initialize({"inline": {"enabled": False}})
    wire.open(DOCUMENT)
    assert await wire.inline(by_hand=True) is None
    assert wire.model.requests == []


# Settings


async def test_the_client_is_asked_for_settings(wire: Wire) -> None:
    """Changes are asked to be announced, the section is pulled, and what is no longer sent is at its default again."""
    sections: list[Any] = [{"inline": {"enabled": False}}, {"inline": 3, "model": {"name": "x"}}, None, {}]
    wire.answers["client/registerCapability"] = lambda _: None
    wire.answers["workspace/configuration"] = lambda _: [sections.pop(0)]
    workspace = {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}}
    await wire.initialize(capabilities={**CAPABILITIES, "workspace": workspace})
    await wire.until(lambda: not wire.features.settings.inline.enabled)
    [registered] = wire.sent_of("client/registerCapability")
    assert registered["registrations"][0]["method"] == "workspace/didChangeConfiguration"
    for left in (2, 1, 0):
        wire.tell("workspace/didChangeConfiguration", {"settings": None})
        await wire.until(lambda left=left: len(sections) == left)
    await wire.until(lambda: wire.features.settings.inline.enabled)
    assert len(wire.told()) == 2, "a wrong and a restricted value"


async def test_a_client_that_does_not_tell_its_settings(wire: Wire) -> None:
    """A client that announces configuration and refuses to give it: the defaults stay and work goes on."""

    def refuse(_: Any) -> Any:
        raise ValueError("not here")

    wire.answers["client/registerCapability"] = refuse
    wire.answers["workspace/configuration"] = refuse
    workspace = {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}}
    await wire.initialize(capabilities={**CAPABILITIES, "workspace": workspace})
    await wire.until(lambda: wire.sent_of("workspace/configuration"))
    wire.tell("workspace/didChangeConfiguration", {"settings": {"glosswright": {"enabled": False}}})
    wire.model.script = Script(CODE)
    wire.open(DOCUMENT)
    assert await wire.inline() is not None
    assert wire.told() == []


async def test_ghost_text_asked_for_by_hand_comes_with_others(wire: Wire) -> None:
    """What was tried on the way and holds can be gone through, best first; what fails is not among it, and typing gets
    one item only."""
    bodies = ["return undefined_name\n", "return 2 * x\n", "return x + x\n", "return x * 2\n"]
    wire.model.script = Script(lambda request: bodies[:1] if request.n == 1 else [*bodies, *bodies][: request.n])
    await wire.initialize()
    wire.open('def double(x):\n    """Return twice x."""\n    \n')
    items = (await wire.inline(2, 4, by_hand=True))["items"]
    texts = [item["insertText"].strip() for item in items]
    assert len(texts) > 1
    assert sorted(texts) == sorted(body.strip() for body in bodies[1:])
    assert all(item["range"] == items[0]["range"] for item in items)
    assert len({item["command"]["arguments"][0]["id"] for item in items}) == len(items)
    wire.model.script = Script("return 2 * x\n")
    wire.change({"text": 'def double(x):\n    """Return twice of x."""\n    \n'})
    assert len((await wire.inline(2, 4))["items"]) == 1
