"""The engine with a scripted model: what is answered, when, and what the model is spared."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from glosswright_server.documents import Snapshot
from glosswright_server.engine.engine import Engine
from glosswright_server.engine.source import Ready
from glosswright_server.engine.suggestion import Suggestion
from glosswright_server.errors import EndpointBroken, EndpointUnreachable, ModelError
from glosswright_server.generation.scripted import Script, ScriptedClient
from glosswright_server.prompt.profile import profile_for
from glosswright_server.settings import Settings, merge

pytestmark = pytest.mark.timeout(20)

ADD = "def add(a, b):\n    return a + b\n"


class ScriptedSource:
    """A model source whose model is ready, unless told otherwise."""

    is_local = False
    progress = None

    def __init__(self, client: ScriptedClient) -> None:
        self.client = client
        self.error: ModelError | None = None
        self.failures: list[ModelError] = []
        self.successes = 0

    def ready_now(self) -> Ready:
        return Ready(self.client, "scripted", profile_for("generic", False, False))  # type: ignore[arg-type] # the fake has what is used

    async def acquire(self, on_progress: Any = None, *, by_hand: bool = True) -> Ready:
        if self.error is not None:
            raise self.error
        return self.ready_now()

    def failed(self, error: ModelError) -> None:
        self.failures.append(error)

    def succeeded(self) -> None:
        self.successes += 1

    async def aclose(self) -> None:
        await self.client.aclose()


class Stage:
    """An engine, its scripted model, and one document that can be typed in."""

    def __init__(self, **settings: Any) -> None:
        self.client = ScriptedClient()
        self.source = ScriptedSource(self.client)
        quick = {"inline": {"debounceMinMs": 0, "debounceMaxMs": 0, **settings.pop("inline", {})}, **settings}
        merged, problems = merge(Settings(), quick, allow_restricted=True)
        assert problems == ()
        self.engine = Engine(merged, source=lambda _: self.source)  # type: ignore[arg-type,return-value] # a fake
        self.snapshot = Snapshot(uri="file:///a.py", language_id="python", version=1, text="")
        self.cursor = 0

    def show(self, marked: str, language_id: str = "python") -> None:
        """Put up a document with the cursor at ▮."""
        self.cursor = marked.index("▮")
        self.snapshot = Snapshot(
            uri="file:///a.py",
            language_id=language_id,
            version=self.snapshot.version + 1,
            text=marked.replace("▮", ""),
            revision=self.snapshot.revision + 1,
        )

    def type(self, text: str) -> None:
        """Type at the cursor, as the editor would tell it."""
        before = self.snapshot.text
        self.show(before[: self.cursor] + text + "▮" + before[self.cursor :], self.snapshot.language_id)
        self.engine.edited(self.snapshot.uri, self.snapshot, self.cursor)

    async def ask(self, *, by_hand: bool = False) -> Suggestion | None:
        return await self.engine.inline(self.snapshot, self.cursor, by_hand=by_hand, current=lambda: self.snapshot)

    def after(self, suggestion: Suggestion | None) -> str:
        """The document after the suggestion was accepted."""
        assert suggestion is not None
        text = self.snapshot.text
        return text[: suggestion.start] + suggestion.text + text[suggestion.end :]


@pytest.fixture
async def make() -> AsyncIterator[Callable[..., Stage]]:
    stages: list[Stage] = []

    def build(**settings: Any) -> Stage:
        stages.append(Stage(**settings))
        return stages[-1]

    yield build
    for stage in stages:
        await stage.engine.aclose()
        assert stage.client.running == 0, "a generation outlived its engine"


async def test_a_comment_becomes_code(make: Callable[..., Stage]) -> None:
    """The main job: the line below a comment is filled with code that has a verdict."""
    stage = make()
    stage.client.script = Script(ADD)
    stage.show("# add two numbers\n▮")
    suggestion = await stage.ask()
    assert stage.after(suggestion).startswith("# add two numbers\ndef add(a, b):\n    return a + b")
    assert suggestion is not None
    assert suggestion.verdict.passed
    assert suggestion.complete
    assert suggestion.facts()["tokens"] > 0
    assert stage.source.successes == 1


async def test_typing_along_is_answered_from_memory(make: Callable[..., Stage]) -> None:
    """What the user types along a suggestion must not cost the model anything, and deleting back gives it again."""
    stage = make()
    stage.client.script = Script(ADD)
    stage.show("# add two numbers\n▮")
    whole = stage.after(await stage.ask())
    stage.type("def a")
    suggestion = await stage.ask()
    assert stage.after(suggestion) == whole
    assert suggestion is not None
    assert suggestion.origin == "memory"
    stage.show("# add two numbers\nde▮")
    assert stage.after(await stage.ask()) == whole
    stage.show("# add two numbers\n▮")
    assert stage.after(await stage.ask()) == whole
    assert len(stage.client.requests) == 1


async def test_typing_something_else_asks_again(make: Callable[..., Stage]) -> None:
    """A suggestion that no longer fits must never be shown."""
    stage = make()
    stage.client.script = Script(ADD)
    stage.show("# add two numbers\n▮")
    await stage.ask()
    stage.client.script = Script("m = 1\n")
    stage.type("su")
    assert stage.after(await stage.ask()).startswith("# add two numbers\nsum = 1")
    assert len(stage.client.requests) == 2


async def test_a_newer_request_supersedes_and_frees_the_model(make: Callable[..., Stage]) -> None:
    """Latest wins: the older request is answered with nothing, and its generation ends when it does not fit."""
    stage = make()
    stage.client.script = Script("x = 1\n" * 50, piece_s=0.01)
    stage.show("# assign\n▮")
    older = asyncio.ensure_future(stage.ask())
    await asyncio.sleep(0.05)
    stage.type("y")
    stage.client.script = Script(" = 2\n")
    newer = await stage.ask()
    assert await older is None
    assert stage.after(newer).startswith("# assign\ny = 2")
    assert stage.client.broken_off >= 1
    assert stage.client.running == 0


async def test_the_deadline_gives_complete_statements_and_the_rest_later(make: Callable[..., Stage]) -> None:
    """At the deadline whole statements are shown while the model goes on; typing along picks up the rest."""
    stage = make(inline={"deadlineMs": 100})
    stage.client.script = Script("a = 1\nb = 2\nc = 3\nd = 4\n", piece_s=0.012)
    stage.show("# four assignments\n▮")
    early = await stage.ask()
    assert early is not None
    assert not early.complete
    assert early.text in ("a = 1", "a = 1\nb = 2")
    assert stage.client.running == 1
    stage.type("a")
    await asyncio.sleep(0.6)
    late = await stage.ask()
    assert stage.after(late).rstrip() == "# four assignments\na = 1\nb = 2\nc = 3\nd = 4"
    assert len(stage.client.requests) == 1


async def test_without_a_statement_at_the_deadline_the_first_is_waited_for(make: Callable[..., Stage]) -> None:
    """A user who waits gets something late rather than nothing."""
    stage = make(inline={"deadlineMs": 50})
    stage.client.script = Script("a = 1\nb = 2\n", first_s=0.2, piece_s=0.005)
    stage.show("# assign\n▮")
    suggestion = await stage.ask()
    assert suggestion is not None
    assert suggestion.text.startswith("a = 1")


async def test_code_that_does_not_parse_is_shown_only_by_hand(make: Callable[..., Stage]) -> None:
    """Below the bar nothing is shown by itself; who asks by hand sees it, labelled."""
    stage = make()
    stage.client.script = Script("total = = a\n")
    stage.show("# add two numbers\n▮")
    assert await stage.ask() is None
    suggestion = await stage.ask(by_hand=True)
    assert suggestion is not None
    assert not suggestion.verdict.passed
    assert suggestion.verdict.label.startswith("✗")


async def test_nothing_while_a_comment_is_typed(make: Callable[..., Stage]) -> None:
    """The model must not be asked in the middle of a comment."""
    stage = make()
    stage.show("# add tw▮o numbers\n")
    assert await stage.ask() is None
    assert stage.client.requests == []


async def test_a_pause_at_the_end_of_a_comment_asks(make: Callable[..., Stage]) -> None:
    """Who stops typing at the end of a comment wants its code; who types on does not."""
    stage = make()
    stage.client.script = Script(ADD)
    stage.show("# add two▮")
    stage.type(" numbers")
    request = asyncio.ensure_future(stage.ask())
    await asyncio.sleep(0.1)
    assert stage.client.requests == [], "asked before the pause"
    suggestion = await request
    assert stage.after(suggestion).startswith("# add two numbers\ndef add")
    stage.show("# add three▮")
    stage.type(" numbers")
    request = asyncio.ensure_future(stage.ask())
    await asyncio.sleep(0.05)
    stage.type(" and")
    assert await request is None
    assert len(stage.client.requests) == 1


async def test_stop_when_complete(make: Callable[..., Stage]) -> None:
    """The stream is closed at the end of what was asked for, not cut afterwards."""
    stage = make()
    stage.client.script = Script(ADD + "\n\ndef other():\n    pass\n" * 20)
    stage.show("# a function that adds two numbers\n▮")
    suggestion = await stage.ask()
    assert suggestion is not None
    assert "other" not in suggestion.text
    assert stage.client.broken_off == 1
    assert stage.client.pieces < 40


async def test_an_error_reaches_the_caller_and_the_source(make: Callable[..., Stage]) -> None:
    """Who asked is told, and the source backs off."""
    stage = make()
    stage.client.script = Script(error=EndpointUnreachable("gone"))
    stage.show("# add two numbers\n▮")
    with pytest.raises(EndpointUnreachable):
        await stage.ask()
    assert [str(error) for error in stage.source.failures] == ["gone"]


async def test_text_before_a_broken_connection_is_kept(make: Callable[..., Stage]) -> None:
    """A drop in mid-stream loses the rest, not what was written."""
    stage = make()
    stage.client.script = Script("a = 1\nb = 2\n", error=EndpointBroken("dropped"), error_after=7)
    stage.show("# assign\n▮")
    suggestion = await stage.ask()
    assert suggestion is not None
    assert suggestion.text == "a = 1"
    assert not suggestion.complete


async def test_a_placeholder_on_the_line_is_replaced(make: Callable[..., Stage]) -> None:
    """`...` on the cursor's line goes; such an edit is not kept for typing along."""
    stage = make()
    stage.client.script = Script("return a + b\n")
    stage.show('def add(a, b):\n    """Add."""\n    ▮...\n')
    suggestion = await stage.ask(by_hand=True)
    assert stage.after(suggestion) == 'def add(a, b):\n    """Add."""\n    return a + b\n'


