"""`glosswright stats`: what became of suggestions on this machine: a table, JSON or a picture; and the wipe."""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from glosswright_server.errors import FeedbackUnavailable
from glosswright_server.feedback.file import FeedbackFile
from glosswright_server.feedback.impression import Impression
from glosswright_server.feedback.plot import MISSING, draw
from glosswright_server.feedback.statistics import GROUPS, PERCENTILES, Statistics, Tally, as_json, count_up

_DAY_S = 86_400.0


def run_stats(options: argparse.Namespace) -> int:
    """Print, draw or wipe; returns the exit status."""
    file = FeedbackFile()
    if options.wipe and (options.days is not None or options.png is not None):
        print("glosswright stats: --wipe forgets everything: it goes with neither --days nor --png", file=sys.stderr)
        return 2
    try:
        if options.wipe:
            return _wipe(file)
        since = time.time() - options.days * _DAY_S if options.days else 0.0
        impressions = file.read(since)
    except FeedbackUnavailable as error:
        print(f"glosswright stats: {error}", file=sys.stderr)
        return 1
    for broken in file.set_aside():
        print(f"glosswright stats: what stands in {broken} is not counted: that file is broken", file=sys.stderr)
    statistics = count_up(impressions)
    if options.json:
        print(json.dumps({"path": str(file.path), **as_json(statistics)}, ensure_ascii=False, indent=2))
    else:
        show(statistics, Console(), str(file.path))
    return _draw(options.png, impressions) if options.png is not None else 0


def _wipe(file: FeedbackFile) -> int:
    forgotten = file.wipe()
    print(f"{forgotten} suggestions forgotten." if forgotten else "Nothing is left to forget.")
    return 0


def show(statistics: Statistics, console: Console, path: str) -> None:
    """Print the statistics for people."""
    total = statistics.total
    if not total.shown or statistics.since is None or statistics.until is None:
        console.print("No suggestion was counted yet.")
        console.print(f"They are counted in {path}, unless the setting `feedback.enabled` is off.", style="dim")
        return
    first, last = (datetime.fromtimestamp(seconds).date() for seconds in (statistics.since, statistics.until))
    console.print(f"{first} to {last}", highlight=False)
    # Narrow enough for a terminal of 80 columns: names are what tells the rows apart.
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("", overflow="fold")
    for name in ("shown", "accepted", "in part", "dismissed", "kept"):
        table.add_column(name, justify="right", no_wrap=True)
    for percent in PERCENTILES:
        table.add_column(f"p{percent}", justify="right", no_wrap=True)
    table.add_row(*_row("all", total), style="bold")
    for group, tallies in GROUPS:
        table.add_row(f"[dim]by {group}[/]")
        for tally in tallies(statistics):
            table.add_row(*_row(f"  {tally.name}", tally))
    console.print(table)
    console.print(
        "accepted: of those shown, as a whole; kept: of the accepted that could be looked at, still there after a "
        "minute; p50, p90, p99: seconds from the request to the answer",
        style="dim",
        highlight=False,
    )


def _row(name: str, tally: Tally) -> list[str]:
    return [
        name.replace("[", r"\["),
        str(tally.shown),
        f"{tally.accepted} {_percent(tally.accepted, tally.shown)}",
        str(tally.partly_accepted),
        str(tally.dismissed),
        _percent(tally.kept, tally.looked_at),
        *([f"{value / 1000:.1f}" for value in tally.total_ms] or ["—"] * len(PERCENTILES)),
    ]


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "—"


def _draw(path: Path, impressions: list[Impression]) -> int:
    try:
        if draw(path, impressions):
            print(f"picture: {path}", file=sys.stderr)
            return 0
        print(f"glosswright stats: {MISSING}", file=sys.stderr)
    except OSError as error:
        print(f"glosswright stats: {path} cannot be written: {error.strerror or error}.", file=sys.stderr)
    return 1
