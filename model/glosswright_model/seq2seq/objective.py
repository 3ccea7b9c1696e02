"""What a target costs: log-probabilities of gold tokens with copying, and the label-smoothed objective.

Shared by every network. Logits [n, V] are only computed at the n positions that are no padding.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from glosswright_model.seq2seq.batch import PAD, UNK
from glosswright_model.seq2seq.pointer import IMPOSSIBLE, Copyable, gold_log_probs

Copying = tuple[Tensor, Tensor, Copyable]
"""Gate logits [B, T], weights for copying [B, T, S], and what may be copied."""


class Objective:
    """The objective of one output projection.

    -(1 - e) log P(gold) - e / V sum_v log P_vocab(v). The second part (Szegedy et al. 2016, arXiv 1512.00567, section
    7) is about the generator alone, as there is no uniform distribution over what could be copied.
    """

    def __init__(self, output: nn.Linear, label_smoothing: float) -> None:
        self.output = output
        self.label_smoothing = label_smoothing

    def __call__(self, features: Tensor, gold: Tensor, copying: Copying | None) -> tuple[Tensor, Tensor, Tensor]:
        """Features [B, T, R], extended gold ids [B, T] -> log-probabilities, objective and mask, each [B, T]."""
        mask = gold != PAD  # [B, T]
        size = self.output.out_features
        logits = self.output(features[mask]).float()  # [n, V]
        known = gold[mask]  # [n]
        outside = known >= size
        known = known.masked_fill(outside, UNK)
        total = torch.logsumexp(logits, dim=-1)  # [n]
        generated = logits.gather(1, known[:, None]).squeeze(1) - total
        if copying is not None:
            generated = generated.masked_fill(outside, IMPOSSIBLE)
        dense = torch.zeros_like(features[..., 0], dtype=generated.dtype)
        log_probs = dense.masked_scatter(mask, generated)  # [B, T]
        if copying is not None:
            gate, weights, copyable = copying
            log_probs = gold_log_probs(log_probs, gate, weights, gold, copyable) * mask
        cost = -log_probs
        if self.label_smoothing > 0.0:
            uniform = dense.masked_scatter(mask, total - logits.mean(-1))
            cost = (1.0 - self.label_smoothing) * cost + self.label_smoothing * uniform
        return log_probs, cost, mask
