"""Several answers to one explicit request: one by greedy decoding, then samples, until one holds.

The first candidate is the model's best guess and is asked for alone: most of the time it is enough, and it costs what a
single answer costs. Where it fails a check, or there are examples that it fails, batches of samples follow at rising
temperature, sharing the evaluated prompt, and end with the first that passes everything; then, once, the model is
shown what failed. Which one is shown is decided by `verify.ranking`; what a check is, by `examine`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from glosswright_server.engine.companion import Beside
from glosswright_server.engine.examine import Examiner
from glosswright_server.engine.run import Batch, Job, Run
from glosswright_server.engine.suggestion import Tried
from glosswright_server.errors import ModelError
from glosswright_server.settings import CandidateSettings
from glosswright_server.verify.opinions import weigh
from glosswright_server.verify.ranking import SortKey, sort_key
from glosswright_server.verify.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Round:
    """A batch of samples."""

    form: int
    """Which form of the prompt, by its number, where there are several: another form finds other answers."""
    temperatures: tuple[float, ...]
    """One for each sample; at the highest, all of them, with a model server that takes one for all."""


ROUNDS = (
    Round(1, (0.0, 0.6, 0.6, 0.6)),
    Round(2, (0.0, 0.7, 0.7, 0.7)),
    Round(1, (0.8,) * 8),
)
"""After the first answer; the last round is gone through again. Chosen by what is written in docs/experiments.md:
another form finds what more samples of the same do not. A small batch is over sooner, a large one costs less for each
sample."""
OPINION_ROUNDS = 2
"""Rounds after which the search for a second opinion ends."""
ENOUGH_OPINIONS = 3
"""Different programs that pass all examples, after which the rest of a batch is not waited for."""
BESIDE_WAIT_S = 0.5
"""How long another model is waited for once the first answer is there."""
MOST_AT_ONCE = 4
"""Where the model server does not say how many choices it can make."""


class Writes(Protocol):
    """Streams a run or a batch to its end. Raises ModelError."""

    def __call__(self, run: Run | Batch, on_growth: Callable[[], None]) -> Awaitable[None]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The outcome of a search."""

    best: Tried
    tried: tuple[Tried, ...]
    ranked: tuple[int, ...]
    """Indices into `tried`, the best first."""
    run: Run
    """What made the best one, for its timing."""
    complete: tuple[bool, ...]
    """For each one tried: False when time was over and these are only the complete statements so far."""
    tokens: int
    """Generated over all candidates."""


