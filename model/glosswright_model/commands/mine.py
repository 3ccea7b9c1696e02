"""`glosswright model mine`: pairs of comments and code out of source trees, in one file."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glosswright_model.commands import AddCommand
    from glosswright_model.data.mining.mine import Report


def register(add: AddCommand) -> None:
    """Declare the command line."""
    mine = add("mine", _mine, "Extract pairs of comments and code from source trees.")
    mine.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="source files and folders of source files")
    mine.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to write: .jsonl or .parquet")
    mine.add_argument(
        "--language", action="append", default=[], metavar="L", help="only this language; may be given several times"
    )
    mine.add_argument(
        "--kind",
        action="append",
        default=[],
        choices=["statement", "body", "function"],
        help="only this kind of target; may be given several times",
    )
    mine.add_argument(
        "--licence",
        action="append",
        default=[],
        metavar="SPDX",
        help="only files under this licence; `permissive` for all that ask for notices alone; several times",
    )
    mine.add_argument("--whole-docstrings", action="store_true", help="not only the first paragraph of a docstring")
    mine.add_argument(
        "--with-others", action="store_true", help="read vendored, generated and built folders too (node_modules, …)"
    )
    mine.add_argument(
        "--without-tests", action="store_true", help="pass over tests, known by their names (tests/, test_*.py, …)"
    )
    mine.add_argument("--dev", type=float, default=0.05, metavar="SHARE", help="of files (default: %(default)s)")
    mine.add_argument("--test", type=float, default=0.05, metavar="SHARE", help="of files (default: %(default)s)")
    mine.add_argument("--seed", type=int, default=0, help="of the splits (default: %(default)s)")
    mine.add_argument(
        "--max-pairs", type=int, default=500_000, metavar="N", help="stop there; 100,000 take about 600 MB of memory"
    )
    mine.add_argument("--report", type=Path, metavar="FILE", help="write the counts there, as JSON")


def _mine(options: argparse.Namespace) -> int:
    from rich import progress as bars
    from rich.console import Console

    from glosswright_model.data.mining.extract import ExtractOptions
    from glosswright_model.data.mining.languages import find_language
    from glosswright_model.data.mining.mine import MineOptions, mine
    from glosswright_model.data.pairs import PAIR_KINDS
    from glosswright_model.errors import DataError

    if options.max_pairs < 1:
        raise DataError("--max-pairs must be 1 or more")
    wanted = frozenset(find_language(name).key for name in options.language) or None
    how = MineOptions(
        languages=wanted,
        extract=ExtractOptions(kinds=frozenset(options.kind or PAIR_KINDS), whole_docstrings=options.whole_docstrings),
        licences=frozenset(options.licence),
        with_others=options.with_others,
        without_tests=options.without_tests,
        dev=options.dev,
        test=options.test,
        seed=options.seed,
        max_pairs=options.max_pairs,
    )
    columns = ("[progress.description]{task.description}", bars.BarColumn(), bars.MofNCompleteColumn())
    with bars.Progress(*columns, bars.TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Reading files", total=None)
        report = mine(
            options.paths, options.out, how, lambda done, total: bar.update(task, completed=done, total=total)
        )
    _say(report, options)
    if options.report is not None:
        _write_report(report, options.report)
    return 0 if report.pairs else 1


def _say(report: Report, options: argparse.Namespace) -> None:
    written = f"{report.pairs} pairs written to {options.out}" if report.pairs else "nothing written"
    lines = [
        f"{report.files} files read ({report.bytes / 1e6:.1f} MB), {written}",
        *_row("kinds", report.kinds),
        *_row("languages", report.languages),
        *_row("splits", report.splits),
        *_row("licences", report.licences),
        *_row("files passed over", report.passed.files, report.passed.examples),
        *_row("comments left out", report.left_out),
    ]
    if report.stopped:
        lines.append("Stopped at --max-pairs; give a larger number, or fewer folders, to have the rest.")
    if not report.pairs and options.licence and report.passed.files["another licence"]:
        lines.append(
            f"No pair was found under {', '.join(options.licence)}; which licences there are is said without --licence."
        )
    elif not report.pairs:
        lines.append("No pair was found: name a folder with source files that hold comments or docstrings.")
    print("\n".join(lines), file=sys.stderr)


def _row(title: str, counts: Counter[str], examples: dict[str, str] | None = None) -> list[str]:
    shown = [(name, count) for name, count in counts.most_common() if count]
    if not shown:
        return []
    if examples:
        return [f"{title}:", *(f"  {name} {count}, such as {examples[name]}" for name, count in shown)]
    return [f"{title}: " + ", ".join(f"{name} {count}" for name, count in shown)]


def _write_report(report: Report, path: Path) -> None:
    from glosswright_model.errors import DataError

    try:
        path.write_text(json.dumps(report.to_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}") from error
