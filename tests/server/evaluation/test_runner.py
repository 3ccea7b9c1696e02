"""Working through problems: what is kept when, what is asked again, and when the model is given up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from glosswright_server.engine.source import Ready
from glosswright_server.errors import (
    EndpointBroken,
    EndpointBusy,
    EndpointRefused,
    EndpointTimeout,
    ModelError,
)
from glosswright_server.evaluation.formats.load import load
from glosswright_server.evaluation.hidden import CannotTest, Judge
from glosswright_server.evaluation.problem import Problem, Task
from glosswright_server.evaluation.records import Answer, Attempt, Store
from glosswright_server.evaluation.runner import Runner
from glosswright_server.generation.launch_options import OnProgress
from glosswright_server.verify.sandbox.model import SandboxOptions
from glosswright_server.verify.sandbox.script import ScriptResult

from .support import run_unguarded, write_rows

pytestmark = pytest.mark.timeout(60)


class Answers:
    """Answers with the reference, or as a function of (number, how often asked) says."""

    def __init__(
        self, problems: list[Problem], act: Callable[[int, int], Answer | ModelError | None] = lambda n, t: None
    ) -> None:
        self.problems = problems
        self.act = act
        self.asked: list[int] = []
        self.most = self.running = 0

    async def open(self, on_launch: OnProgress | None = None) -> Ready:
        raise AssertionError("the runner opens nothing")

    async def answer(self, task: Task, number: int) -> Answer:
        self.asked.append(number)
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0.01)
        self.running -= 1
        given = self.act(number, self.asked.count(number))
        if isinstance(given, ModelError):
            raise given
        return given or answered(self.problems[number])

    async def aclose(self) -> None:
        return


def answered(problem: Problem, *others: str) -> Answer:
    """The reference shown; before it, candidates that were not chosen."""
    shown = Attempt(file=problem.solution or "", chosen=True)
    return Answer(shown=shown, attempts=(*(Attempt(file=other) for other in others), shown))


class Stage:
    """A runner with everything around it."""

    def __init__(
        self,
        folder: Path,
        act: Callable[[int, int], Answer | ModelError | None] = lambda n, t: None,
        oracle: bool = False,
    ) -> None:
        self.problems = load(write_rows(folder / "rows.jsonl"))
        self.answers = Answers(self.problems, act)
        self.store = Store(folder / "results.jsonl", "d")
        self.ran: list[str] = []

        async def run(file: str, tests: str, language: str, options: SandboxOptions) -> ScriptResult:
            self.ran.append(file)
            return await run_unguarded(file, tests, language, options)

        self.runner = Runner(self.answers, Judge(run), self.store, digest="d", oracle=oracle, pause_s=0.001)


async def test_all_is_answered_tested_and_kept(tmp_path: Path) -> None:
    """Several at once, never more than asked for, each kept."""
    stage = Stage(tmp_path)
    outcome = await stage.runner.run(stage.problems, jobs=2)
    assert stage.answers.most == 2
    assert sorted(stage.answers.asked) == [0, 1, 2, 3]
    assert all(one.solved for one in outcome.done)
    assert list(stage.store.read()) == [one.id for one in outcome.done]
    assert (outcome.unanswered, outcome.stopped) == ({}, None)


async def test_a_failed_request_is_made_again(tmp_path: Path) -> None:
    """Busy is waited for; what failed by chance is asked a second time."""

    def act(number: int, tried: int) -> ModelError | None:
        if tried > number:
            return None
        return EndpointBusy("full", 0.001) if number == 1 else EndpointBroken("odd")

    stage = Stage(tmp_path, act)
    outcome = await stage.runner.run(stage.problems[:3])
    assert [stage.answers.asked.count(number) for number in range(3)] == [1, 2, 3]
    assert len(outcome.done) == 3


async def test_a_problem_without_an_answer_is_left_for_later(tmp_path: Path) -> None:
    """It is neither solved nor failed: nothing is kept of it, and the rest goes on."""
    stage = Stage(tmp_path, lambda number, tried: EndpointTimeout("slow") if number == 1 else None)
    outcome = await stage.runner.run(stage.problems)
    assert outcome.unanswered == {"Own/1": "slow"}
    assert outcome.stopped is None
    assert sorted(stage.store.read()) == ["Own/0", "Own/2", "Own/3"]


@pytest.mark.parametrize(("error", "asked"), [(EndpointRefused("wrong key"), 1), (EndpointBroken("odd"), 9)])
async def test_a_dead_model_is_given_up(tmp_path: Path, error: ModelError, asked: int) -> None:
    """At once where waiting cannot help, else after three problems in a row."""
    stage = Stage(tmp_path, lambda number, tried: error)
    outcome = await stage.runner.run(stage.problems)
    assert outcome.stopped is error
    assert len(stage.answers.asked) == asked
    assert outcome.done == []


async def test_interrupted(tmp_path: Path) -> None:
    """What was finished is kept; nothing goes on behind one's back."""
    stage = Stage(tmp_path)
    begun = asyncio.Event()

    async def slow(task: Task, number: int) -> Answer:
        if number == 0:
            return answered(stage.problems[0])
        begun.set()
        await asyncio.sleep(30)
        raise AssertionError("it was not ended")

    stage.answers.answer = slow  # type: ignore[method-assign] # one that can be interrupted
    run = asyncio.ensure_future(stage.runner.run(stage.problems))
    await asyncio.wait_for(begun.wait(), 20)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert list(stage.store.read()) == ["Own/0"]
    assert {task.get_name() for task in asyncio.all_tasks()} == {asyncio.current_task().get_name()}  # type: ignore[union-attr] # there is one


