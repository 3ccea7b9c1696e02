"""What every benchmark has in common: how samples become p50 and p99, how a table looks, and how figures are kept.

A benchmark is a file with a `run(quick) -> Iterator[Report]` and `main = command(run, …)`. It measures and prints; it
asserts no time, because machines differ. Things that are compared are measured in turns within one run, so that a busy
machine slows both down alike; the ratio is what counts.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


class Skipped(Exception):
    """Something that the benchmark needs is not on this machine; the message says what and where to get it."""


@dataclass(frozen=True)
class Goal:
    """What a figure should be, and what it was."""

    what: str
    wanted: str
    found: str
    met: bool


@dataclass
class Report:
    """One table with its goals."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def row(self, *cells: object) -> None:
        """Add a line; numbers are written with two or three figures."""
        self.rows.append(tuple(cell if isinstance(cell, str) else figure(cell) for cell in cells))

    def at_most(self, what: str, found: float, wanted: float, unit: str = "ms") -> None:
        """Note a goal that is met by staying at or below `wanted`."""
        self.goals.append(Goal(what, f"≤ {wanted:g} {unit}", f"{figure(found)} {unit}", found <= wanted))

    def at_least(self, what: str, found: float, wanted: float, unit: str = "") -> None:
        """Note a goal that is met by reaching `wanted`."""
        self.goals.append(
            Goal(what, f"≥ {wanted:g} {unit}".strip(), f"{figure(found)} {unit}".strip(), found >= wanted)
        )


def quantile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least `share` of all are not above (nearest rank); no interpolation."""
    ordered = sorted(samples)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)] if ordered else math.nan


def p50(samples: Sequence[float]) -> float:
    """The median."""
    return statistics.median(samples) if samples else math.nan


def p99(samples: Sequence[float]) -> float:
    """The 99th percentile; of fewer than a hundred samples, the worst."""
    return quantile(samples, 0.99)


def figure(value: object) -> str:
    """A number as people read it: three significant digits, no exponent."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if not isinstance(value, float):
        return str(value)
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 0.1 else 3
    return f"{value:.{digits}f}"


def command(run: Callable[[bool], Iterator[Report]], doc: str | None) -> Callable[..., int]:
    """The command line of one benchmark."""

    def main(arguments: Sequence[str] | None = None) -> int:
        parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
        parser.add_argument("--quick", action="store_true", help="few repetitions: whether it works, not how fast")
        parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
        options = parser.parse_args(arguments)
        console = Console(width=max(Console().width, 120))
        console.print(machine(), style="dim", highlight=False)
        reports: list[Report] = []
        try:
            for report in run(options.quick):
                show(console, report)
                reports.append(report)
        except Skipped as why:
            console.print(f"[yellow]skipped:[/] {why}")
        if options.json:
            found = {"machine": machine(), "quick": options.quick, "reports": [asdict(report) for report in reports]}
            options.json.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return 0

    return main


def show(console: Console, report: Report) -> None:
    """Print one table, its goals and its notes."""
    table = Table(title=report.title, title_justify="left", title_style="bold")
    for number, name in enumerate(report.columns):
        table.add_column(name, justify="right" if number else "left", no_wrap=not number)
    for row in report.rows:
        table.add_row(*row)
    console.print(table)
    for goal in report.goals:
        mark = "[green]goal met[/]   " if goal.met else "[red]goal missed[/]"
        console.print(f"{mark} {goal.what}: {goal.found} (wanted {goal.wanted})", highlight=False)
    for note in report.notes:
        console.print(note, style="dim", highlight=False)


def machine() -> str:
    """The machine in a line, with how busy it is: a figure means little without that."""
    name = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
        load = f", load {os.getloadavg()[0]:.1f}"
    except OSError:  # not Linux
        load = ""
    return f"{name}, {os.cpu_count()} CPUs{load}, {platform.system()}, Python {platform.python_version()}"


def ratio(first: Sequence[float], second: Sequence[float]) -> float:
    """Median of the quotients of samples taken next to each other."""
    return p50([a / b for a, b in zip(first, second, strict=True)])


def value_of(facts: dict[str, Any], name: str) -> float:
    """A number out of a suggestion's facts; 0 where it is not stated."""
    found = facts.get(name)
    return float(found) if isinstance(found, (int, float)) else 0.0


def progress(text: str) -> None:
    """Say on stderr what is being measured, where somebody watches."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
