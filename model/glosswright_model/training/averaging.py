"""The mean of several checkpoints of one run: smoother than each of them, and it costs no training.

As in Vaswani et al. 2017 (arXiv 1706.03762, section 6.1), who average the last checkpoints.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from glosswright_model.checkpoint import WEIGHTS_NAME, read_tensors, set_tensors


def average_checkpoints(folders: Sequence[Path], network: torch.nn.Module) -> None:
    """Put the mean of the weights of at least one checkpoint into a network of the same shape.

    The mean is taken in float64, one checkpoint in memory at a time. Raises CheckpointError on a damaged one.
    """
    sums: dict[str, Tensor] = {}
    for folder in folders:
        for name, tensor in read_tensors(folder / WEIGHTS_NAME).items():
            value = tensor.double() if tensor.is_floating_point() else tensor
            sums[name] = sums[name] + value if name in sums and tensor.is_floating_point() else value
    means = {name: tensor / len(folders) if tensor.is_floating_point() else tensor for name, tensor in sums.items()}
    set_tensors(network, means)