async def test_line_ends_are_the_documents(make: Callable[..., Stage]) -> None:
    """CRLF stays CRLF, from the model and from memory alike."""
    stage = make()
    stage.client.script = Script(ADD)
    stage.show("# add two numbers\r\nx = 1\r\n\r\n# add two numbers\r\n▮")
    suggestion = await stage.ask()
    assert suggestion is not None
    assert suggestion.text.replace("\r\n", "").count("\n") == 0
    assert "\r\n" in suggestion.text
    stage.type("def")
    again = await stage.ask()
    assert again is not None
    assert again.text == suggestion.text[3:]


async def test_fulfil_tells_lines_and_keeps_its_deadline(make: Callable[..., Stage]) -> None:
    """An explicit request shows that it goes on, and ends in time with what there is."""
    stage = make()
    stage.client.script = Script("".join(f"    a{n} = {n}\n" for n in range(200)), piece_s=0.005)
    stage.show("def f():\n    # assign\n▮")
    intents = stage.engine.actions(stage.snapshot, 12, 12)
    lines: list[int] = []
    suggestion = await stage.engine.fulfil(stage.snapshot, intents[0], on_lines=lines.append, timeout_s=0.3)
    assert suggestion is not None
    assert not suggestion.complete
    assert lines == sorted(lines)
    assert lines[-1] > 1


