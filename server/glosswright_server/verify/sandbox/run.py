"""Runs the examples of one candidate and says how each came out. The only way into the sandbox.

Each example is asked for in turn of one process; after one that did not end in time the others, as far as they do not
build on it, get a fresh process while there is time left. Nothing is run where there is no sandbox. See docs/sandbox.md
for what is promised and what is not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from glosswright_server.intent.contract import Example, ExampleKind
from glosswright_server.verify.sandbox import judge
from glosswright_server.verify.sandbox.interpreters import Interpreter, Unusable, interpreter_for
from glosswright_server.verify.sandbox.model import Availability, Program, SandboxOptions
from glosswright_server.verify.sandbox.process import Refused, Sandboxed, Stopped, TimedOut, running
from glosswright_server.verify.sandbox.questions import Question, python_question
from glosswright_server.verify.sandbox.scripts import script_question
from glosswright_server.verify.sandbox.walls import Walls, walls
from glosswright_server.verify.verdict import ExampleResult, ExamplesReport, Outcome

_NOT_REACHED = "not reached"


def availability(language: str, options: SandboxOptions) -> Availability:
    """Whether examples of a language (an LSP id) can be run here. The first call starts the interpreter named in
    `options` to see what it is, and blocks for some 50 ms, 10 s at most; later ones look at the answer. May be called
    from any thread: several first calls at once may each start the interpreter, and answer the same."""
    found = prepared(language, options)
    return Availability(sandbox="", why_not=found) if isinstance(found, str) else Availability(sandbox=found[0].name)


async def run_examples(program: Program, examples: tuple[Example, ...], options: SandboxOptions) -> ExamplesReport:
    """Run the examples against the program, within `options.limits`. When cancelled, the process is killed first.

    Never raises for what the code does; what keeps it from running at all is in `why_not`.
    """
    started = time.monotonic()
    why_not = program.why_not
    if not why_not:
        found = await asyncio.to_thread(prepared, program.language, options)
        if not isinstance(found, str):
            run = _Run(program, examples, options, *found)
            await run.all()
            return ExamplesReport(
                results=tuple(run.results.get(n, judge.unknown(e, _NOT_REACHED)) for n, e in enumerate(examples)),
                sandbox="" if run.why_not else found[0].name,
                why_not=run.why_not,
                elapsed_ms=1000 * (time.monotonic() - started),
            )
        why_not = found
    return ExamplesReport(results=tuple(judge.unknown(e, "not run") for e in examples), why_not=why_not)


def prepared(language: str, options: SandboxOptions) -> tuple[Walls, Interpreter] | str:
    """What keeps it in and what runs it, or the sentence why nothing can be run."""
    if language not in ("python", "javascript"):
        return "Examples are run for Python and JavaScript only."
    found = walls()
    if not found.name:
        return found.why_not
    try:
        return found, interpreter_for(language, options)
    except Unusable as why:
        return str(why)


class _Run:
    """One run, over as many processes as it takes."""

    def __init__(
        self,
        program: Program,
        examples: Sequence[Example],
        options: SandboxOptions,
        walls: Walls,
        interpreter: Interpreter,
    ) -> None:
        self._program = program
        self._examples = examples
        self._options = options
        self._limits = options.limits
        self._walls = walls
        self._interpreter = interpreter
        self._deadline = time.monotonic() + options.limits.wall_s
        self.results: dict[int, ExampleResult] = {}
        self.why_not = ""

    async def all(self) -> None:
        """Fill `results`."""
        todo = list(enumerate(self._examples))
        while todo and self._left() > 0:
            before = len(todo)
            try:
                todo = await self._in_one_process(todo)
            except (Refused, OSError) as why:
                self._none(f"The sandbox could not be entered ({judge.short(str(why))}), so nothing was run.")
                return
            if len(todo) == before:
                return

    async def _in_one_process(self, todo: list[tuple[int, Example]]) -> list[tuple[int, Example]]:
        """Ask until the process is of no more use; what a fresh one should be asked."""
        language, limits = self._program.language, self._limits
        begun = time.monotonic()
        async with running(self._walls, language, self._interpreter, limits, self._options.scratch) as sandboxed:
            # How long a busy machine takes to start an interpreter says nothing about the code.
            self._deadline += min(time.monotonic() - begun, limits.wall_s)
            if not await self._loaded(sandboxed):
                return []
            said: int | None = None
            for place, (number, example) in enumerate(todo):
                if language == "javascript" and said not in (None, example.session):
                    return todo[place:]  # what a script declares cannot be declared again
                said = example.session if example.setup.strip() else said
                try:
                    self.results[number] = await self._one(sandboxed, example)
                except TimedOut as why:
                    self.results[number] = judge.failed(example, str(why))
                    return [rest for rest in todo[place + 1 :] if rest[1].session != example.session]
                except Stopped as why:
                    self.results[number] = judge.failed(example, str(why))
                    return []
                if self._left() <= 0:
                    break
        return []

    async def _loaded(self, sandboxed: Sandboxed) -> bool:
        """Load the program; False, with everything said, when that came to nothing."""
        try:
            answer = await sandboxed.ask("load", self._program.source, within=self._left())
        except TimedOut:
            self._all(Outcome.FAILED, f"the code does not load: it did not end within {self._limits.wall_s:g} s")
            return False
        except Stopped as why:
            self._all(Outcome.FAILED, f"the code does not load: it {why}")
            return False
        if not answer.classes:
            return True
        if answer.missing:
            self._none(judge.missing(answer.missing))
        elif obstacle := judge.hindrance(answer):
            self._all(Outcome.NOT_APPLICABLE, obstacle)
        else:
            self._all(Outcome.FAILED, f"the code does not load: {judge.what(answer)}")
        return False

    async def _one(self, sandboxed: Sandboxed, example: Example) -> ExampleResult:
        """How one example comes out. Raises `Stopped` when the process is of no more use."""
        deadline = time.monotonic() + min(self._limits.example_s, self._left())
        question, session = self._question(example), str(example.session)

        def left() -> float:
            return max(deadline - time.monotonic(), 0.01)

        if example.setup.strip():
            answer = await sandboxed.ask("run", session, example.setup, "", "value", within=left())
            if answer.classes:
                return judge.before(example, answer, self._limits.memory_mb)
        # That an exception is expected is nothing that the code needs to know.
        wants = "prints" if question.kind is ExampleKind.PRINTS else "value"
        answer = await sandboxed.ask("run", session, question.body, question.last, wants, within=left())
        result = judge.judged(example, question, answer, self._limits.memory_mb)
        if result is None:
            expected, how = (question.inside, "strictly") if question.inside else (question.against, "equal")
            second = await sandboxed.ask("same", session, expected, how, within=left())
            result = judge.judged_inside(example, question, answer, second)
        return result

    def _question(self, example: Example) -> Question:
        return python_question(example) if self._program.language == "python" else script_question(example)

    def _left(self) -> float:
        return self._deadline - time.monotonic()

    def _all(self, outcome: Outcome, detail: str) -> None:
        for number, example in enumerate(self._examples):
            self.results.setdefault(number, ExampleResult(example, outcome, detail))

    def _none(self, why_not: str) -> None:
        self.why_not = why_not
        self._all(Outcome.NOT_APPLICABLE, "not run")