@pytest.mark.parametrize(("oracle", "outcomes"), [(False, [False, None, True]), (True, [False, True, True])])
async def test_which_candidates_are_tested(tmp_path: Path, oracle: bool, outcomes: list[bool | None]) -> None:
    """The one shown and the first always, the others when asked; the same file only once."""
    stage = Stage(tmp_path, oracle=oracle)
    problem = stage.problems[0]
    document = problem.task.document
    answer = answered(problem, f"{document}    return 0\n", f"{document}    return b + a\n")
    stage.answers.act = lambda number, tried: answer
    (kept,) = (await stage.runner.run([problem])).done
    tested = [None if one.tested is None else one.tested.passed for one in kept.answer.attempts]
    assert tested == outcomes
    assert len(stage.ran) == sum(one is not None for one in outcomes)


async def test_nothing_shown(tmp_path: Path) -> None:
    """It counts as not solved, and no test is run for it."""
    stage = Stage(tmp_path, lambda number, tried: Answer(shown=None, why_not="no usable code came"))
    (kept,) = (await stage.runner.run(stage.problems[:1])).done
    assert not kept.solved
    assert stage.ran == []


async def test_saved_answers_are_tested_again(tmp_path: Path) -> None:
    """With other tests, without the model."""
    stage = Stage(tmp_path)
    first, second = stage.problems[:2]
    runner = Runner(None, Judge(run_unguarded), stage.store, digest="d")
    outcome = await runner.retest([first.tested_by(second)], {first.id: answered(first)})
    assert [one.solved for one in outcome.done] == [False]
    assert stage.answers.asked == []


async def test_a_sandbox_that_is_gone_ends_the_run(tmp_path: Path) -> None:
    """No verdict is made up for what could not be tested."""
    stage = Stage(tmp_path)

    async def run(file: str, tests: str, language: str, options: SandboxOptions) -> ScriptResult:
        return ScriptResult(passed=False, why_not="Gone.")

    runner = Runner(stage.answers, Judge(run), stage.store, digest="d")
    with pytest.raises(CannotTest, match="Gone"):
        await runner.run(stage.problems, jobs=3)
    assert stage.store.read() == {}
