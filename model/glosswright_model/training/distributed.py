"""This process among those that train together, as `torchrun` sets them up; alone where it did not.

Only tensors travel between processes: the object collectives of torch pickle, so they are not used.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed

from glosswright_model.errors import ConfigError


@dataclass(frozen=True, slots=True)
class World:
    """Which of how many processes this is, and where it computes."""

    rank: int
    size: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this is the process that validates, saves and talks."""
        return self.rank == 0

    def total(self, *values: float) -> list[float]:
        """Sums over all processes."""
        if self.size == 1:
            return list(values)
        tensor = torch.tensor(values, dtype=torch.float64, device=self.device)
        distributed.all_reduce(tensor)
        return [float(value) for value in tensor.tolist()]

    def from_first(self, *values: float) -> list[float]:
        """The values of the first process, in every process."""
        if self.size == 1:
            return list(values)
        tensor = torch.tensor(values, dtype=torch.float64, device=self.device)
        distributed.broadcast(tensor, src=0)
        return [float(value) for value in tensor.tolist()]

    def wait(self) -> None:
        """Until every process is here."""
        if self.size > 1:
            flag: Tensor = torch.zeros(1, device=self.device)
            distributed.all_reduce(flag)


@contextmanager
def join_world(device: str = "auto") -> Iterator[World]:
    """The world `torchrun` announced in the environment: gloo on CPUs, nccl on GPUs. device: "auto", "cpu", "cuda".

    Raises ConfigError where a GPU is asked for and none is there.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise ConfigError(f"The device is auto, cpu or cuda, not {device}.")
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("No GPU that torch can use was found; leave --device out to train on the CPU.")
    on_gpu = device != "cpu" and torch.cuda.is_available()
    size = int(os.environ.get("WORLD_SIZE", "1"))
    here = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if on_gpu else torch.device("cpu")
    if size == 1:
        yield World(0, 1, here)
        return
    if on_gpu:
        torch.cuda.set_device(here)
    distributed.init_process_group("nccl" if on_gpu else "gloo")
    try:
        yield World(distributed.get_rank(), distributed.get_world_size(), here)
    finally:
        distributed.destroy_process_group()
