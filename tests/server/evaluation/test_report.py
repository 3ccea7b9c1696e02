"""Figures and reports from records."""

from __future__ import annotations

import json
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from glosswright_server.errors import UsageError
from glosswright_server.evaluation import report
from glosswright_server.evaluation.choice import choose
from glosswright_server.evaluation.formats.load import load
from glosswright_server.evaluation.plot import draw
from glosswright_server.evaluation.progress import RunProgress
from glosswright_server.evaluation.summary import summarise

from .support import record, write_rows

pytestmark = pytest.mark.timeout(60)

RECORDS = (
    record("a", proven=True, ran=3, label="✓ 3/3 examples"),
    record("b", proven=True, ran=2, label="✓ 2/2 examples", solved=False, first=True),
    record("c", first=False, seconds=3.0),
    record("d", passed=False, ran=2, label="✗ 1/2 examples", solved=False, reason="NameError"),
    record("e", passed=False, ran=2, label="✗ 0/2 examples", others=(False,)),
    record("f", shown=False),
)


def test_figures() -> None:
    """Each counts what it says; what is not shown is not solved."""
    summary = summarise(RECORDS)
    counts = {figure.key: (figure.rate.part, figure.rate.whole) for figure in summary.figures}
    assert counts == {
        "passOfShown": (3, 5),
        "passOfAll": (3, 6),
        "coverage": (5, 6),
        "coverageSound": (3, 6),
        "passOfSound": (2, 3),
        "precisionProven": (1, 2),
        "precisionReserved": (0, 0),
        "precisionAllPass": (1, 2),
        "coverageProven": (2, 6),
        "precisionSome": (0, 0),
        "precisionStatic": (1, 1),
        "rightFailing": (1, 2),
        "passOfFirst": (3, 6),
        "oracle": (4, 6),
    }
    assert dict(summary.reasons) == {"AssertionError": 1, "NameError": 1, "nothing shown: no usable code came": 1}
    assert (summary.seconds.median, summary.seconds.total, summary.tried.total) == (1.0, 8.0, 8.0)


def test_reservations_hide_nothing() -> None:
    """What carries one is counted apart, and both together are counted too: moving answers changes no sum."""
    records = [
        record("a", proven=True, ran=1, label="✓ 1/1 examples"),
        record("b", proven=True, ran=1, label="✓ 1/1 examples, disputed", reservation="disputed", solved=False),
        record("c", proven=True, ran=1, label="✓ 1/1 examples, unconfirmed", reservation="unconfirmed"),
        record("d", ran=1, label="✓ 1/1 examples, weak"),
    ]
    summary = summarise(records)
    keys = ("precisionProven", "precisionReserved", "precisionAllPass", "coverageProven", "precisionSome")
    assert [(rate.part, rate.whole) for rate in map(summary.rate, keys)] == [(1, 1), (1, 2), (2, 3), (1, 4), (1, 1)]


def test_examples_that_could_not_all_be_run() -> None:
    """Neither proven nor static: a figure of its own."""
    summary = summarise([record("a", ran=1, label="✓ 1/2 examples"), record("b")])
    counts = [summary.rate(key).whole for key in ("precisionProven", "precisionSome", "precisionStatic")]
    assert counts == [0, 1, 1]


def test_no_oracle_without_its_tests() -> None:
    """Where a candidate was not tested nobody knows what choosing could reach; with one each there is no choice."""
    for records in ([record("a", others=(None,))], [record("a")]):
        assert "oracle" not in {figure.key for figure in summarise(records).figures}


def test_the_model_alone_has_no_verdicts() -> None:
    """Its answers count neither as proven nor as statically sound."""
    summary = summarise([record("a", label="not checked")])
    assert summary.rate("precisionStatic").whole == 0
    assert summary.rate("passOfShown").part == 1


RUN = {
    "file": "Own.jsonl",
    "mode": "full",
    "model": {"name": "m", "weights": "m-q4.gguf", "device": "cpu"},
    "changed": {"candidates.count": 2},
    "showTests": True,
    "machine": {"platform": "Linux", "cores": 2, "versions": {"glosswright": "1"}},
    "date": "today",
    "jobs": 1,
}


