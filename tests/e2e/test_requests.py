"""Each request kind over a real process: what a client sends, what it gets, what its document looks like after."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from .conftest import QUICK, capable

pytestmark = pytest.mark.timeout(60)

ADD = "def add(a, b):\n    return a + b\n"
RULES = [["two numbers", ADD], ["Return the sum", "return a + b\n"], ["slowly", "x = 1\n" * 3]]


async def test_capabilities(start: Callable[..., Any]) -> None:
    """What clients look at before they ask: inline completion needs explicit options, resolve is never inferred."""
    editor = await start()
    offered = editor.result.capabilities
    assert offered.inline_completion_provider == types.InlineCompletionOptions()
    assert offered.completion_provider.resolve_provider is True
    assert not offered.completion_provider.trigger_characters
    assert offered.code_action_provider.resolve_provider is True
    assert offered.code_action_provider.code_action_kinds == (types.CodeActionKind.RefactorRewrite,)
    assert offered.text_document_sync.change == types.TextDocumentSyncKind.Incremental
    assert {"glosswright.generate", "glosswright.implement"} <= set(offered.execute_command_provider.commands)


async def test_inline_completion(start: Callable[..., Any], model: Callable[..., Any]) -> None:
    """Ghost text below a comment: a plain string on the cursor's line, with the verdict in its command."""
    model(rules=RULES)
    editor = await start()
    editor.open("# add two numbers\n▮")
    item = await editor.inline()
    assert item is not None
    assert isinstance(item.insert_text, str)
    assert item.range is not None
    assert item.range.start.line == item.range.end.line == 1
    assert editor.after(item.range, item.insert_text).startswith("# add two numbers\ndef add(a, b):\n    return a + b")
    assert item.command is not None
    assert item.command.arguments is not None
    facts = dict(item.command.arguments[0])
    assert facts["passed"] is True
    assert facts["model"] == "scripted"
    # A client runs the command when the item was accepted; it must not be answered with an error.
    await editor.client.workspace_execute_command_async(
        types.ExecuteCommandParams(command=item.command.command, arguments=item.command.arguments)
    )


async def test_typing_along_and_superseding(start: Callable[..., Any], model: Callable[..., Any]) -> None:
    """Typing along is answered from memory; of two requests in a row the older gets null."""
    server = model(rules=RULES)
    editor = await start()
    editor.open("# add two numbers\n▮")
    await editor.inline()
    asked = server.metric("glosswright_model_requests_total")
    editor.type("def ")
    item = await editor.inline()
    assert item is not None
    assert item.insert_text.startswith("add(a, b)")
    assert server.metric("glosswright_model_requests_total") == asked
    editor.type("x")
    older = asyncio.ensure_future(editor.inline(by_hand=True))
    await asyncio.sleep(0)
    await editor.inline(by_hand=True)
    assert await older is None


async def test_inline_with_a_selected_completion(start: Callable[..., Any], model: Callable[..., Any]) -> None:
    """With an item selected in the list, the range is that item's and the text extends it (LSP 3.18)."""
    model(rules=[["x = pri", "nt_all()\n"], [".", "(1)\n"]])
    editor = await start()
    editor.open("x = pr▮\n")
    selected = types.SelectedCompletionInfo(range=types.Range(types.Position(0, 4), types.Position(0, 6)), text="print")
    found = await editor.client.text_document_inline_completion_async(
        types.InlineCompletionParams(
            context=types.InlineCompletionContext(types.InlineCompletionTriggerKind.Invoked, selected),
            text_document=editor.document,
            position=editor.cursor,
        )
    )
    assert found is not None
    item = found.items[0]
    assert item.range == selected.range
    assert item.insert_text.startswith("print")


