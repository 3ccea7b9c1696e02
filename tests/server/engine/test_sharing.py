"""One generation, several requests: typing along while the model writes, and requests by hand in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from glosswright_server.engine.jobs import job_for
from glosswright_server.engine.run import Run
from glosswright_server.engine.suggestion import Suggestion
from glosswright_server.generation.completions import CompletionChunk, TokenLogprob
from glosswright_server.generation.scripted import Script

from .test_engine import Stage

pytestmark = pytest.mark.timeout(20)

LINES = "a = 1\nb = 2\nc = 3\n"


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    made = Stage(inline={"deadlineMs": 5000})
    made.client.script = Script(LINES, piece_s=0.05)
    yield made
    await made.engine.aclose()
    assert made.client.running == 0, "a generation outlived its engine"


async def begun(stage: Stage) -> None:
    """Waits until more is written than any test types, however busy the machine is."""
    while stage.client.pieces < 4:
        await asyncio.sleep(0.005)


async def test_typing_along_while_the_model_writes(stage: Stage) -> None:
    """The same generation answers the newer request with what is left of the line; the older one gets nothing."""
    stage.show("# assign\n▮")
    older = asyncio.ensure_future(stage.ask())
    await begun(stage)
    stage.type("a =")
    newer = await stage.ask()
    assert await older is None
    assert stage.after(newer).rstrip() == "# assign\na = 1\nb = 2\nc = 3"
    assert newer is not None
    assert newer.text.startswith(" 1\n")
    assert len(stage.client.requests) == 1


async def test_everything_was_typed_already(stage: Stage) -> None:
    """Nothing is left to offer once the whole of it stands in the document."""
    stage.client.script = Script("a = 1\n", piece_s=0.05)
    stage.show("# assign one\nx = [▮]\n")
    stage.show("# assign\n▮")
    older = asyncio.ensure_future(stage.ask())
    await asyncio.sleep(0.2)
    stage.type("a")
    stage.type(" = 1")
    newer = await stage.ask()
    assert await older is None
    assert newer is None or newer.text.strip() != "a = 1"


async def test_line_ends_of_the_part_that_is_left(stage: Stage) -> None:
    """CRLF documents get CRLF, also where the answer is cut in the middle."""
    stage.show("x = 0\r\n# assign\r\n▮")
    older = asyncio.ensure_future(stage.ask())
    await begun(stage)
    stage.type("a")
    newer = await stage.ask()
    await older
    assert newer is not None
    assert newer.text.rstrip() == " = 1\r\nb = 2\r\nc = 3"


async def test_a_request_by_hand_ends_the_automatic_one(stage: Stage) -> None:
    """Two generations would share the processor: the one that was asked for goes first."""
    stage.show("# assign\n▮")
    automatic = asyncio.ensure_future(stage.ask())
    await begun(stage)
    stage.client.script = Script("z = 1\n")
    [intent, *_] = stage.engine.actions(stage.snapshot, 3, 3)
    asked = await stage.engine.fulfil(stage.snapshot, intent)
    assert asked is not None
    assert asked.text.strip() == "z = 1"
    assert await automatic is None
    assert stage.client.broken_off == 1


async def test_another_document_goes_on(stage: Stage) -> None:
    """A request by hand ends only what is written for the same document."""
    stage.show("# assign\n▮")
    here, where = stage.snapshot, stage.cursor
    automatic = asyncio.ensure_future(stage.engine.inline(here, where, by_hand=False, current=lambda: here))
    await begun(stage)
    other = type(here)(uri="file:///b.py", language_id="python", version=1, text="# assign\n", revision=9)
    [intent, *_] = stage.engine.actions(other, 3, 3)
    assert await stage.engine.fulfil(other, intent) is not None
    assert await automatic is not None


async def test_the_cursor_before_closing_brackets(stage: Stage) -> None:
    """A suggestion inside brackets leaves the brackets alone."""
    stage.client.script = Script("1, 2]\n")
    stage.show("x = [▮]\n")
    suggestion = await stage.ask(by_hand=True)
    assert stage.after(suggestion) == "x = [1, 2]\n"


async def test_what_an_answer_cost(stage: Stage) -> None:
    """The numbers of the model server reach the editor, where the server had the time to give them."""
    stage.client.script = Script("x = 1")
    stage.show("# assign\n▮")
    suggestion = await stage.ask()
    assert suggestion is not None
    facts = suggestion.facts()
    assert (facts["tokens"], facts["promptTokens"], facts["cachedTokens"]) == (5, 10, 7)
    assert "truncatedTokens" not in facts
    assert replace(suggestion, truncated_tokens=3).facts()["truncatedTokens"] == 3


def test_a_run_counts_time_on_its_own_clock(stage: Stage) -> None:
    """Before anything came, the first token has taken as long as the wait so far."""
    now = 10.0
    stage.show("# assign\n▮")
    [intent, *_] = stage.engine.actions(stage.snapshot, 3, 3)
    run = Run(job_for(stage.snapshot, intent, stage.source.ready_now().profile, 10), clock=lambda: now)
    now = 12.5
    timing = run.timing(9.0)
    assert (timing.total_ms, timing.first_token_ms) == (3500.0, 2500.0)
    assert (timing.tokens, timing.tokens_per_second) == (0, 0.0)


def test_an_answer_that_comes_whole_counts_as_its_tokens(stage: Stage) -> None:
    """A beam search has nothing to send before it ends; what it cost is shown to the user and kept to a budget."""
    stage.show("# assign\n▮")
    [intent, *_] = stage.engine.actions(stage.snapshot, 3, 3)
    run = Run(job_for(stage.snapshot, intent, stage.source.ready_now().profile, 10))
    run.begin()
    tokens = tuple(TokenLogprob(token, -0.1) for token in ("a", " =", " 1", "\n"))
    assert run.take(CompletionChunk("a = 1\n", logprobs=tokens))
    assert run.timing(0.0).tokens == 4


PLUS = [f"def {name}(a, b):\n    return a {sign} b\n" for name, sign in (("add", "+"), ("sub", "-"), ("mul", "*"))]


async def _gone_through(stage: Stage) -> Suggestion:
    """What is suggested for a comment, after the user has asked for others beside it."""
    answers = iter([PLUS[0], PLUS[0], PLUS])
    stage.client.script = Script(lambda request: next(answers))
    stage.show("# combine\n▮")
    assert await stage.ask() is not None
    suggestion = await stage.ask(by_hand=True)
    assert suggestion is not None
    return suggestion


async def test_asking_for_what_is_suggested_brings_others_beside_it(stage: Stage) -> None:
    """The editor's key for the next suggestion asks by hand for what is there: it wants something to go on to."""
    suggestion = await _gone_through(stage)
    assert {one.text for one in (suggestion, *suggestion.others)} == {code.rstrip("\n") for code in PLUS}
    asked = len(stage.client.requests)
    again = await stage.ask(by_hand=True)
    assert again is not None
    assert (again.origin, len(again.others)) == ("memory", 2)
    assert len(stage.client.requests) == asked, "others are looked for once"


async def test_others_that_the_user_types_along(stage: Stage) -> None:
    """From memory come those that still fit, where the cursor is now; one by one as they part."""
    first = await _gone_through(stage)
    assert first.text.startswith("def add")
    stage.type("def ")
    both = await stage.ask()
    assert both is not None
    assert {(one.start, one.text.split("(")[0]) for one in (both, *both.others)} == {
        (both.start, name) for name in ("add", "sub", "mul")
    }
    stage.type("a")
    alone = await stage.ask()
    assert alone is not None
    assert alone.others == ()
