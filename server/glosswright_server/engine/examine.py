"""Judges the candidates of one explicit request: static checks, then the examples in a sandbox, where that is allowed.

Leave to run anything is asked for once, beside the model's work, and not waited for longer than a person needs to read
a question: without an answer the verdict says that nothing was run. Ranking is not done here.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from glosswright_server.documents import Snapshot
from glosswright_server.intent.contract import Contract
from glosswright_server.intent.model import Intent
from glosswright_server.intent.tree import Tree
from glosswright_server.settings import VerifySettings
from glosswright_server.verify.opinions import Look
from glosswright_server.verify.program import program_for
from glosswright_server.verify.reach import spread_out
from glosswright_server.verify.sandbox import availability, run_examples
from glosswright_server.verify.sandbox.model import Limits, Program, SandboxOptions
from glosswright_server.verify.sandbox.observe import Step, observe
from glosswright_server.verify.sandbox.questions import python_question
from glosswright_server.verify.static import judge
from glosswright_server.verify.variations import constants_of, variations
from glosswright_server.verify.verdict import ExampleResult, ExamplesReport, Outcome, Verdict

logger = logging.getLogger(__name__)

ANSWER_WAIT_S = 15.0
"""How long a finished candidate waits for the user's answer."""

LOOK_S = 4.0
"""How long one candidate is looked at beyond its examples, at most."""
_SHORTEST_LOOK_S = 0.2

_OFF = "Running examples is switched off (`verify.runExamples`)."
_REFUSED = "You have not allowed examples to be run in this workspace."
_NO_TIME = "There was no time left to run them."
_UNANSWERED = "The question whether examples may be run in this workspace has not been answered."


