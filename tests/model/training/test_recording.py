"""What a run tells: the log survives kills, a failing listener never ends a run, curves and event files are real."""

from __future__ import annotations

import errno
import io
import json
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from glosswright_model.errors import ConfigError
from glosswright_model.training.curves import draw_curves
from glosswright_model.training.recording import (
    Bar,
    Kind,
    Lines,
    LogFile,
    Recorder,
    Recorders,
    TensorBoard,
    WeightsAndBiases,
    read_log,
)

pytestmark = pytest.mark.torch


def tell(recorder: Recorder, begin: int = 0, end: int = 4) -> None:
    """A short run, as the trainer tells it."""
    recorder.begin(begin, 10)
    for update in range(begin + 1, end + 1):
        recorder.advance(update, 100)
        recorder.record("train", update, 0, {"loss": 1.0 / update, "nll": 1.0 / update, "learning_rate": 1e-3})
    recorder.record("validation", end, 1, {"exact_match": 50.0, "loss": 0.7})
    recorder.close()


def test_a_resumed_run_leaves_a_seamless_log(tmp_path: Path) -> None:
    """What was recorded after the state that a run goes on from never happened; half a line of a kill is no line."""
    tell(LogFile(tmp_path))
    path = tmp_path / "log.jsonl"
    path.write_text(path.read_text() + '{"kind": "tra')
    tell(LogFile(tmp_path), begin=2, end=5)
    rows = read_log(path)
    assert [(row["kind"], row["update"]) for row in rows] == [
        *(("train", update) for update in (1, 2, 3, 4, 5)),
        ("validation", 5),
    ]
    assert len(path.read_text().splitlines()) == 6
    assert rows[0]["tokens_per_s"] > 0


def test_a_full_disk_does_not_cost_the_log_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Going on with a run writes the log anew; what was recorded must survive that it cannot be."""
    tell(LogFile(tmp_path))
    before = (tmp_path / "log.jsonl").read_bytes()

    def full(path: Path, text: str, **options: Any) -> None:
        path.write_bytes(b"")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        LogFile(tmp_path).begin(2, 10)
    monkeypatch.undo()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [before]


def test_a_number_that_is_none_stays_json(tmp_path: Path) -> None:
    """NaN is no JSON; other programs read this file."""
    log = LogFile(tmp_path)
    log.begin(0, 1)
    log.record("train", 1, 0, {"loss": float("nan")})
    assert json.loads((tmp_path / "log.jsonl").read_text(), parse_constant=pytest.fail)["loss"] is None


class Failing:
    """A tracking service whose network is gone."""

    calls = 0

    def begin(self, update: int, total: int) -> None:
        """Works once."""

    def advance(self, update: int, tokens: int) -> None:
        """Fails."""
        Failing.calls += 1
        raise ConnectionError("gone")

    def record(self, kind: Kind, update: int, epoch: int, values: Mapping[str, float]) -> None:
        """Never reached."""

    def close(self) -> None:
        """Never reached."""


def test_a_failing_listener_is_dropped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Hours of training are worth more than their curves. The others go on listening."""
    tell(Recorders([Failing(), LogFile(tmp_path)]))
    assert Failing.calls == 1
    assert "Failing stopped recording: gone" in caplog.text
    assert len(read_log(tmp_path / "log.jsonl")) == 5


def test_curves_are_a_picture(tmp_path: Path) -> None:
    """Drawn from the log alone, also after the run; nothing where there is nothing."""
    assert draw_curves(tmp_path) is None
    tell(LogFile(tmp_path))
    path = draw_curves(tmp_path)
    assert path is not None
    assert path.read_bytes().startswith(b"\x89PNG")


def test_tensorboard_gets_every_number(tmp_path: Path) -> None:
    """Read back with TensorBoard's own reader."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    tell(TensorBoard(tmp_path))
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("train/loss")] == [1, 2, 3, 4]
    assert events.Scalars("validation/exact_match")[0].value == 50.0


def test_weights_and_biases_gets_numbers_and_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through its public calls, which a stand-in keeps; the package is optional, and said to be missing where it is."""
    calls: list[tuple[str, Any]] = []
    run = types.SimpleNamespace(
        log=lambda values, step: calls.append(("log", (values, step))), finish=lambda: calls.append(("finish", None))
    )

    def init(**options: Any) -> Any:
        calls.append(("init", options))
        return run

    monkeypatch.setitem(sys.modules, "wandb", types.SimpleNamespace(init=init))
    tell(WeightsAndBiases("project", "toy", {"seed": 1}))
    assert calls[0] == ("init", {"project": "project", "name": "toy", "config": {"seed": 1}})
    assert calls[-2] == ("log", ({"validation/exact_match": 50.0, "validation/loss": 0.7, "epoch": 1}, 4))
    assert calls[-1] == ("finish", None)
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ConfigError, match="pip install wandb"):
        WeightsAndBiases("project", "toy", {})


def test_people_see_validations_on_any_output() -> None:
    """A bar on a terminal, lines in a file: both say what validation found."""
    for make in (Bar, Lines):
        output = io.StringIO()
        tell(make(Console(file=output, width=200)))
        assert "exact match 50, loss 0.7" in output.getvalue()


def test_a_line_in_a_file_stays_one_line() -> None:
    """Nobody can search a log for numbers that were broken to the width of a terminal that is not there."""
    output = io.StringIO()
    tell(Lines(Console(file=output, width=40)))
    assert "update 4: exact match 50, loss 0.7\n" in output.getvalue()
