"""The curves of a run as one picture: losses, learning rate and metrics over updates, from its log alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from glosswright_model.training.recording import LOG_NAME, read_log

CURVES_NAME = "curves.png"
WIDTH_INCHES, HEIGHT_INCHES = 12.0, 3.6


def draw_curves(folder: Path) -> Path | None:
    """Write `curves.png` beside `log.jsonl`; None where there is nothing to draw yet. Raises OSError, ImportError."""
    rows = read_log(folder / LOG_NAME)
    train = [row for row in rows if row["kind"] == "train"]
    validation = [row for row in rows if row["kind"] == "validation"]
    if not train and not validation:
        return None
    from matplotlib.figure import Figure  # no pyplot: it keeps figures alive and looks for a display

    figure = Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES), layout="constrained")
    losses, metrics, rates = figure.subplots(1, 3)
    _line(losses, train, "nll", "training")
    _line(losses, validation, "loss", "validation")
    losses.set(title="loss, nats per token", xlabel="update")
    names = sorted({name for row in validation for name in row} - {"kind", "update", "epoch", "loss"})
    for name in names:
        _line(metrics, validation, name, name.replace("_", " "))
    metrics.set(title="validation", xlabel="update")
    _line(rates, train, "learning_rate", "learning rate")
    rates.set(title="learning rate", xlabel="update")
    for axes in (losses, metrics):
        if axes.lines:
            axes.legend()
    path = folder / CURVES_NAME
    figure.savefig(path, dpi=110)
    return path


def _line(axes: Any, rows: Sequence[Mapping[str, Any]], name: str, label: str) -> None:
    points = [(row["update"], row[name]) for row in rows if row.get(name) is not None]
    if points:
        axes.plot(*zip(*points, strict=True), label=label, marker="." if len(points) < 50 else None)
