"""Who answers: the product path end to end with a scripted model, the model alone, and both edits of an answer."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from glosswright_server.engine.suggestion import ImportEdit, Suggestion, Timing, Tried
from glosswright_server.evaluation.answer import ProductAnswerer, RawAnswerer, answer_of
from glosswright_server.evaluation.conditions import settings_for
from glosswright_server.evaluation.formats.load import load
from glosswright_server.evaluation.mode import Mode
from glosswright_server.evaluation.problem import Task
from glosswright_server.generation.completions import CompletionRequest
from glosswright_server.intent.model import Extent, Intent, IntentKind
from glosswright_server.settings import Settings
from glosswright_server.verify.verdict import Check, Outcome, Verdict

from .support import PROBLEMS, Model, write_rows

pytestmark = pytest.mark.timeout(60)

TASK = Task(
    language="python",
    document='def f():\n    """One."""\n',
    cursor=22,
    prompt='def f():\n    """One."""\n',
    stop=("\ndef", "\nprint"),
)


@pytest.mark.parametrize("mode", [Mode.SINGLE, Mode.FULL])
async def test_the_product_answers(tmp_path: Path, mode: Mode) -> None:
    """Each problem's file with the body in place; several in flight do not end each other."""
    model = Model(piece_s=0.001)
    problems = load(write_rows(tmp_path / "rows.jsonl"))
    product = ProductAnswerer(settings_for(Settings(), mode, ["verify.runExamples=never"]), source=model.source)
    assert (await product.open()).model == "scripted"
    answers = await asyncio.gather(*(product.answer(one.task, number) for number, one in enumerate(problems)))
    await product.aclose()
    for row, problem, answer in zip(PROBLEMS, problems, answers, strict=True):
        assert answer.shown is not None
        assert answer.shown.file.startswith(problem.task.document)
        assert row["canonical_solution"].strip() in answer.shown.file
        assert answer.attempts[0].file == answer.shown.file
        assert answer.tokens > 0
        assert answer.facts["intent"] == "body"


async def test_nothing_is_shown() -> None:
    """Why is said: no place for code, or no usable code."""
    product = ProductAnswerer(Settings(), source=Model("").source)
    silent = await product.answer(TASK, 0)
    task = Task(language="python", document="x = 'a string'\n", cursor=7, prompt="")
    nowhere = await product.answer(task, 1)
    await product.aclose()
    assert (silent.shown, silent.why_not) == (None, "no usable code came")
    assert (nowhere.shown, nowhere.why_not, nowhere.seconds) == (None, "nothing is offered at this place", 0.0)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("    return 1\n", "    return 1\n"),
        ("    return 1\n\ndef g():\n    pass\n", "    return 1\n"),
        ("    return 1\nprint(f())\ndef g(): pass", "    return 1"),
    ],
)
async def test_the_model_alone(said: str, kept: str) -> None:
    """Greedy, the prompt as it stands, cut off at the first stop word; the rest is not waited for."""
    model = Model(said)
    raw = RawAnswerer(Settings(), source=model.source)
    answer = await raw.answer(TASK, 0)
    await raw.aclose()
    assert answer.shown is not None
    assert answer.shown.file == TASK.prompt + kept
    assert (answer.shown.label, answer.shown.proven) == ("not checked", False)
    (request,) = model.client.requests
    assert (request.prompt, request.suffix, request.temperature, request.max_tokens) == (TASK.prompt, None, 0.0, 320)


async def test_a_model_that_says_nothing() -> None:
    """White space is no answer."""
    answer = await RawAnswerer(Settings(), source=Model("  \n").source).answer(TASK, 0)
    assert (answer.shown, answer.why_not) == (None, "the model said nothing")


def test_every_candidate_becomes_a_file() -> None:
    """With its own imports, its own verdict, and what it cost."""
    intent = Intent(kind=IntentKind.BODY, language="python", extent=Extent.BODY, start=24, end=24)
    sound, broken = Check("parses", Outcome.PASSED), Check("names resolve", Outcome.FAILED)
    good = Verdict((sound,), imports=("import math",))
    suggestion = Suggestion(
        intent=intent,
        start=24,
        end=24,
        text="\n    return math.e\n",
        verdict=good,
        model="m",
        timing=Timing(tokens=5),
        complete=False,
        tried=(
            Tried(
                text="\n    return x\n", verdict=Verdict((broken,), imports=("import x",)), tokens=4, temperature=0.0
            ),
            Tried(
                text="\n    return math.e\n", verdict=good, tokens=5, temperature=0.7, chosen=True, mean_logprob=-0.5
            ),
        ),
        import_edit=ImportEdit(at=0, text="import math\n\n"),
    )
    answer = answer_of(TASK, suggestion, 2.5)
    assert answer.shown is not None
    assert answer.shown.file == f"import math\n\n{TASK.document[:24]}\n    return math.e\n{TASK.document[24:]}"
    assert [(one.label, one.passed, one.chosen) for one in answer.attempts] == [
        ("✗ names resolve", False, False),
        ("✓ parses", True, True),
    ]
    assert answer.attempts[0].file.startswith("import x\n\n\ndef f")
    assert answer.attempts[1].file == answer.shown.file
    assert (answer.tokens, answer.seconds, answer.complete) == (9, 2.5, False)


async def test_a_stream_without_counts() -> None:
    """A server that does not count tokens: pieces are counted."""
    said = "    return 1\n"
    requests: list[CompletionRequest] = []

    def answer(request: CompletionRequest) -> str:
        requests.append(request)
        return said + "\ndef g"

    shown = await RawAnswerer(Settings(), source=Model(answer).source).answer(TASK, 0)
    assert shown.tokens > 3
    assert len(requests) == 1