class Examiner:
    """Examines any number of candidates for one intent. Belongs to one event loop.

    A question that is still on the screen at the end stays there: its answer counts for the next time.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        intent: Intent,
        *,
        tree: Tree,
        contract: Contract,
        options: SandboxOptions,
        why_not: str,
        leave: asyncio.Task[bool] | None,
    ) -> None:
        """Use `begin`."""
        self._snapshot = snapshot
        self._intent = intent
        self._tree = tree
        self._contract = contract
        self._options = options
        self._why_not = why_not
        self._leave = leave

    @classmethod
    async def begin(
        cls,
        snapshot: Snapshot,
        intent: Intent,
        *,
        tree: Tree,
        contract: Contract,
        settings: VerifySettings,
        ask: Callable[[str], Awaitable[bool]],
    ) -> Examiner:
        """Asks the user at once, if there is something to run and the settings say that the user is to be asked."""
        options, why_not, leave = _options(settings), "", None
        if contract.examples:
            if settings.run_examples == "never":
                why_not = _OFF
            else:
                # It starts the interpreter to see whether it can be kept in: not on the event loop.
                why_not = (await asyncio.to_thread(availability, intent.language, options)).why_not
            if not why_not and settings.run_examples == "ask":
                leave = asyncio.ensure_future(_asked(ask, snapshot.uri))
        return cls(snapshot, intent, tree=tree, contract=contract, options=options, why_not=why_not, leave=leave)

    @property
    def runs_examples(self) -> bool:
        """Whether there are examples that will be run, as far as is known by now."""
        return bool(self._contract.examples) and not self._why_not

    @property
    def needs_s(self) -> float:
        """Seconds that examples need for a fair chance; 0 where none are run."""
        return min(self._options.limits.example_s, self._options.limits.wall_s) if self.runs_examples else 0.0

    async def examine(self, text: str, *, left_s: float, complete: bool = True) -> Verdict:
        """The verdict on `text` as the answer, within about `left_s` seconds.

        Examples are run whatever else failed, for they are the better evidence; but not those of an answer that was cut
        off, and none when there is no time to give them a fair chance.
        """
        verdict = judge(
            self._snapshot.text, self._intent, text, before=self._tree, contract=self._contract, complete=complete
        )
        if not self._contract.examples or not complete:
            return verdict
        return replace(verdict, examples=await self._run(text, verdict, left_s))

    def compares(self, text: str) -> bool:
        """Whether a second opinion on `text`, which passes its examples, would be of use: there are other inputs."""
        return self._intent.language == "python" and bool(
            variations(self._contract.examples, self._program(text, ()).target, most=1)
        )

    async def look(self, candidates: Sequence[tuple[str, Verdict]], *, left_s: float) -> list[Look | None]:
        """What each of these, which pass their examples, does beyond them, seen with the same calls; None for one of
        which that cannot be seen, or not in time."""
        if self._intent.language != "python":
            return [None] * len(candidates)
        ends_at = time.monotonic() + left_s
        programs = [self._program(text, verdict.imports) for text, verdict in candidates]
        constants = dict.fromkeys(one for program in programs for one in constants_of(program.source))
        target = programs[0].target if programs else ""
        calls = variations(self._contract.examples, target, tuple(constants)) if target else ()
        return [await self._look(program, calls, ends_at - time.monotonic()) for program in programs]

    async def _look(self, program: Program, calls: tuple[str, ...], left_s: float) -> Look | None:
        spread = spread_out(program.source, program.target)
        if spread is None or left_s < _SHORTEST_LOOK_S:
            return None
        examples = [(one, python_question(one)) for one in self._contract.examples]
        steps = [
            Step(expression=asked.last, body=f"{one.setup}\n{asked.body}".strip(), session=str(one.session))
            for one, asked in examples
        ]
        steps += [Step(expression=call, session=f"other {number}") for number, call in enumerate(calls)]
        options = replace(self._options, limits=replace(self._options.limits, wall_s=min(LOOK_S, left_s)))
        observed = await observe(spread.source, steps, options)
        meant = frozenset(one.type.rpartition(".")[2] for one in self._contract.raises)
        return Look(spread=spread, examples=len(examples), calls=calls, observed=observed, meant=meant)

    def _program(self, text: str, imports: tuple[str, ...]) -> Program:
        examples = self._contract.examples
        return program_for(self._snapshot.text, self._intent, text, imports=imports, examples=examples)

    async def _run(self, text: str, verdict: Verdict, left_s: float) -> ExamplesReport:
        if self._leave is not None and not self._why_not:
            waited_from = time.monotonic()
            done, _ = await asyncio.wait({self._leave}, timeout=min(ANSWER_WAIT_S, max(left_s, 0.0)))
            left_s -= time.monotonic() - waited_from
            self._why_not = _UNANSWERED if not done else "" if self._leave.result() else _REFUSED
        if self._why_not:
            return self._not_run(self._why_not)
        program = self._program(text, verdict.imports)
        if program.why_not:
            return self._not_run(program.why_not)
        if left_s < self.needs_s:
            return self._not_run(_NO_TIME)
        limits = self._options.limits
        options = replace(self._options, limits=replace(limits, wall_s=min(limits.wall_s, left_s)))
        return await run_examples(program, self._contract.examples, options)

    def _not_run(self, why_not: str) -> ExamplesReport:
        results = tuple(
            ExampleResult(example, Outcome.NOT_APPLICABLE, "not run") for example in self._contract.examples
        )
        return ExamplesReport(results=results, why_not=why_not)


async def _asked(ask: Callable[[str], Awaitable[bool]], uri: str) -> bool:
    try:
        return await ask(uri)
    except Exception:  # whatever an editor makes of the question, it has not said yes
        logger.warning("the question whether examples may be run failed", exc_info=True)
        return False


def _options(settings: VerifySettings) -> SandboxOptions:
    limits, wall_s = Limits(), settings.timeout_ms / 1000
    limits = replace(limits, wall_s=wall_s, example_s=min(limits.example_s, wall_s), memory_mb=settings.memory_mb)
    return SandboxOptions(python=settings.python, node=settings.node, limits=limits)
