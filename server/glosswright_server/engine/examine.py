"""Judges the candidates of one explicit request: static checks, then the examples in a sandbox, where that is allowed.

Leave to run anything is asked for once, beside the model's work, and not waited for longer than a person needs to read
a question: without an answer the verdict says that nothing was run. Ranking is not done here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from glosswright_server.documents import Snapshot
from glosswright_server.intent.contract import Contract
from glosswright_server.intent.model import Intent
from glosswright_server.intent.tree import Tree
from glosswright_server.settings import VerifySettings
from glosswright_server.verify.program import program_for
from glosswright_server.verify.sandbox import availability, run_examples
from glosswright_server.verify.sandbox.model import Limits, SandboxOptions
from glosswright_server.verify.static import judge
from glosswright_server.verify.verdict import ExampleResult, ExamplesReport, Outcome, Verdict

logger = logging.getLogger(__name__)

ANSWER_WAIT_S = 15.0
"""How long a finished candidate waits for the user's answer."""

_OFF = "Running examples is switched off (`verify.runExamples`)."
_REFUSED = "You have not allowed examples to be run in this workspace."
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
        settings: VerifySettings,
        ask: Callable[[str], Awaitable[bool]],
    ) -> None:
        """Asks the user at once, if there is something to run and the settings say that the user is to be asked."""
        self._snapshot = snapshot
        self._intent = intent
        self._tree = tree
        self._contract = contract
        self._options = _options(settings)
        self._why_not = self._hindrance(settings.run_examples)
        self._leave: asyncio.Task[bool] | None = None
        if contract.examples and not self._why_not and settings.run_examples == "ask":
            self._leave = asyncio.ensure_future(_asked(ask, snapshot.uri))

    @property
    def runs_examples(self) -> bool:
        """Whether there are examples that will be run, as far as is known by now."""
        return bool(self._contract.examples) and not self._why_not

    async def examine(self, text: str, *, complete: bool = True) -> Verdict:
        """The verdict on `text` as the answer. Examples are run whatever else failed, for they are the better evidence;
        but not those of an answer that was cut off."""
        verdict = judge(
            self._snapshot.text, self._intent, text, before=self._tree, contract=self._contract, complete=complete
        )
        if not self._contract.examples or not complete:
            return verdict
        return replace(verdict, examples=await self._run(text, verdict))

    def _hindrance(self, mode: str) -> str:
        if mode == "never":
            return _OFF
        if not self._contract.examples:
            return ""
        return availability(self._intent.language, self._options).why_not

    async def _run(self, text: str, verdict: Verdict) -> ExamplesReport:
        if self._leave is not None and not self._why_not:
            done, _ = await asyncio.wait({self._leave}, timeout=ANSWER_WAIT_S)
            self._why_not = _UNANSWERED if not done else "" if self._leave.result() else _REFUSED
        if self._why_not:
            return self._not_run(self._why_not)
        program = program_for(
            self._snapshot.text, self._intent, text, imports=verdict.imports, examples=self._contract.examples
        )
        if program.why_not:
            return self._not_run(program.why_not)
        return await run_examples(program, self._contract.examples, self._options)

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
