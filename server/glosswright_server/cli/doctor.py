"""`glosswright doctor`: prints what `machine.doctor` has found, in colours or as JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from glosswright_server.cli.options import settings_from
from glosswright_server.machine.doctor import examine, in_words


def run_doctor(options: argparse.Namespace) -> int:
    """Print the report; returns 0 when code can be generated."""
    settings = settings_from(options)
    report = asyncio.run(examine(settings, measure=not options.no_measure))
    if options.json:
        print(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        show(report, Console())
    return 1 if report["problems"] else 0


def show(report: dict[str, Any], console: Console) -> None:
    """Print the report for people."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("Glosswright", f"{report['version']}, Python {report['python']}, {report['platform']}")
    table.add_row("Packages", ", ".join(f"{name} {found or '—'}" for name, found in report["packages"].items()))
    table.add_row("Grammars", ", ".join(report["grammars"]) or "none")
    table.add_row("Endpoint", report["endpoint"])
    table.add_row("Model", report["model"])
    if speed := report.get("speed"):
        table.add_row("Back end", f"{speed['backend']} on {speed['device']}")
        table.add_row("Speed", in_words(speed))
    console.print(table)
    for problem in report["problems"]:
        console.print(f"[bold red]✗[/] {escape(problem)}", highlight=False)
    for advice in report["advice"]:
        console.print(f"[yellow]→[/] {escape(advice)}", highlight=False)
    if not report["problems"]:
        console.print("[bold green]✓[/] Code can be generated.")
