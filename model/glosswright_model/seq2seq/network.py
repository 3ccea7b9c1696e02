"""What training asks of a network, besides the `StepModel` that decoding asks: the log-probability of given targets.

`forward` never builds the distribution over the extended vocabulary [B, T, V + extra]: a gold token needs two numbers
of it, its probability under the generator and the attention on its copies (`pointer`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from glosswright_model.seq2seq.batch import Source, Target
from glosswright_model.seq2seq.step import StepModel


@dataclass(frozen=True, slots=True)
class Losses:
    """What a batch of B targets of T tokens (EOS included) costs. Every [B, T] tensor is 0 where the target is PAD."""

    log_probs: Tensor
    """[B, T] natural-log probability of each gold token, copying included."""
    objective: Tensor
    """[B, T] what training minimises: the negative log-probability, label-smoothed, plus the weighted coverage loss."""
    mask: Tensor
    """[B, T] bool, true where the target is not PAD."""
    attention: Tensor | None = None
    """[B, T, S] weights over source tokens; rows sum to 1. Only where it was asked for."""
    coverage: Tensor | None = None
    """[B, T] the coverage loss alone, unweighted; None where the network has no coverage."""


class TrainableModel(StepModel, Protocol):
    """A network that both trains and decodes. All of them are `torch.nn.Module`s besides."""

    def forward(
        self,
        source: Source,
        target: Target,
        *,
        label_smoothing: float = 0.0,
        inputs: Tensor | None = None,
        attention: bool = False,
    ) -> Losses:
        """Score gold targets with teacher forcing.

        Args:
            source: B sources.
            target: their B targets; T = width - 1 tokens are scored.
            label_smoothing: share of the loss that asks the generator for the uniform distribution.
            inputs: [B, T] ids to feed instead of the gold ones `target.ids[:, :-1]` (scheduled sampling).
            attention: also give the attention.
        """
