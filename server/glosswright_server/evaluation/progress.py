"""Shows how a run is going: a bar on a terminal, one plain line for each problem elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from glosswright_server.evaluation.records import Record

_LONGEST_LABEL = 40


class RunProgress:
    """A context manager; `done` is called for each problem. Writes to the console it is given and nowhere else."""

    def __init__(self, console: Console, total: int, *, earlier: int = 0, solved: int = 0) -> None:
        """`earlier` of the `total` problems are done already, `solved` of them rightly."""
        self._console = console
        self._total, self._done, self._solved = total, earlier, solved
        self._begun, self._started = earlier, time.monotonic()
        self._bar: Progress | None = None
        if console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(elapsed_when_finished=False),
                TextColumn("{task.fields[rate]}"),
                console=console,
            )
            self._task = self._bar.add_task("problems", total=total, completed=earlier, rate=self._rate())

    def __enter__(self) -> RunProgress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def done(self, record: Record) -> None:
        """One more problem."""
        self._done += 1
        self._solved += record.solved
        line = said_of(record)
        if self._bar is not None:
            self._bar.console.print(escape(line), highlight=False, soft_wrap=True)
            self._bar.update(self._task, completed=self._done, rate=self._rate())
            return
        self._console.print(
            f"[{self._done}/{self._total}] {line} · {self._rate()} · {self._left()}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )

    def _rate(self) -> str:
        return f"pass@1 {self._solved / self._done:.1%}" if self._done else "pass@1 —"

    def _left(self) -> str:
        """How long the rest may take, going by the problems of this run."""
        pace_s = (time.monotonic() - self._started) / max(1, self._done - self._begun)
        minutes, seconds = divmod(round(pace_s * (self._total - self._done)), 60)
        return f"{minutes}:{seconds:02} left"


def said_of(record: Record) -> str:
    """One problem in one line."""
    shown = record.answer.shown
    if shown is None:
        return f"✗ {record.id} · {record.answer.why_not} · {record.answer.seconds:.1f} s"
    hidden = "passed" if record.solved else shown.tested.reason if shown.tested is not None else "not tested"
    mark = "✓" if record.solved else "✗"
    label = shown.label if len(shown.label) <= _LONGEST_LABEL else f"{shown.label[: _LONGEST_LABEL - 1]}…"
    return f"{mark} {record.id} · {hidden} · shown as: {label} · {record.answer.seconds:.1f} s"
