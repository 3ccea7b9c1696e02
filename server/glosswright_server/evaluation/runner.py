"""Works through the problems, several in flight, and keeps each result as soon as it is there.

A model that is busy is waited for, one that fails on a problem is asked again; a problem that stays without an answer
is left out of the results, so that a later run asks it. When nothing answers any more the run stops. It prints nothing.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from glosswright_server.errors import EndpointBusy, EndpointRefused, LaunchError, ModelError
from glosswright_server.evaluation.answer import Answerer
from glosswright_server.evaluation.hidden import Judge, Tested
from glosswright_server.evaluation.problem import Problem
from glosswright_server.evaluation.records import Answer, Attempt, Record, Store

_TRIES = 3
_LONGEST_WAIT_S = 30.0
_HOPELESS = 3
"""So many problems in a row without an answer, and the model is given up."""


@dataclass(slots=True)
class Outcome:
    """How a run ended."""

    done: list[Record] = field(default_factory=list)
    """In the order they were finished, those of earlier runs left out."""
    unanswered: dict[str, str] = field(default_factory=dict)
    """Problems that the model gave no answer to, and why."""
    stopped: ModelError | None = None
    """Why the run was given up before its end."""


class Runner:
    """One run. Belongs to one event loop."""

    def __init__(
        self,
        answerer: Answerer | None,
        judge: Judge,
        store: Store,
        *,
        digest: str,
        oracle: bool = False,
        on_done: Callable[[Record], None] = lambda record: None,
        pause_s: float = 1.0,
    ) -> None:
        """Without an `answerer` problems can only be tested again. `oracle` runs the tests on every candidate;
        `pause_s` is the wait before a failed request is made again, longer each time."""
        self._answerer = answerer
        self._judge = judge
        self._store = store
        self._digest = digest
        self._oracle = oracle
        self._on_done = on_done
        self._pause_s = pause_s
        self._failed_in_a_row = 0
        self.outcome = Outcome()

    async def run(self, problems: Sequence[Problem], *, jobs: int = 1) -> Outcome:
        """Answer and test every problem. Raises CannotTest, and GlosswrightError when results cannot be kept."""
        numbered = iter(enumerate(problems))

        async def work() -> None:
            for number, problem in numbered:  # shared: each takes the next
                if self.outcome.stopped is not None:
                    return
                answer = await self._answer(problem, number)
                if answer is not None:
                    await self._keep(problem, answer)

        workers = [asyncio.ensure_future(work()) for _ in range(max(1, min(jobs, len(problems))))]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return self.outcome

    async def retest(self, problems: Sequence[Problem], answers: dict[str, Answer], *, jobs: int = 1) -> Outcome:
        """Run hidden tests on answers that were given before; the model is not asked."""
        numbered = iter(problems)

        async def work() -> None:
            for problem in numbered:
                await self._keep(problem, answers[problem.id])

        await asyncio.gather(*(work() for _ in range(max(1, jobs))))
        return self.outcome

    async def _answer(self, problem: Problem, number: int) -> Answer | None:
        for tried in range(1, _TRIES + 1):
            answer = await self._asked(problem, number)
            if isinstance(answer, Answer):
                self._failed_in_a_row = 0
                return answer
            error = answer
            if isinstance(error, (EndpointRefused, LaunchError)):  # waiting does not mend these
                self.outcome.stopped = error
                break
            if tried < _TRIES:
                wait_s = error.retry_after_s if isinstance(error, EndpointBusy) else self._pause_s * 2.0**tried
                await asyncio.sleep(min(wait_s, _LONGEST_WAIT_S))
        self.outcome.unanswered[problem.id] = str(error)
        self._failed_in_a_row += 1
        if self._failed_in_a_row >= _HOPELESS:
            self.outcome.stopped = error
        return None

    async def _asked(self, problem: Problem, number: int) -> Answer | ModelError:
        assert self._answerer is not None
        try:
            return await self._answerer.answer(problem.task, number)
        except ModelError as error:
            return error

    async def _keep(self, problem: Problem, answer: Answer) -> None:
        record = Record(
            id=problem.id,
            language=problem.task.language,
            digest=self._digest,
            answer=await self._tested(problem, answer),
        )
        self._store.append(record)
        self.outcome.done.append(record)
        self._on_done(record)

    async def _tested(self, problem: Problem, answer: Answer) -> Answer:
        """The answer with hidden outcomes: of what is shown and of the first candidate, or of every one."""
        known: dict[str, Tested] = {}

        async def judged(attempt: Attempt) -> Attempt:
            if attempt.file not in known:
                known[attempt.file] = await self._judge.judge(attempt.file, problem.tests, problem.task.language)
            return dataclasses.replace(attempt, tested=known[attempt.file])

        shown = await judged(answer.shown) if answer.shown is not None else None
        attempts = [
            await judged(attempt)
            if self._oracle or number == 0 or attempt.file in known
            else dataclasses.replace(attempt, tested=None)
            for number, attempt in enumerate(answer.attempts)
        ]
        return dataclasses.replace(answer, shown=shown, attempts=tuple(attempts))