async def test_completion_and_resolve(start: Callable[..., Any], model: Callable[..., Any]) -> None:
    """One item at a comment's end: a one-line range with the cursor in it, the comment typed again, evidence later."""
    model(rules=RULES)
    editor = await start()
    editor.open("# add two numbers▮\n")
    found = await editor.client.text_document_completion_async(
        types.CompletionParams(text_document=editor.document, position=editor.cursor)
    )
    assert isinstance(found, types.CompletionList)
    assert found.is_incomplete
    [item] = found.items
    assert isinstance(item.text_edit, types.TextEdit)
    assert item.text_edit.range == types.Range(types.Position(0, 0), types.Position(0, 17))
    assert item.filter_text == "# add two numbers"
    assert not any(isinstance(value, float) for value in item.data.values())  # Neovim 0.12 cannot send them back
    assert editor.after(item.text_edit.range, item.text_edit.new_text).startswith("# add two numbers\ndef add(a, b):")
    resolved = await editor.client.completion_item_resolve_async(item)
    assert isinstance(resolved.documentation, types.MarkupContent)
    assert "return a + b" in resolved.documentation.value
    assert "parses" in resolved.documentation.value
    assert resolved.text_edit == item.text_edit


async def test_a_late_completion_says_that_it_goes_on(start: Callable[..., Any], model: Callable[..., Any]) -> None:
    """At the deadline the item holds the first lines and says so; asked for again, it holds all of them."""
    lines = "".join(f"    x{n} = {n}\n" for n in range(20))
    model(rules=[["two numbers", f"def two():\n{lines}    return x1\n"]], token_s=0.01)
    editor = await start(options={**QUICK, "completion": {"deadlineMs": 300}})
    editor.open("# two numbers▮\n")
    params = types.CompletionParams(text_document=editor.document, position=editor.cursor)
    [item] = (await editor.client.text_document_completion_async(params)).items
    assert "first lines" in item.detail
    assert "return x1" not in item.text_edit.new_text
    for _ in range(100):
        [item] = (await editor.client.text_document_completion_async(params)).items
        if "first lines" not in item.detail:
            break
        await asyncio.sleep(0.05)
    assert "return x1" in item.text_edit.new_text


async def test_snippets_only_where_the_client_takes_them(start: Callable[..., Any], model: Callable[..., Any]) -> None:
    """A snippet's special characters are escaped; a client without snippets gets plain text."""
    model(rules=[["two numbers", "x = '$HOME}'\n"]])
    for snippets, text in ((True, "x = '\\$HOME\\}'"), (False, "x = '$HOME}'")):
        editor = await start(capabilities=capable(snippets=snippets))
        editor.open("# two numbers▮\n")
        found = await editor.client.text_document_completion_async(
            types.CompletionParams(text_document=editor.document, position=editor.cursor)
        )
        assert found.items[0].text_edit.new_text.endswith(text)


async def test_code_action_and_resolve(start: Callable[..., Any], model: Callable[..., Any]) -> None:
    """The list costs the model nothing; resolving gives a versioned edit."""
    server = model(rules=RULES)
    editor = await start()
    editor.open('def add(a, b):\n    """Return the sum."""▮\n    pass\n')
    [action] = await editor.actions()
    assert action.title == "Implement this function from its docstring"
    assert action.edit is None
    assert action.tags == (types.CodeActionTag.LlmGenerated,)
    assert server.metric("glosswright_model_requests_total") == 0
    resolved = await editor.client.code_action_resolve_async(action)
    assert resolved.edit is not None
    [change] = resolved.edit.document_changes or []
    assert isinstance(change, types.TextDocumentEdit)
    assert change.text_document.version == editor.version
    [edit] = change.edits
    after = editor.after(edit.range, edit.new_text)
    assert after == 'def add(a, b):\n    """Return the sum."""\n    return a + b\n'


async def test_code_action_kinds(start: Callable[..., Any]) -> None:
    """A client that wants other kinds gets none; nothing is offered on ordinary code."""
    editor = await start()
    editor.open("# add two numbers▮\nx = 1\n")
    assert await editor.actions(only=[types.CodeActionKind.SourceOrganizeImports]) == []
    assert len(await editor.actions(only=[types.CodeActionKind.Refactor])) == 1
    editor.cursor = types.Position(1, 2)
    assert await editor.actions() == []


async def test_a_stale_action_is_refused(start: Callable[..., Any], model: Callable[..., Any]) -> None:
    """An action listed before an edit must not be resolved after it."""
    model(rules=RULES)
    editor = await start()
    editor.open("# add two numbers▮\n")
    [action] = await editor.actions()
    editor.type(" and three")
    with pytest.raises(JsonRpcException) as refused:
        await editor.client.code_action_resolve_async(action)
    assert refused.value.code == types.LSPErrorCodes.ContentModified.value


