"""`glosswright eval FILE`: a benchmark through the whole product path, its hidden tests, and a report.

This file puts the parts of `evaluation` together and talks to the terminal; see there for how each works.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from glosswright_server.cli.evaluate_facts import card_of, code_digest, machine, weights_of
from glosswright_server.cli.options import settings_from
from glosswright_server.engine.source import ModelSource
from glosswright_server.errors import GlosswrightError, UsageError
from glosswright_server.evaluation import report
from glosswright_server.evaluation.answer import Answerer, MakeSource, ProductAnswerer, RawAnswerer
from glosswright_server.evaluation.choice import choose
from glosswright_server.evaluation.conditions import Conditions, answering, changed, digest, file_digest, settings_for
from glosswright_server.evaluation.folder import Folder
from glosswright_server.evaluation.formats.load import load
from glosswright_server.evaluation.hidden import Judge, RunScript
from glosswright_server.evaluation.mode import Mode
from glosswright_server.evaluation.plot import MISSING, draw
from glosswright_server.evaluation.problem import Problem
from glosswright_server.evaluation.progress import RunProgress
from glosswright_server.evaluation.records import Record, Store
from glosswright_server.evaluation.runner import Outcome, Runner
from glosswright_server.evaluation.summary import Summary, summarise
from glosswright_server.generation.launch_options import LaunchProgress
from glosswright_server.settings import Settings
from glosswright_server.verify.sandbox.model import SandboxOptions
from glosswright_server.verify.sandbox.script import run_script


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What a run needs of the world outside, so that tests can give something else."""

    source: MakeSource = ModelSource
    run_script: RunScript = run_script
    console: Console = dataclasses.field(default_factory=lambda: Console(stderr=True))


def run_eval(options: argparse.Namespace, outside: Outside | None = None) -> int:
    """Run the benchmark that the options name; returns the exit status."""
    outside = outside or Outside()
    run: _Evaluation | None = None
    try:
        run = _Evaluation(options, outside)
        with run.folder.held():
            return asyncio.run(run.run())
    except UsageError as error:
        return _failed(error, 2)
    except GlosswrightError as error:
        return _failed(error, 1)
    except KeyboardInterrupt:
        kept = f" Results are kept in {run.folder.path}; the same command goes on there." if run is not None else ""
        print(f"\nglosswright eval: interrupted.{kept}", file=sys.stderr)
        return 130


def _failed(error: GlosswrightError, status: int) -> int:
    print(f"glosswright eval: {error}", file=sys.stderr)
    return status