class Search:
    """The candidates of one request. Belongs to one event loop; use once."""

    def __init__(
        self,
        jobs: Sequence[Job],
        examiner: Examiner,
        *,
        write: Writes,
        same: Callable[[str], str],
        repair: Callable[[str, Verdict], Job | None],
        limits: CandidateSettings,
        batch: int | None,
        takes_temperatures: bool,
        wanted: int = 1,
        beside: asyncio.Task[Beside | None] | None = None,
        on_lines: Callable[[int], None],
        on_step: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`jobs` ask for the same in different forms, the best first. `same` gives texts that do the same thing the
        same fingerprint. `repair` makes the job that shows the model a failed text and why it failed, or None where its
        family has no words for that. `batch` is how many choices the model server makes at once, if it says so,
        `takes_temperatures` whether each may have its own. `wanted` different candidates are looked for even when the
        first of them is good enough. `beside` is what another model is asked meanwhile."""
        self._jobs = jobs
        self._examiner = examiner
        self._write = write
        self._same = same
        self._repair = repair
        self._limits = limits
        self._most_at_once = batch or MOST_AT_ONCE
        self._takes_temperatures = takes_temperatures
        self._wanted = wanted
        self._beside = beside
        self._on_lines = on_lines
        self._on_step = on_step
        self._clock = clock
        self._started = clock()
        self._tried: list[Tried] = []
        self._runs: list[Run] = []
        self._complete: list[bool] = []
        self._seen: dict[str, int] = {}
        self._rounds = 0
        self._ends_at = 0.0
        self._asked = 0
        self._tokens = 0

    async def find(self, left_s: float) -> Found | None:
        """The best candidate that came within `left_s` seconds; None when none worth showing came.

        Raises ModelError when the model could not be asked and nothing had come before.
        """
        ends_at = self._ends_at = self._clock() + left_s
        run = Run(self._jobs[0], clock=self._clock)
        timed_out = await self._bounded(
            self._write(run, lambda: self._on_lines(run.raw.count("\n") + 1)), ends_at - self._clock()
        )
        self._asked += 1
        self._tokens += run.pieces
        await self._consider(run, temperature=0.0, partial=timed_out)
        await self._hear_beside(ends_at)
        if not timed_out:
            try:
                await self._sample(ends_at)
                await self._once_more(ends_at)
                await self._look_beyond(ends_at)
            except ModelError:
                if not self._tried:
                    raise
        return self._outcome()

    async def _hear_beside(self, ends_at: float) -> None:
        """Examine what the other model has said by now; it is hardly waited for."""
        if self._beside is None:
            return
        wait_s = max(min(ends_at - self._clock(), BESIDE_WAIT_S), 0.0)
        done, _ = await asyncio.wait({self._beside}, timeout=wait_s)
        said = self._beside.result() if done and not self._beside.cancelled() else None
        if said is not None:
            self._tokens += said.run.pieces
            await self._consider(said.run, temperature=0.0, model=said.model)

    # Rounds

    async def _sample(self, ends_at: float) -> None:
        """Batches of samples, as long as there is something to gain and something left to spend."""
        # Where neither the first answer nor a batch of samples held any code, more of them will not either.
        while self._goes_on() and self._clock() < ends_at and (self._tried or not self._rounds):
            number = self._rounds
            plan = ROUNDS[min(number, len(ROUNDS) - 1)]
            temperatures = plan.temperatures[: min(self._most_at_once, self._limits.count - self._asked)]
            n = len(temperatures)
            if self._wants_opinion():
                self._on_step("asking for a second opinion")
            else:
                self._on_step(f"trying {n} more candidates" if n > 1 else "trying one more candidate")
            job = replace(
                self._jobs[min(plan.form, len(self._jobs) - 1)],
                temperature=max(temperatures),
                temperatures=temperatures if self._takes_temperatures and len(set(temperatures)) > 1 else (),
                seed=number + 1,
            )
            self._rounds += 1
            await self._batch(job, n, ends_at)

    def _goes_on(self) -> bool:
        spent_ms = (self._clock() - self._started) * 1000
        return (
            self._asked < self._limits.count
            and spent_ms < self._limits.budget_ms
            and self._tokens < self._limits.budget_tokens
            and not self._is_enough()
        )

    def _is_enough(self) -> bool:
        """Whether one holds as far as anything here can tell: no other could be told to be better.

        Where not one of the examples could be run, it may be the candidate's doing (it opens a file, or imports what
        there is not) or the example's: one batch more tells. So it does as a second opinion; where that holds nothing
        to compare with, another batch is made in another form.
        """
        if len(self._tried) < self._wanted:
            return False
        proven = [one for one in self._tried if one.verdict.proven]
        if proven:
            confirmed = len(proven) > 1 or proven[0].times > 1
            return not self._wants_opinion() or self._rounds >= (1 if confirmed else OPINION_ROUNDS)
        return any(
            one.verdict.passed and (self._rounds > 0 or not self._examiner.runs_examples or _ran(one.verdict))
            for one in self._tried
        )

    def _wants_opinion(self) -> bool:
        """Whether programs that pass their examples are to be compared with others that do."""
        proven = next((one for one in self._tried if one.verdict.proven), None)
        return proven is not None and self._limits.second_opinion and self._examiner.compares(proven.text)

    async def _batch(self, job: Job, n: int, ends_at: float) -> None:
        """Up to `n` samples at once; ends as soon as one is proven, and compared if it is to be."""
        ready: asyncio.Queue[Run | None] = asyncio.Queue()
        batch = Batch(job, n, on_candidate=ready.put_nowait, clock=self._clock)
        self._asked += n
        writing = asyncio.ensure_future(self._bounded(self._write(batch, lambda: None), ends_at - self._clock()))
        writing.add_done_callback(lambda _: ready.put_nowait(None))
        try:
            while (run := await ready.get()) is not None:
                own = job.temperatures[batch.runs.index(run)] if job.temperatures else job.temperature
                await self._consider(run, temperature=own)
                if self._clock() >= ends_at or self._is_settled():
                    break
        finally:
            writing.cancel()
            await asyncio.wait({writing})
            self._tokens += batch.pieces
        if not writing.cancelled() and (error := writing.exception()) is not None:
            raise error

    def _is_settled(self) -> bool:
        """Whether the rest of a batch is of no more use."""
        proven = sum(one.verdict.proven for one in self._tried)
        if len(self._tried) < self._wanted:
            return False
        return proven >= ENOUGH_OPINIONS or (proven > 0 and not self._wants_opinion())

    async def _look_beyond(self, ends_at: float) -> None:
        """See how far the examples of what passes them reach, and compare those candidates with each other."""
        proven = [index for index, one in enumerate(self._tried) if one.verdict.proven]
        candidates = [(self._tried[index].text, self._tried[index].verdict) for index in proven]
        looks = await self._examiner.look(candidates, left_s=ends_at - self._clock())
        seen = [(index, look) for index, look in zip(proven, looks, strict=True) if look is not None]
        for (index, _), beyond in zip(seen, weigh([look for _, look in seen]), strict=True):
            one = self._tried[index]
            rejected = len(self._tried) - len(proven) if self._wants_opinion() else 0
            beyond = replace(beyond, repeated=one.times > 1, rejected=rejected)
            self._tried[index] = replace(one, verdict=replace(one.verdict, beyond=beyond))

    async def _once_more(self, ends_at: float) -> None:
        """One more try, with what failed in the prompt."""
        best = self._best()
        if best is None or not self._limits.repair or self._tried[best].verdict.passed or self._clock() >= ends_at:
            return
        job = self._repair(self._tried[best].text, self._tried[best].verdict)
        if job is None:
            return
        self._on_step("one more try, with what failed")
        run = Run(job, clock=self._clock)
        timed_out = await self._bounded(self._write(run, lambda: None), ends_at - self._clock())
        self._tokens += run.pieces
        if not timed_out:
            await self._consider(run, temperature=0.0, repair=True)

    # One candidate

    async def _consider(
        self, run: Run, *, temperature: float, partial: bool = False, repair: bool = False, model: str = ""
    ) -> None:
        """Examine what a run has given, unless the same has been tried."""
        shaped = run.partial() if partial else run.result()
        if shaped is None:
            return
        left_s = max(self._ends_at - self._clock(), 0.0)
        if self._tried and left_s < self._examiner.needs_s:
            return  # unexamined it would be taken for better than those that were examined
        fingerprint = self._same(shaped.text)
        if fingerprint in self._seen:
            number = self._seen[fingerprint]
            self._tried[number] = replace(self._tried[number], times=self._tried[number].times + 1)
            return
        self._seen[fingerprint] = len(self._tried)
        if self._examiner.runs_examples:
            self._on_step("running the examples")
        verdict = await self._examiner.examine(shaped.text, left_s=left_s, complete=shaped.complete)
        self._tried.append(
            Tried(
                text=shaped.text,
                verdict=verdict,
                temperature=temperature,
                mean_logprob=run.mean_logprob,
                tokens=run.pieces,
                repair=repair,
                model=model,
                origins=run.origins,
            )
        )
        self._runs.append(run)
        self._complete.append(shaped.complete)

    def _best(self) -> int | None:
        """Index of the best so far; the first of equals. A repair, or another model's answer, is shown only if what is
        known of it is better: how likely a model finds that says nothing beside the likelihoods of the others."""
        return self._ranked()[0] if self._tried else None

    def _ranked(self) -> tuple[int, ...]:
        return tuple(sorted(range(len(self._tried)), key=self._key))

    def _key(self, index: int) -> SortKey:
        one = self._tried[index]
        logprob = None if one.repair or one.model else one.mean_logprob
        return sort_key(one.verdict, logprob, length=len(one.text), index=index)

    def _outcome(self) -> Found | None:
        if not self._tried:
            return None
        ranked = self._ranked()
        best = ranked[0]
        tried = [replace(one, chosen=index == best) for index, one in enumerate(self._tried)]
        return Found(
            best=tried[best],
            tried=tuple(tried),
            ranked=ranked,
            run=self._runs[best],
            complete=tuple(self._complete),
            tokens=self._tokens,
        )

    async def _bounded(self, work: Awaitable[None], seconds: float) -> bool:
        """Do `work` for so long at most; whether time was over first."""
        try:
            await asyncio.wait_for(work, max(seconds, 0.0))
        except asyncio.TimeoutError:
            return True
        return False


def _ran(verdict: Verdict) -> bool:
    return verdict.examples is not None and verdict.examples.ran > 0
