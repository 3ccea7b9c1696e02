"""What a run tells about itself while it runs, and to whom: a log file, a progress bar, TensorBoard, Weights & Biases.

The trainer speaks to one `Recorder`; these are the ones there are. None of them can change what is trained, and one
that fails (no network, a full disk for the curves) is dropped with a warning instead of ending the run.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from glosswright_model.atomic_folder import replace_text
from glosswright_model.errors import ConfigError

logger = logging.getLogger(__name__)

Kind = Literal["train", "validation", "result"]
LOG_NAME = "log.jsonl"


class Recorder(Protocol):
    """Listens to a run."""

    def begin(self, update: int, total: int) -> None:
        """The run starts, or goes on, after `update` of at most `total` updates. What was recorded later is void."""

    def advance(self, update: int, tokens: int) -> None:
        """Update number `update` (from 1) is done; it saw so many target tokens."""

    def record(self, kind: Kind, update: int, epoch: int, values: Mapping[str, float]) -> None:
        """Numbers of this moment, by name."""

    def close(self) -> None:
        """The run ended, well or not."""


class Recorders:
    """Several as one. A recorder that raises is dropped."""

    def __init__(self, recorders: Sequence[Recorder] = ()) -> None:
        self._recorders = list(recorders)

    def begin(self, update: int, total: int) -> None:
        """See `Recorder`."""
        self._each("begin", update, total)

    def advance(self, update: int, tokens: int) -> None:
        """See `Recorder`."""
        self._each("advance", update, tokens)

    def record(self, kind: Kind, update: int, epoch: int, values: Mapping[str, float]) -> None:
        """See `Recorder`."""
        self._each("record", kind, update, epoch, values)

    def close(self) -> None:
        """See `Recorder`."""
        self._each("close")

    def _each(self, method: str, *arguments: Any) -> None:
        for recorder in tuple(self._recorders):
            try:
                getattr(recorder, method)(*arguments)
            except Exception as error:  # noqa: PERF203  # whatever a tracking service raises, the run is worth more
                logger.warning("%s stopped recording: %s", type(recorder).__name__, error)
                self._recorders.remove(recorder)


class LogFile:
    """One JSON object per record in `log.jsonl`; the source of the curves."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOG_NAME
        self._began = time.monotonic()
        self._tokens = 0

    def begin(self, update: int, total: int) -> None:
        """Drop what a killed run recorded after the state it goes on from."""
        kept = [row for row in read_log(self._path) if row["update"] <= update and row["kind"] != "result"]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(self._path, "".join(json.dumps(row) + "\n" for row in kept))

    def advance(self, update: int, tokens: int) -> None:
        """Count tokens, for the speed."""
        self._tokens += tokens

    def record(self, kind: Kind, update: int, epoch: int, values: Mapping[str, float]) -> None:
        """Append a line; "tokens_per_s" is the mean since the record before."""
        row: dict[str, Any] = {"kind": kind, "update": update, "epoch": epoch}
        row |= {name: value if math.isfinite(value) else None for name, value in values.items()}
        if kind == "train":
            now = time.monotonic()
            row["tokens_per_s"] = round(self._tokens / max(1e-9, now - self._began), 1)
            self._began, self._tokens = now, 0
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def close(self) -> None:
        """Nothing is held open."""


def read_log(path: Path) -> list[dict[str, Any]]:
    """The records of a log file in order; none where there is no file. A last line cut off by a kill is left out."""
    if not path.is_file():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("update"), int) and isinstance(row.get("kind"), str):
            rows.append(row)
    return rows


class Bar:
    """A progress bar on a terminal, with the last loss and the last validation."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
        )
        self._task: TaskID | None = None
        self._shown: dict[str, str] = {}

    def begin(self, update: int, total: int) -> None:
        """Draw it."""
        self._task = self._progress.add_task("training", total=total, completed=update)
        self._progress.start()

    def advance(self, update: int, tokens: int) -> None:
        """Move it."""
        if self._task is not None:
            self._progress.update(self._task, completed=update)

    def record(self, kind: Kind, update: int, epoch: int, values: Mapping[str, float]) -> None:
        """Show a number beside it; validations also stay above it."""
        self._shown[kind] = f"loss {values['loss']:.3f}" if "loss" in values else ""
        if kind != "train":
            self._progress.console.print(f"{kind}, epoch {epoch}, update {update}: {described(values)}")
        if self._task is not None:
            self._progress.update(self._task, description=f"epoch {epoch + 1}, {self._shown.get('train', '')}")

    def close(self) -> None:
        """Leave it as it stands."""
        self._progress.stop()


class Lines:
    """For output that is no terminal: a line now and then."""

    def __init__(self, console: Console, every: int = 200) -> None:
        self._console, self._every = console, every
        self._began = time.monotonic()

    def begin(self, update: int, total: int) -> None:
        """Say from where."""
        self._console.print(f"training from update {update} of at most {total}")

    def advance(self, update: int, tokens: int) -> None:
        """Nothing to say."""

    def record(self, kind: Kind, update: int, epoch: int, values: Mapping[str, float]) -> None:
        """Every validation, and the training loss now and then."""
        if kind != "train" or update % self._every == 0:
            seconds = time.monotonic() - self._began
            text = f"{seconds:7.0f} s  {kind}, epoch {epoch}, update {update}: {described(values)}"
            self._console.print(text, soft_wrap=True)  # a file has no width

    def close(self) -> None:
        """Nothing is held open."""


class TensorBoard:
    """Event files in `tensorboard/` of the run's folder."""

    def __init__(self, folder: Path) -> None:
        """Raises ConfigError where the package is not installed."""
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ConfigError("TensorBoard is not installed: run `pip install tensorboard`.") from error
        self._make = SummaryWriter
        self._folder = folder / "tensorboard"
        self._writer: Any = None

    def begin(self, update: int, total: int) -> None:
        """Open a file; what a killed run wrote after `update` is marked void."""
        self._writer = self._make(str(self._folder), purge_step=update + 1 if update else None)

    def advance(self, update: int, tokens: int) -> None:
        """Nothing to say."""

    def record(self, kind: Kind, update: int, epoch: int, values: Mapping[str, float]) -> None:
        """One scalar for each number."""
        for name, value in values.items():
            self._writer.add_scalar(f"{kind}/{name}", value, update)

    def close(self) -> None:
        """Flush."""
        if self._writer is not None:
            self._writer.close()


class WeightsAndBiases:
    """Weights & Biases, where the user asked for it and is signed in; numbers and settings go there, no data."""

    def __init__(self, project: str, name: str, settings: Mapping[str, Any]) -> None:
        """Raises ConfigError where the package is not installed."""
        try:
            import wandb
        except ImportError as error:
            raise ConfigError("Weights & Biases is not installed: run `pip install wandb`.") from error
        self._wandb: Any = wandb
        self._project, self._name, self._settings = project, name, dict(settings)
        self._run: Any = None

    def begin(self, update: int, total: int) -> None:
        """Open a run."""
        self._run = self._wandb.init(project=self._project, name=self._name, config=self._settings)

    def advance(self, update: int, tokens: int) -> None:
        """Nothing to say."""

    def record(self, kind: Kind, update: int, epoch: int, values: Mapping[str, float]) -> None:
        """All numbers of this moment."""
        self._run.log({f"{kind}/{name}": value for name, value in values.items()} | {"epoch": epoch}, step=update)

    def close(self) -> None:
        """Close the run."""
        if self._run is not None:
            self._run.finish()


def described(values: Mapping[str, float]) -> str:
    """Numbers for people, in one line."""
    return ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in values.items())
