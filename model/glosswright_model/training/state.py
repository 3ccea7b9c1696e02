"""The state of a training run on disk: everything from which a killed run goes on as if nothing had happened.

Tensors lie in safetensors, the rest in JSON. There is no state of random generators to keep: each update seeds them
from its own number (`seeds`), so that update 812 draws the same masks whether or not the run was ever interrupted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from glosswright_model.atomic_folder import finish_replacement, replaced_folder
from glosswright_model.checkpoint import own_tensors, read_tensors, set_tensors
from glosswright_model.errors import CheckpointError
from glosswright_model.training.schedules import Plateau

VERSION = 1
PROGRESS_NAME = "progress.json"

Parts = Mapping[str, tuple[torch.nn.Module, torch.optim.Optimizer]]
"""What is trained, by name, each with its optimizer."""


@dataclass(slots=True)
class Kept:
    """A checkpoint of the run that is kept."""

    update: int
    metric: float
    """What validation found there; larger is better."""
    loss: float = 0.0
    """The validation loss there, which decides among equals: while no answer is right yet, every metric is 0."""

    @property
    def rank(self) -> tuple[float, float, int]:
        """The best comes first; of equals the earlier."""
        return -self.metric, self.loss, self.update


@dataclass(slots=True)
class Progress:
    """How far a run is."""

    fingerprint: str
    """Of the settings and the data; a run is only ever resumed with the same."""
    update: int = 0
    """Updates done."""
    epoch: int = 0
    """Epochs done."""
    position: int = 0
    """Updates done in the epoch that runs."""
    seconds: float = 0.0
    """Time spent training and validating, of all sessions together."""
    without_gain: int = 0
    """Validations since the best one."""
    kept: list[Kept] = field(default_factory=list)
    plateau: Plateau = field(default_factory=Plateau)
    loss_scale: float = 0.0
    """fp16: what the loss is multiplied with; 0 where it is not."""
    loss_scale_growth: int = 0
    """fp16: updates since the scale last changed."""

    @property
    def best(self) -> Kept | None:
        """The checkpoint with the best metric."""
        return min(self.kept, key=lambda kept: kept.rank, default=None)


def save_state(folder: Path, progress: Progress, parts: Parts) -> None:
    """Replace the state in `folder` as a whole. Raises CheckpointError; the state before it is still there then."""
    with replaced_folder(folder) as fresh:
        for name, (network, optimizer) in parts.items():
            save_file(_copies(own_tensors(network)), fresh / f"{name}.safetensors")
            tensors = dict(_optimizer_tensors(network, optimizer))
            save_file(_copies(tensors), fresh / f"{name}-optimizer.safetensors")
        document = {"version": VERSION, **asdict(progress)}
        (fresh / PROGRESS_NAME).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def load_state(folder: Path, parts: Parts, fingerprint: str) -> Progress | None:
    """Put networks and their optimizers into the saved state; None, and nothing changed, where there is none.

    Raises CheckpointError: damaged, of another version, or of a run with other settings or data.
    """
    finish_replacement(folder)
    path = folder / PROGRESS_NAME
    if not path.is_file():
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        version = document.pop("version")
        kept = [Kept(**entry) for entry in document.pop("kept")]
        progress = Progress(kept=kept, plateau=Plateau(**document.pop("plateau")), **document)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(f"{path} is damaged; delete {folder} to train from the beginning.") from error
    if version != VERSION:
        raise CheckpointError(f"{folder} was written by another version; delete it to train from the beginning.")
    if progress.fingerprint != fingerprint:
        raise CheckpointError(
            f"{folder} belongs to a run with other settings or data; resume with the same, or choose another folder."
        )
    for name, (network, optimizer) in parts.items():
        set_tensors(network, read_tensors(folder / f"{name}.safetensors"))
        _set_optimizer(network, optimizer, read_tensors(folder / f"{name}-optimizer.safetensors"))
    return progress


def _optimizer_tensors(network: torch.nn.Module, optimizer: torch.optim.Optimizer) -> Iterator[tuple[str, Tensor]]:
    """What the optimizer remembers of each parameter: `name/what`."""
    for name, parameter in network.named_parameters():
        for what, value in optimizer.state.get(parameter, {}).items():
            yield f"{name}/{what}", value


def _set_optimizer(network: torch.nn.Module, optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    by_name = dict(network.named_parameters())
    optimizer.state.clear()
    for key, value in tensors.items():
        name, _, what = key.rpartition("/")
        if name not in by_name or value.shape not in (by_name[name].shape, torch.Size(())):
            raise CheckpointError(f"The state of the optimizer does not fit the network at {name}.")
        # Counters stay on the CPU, as torch keeps them; moments lie beside their parameter.
        optimizer.state[by_name[name]][what] = value if value.dim() == 0 else value.to(by_name[name].device)


def _copies(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().to("cpu").contiguous().clone() for name, tensor in tensors.items()}