async def test_eager_edit_without_resolve(start: Callable[..., Any], model: Callable[..., Any]) -> None:
    """A client without resolve gets the edit at once when it asks by hand, a command when it asks by itself."""
    model(rules=RULES)
    editor = await start(capabilities=capable(resolve=False))
    editor.open("# add two numbers▮\n")
    [action] = await editor.actions(trigger_kind=types.CodeActionTriggerKind.Invoked)
    assert action.edit is not None
    assert action.data is None
    [listed] = await editor.listed(trigger_kind=types.CodeActionTriggerKind.Automatic)
    # lsprotocol takes an action that has a command for a bare command and keeps the real one as text.
    command = ast.literal_eval(listed.command)
    assert command["command"] == "glosswright.generate"
    answer = await editor.client.workspace_execute_command_async(
        types.ExecuteCommandParams(command=command["command"], arguments=command["arguments"])
    )
    assert answer["applied"] if isinstance(answer, dict) else answer.applied
    [edit] = editor.edits
    assert edit.document_changes is not None


async def test_command_with_progress(start: Callable[..., Any], model: Callable[..., Any]) -> None:
    """A command shows its progress under the client's token and applies one versioned edit."""
    model(rules=RULES)
    editor = await start()
    editor.open('def add(a, b):\n    """Return the sum."""▮\n')
    answer = await editor.client.workspace_execute_command_async(
        types.ExecuteCommandParams(
            command="glosswright.implement",
            arguments=[{"uri": editor.uri, "position": {"line": 1, "character": 10}}],
            work_done_token="mine",
        )
    )
    assert (answer["applied"] if isinstance(answer, dict) else answer.applied) is True
    reports = editor.progress["mine"]
    assert reports[0].type is types.WorkDoneProgressBegin
    assert reports[-1].type is types.WorkDoneProgressEnd
    assert len(editor.edits) == 1


async def test_cancelling_the_progress_frees_the_model(start: Callable[..., Any], model: Callable[..., Any]) -> None:
    """Cancel in the editor ends the command and the generation behind it; nothing is applied."""
    server = model(rules=[["slowly", "".join(f"x{n} = {n}\n" for n in range(500))]], token_s=0.02)
    editor = await start()
    editor.open("# slowly▮\n")
    request = asyncio.ensure_future(
        editor.client.workspace_execute_command_async(
            types.ExecuteCommandParams(
                command="glosswright.generate",
                arguments=[{"uri": editor.uri, "position": {"line": 0, "character": 3}}],
                work_done_token="mine",
            )
        )
    )
    await asyncio.to_thread(server.wait_until, "glosswright_model_slots_busy", 1)
    editor.client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token="mine"))
    assert await asyncio.wait_for(request, 5) is None
    await asyncio.to_thread(server.wait_until, "glosswright_model_slots_busy", 0)
    assert editor.edits == []


async def test_cancelling_the_progress_of_an_action(start: Callable[..., Any], model: Callable[..., Any]) -> None:
    """The answer to a resolve must be an action: Neovim 0.11 trips over null. It is the one that was sent, unedited."""
    server = model(rules=[["slowly", "".join(f"x{n} = {n}\n" for n in range(500))]], token_s=0.02)
    editor = await start()
    editor.open("# slowly▮\n")
    [action] = await editor.actions()
    request = asyncio.ensure_future(editor.client.code_action_resolve_async(action))
    await asyncio.to_thread(server.wait_until, "glosswright_model_slots_busy", 1)
    [token] = [
        token
        for token, reports in editor.progress.items()
        if reports[0].title == "Glosswright" and reports[-1].type is not types.WorkDoneProgressEnd
    ]
    editor.client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token=token))
    answer = await asyncio.wait_for(request, 5)
    assert answer.title == action.title
    assert answer.edit is None
    await asyncio.to_thread(server.wait_until, "glosswright_model_slots_busy", 0)


