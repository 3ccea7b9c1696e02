"""Several candidates for an explicit request: how many are made, which is shown, and what they may cost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from glosswright_server.documents import Snapshot
from glosswright_server.engine import examine
from glosswright_server.engine.engine import Engine
from glosswright_server.engine.source import Ready
from glosswright_server.engine.suggestion import Suggestion
from glosswright_server.errors import EndpointBusy, ModelError
from glosswright_server.generation.completions import CompletionRequest
from glosswright_server.generation.scripted import Script, ScriptedClient
from glosswright_server.prompt.profile import profile_for
from glosswright_server.settings import Settings, merge
from glosswright_server.verify.explain import plain_reason
from glosswright_server.verify.sandbox import availability
from glosswright_server.verify.sandbox.model import SandboxOptions

pytestmark = pytest.mark.timeout(60)

needs_sandbox = pytest.mark.skipif(
    not availability("python", SandboxOptions()).sandbox, reason="no sandbox on this machine, so no example is run"
)

TWICE = '''def twice(x):
    """Return x two times.

    >>> twice(2)
    4
    >>> twice(5)
    10
    """
    ▮
'''
RIGHT, SQUARE, PLUS = "    return x + x\n", "    return x * x\n", "    return x + 2\n"
PLAIN = 'def twice(x):\n    """Return x two times."""\n    ▮\n'


class Source:
    """A model source whose model is ready."""

    is_local = False
    progress = None

    def __init__(self, client: ScriptedClient, family: str) -> None:
        self.client, self.family = client, family

    def ready_now(self) -> Ready:
        return Ready(self.client, "scripted", profile_for(self.family, False, False))  # type: ignore[arg-type] # the fake has what is used

    async def acquire(self, on_progress: Any = None, *, by_hand: bool = True) -> Ready:
        return self.ready_now()

    def failed(self, error: ModelError) -> None:
        pass

    def succeeded(self) -> None:
        pass

    async def aclose(self) -> None:
        await self.client.aclose()


class Stage:
    """An engine with a model that says the given answers: one text or several for each request, in order. Second
    opinions have tests of their own, in `test_second_opinion`."""

    def __init__(self, *said: str | Sequence[str], family: str = "qwen2.5-coder", **settings: Any) -> None:
        self.client = ScriptedClient()
        answers = iter(said)
        self.client.script = Script(lambda request: next(answers, ""))
        settings.setdefault("verify", {"runExamples": "always"})
        settings["candidates"] = {"secondOpinion": False, **settings.get("candidates", {})}
        merged, problems = merge(Settings(), settings, allow_restricted=True)
        assert problems == ()
        self.source = Source(self.client, family)
        self.engine = Engine(merged, source=lambda _: self.source)  # type: ignore[arg-type,return-value] # a fake
        self.steps: list[str] = []
        self.snapshot = Snapshot(uri="file:///a.py", language_id="python", version=1, text="")

    @property
    def requests(self) -> list[CompletionRequest]:
        return self.client.requests

    async def implement(self, marked: str, **options: Any) -> Suggestion | None:
        at = marked.index("▮")
        self.snapshot = Snapshot(uri="file:///a.py", language_id="python", version=1, text=marked.replace("▮", ""))
        (intent, *_) = self.engine.actions(self.snapshot, at, at)
        try:
            return await self.engine.fulfil(self.snapshot, intent, on_step=self.steps.append, **options)
        finally:
            await self.engine.aclose()


def code(suggestion: Suggestion | None) -> str:
    """What the suggestion returns, as its one line of code says."""
    assert suggestion is not None
    return suggestion.text.strip().removeprefix("return ")


async def test_one_answer_that_holds_is_enough() -> None:
    """Most answers of the best guess hold; a second one would only cost the user time."""
    stage = Stage(RIGHT)
    suggestion = await stage.implement(PLAIN)
    assert code(suggestion) == "x + x"
    assert len(stage.requests) == 1
    assert stage.requests[0].temperature == 0
    assert suggestion is not None
    assert [one.chosen for one in suggestion.tried] == [True]


@needs_sandbox
async def test_an_answer_whose_examples_pass_is_enough() -> None:
    """Where no second opinion is wanted. The label tells how many examples passed, and the facts tell which."""
    stage = Stage(RIGHT)
    suggestion = await stage.implement(TWICE)
    assert suggestion is not None
    assert suggestion.label == "✓ 2/2 examples"
    assert suggestion.verdict.proven
    assert len(stage.requests) == 1
    assert any("running" in step for step in stage.steps)


@needs_sandbox
async def test_where_the_first_fails_samples_follow() -> None:
    """The first of them that passes every example ends the search; what failed before is told."""
    stage = Stage(SQUARE, [PLUS, RIGHT, PLUS, SQUARE])
    suggestion = await stage.implement(TWICE)
    assert code(suggestion) == "x + x"
    assert suggestion is not None
    assert [request.n for request in stage.requests] == [1, 4]
    assert stage.requests[1].temperature > 0
    assert stage.requests[1].prompt != stage.requests[0].prompt, "another form finds other answers"
    assert [one.verdict.label for one in suggestion.tried] == ["✗ 1/2 examples", "✗ 1/2 examples", "✓ 2/2 examples"]
    assert [one.chosen for one in suggestion.tried] == [False, False, True]
    assert suggestion.timing.tokens > stage.client.pieces // 2, "what all candidates cost is told"
    facts = json.loads(json.dumps(suggestion.facts()))
    assert [one["verdict"] for one in facts["candidates"]] == [one.verdict.label for one in suggestion.tried]
    assert (facts["examples"]["passed"], facts["examples"]["total"]) == (2, 2)
    assert facts["examples"]["results"][0]["text"]


@needs_sandbox
async def test_later_samples_come_back_to_the_form_that_finds_most() -> None:
    """The model server has evaluated it already; and a server that takes a temperature for each choice is told so."""
    stage = Stage(SQUARE, [PLUS] * 4, [PLUS] * 4, [SQUARE, RIGHT])
    ready = Source.ready_now
    stage.source.ready_now = lambda: replace(ready(stage.source), batch=8, takes_temperatures=True)  # type: ignore[method-assign] # a richer server
    assert code(await stage.implement(TWICE)) == "x + x"
    first, second, third, last = stage.requests
    assert len({first.prompt, second.prompt, third.prompt}) == 3
    assert last.prompt == second.prompt
    assert (second.n, third.n, last.n) == (4, 4, 4)
    assert len(second.temperatures) == 4
    assert second.temperatures[0] == 0
    assert last.temperatures == ()
    assert last.temperature > max(second.temperatures)


@needs_sandbox
async def test_the_rest_of_a_batch_is_not_waited_for() -> None:
    """As soon as one is proven, and nothing is to be compared, the stream is closed, so that the model is free."""
    slow = "    total = 0\n" + "    total += x\n" * 60 + "    return total\n"
    stage = Stage(SQUARE, [slow, RIGHT, slow])
    stage.client.script.piece_s = 0.002
    suggestion = await stage.implement(TWICE)
    assert code(suggestion) == "x + x"
    assert stage.client.broken_off >= 1
    assert stage.client.pieces < 900


@needs_sandbox
async def test_the_same_code_is_not_tried_twice() -> None:
    """Comments, names of locals and blanks make no other candidate."""
    stage = Stage(SQUARE, ["    return x * x  # twice\n", "    return (x * x)\n", SQUARE, PLUS], [SQUARE] * 3, SQUARE)
    suggestion = await stage.implement(TWICE)
    assert suggestion is not None
    assert len(suggestion.tried) == 2


@needs_sandbox
async def test_when_all_fail_the_best_is_shown_as_failing() -> None:
    """Asked for by hand, something is better than nothing, if it says what is wrong with it."""
    stage = Stage("    return 0\n", [SQUARE, "    return 1\n"], candidates={"repair": False})
    suggestion = await stage.implement(TWICE)
    assert code(suggestion) == "x * x"
    assert suggestion is not None
    assert suggestion.label == "✗ 1/2 examples"
    assert suggestion.verdict.examples is not None
    failed = suggestion.verdict.examples.first_failed
    assert failed is not None
    assert failed.example.expected == "10"
    assert "25" in failed.detail


@needs_sandbox
@pytest.mark.parametrize(
    ("mended", "shown"), [(RIGHT, "x + x"), ("    return 7\n", "x * x"), ("    return x * x + 0\n", "x * x")]
)
async def test_one_more_try_with_what_failed(mended: str, shown: str) -> None:
    """The model sees the failed attempt and the example; its answer is kept only if it is better."""
    stage = Stage(SQUARE, mended, candidates={"count": 1})
    suggestion = await stage.implement(TWICE)
    assert code(suggestion) == shown
    repair = stage.requests[-1].prompt
    assert "return x * x" in repair
    assert "twice(5)" in repair.rsplit("This is wrong", 1)[1]
    assert "10" in repair.rsplit("This is wrong", 1)[1]
    assert suggestion is not None
    assert [one.repair for one in suggestion.tried] == [False, True]
    assert any("once more" in step or "one more" in step for step in stage.steps)


@pytest.mark.parametrize(
    ("settings", "family", "requests"),
    [
        ({"count": 1, "repair": False}, "qwen2.5-coder", 1),
        ({"count": 3, "repair": False}, "qwen2.5-coder", 2),
        ({"count": 8, "repair": False}, "qwen2.5-coder", 3),
        ({"count": 8, "budgetTokens": 1, "repair": False}, "qwen2.5-coder", 1),
        ({"count": 8, "budgetMs": 0, "repair": False}, "qwen2.5-coder", 1),
        ({"count": 1}, "qwen2.5-coder", 2),
        ({"count": 1}, "generic", 1),  # it cannot be spoken to, so nothing can be mended
    ],
)
async def test_what_candidates_may_cost(settings: dict[str, Any], family: str, requests: int) -> None:
    """Count, time and tokens are the user's to limit."""
    unknown = "    return y{}\n"
    stage = Stage(
        unknown.format(0),
        *([unknown.format(10 * turn + number) for number in range(4)] for turn in range(1, 4)),
        family=family,
        candidates=settings,
    )
    suggestion = await stage.implement(PLAIN)
    assert suggestion is not None
    assert not suggestion.verdict.passed
    assert len(stage.requests) == requests
    assert 1 + sum(request.n for request in stage.requests[1:] if request.temperature) <= settings["count"]