async def test_completion_items_leave_ordinary_code_alone(make: Callable[..., Stage]) -> None:
    """The completion list is the language server's own; only comments and docstrings get an item."""
    stage = make()
    stage.client.script = Script(ADD)
    stage.show("x = ▮\n")
    found = await stage.engine.completion(stage.snapshot, stage.cursor, current=lambda: stage.snapshot)
    assert found is None
    assert stage.client.requests == []
    stage.show("# add two numbers▮\n")
    found = await stage.engine.completion(stage.snapshot, stage.cursor, current=lambda: stage.snapshot)
    assert stage.after(found).startswith("# add two numbers\ndef add")


async def test_a_closed_document_ends_its_generation(make: Callable[..., Stage]) -> None:
    """Nobody waits any more, so the model is freed at once and nothing is kept."""
    stage = make()
    stage.client.script = Script("x = 1\n" * 50, piece_s=0.01)
    stage.show("# assign\n▮")
    request = asyncio.ensure_future(stage.ask())
    await asyncio.sleep(0.05)
    stage.engine.closed(stage.snapshot.uri)
    assert await request is None
    await asyncio.sleep(0.05)
    assert stage.client.running == 0


async def test_other_settings_open_another_source(make: Callable[..., Stage]) -> None:
    """A changed model setting closes the old connection; an unrelated one keeps it."""
    stage = make()
    stage.client.script = Script(ADD)
    stage.show("# add two numbers\n▮")
    await stage.ask()
    same, _ = merge(stage.engine.settings, {"inline": {"maxTokens": 5}}, allow_restricted=True)
    stage.engine.reconfigure(same)
    assert not stage.client.closed
    other, _ = merge(same, {"endpoint": {"supportsSuffix": True}}, allow_restricted=True)
    stage.engine.reconfigure(other)
    await asyncio.sleep(0.01)
    assert stage.client.closed