async def test_cancel_request_frees_the_model(start: Callable[..., Any], model: Callable[..., Any]) -> None:
    """`$/cancelRequest` is answered with -32800 and reaches the model between two tokens."""
    server = model(rules=[["slowly", "".join(f"x{n} = {n}\n" for n in range(500))]], token_s=0.02)
    editor = await start()
    editor.open("# slowly▮\n")
    [action] = await editor.actions()
    client = editor.client
    future = client.protocol.send_request_async(types.CODE_ACTION_RESOLVE, action, msg_id="resolve-1")
    request = asyncio.ensure_future(future)
    await asyncio.to_thread(server.wait_until, "glosswright_model_slots_busy", 1)
    client.cancel_request(types.CancelParams(id="resolve-1"))
    with pytest.raises(JsonRpcException) as refused:
        await asyncio.wait_for(request, 5)
    assert refused.value.code == types.LSPErrorCodes.RequestCancelled.value
    await asyncio.to_thread(server.wait_until, "glosswright_model_slots_busy", 0)


@pytest.mark.parametrize(
    "arguments",
    [[], [1], [{}], [{"uri": "file:///project/example.py"}], [{"uri": 3, "position": {"line": 0, "character": 0}}],
     [{"uri": "file:///project/example.py", "position": {"line": -1, "character": 0}}],
     [{"uri": "file:///project/example.py", "position": {"line": 0, "character": "x"}}],
     [{"uri": "file:///elsewhere.py", "position": {"line": 0, "character": 0}}],
     [{"uri": "file:///project/example.py", "position": {"line": 1, "character": 0}}]],
)  # fmt: skip
async def test_commands_refuse_bad_arguments(start: Callable[..., Any], arguments: list[Any]) -> None:
    """Whatever a client sends as arguments, it is told what is wrong and the server goes on."""
    editor = await start()
    editor.open("# add two numbers▮\nx = 1\n")
    with pytest.raises(JsonRpcException) as refused:
        await editor.client.workspace_execute_command_async(
            types.ExecuteCommandParams(command="glosswright.generate", arguments=arguments)
        )
    assert refused.value.code == types.ErrorCodes.InvalidParams.value
    assert len(await editor.actions()) == 1


async def test_settings_from_the_client(start: Callable[..., Any], model: Callable[..., Any]) -> None:
    """Pulled settings count; wrong and restricted ones are named once and change nothing."""
    model(rules=RULES)
    editor = await start(
        capabilities=capable(configuration=True),
        configuration={
            "glosswright": {
                "inline": {"enabled": False, "deadlineMs": "soon"},
                "endpoint": {"url": "http://evil.example"},
            }
        },
    )
    editor.open("# add two numbers▮\n")
    await asyncio.sleep(0.3)
    assert await editor.inline(by_hand=True) is None
    told = [message.message for message in editor.client.messages]
    assert sum("`inline.deadlineMs` must be a whole number" in message for message in told) == 1
    assert sum("initializationOptions only" in message for message in told) == 1
    editor.client.set_configuration({"glosswright": {}})
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=None))
    await asyncio.sleep(0.3)
    assert await editor.inline(by_hand=True) is not None


async def test_settings_without_pull(start: Callable[..., Any], model: Callable[..., Any]) -> None:
    """Clients that cannot be asked push their settings."""
    model(rules=RULES)
    editor = await start()
    editor.open("# add two numbers▮\n")
    editor.client.workspace_did_change_configuration(
        types.DidChangeConfigurationParams(settings={"glosswright": {"disabledLanguages": ["python"]}})
    )
    assert await editor.actions() == []
    assert await editor.inline(by_hand=True) is None


async def test_the_model_is_shown_while_it_loads(start: Callable[..., Any], model: Callable[..., Any]) -> None:
    """Download and load are work done progress that the user can see, and a status for clients that ask for it."""
    model(rules=RULES, download_bytes=1_000_000, load_s=6)
    editor = await start(options={**QUICK, "statusNotifications": True})
    editor.open("# add two numbers▮\n")
    item = await editor.inline(by_hand=True)
    assert item is not None
    for _ in range(100):
        if any(status["state"] == "ready" for status in editor.statuses):
            break
        await asyncio.sleep(0.05)
    states = [status["state"] for status in editor.statuses]
    assert "downloading" in states or "loading" in states
    assert "ready" in states
    titles = [
        report.title
        for reports in editor.progress.values()
        for report in reports
        if report.type is types.WorkDoneProgressBegin
    ]
    assert "Glosswright model" in titles