class _Evaluation:
    """One run of the command."""

    def __init__(self, options: argparse.Namespace, outside: Outside) -> None:
        """Reads the files. Raises UsageError."""
        self._options = options
        self._outside = outside
        self.mode = Mode(options.mode)
        self.settings = settings_for(settings_from(options), self.mode, options.set)
        everything = load(options.file, format=options.format, show_tests=options.show_tests)
        ids = [name for name in options.ids.split(",") if name]
        self.problems = choose(everything, ids=ids, sample=options.sample, seed=options.seed, limit=options.limit)
        if options.tests is not None:
            self.problems = _with_tests(self.problems, options.tests)
        path = options.out or Path(f"eval-{_stem(options.file)}-{self.mode.value}")
        self.saved = Folder(path)
        self.folder = Folder(path, _stem(options.tests or options.file)) if options.retest else self.saved
        self.conditions = self._conditions()
        self._sandbox = ""
        self._code = code_digest()
        self._judge = Judge(outside.run_script, _sandbox_options(self.settings), options.test_timeout)

    async def run(self) -> int:
        """Do what is left to do and write the report; returns the exit status. Raises GlosswrightError."""
        options = self._options
        store = self.folder.open(self.conditions, fresh=options.fresh)
        records = store.read()
        left = [problem for problem in self.problems if problem.id not in records]
        half = [
            one for one in self.problems if options.oracle and one.id in records and not records[one.id].fully_tested
        ]
        if left or half:
            self._sandbox = await self._judge.check({problem.task.language for problem in [*left, *half]})
        if half:
            with self._progress({}, len(half)) as progress:
                answers = {problem.id: records[problem.id].answer for problem in half}
                again = await self._runner(None, store, progress).retest(half, answers)
            records.update((record.id, record) for record in again.done)
        outcome = Outcome()
        if left:
            outcome = await (self._retest(store, left, records) if options.retest else self._ask(store, left, records))
        records.update((record.id, record) for record in outcome.done)
        wanted = [records[problem.id] for problem in self.problems if problem.id in records]
        if wanted:
            self._report(wanted, outcome)
        if outcome.stopped is not None:
            raise outcome.stopped
        if outcome.unanswered:
            missing = ", ".join(outcome.unanswered)
            print(f"The model gave no answer to {missing}; the same command asks again.", file=sys.stderr)
            return 1
        return 0

    def _conditions(self) -> Conditions:
        """What results in this folder depend on. Raises UsageError."""
        options = self._options
        judging = {
            "data": file_digest(options.file),
            "tests": file_digest(options.tests) if options.tests is not None else "",
            "testTimeout": options.test_timeout,
        }
        if options.retest:
            return {"answers": self._saved_run().get("digest"), **judging}
        return answering(self.mode, self.settings, showTests=options.show_tests, **judging)

    def _saved_run(self) -> dict[str, Any]:
        """The run whose answers are tested again. Raises UsageError."""
        if (run := self.saved.run()) is None:
            raise UsageError(f"There are no answers in {self.saved.path} to test; run it without --retest first.")
        return run

    async def _ask(self, store: Store, left: Sequence[Problem], records: dict[str, Record]) -> Outcome:
        make = RawAnswerer if self.mode is Mode.RAW else ProductAnswerer
        answerer: Answerer = make(self.settings, source=self._outside.source)
        try:
            ready = await answerer.open(self._launching())
            card, slots = await card_of(ready)
            # Candidates have a budget of time, which problems side by side would take from each other.
            jobs = self._options.jobs or (1 if self.mode is Mode.FULL else slots)
            card["weights"] = await asyncio.to_thread(weights_of, self.settings)
            run = self.folder.begin(self.conditions, {**self._facts(), "model": card, "jobs": jobs})
            if run.get("code") != self._code:
                said = f"The results in {self.folder.path} were begun with other code: --fresh begins anew."
                self._outside.console.print(said, markup=False, highlight=False)
            if (earlier := run.get("model", {}).get("name")) != ready.model:
                raise UsageError(
                    f"{self.folder.path} holds results of {earlier!r}, and the model that answers is {ready.model!r}; "
                    "take another folder with --out, or begin anew with --fresh."
                )
            with self._progress(records, len(left)) as progress:
                runner = self._runner(answerer, store, progress)
                return await runner.run(left, jobs=jobs)
        finally:
            await answerer.aclose()

    async def _retest(self, store: Store, left: Sequence[Problem], records: dict[str, Record]) -> Outcome:
        run = self._saved_run()
        answers = {one.id: one.answer for one in Store(self.saved.results, str(run.get("digest"))).read().values()}
        tested = [problem for problem in left if problem.id in answers]
        if len(tested) < len(left):
            print(f"{len(left) - len(tested)} problems have no saved answer and are left out.", file=sys.stderr)
        tests = self._options.tests or self._options.file
        self.folder.begin(self.conditions, {**run, "tests": tests.name, "date": _now()})
        with self._progress(records, len(tested)) as progress:
            runner = self._runner(None, store, progress)
            return await runner.retest(tested, answers, jobs=self._options.jobs or 1)

    def _runner(self, answerer: Answerer | None, store: Store, progress: RunProgress) -> Runner:
        return Runner(
            answerer,
            self._judge,
            store,
            digest=digest(self.conditions),
            oracle=self._options.oracle,
            on_done=progress.done,
        )

    def _progress(self, records: dict[str, Record], left: int) -> RunProgress:
        ours = {problem.id for problem in self.problems}
        earlier = [record for record in records.values() if record.id in ours]
        solved = sum(record.solved for record in earlier)
        return RunProgress(self._outside.console, len(earlier) + left, earlier=len(earlier), solved=solved)

    def _launching(self) -> Any:
        said = ""

        def launching(progress: LaunchProgress) -> None:
            nonlocal said
            line = progress.message or progress.stage
            if progress.stage != "ready" and line != said:
                said = line
                self._outside.console.print(line, markup=False, highlight=False)

        return launching

    def _facts(self) -> dict[str, Any]:
        return {
            "file": self._options.file.name,
            "mode": self.mode.value,
            "problems": len(self.problems),
            "changed": changed(self.settings),
            "showTests": self._options.show_tests,
            "tests": self._options.tests.name if self._options.tests is not None else "",
            "date": _now(),
            "code": self._code,
            "machine": {**machine(), "sandbox": self._sandbox},
        }

    def _report(self, records: Sequence[Record], outcome: Outcome) -> None:
        summary = summarise(records)
        run = {**(self.folder.run() or {}), "problems": len(records)}
        folder = self.folder
        picture = folder.report("png")
        drawn = draw(picture, f"{run.get('file', '')} · {run.get('mode', '')}", summary, records)
        folder.write(folder.report("json"), report.as_json(run, summary, records))
        text = report.as_markdown(
            run, summary, records, plot=picture.name if drawn else MISSING, unanswered=outcome.unanswered
        )
        folder.write(folder.report("md"), text)
        _print(summary, folder.report("md"), drawn)


def _print(summary: Summary, path: Path, drawn: bool) -> None:
    for figure in summary.figures:
        print(f"{figure.name:<48}{figure.rate.text}")
    print(f"{'seconds a problem':<48}{summary.seconds.median:.1f} median, {summary.seconds.p90:.1f} at 90 %")
    print(f"report: {path}")
    if not drawn:
        print(MISSING)


def _with_tests(problems: Sequence[Problem], path: Path) -> list[Problem]:
    """The same problems with the hidden tests of another file. Raises UsageError when it lacks one."""
    others = {problem.id: problem for problem in load(path)}
    for problem in problems:
        if problem.id not in others:
            raise UsageError(f"{path} has no tests for {problem.id}.")
    return [problem.tested_by(others[problem.id]) for problem in problems]


def _sandbox_options(settings: Settings) -> SandboxOptions:
    return SandboxOptions(python=settings.verify.python, node=settings.verify.node)


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M %z")


def _stem(path: Path) -> str:
    """A file's name without `.jsonl`, `.gz` and the like."""
    return path.name.partition(".")[0].lower() or "problems"