@pytest.mark.parametrize(
    ("marked", "offered"),
    [
        ("x = 1\n▮\n", True),
        ("total = sum(▮)\n", True),
        ("total = ▮  # of all items\n", True),
        ("x = 1\n▮print(x)\n", False),
        ("if x:\n  ▮  print(x)\n", False),
        ("total = ▮ + 1\n", False),
    ],
)
async def test_nothing_is_pushed_in_front_of_code(make: Callable[..., Stage], marked: str, offered: bool) -> None:
    """Moving the cursor to the start of a line, or of a comment, must not put ghost text before what stands there."""
    stage = make()
    stage.client.script = Script("total(1)\n")
    stage.show(marked)
    await stage.ask()
    assert (len(stage.client.requests) == 1) is offered


async def test_a_cancelled_request_frees_the_model_soon(make: Callable[..., Stage]) -> None:
    """Who presses Escape must not hear the fan for the rest of a long answer; who types on may still join it."""
    stage = make()
    stage.client.script = Script("".join(f"a{n} = {n}\n" for n in range(400)), piece_s=0.02)
    stage.show("# assign\n▮")
    request = asyncio.ensure_future(stage.ask())
    await asyncio.sleep(0.2)
    request.cancel()
    await asyncio.sleep(0.1)
    assert stage.client.running == 1
    await asyncio.sleep(2.2)
    assert stage.client.running == 0


async def test_a_connection_that_breaks_before_a_statement_is_an_error(make: Callable[..., Stage]) -> None:
    """ "The model gave no usable code" would blame the model for a server that died while it wrote."""
    stage = make()
    stage.client.script = Script("total = 1\n", error=EndpointBroken("dropped"), error_after=2)
    stage.show("# assign\n▮")
    with pytest.raises(EndpointBroken):
        await stage.ask(by_hand=True)


async def test_an_answer_that_says_the_request_again_and_again_is_ended(make: Callable[..., Stage]) -> None:
    """Small models fall into that; every token of it keeps the processor busy for nothing."""
    stage = make()
    stage.client.script = Script("# add two numbers\n" * 300)
    stage.show("# add two numbers\n▮")
    assert await stage.ask() is None
    assert stage.client.broken_off == 1
    assert stage.client.pieces < 300