async def test_where_nothing_can_be_told_apart_nothing_is_sampled() -> None:
    """Examples that are not run tell no candidate from another: the first sound one is given, and why they were not
    run."""
    stage = Stage(SQUARE, verify={"runExamples": "never"})
    suggestion = await stage.implement(TWICE)
    assert code(suggestion) == "x * x"
    assert len(stage.requests) == 1
    assert suggestion is not None
    assert suggestion.label.startswith("✓ parses")
    assert suggestion.verdict.examples is not None
    assert "verify.runExamples" in suggestion.verdict.examples.why_not


@needs_sandbox
@pytest.mark.parametrize("allowed", [True, False])
async def test_the_user_is_asked_before_anything_is_run(allowed: bool) -> None:
    """`ask` is the default: no answer to a docstring may run code that nobody has agreed to."""
    stage = Stage(SQUARE, [RIGHT], verify={})
    asked: list[str] = []

    async def ask(uri: str) -> bool:
        asked.append(uri)
        return allowed

    stage.engine.ask_to_run = ask
    suggestion = await stage.implement(TWICE)
    assert asked == ["file:///a.py"]
    assert code(suggestion) == ("x + x" if allowed else "x * x")


@needs_sandbox
async def test_a_question_without_an_answer_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some editors show the question where nobody looks; the code comes all the same, unrun and saying so."""
    monkeypatch.setattr(examine, "ANSWER_WAIT_S", 0.05)
    stage = Stage(SQUARE, verify={})

    async def ask(uri: str) -> bool:
        await asyncio.sleep(30)
        return True

    stage.engine.ask_to_run = ask
    suggestion = await asyncio.wait_for(stage.implement(TWICE), 10)
    assert suggestion is not None
    assert suggestion.verdict.examples is not None
    assert suggestion.verdict.examples.ran == 0
    assert "not been answered" in suggestion.verdict.examples.why_not


async def test_without_examples_nobody_is_asked() -> None:
    """A question about nothing would train people to click it away."""
    stage = Stage(RIGHT, verify={})

    async def ask(uri: str) -> bool:
        raise AssertionError("asked")

    stage.engine.ask_to_run = ask
    assert code(await stage.implement(PLAIN)) == "x + x"


async def test_a_question_that_fails_is_a_no(caplog: pytest.LogCaptureFixture) -> None:
    """An editor that answers the question with an error has not said yes."""
    stage = Stage(SQUARE, verify={})

    async def ask(uri: str) -> bool:
        raise RuntimeError("the editor is gone")

    stage.engine.ask_to_run = ask
    suggestion = await stage.implement(TWICE)
    assert suggestion is not None
    assert suggestion.verdict.examples is not None
    assert suggestion.verdict.examples.ran == 0


async def test_a_model_that_fails_later_costs_nothing_that_came() -> None:
    """The first answer is there; that no second could be had is no reason to show nothing."""
    stage = Stage("    return y\n")
    said = stage.client.script.answer

    def answer(request: CompletionRequest) -> str | Sequence[str]:
        if request.n > 1:
            raise EndpointBusy("no")
        assert callable(said)
        return said(request)

    stage.client.script = Script(answer)
    suggestion = await stage.implement(PLAIN)
    assert code(suggestion) == "y"


async def test_an_endpoint_that_knows_no_choices() -> None:
    """Some servers answer a request for four choices with one; they are not asked forever."""
    stage = Stage("    return y\n", *(f"    return z{turn}\n" for turn in range(20)))
    suggestion = await stage.implement(PLAIN)
    assert suggestion is not None
    assert len(stage.requests) <= 5
    sampled = [one.temperature for one in suggestion.tried if not one.repair]
    assert sampled == sorted(sampled), "the longer it takes, the wider the search"


@needs_sandbox
async def test_time_is_over_in_the_middle_of_a_batch() -> None:
    """The best of what has come is given; the model is let go."""
    stage = Stage(SQUARE, ["    return x + 1\n", "    a = 1\n" * 400, "    b = 1\n" * 400])
    stage.client.script.piece_s = 0.003
    suggestion = await asyncio.wait_for(stage.implement(TWICE, timeout_s=2.5), 20)
    assert code(suggestion) == "x * x"
    assert stage.client.running == 0
    assert stage.client.pieces < 2000


async def test_a_cancelled_search_lets_the_model_go() -> None:
    """Who cancels, or types on, must not leave four streams running."""
    stage = Stage("    return y\n", ["    a = 1\n" * 400] * 4)
    stage.client.script.piece_s = 0.003
    at = PLAIN.index("▮")
    snapshot = Snapshot(uri="file:///a.py", language_id="python", version=1, text=PLAIN.replace("▮", ""))
    (intent, *_) = stage.engine.actions(snapshot, at, at)
    task = asyncio.ensure_future(stage.engine.fulfil(snapshot, intent))
    while len(stage.requests) < 2:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.05)
    assert stage.client.running == 0
    await stage.engine.aclose()


@needs_sandbox
async def test_ghost_text_asked_for_by_hand_is_tried_too() -> None:
    """A key pressed for a suggestion is an explicit request as much as a code action is; and it is remembered."""
    stage = Stage(SQUARE, [RIGHT])
    at = TWICE.index("▮")
    snapshot = Snapshot(uri="file:///a.py", language_id="python", version=1, text=TWICE.replace("▮", ""))
    suggestion = await stage.engine.inline(snapshot, at, by_hand=True, current=lambda: snapshot)
    assert code(suggestion) == "x + x"
    assert suggestion is not None
    assert suggestion.label == "✓ 2/2 examples"
    again = await stage.engine.inline(snapshot, at, by_hand=False, current=lambda: snapshot)
    assert again is not None
    assert again.origin == "memory"
    assert again.label == "✓ 2/2 examples"
    await stage.engine.aclose()


async def test_automatic_ghost_text_stays_single() -> None:
    """Typing must not wait for a second opinion, and nothing is run for it."""
    stage = Stage(SQUARE, [RIGHT], inline={"debounceMinMs": 0, "debounceMaxMs": 0})
    at = TWICE.index("▮")
    snapshot = Snapshot(uri="file:///a.py", language_id="python", version=1, text=TWICE.replace("▮", ""))
    suggestion = await stage.engine.inline(snapshot, at, by_hand=False, current=lambda: snapshot)
    assert code(suggestion) == "x * x"
    assert len(stage.requests) == 1
    assert suggestion is not None
    assert suggestion.verdict.examples is None
    await stage.engine.aclose()


async def test_a_missing_import_comes_along() -> None:
    """Code that needs `math` in a file without it is right only together with the import."""
    stage = Stage("    return math.sqrt(x)\n")
    suggestion = await stage.implement('def root(x):\n    """Return the square root of x."""\n    ▮\n')
    assert suggestion is not None
    assert suggestion.verdict.passed
    assert suggestion.import_edit is not None
    assert suggestion.import_edit.text.strip() == "import math"


@pytest.mark.parametrize("ask", ["inline", "completion"])
async def test_ghost_text_and_items_bring_their_imports_too(ask: str) -> None:
    """What says "with import math" has to come with it, whichever way it came, and from memory as well."""
    stage = Stage("    return math.sqrt(x)\n", inline={"debounceMinMs": 0, "debounceMaxMs": 0})
    marked = '"""Roots."""\n\n\ndef root(x):\n    """Return the square root of x."""\n    ▮\n'
    at = marked.index("▮")
    snapshot = Snapshot(uri="file:///a.py", language_id="python", version=1, text=marked.replace("▮", ""))
    for _ in range(2):
        if ask == "inline":
            suggestion = await stage.engine.inline(snapshot, at, by_hand=False, current=lambda: snapshot)
        else:
            suggestion = await stage.engine.completion(snapshot, at, current=lambda: snapshot)
        assert suggestion is not None
        assert suggestion.import_edit is not None
        assert "import math" in suggestion.import_edit.text
        assert suggestion.import_edit.at <= marked.index("def")
    assert suggestion.origin == "memory"
    await stage.engine.aclose()


@needs_sandbox
async def test_asked_by_hand_where_something_came_by_itself() -> None:
    """The key means: try it. What came while typing was not run, so it is no answer to that."""
    stage = Stage(SQUARE, SQUARE, [RIGHT], inline={"debounceMinMs": 0, "debounceMaxMs": 0})
    at = TWICE.index("▮")
    snapshot = Snapshot(uri="file:///a.py", language_id="python", version=1, text=TWICE.replace("▮", ""))
    assert code(await stage.engine.inline(snapshot, at, by_hand=False, current=lambda: snapshot)) == "x * x"
    assert code(await stage.engine.inline(snapshot, at, by_hand=True, current=lambda: snapshot)) == "x + x"
    asked = len(stage.requests)
    assert code(await stage.engine.inline(snapshot, at, by_hand=True, current=lambda: snapshot)) == "x + x"
    assert len(stage.requests) == asked, "what was tried is remembered"
    await stage.engine.aclose()


@needs_sandbox
async def test_ghost_text_for_a_document_that_moved_on_is_not_given() -> None:
    """While several candidates are tried the user may edit above: the place would be another line."""
    stage = Stage(SQUARE, [RIGHT])
    at = TWICE.index("▮")
    snapshot = Snapshot(uri="file:///a.py", language_id="python", version=1, text=TWICE.replace("▮", ""))
    later = Snapshot(uri="file:///a.py", language_id="python", version=2, text="x = 1\n" + snapshot.text, revision=9)
    assert await stage.engine.inline(snapshot, at, by_hand=True, current=lambda: later) is None
    assert len(stage.requests) == 2
    await stage.engine.aclose()


@needs_sandbox
async def test_an_example_that_no_candidate_satisfies_is_suspected() -> None:
    """All candidates agree and one example does not: that is how a wrong example looks."""
    wrong = TWICE.replace("    10\n", "    11\n")
    stage = Stage(RIGHT, *([RIGHT] * 4 for _ in range(3)), RIGHT)
    suggestion = await stage.implement(wrong)
    assert suggestion is not None
    assert [one.times for one in suggestion.tried] == [14], "thirteen candidates and a repair, all the same"
    assert "may itself be wrong" in plain_reason(suggestion.verdict, suggestion.tried)
    assert "example 2" in plain_reason(suggestion.verdict, suggestion.tried)


@needs_sandbox
@pytest.mark.slow
async def test_the_deadline_holds_while_examples_run() -> None:
    """Candidates that never end must not add up: the user was promised an answer by then."""
    endless = "    while True:\n        x += {}\n"
    stage = Stage(endless.format(0), *([endless.format(4 * turn + n) for n in range(4)] for turn in range(1, 5)))
    began = asyncio.get_running_loop().time()
    suggestion = await stage.implement(TWICE, timeout_s=5.0)
    assert asyncio.get_running_loop().time() - began < 8.0
    assert suggestion is not None
    assert not suggestion.verdict.proven
    assert stage.client.running == 0


@needs_sandbox
async def test_an_answer_whose_examples_could_not_run_is_not_the_last_word() -> None:
    """It opens a file that nobody spoke of: the sandbox cannot say that it is wrong, but another may be right."""
    stage = Stage('    return int(open("table.txt").read()) * x\n', [RIGHT])
    suggestion = await stage.implement(TWICE)
    assert code(suggestion) == "x + x"
    only = Stage('    return int(open("table.txt").read()) * x\n')
    shown = await only.implement(TWICE)
    assert shown is not None
    assert "not run" in shown.label or shown.label.startswith("✓ parses")
    assert len(only.requests) == 2, "one batch more tells enough"
