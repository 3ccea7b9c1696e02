"""Records and conditions → the report: complete as JSON, readable as Markdown. Writes no file itself."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

from glosswright_server.evaluation.records import Record
from glosswright_server.evaluation.statistics import Spread
from glosswright_server.evaluation.summary import Summary

_ROWS_OF_REASONS = 12


def as_json(run: Mapping[str, Any], summary: Summary, records: Sequence[Record]) -> str:
    """Everything: conditions, figures, and of each problem answer, verdict, hidden outcome and times."""
    whole = {**run, "summary": summary.as_json(), "results": [dataclasses.asdict(record) for record in records]}
    return json.dumps(whole, ensure_ascii=True, indent=1) + "\n"


def as_markdown(
    run: Mapping[str, Any], summary: Summary, records: Sequence[Record], *, plot: str, unanswered: Mapping[str, str]
) -> str:
    """For people. `plot` is a picture's file name, or a sentence that says why there is none."""
    parts = [
        f"# {run['file']}, {run['mode']}",
        _table(("", ""), [(name, value) for name, value in _circumstances(run) if value]),
        "## Figures",
        "95 % intervals of Wilson in brackets, in per cent.",
        _table(
            ("figure", "value", "what it counts"),
            [(figure.name, figure.rate.text, figure.meaning) for figure in summary.figures],
        ),
        "## Cost of a problem",
        _table(
            ("", "median", "90 % below", "total"),
            [
                ("seconds", *_cells(summary.seconds, ".1f")),
                ("tokens", *_cells(summary.tokens, ",.0f")),
                ("candidates", *_cells(summary.tried, ",.0f")),
            ],
        ),
    ]
    if summary.cut_off:
        parts.append(f"The deadline cut {summary.cut_off} answers off.")
    if summary.reasons:
        parts += [
            "## Why problems were not solved",
            _table(("first reason", "problems"), [(r, str(n)) for r, n in summary.reasons[:_ROWS_OF_REASONS]]),
        ]
    if unanswered:
        parts.append(f"Not counted, for the model gave no answer: {', '.join(unanswered)}.")
    parts.append(f"![Figures and times]({plot})" if plot.endswith(".png") else plot)
    parts += ["## Problems", _table(("problem", "", "verdict", "hidden tests", "candidates", "s"), map(_row, records))]
    return "\n\n".join(parts) + "\n"


def _circumstances(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    model, machine = run.get("model", {}), run.get("machine", {})
    changed = run.get("changed", {})
    return [
        ("model", " · ".join(str(model[key]) for key in ("name", "weights", "backend", "device") if model.get(key))),
        ("settings that differ from the defaults", ", ".join(f"`{k}` = {json.dumps(v)}" for k, v in changed.items())),
        ("shown to the model besides the text", "the asserts of `test_list`" if run.get("showTests") else ""),
        ("hidden tests of", run.get("tests", "")),
        ("machine", f"{machine.get('platform', '')}, {machine.get('cores', '?')} cores"),
        ("sandbox of the hidden tests", machine.get("sandbox", "")),
        ("requests at once", str(run.get("jobs", ""))),
        ("date", run.get("date", "")),
        ("code", run.get("code", "")),
        ("versions", ", ".join(f"{name} {number}" for name, number in machine.get("versions", {}).items())),
    ]


def _row(record: Record) -> tuple[str, ...]:
    answer, shown = record.answer, record.answer.shown
    if shown is None:
        return (record.id, "—", answer.why_not, "", str(len(answer.attempts)), f"{answer.seconds:.1f}")
    tested = shown.tested
    hidden = "" if tested is None else "passed" if tested.passed else tested.detail or tested.reason
    return (
        record.id,
        "✓" if record.solved else "✗",
        shown.label + ("" if answer.complete else ", cut off"),
        hidden,
        str(len(answer.attempts)),
        f"{answer.seconds:.1f}",
    )


def _cells(spread: Spread, form: str) -> tuple[str, str, str]:
    return format(spread.median, form), format(spread.p90, form), format(spread.total, form)


def _table(head: Sequence[str], rows: Any) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    """One table cell: what could end the cell or the row is taken out, what could be markup is shown as it is."""
    flat = " ".join(text.split())
    return flat.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