def test_markdown() -> None:
    """Every figure, circumstance and problem; cells stay cells whatever they hold."""
    text = report.as_markdown(RUN, summarise(RECORDS), RECORDS, plot="report.png", unanswered={"g": "slow"})
    for expected in (
        "# Own.jsonl, full",
        "m · m-q4.gguf · cpu",
        "`candidates.count` = 2",
        "| pass@1 of all problems | 50.0 % (3 of 6; 18.8-81.2) |",
        "| seconds | 1.0 |",
        "Not counted, for the model gave no answer: g.",
        "![Figures and times](report.png)",
        "| b | ✗ | ✓ 2/2 examples | AssertionError: 1 \\| 2 | 2 | 1.0 |",
        "| f | — | no usable code came |",
    ):
        assert expected in text
    rows = [line for line in text.split("\n") if line.startswith("| ")]
    assert all(line.endswith(" |") for line in rows)


def test_json_is_complete() -> None:
    """Conditions, figures with intervals, and each problem with its answer."""
    found = json.loads(report.as_json(RUN, summarise(RECORDS), RECORDS))
    assert found["summary"]["rates"]["passOfAll"]["interval95"] == [
        pytest.approx(0.188, abs=1e-3),
        pytest.approx(0.812, abs=1e-3),
    ]
    assert found["summary"]["rates"]["rightFailing"]["value"] == 0.5
    assert [one["id"] for one in found["results"]] == list("abcdef")
    assert found["results"][1]["answer"]["shown"]["file"] == "ours"


def test_an_empty_run_has_a_report() -> None:
    """Nothing is divided by nothing."""
    text = report.as_markdown({**RUN, "changed": {}}, summarise([]), [], plot="No picture.", unanswered={})
    assert "— (0 of 0)" in text
    assert "No picture." in text
    assert "settings that differ" not in text


def test_the_picture(tmp_path: Path) -> None:
    """A PNG, where matplotlib is there."""
    pytest.importorskip("matplotlib")
    path = tmp_path / "report.png"
    assert draw(path, "a $ title", summarise(RECORDS), RECORDS)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without matplotlib nothing is written and nothing fails."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert not draw(tmp_path / "report.png", "", summarise(RECORDS), RECORDS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("terminal", [False, True])
def test_progress(terminal: bool) -> None:
    """Each problem in a line, what was done earlier counted in; a bar where there is a terminal."""
    out = StringIO()
    console = Console(file=out, force_terminal=terminal, width=200)
    with RunProgress(console, 4, earlier=2, solved=1) as progress:
        progress.done(record("[bold]a"))
        progress.done(record("b", shown=False))
    text = out.getvalue()
    assert "✓ [bold]a · passed · shown as: ✓ parses · 1.0 s" in text
    assert "✗ b · no usable code came · 1.0 s" in text
    assert "pass@1 50.0%" in text
    assert ("[3/4]" in text) is not terminal
    assert ("4/4" in text) is terminal or "[4/4]" in text


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "0123"),
        ({"limit": 2}, "01"),
        ({"ids": ["2", "Own/0"]}, "02"),
        ({"ids": ["3", "1"], "limit": 1}, "1"),
        ({"sample": 9}, "0123"),
    ],
)
def test_which_problems(tmp_path: Path, options: dict[str, object], expected: str) -> None:
    """In the file's order, whatever order they were named in."""
    problems = load(write_rows(tmp_path / "rows.jsonl"))
    assert [one.id for one in choose(problems, **options)] == [f"Own/{n}" for n in expected]  # type: ignore[arg-type] # the cases above


def test_samples_can_be_drawn_again(tmp_path: Path) -> None:
    """The same seed, the same sample."""
    problems = load(write_rows(tmp_path / "rows.jsonl"))
    drawn = {tuple(one.id for one in choose(problems, sample=2, seed=seed)) for seed in (1, 1, 1)}
    assert len(drawn) == 1
    assert len({tuple(one.id for one in choose(problems, sample=2, seed=seed)) for seed in range(20)}) > 1


def test_ids_that_are_not_there(tmp_path: Path) -> None:
    """Said with an id that is; two that end alike are told apart."""
    problems = load(write_rows(tmp_path / "rows.jsonl"))
    with pytest.raises(UsageError, match=r"no problem '9'; the first is 'Own/0'"):
        choose(problems, ids=["9"])
    alike = [problems[0], type(problems[0])(id="Other/0", task=problems[0].task, tests=problems[0].tests)]
    with pytest.raises(UsageError, match="may be Own/0 or Other/0"):
        choose(alike, ids=["0"])
