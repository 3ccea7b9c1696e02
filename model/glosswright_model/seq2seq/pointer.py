"""Copying source tokens: one distribution out of a generator's and of attention (the pointer-generator).

See et al. 2017 (arXiv 1704.04368), eq. 9: P(w) = g P_vocab(w) + (1 - g) sum_{i: w_i = w} a_i, where the gate g is their
p_gen. Everything is computed from logarithms, so that a token which the generator finds all but impossible keeps a
finite score. Weights a come from positions that may be copied alone; a source without any leaves g = 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from glosswright_model.seq2seq.batch import PAD, Source

IMPOSSIBLE = -69.0
"""Log-probability, about 1e-30, that training gives to a gold token which can neither be generated nor copied: finite,
so that one wrong pair does not turn every weight into NaN."""


@dataclass(frozen=True, slots=True)
class Copyable:
    """What of N sources may be copied."""

    ids: Tensor
    """[N, S] ids in the extended vocabulary, PAD where nothing may be copied."""
    mask: Tensor
    """[N, S] bool, true where weights for copying may lie: at copyable tokens; at all tokens if there are none."""
    none: Tensor
    """[N] bool, true for sources without copyable tokens."""
    first: Tensor
    """[N, S] the first position of the same token."""
    extra: int
    """Ids behind the target vocabulary."""

    @classmethod
    def of(cls, source: Source, real: Tensor) -> Copyable:
        """From a batch, and [B, S] bool, true at real tokens."""
        mask = (source.copies != PAD) & real
        none = ~mask.any(dim=1)
        ids = source.copies.masked_fill(~mask, PAD)
        first = (ids[:, :, None] == ids[:, None, :]).byte().argmax(dim=2)
        return cls(ids, mask | (none[:, None] & real), none, first, source.extra)

    def reorder(self, index: Tensor) -> Copyable:
        """Rows `index` [M]."""
        return Copyable(self.ids[index], self.mask[index], self.none[index], self.first[index], self.extra)

    def renormalise(self, weights: Tensor) -> Tensor:
        """Attention [N, S] or [N, T, S] -> weights for copying: the same over copyable tokens alone, rows sum to 1."""
        mask = self.mask[:, None, :] if weights.dim() == 3 else self.mask
        weights = weights.float() * mask
        return weights / weights.sum(-1, keepdim=True).clamp_min(1e-30)

    def places(self, previous: Tensor) -> Tensor:
        """Where tokens [N, T], ids in the extended vocabulary, may have been copied from: [N, T, S] equal weights, rows
        sum to 1, or to 0 for a token that is not in the source."""
        same = (self.ids[:, None, :] == previous[:, :, None]) & (previous != PAD)[:, :, None]  # [N, T, S]
        return same / same.sum(-1, keepdim=True).clamp_min(1)

    def gate(self, gate: Tensor) -> Tensor:
        """[N, T] gate logits -> the same, with "generate" where nothing can be copied."""
        return gate.masked_fill(self.none[:, None], 1e4)


def gold_log_probs(generated: Tensor, gate: Tensor, weights: Tensor, gold: Tensor, copyable: Copyable) -> Tensor:
    """Log-probability of gold tokens, without the whole distribution.

    Args:
        generated: [B, T] log P_vocab of each gold token; ignored where it is behind the vocabulary if it is IMPOSSIBLE.
        gate: [B, T] logits of g.
        weights: [B, T, S] weights for copying, 0 outside `copyable.mask`.
        gold: [B, T] ids in the extended vocabulary.
        copyable: of the B sources.

    Returns:
        [B, T], at least about IMPOSSIBLE.
    """
    gate = copyable.gate(gate.float())
    same = copyable.ids[:, None, :] == gold[:, :, None]  # [B, T, S]
    copied = (weights.float() * same).sum(-1)  # [B, T]
    copied = copied.clamp_min(math.exp(IMPOSSIBLE)).log()
    return torch.logaddexp(logsigmoid(gate) + generated, logsigmoid(-gate) + copied).clamp_min(IMPOSSIBLE)


def extended_log_probs(generated: Tensor, gate: Tensor, weights: Tensor, copyable: Copyable) -> tuple[Tensor, Tensor]:
    """The whole distribution of one step.

    Args:
        generated: [N, V] log P_vocab.
        gate: [N] logits of g.
        weights: [N, S] weights for copying.
        copyable: of the N sources.

    Returns:
        [N, V + extra] log-probabilities, -inf for ids behind the vocabulary that the row's source does not have; and
        [N, S] the probability (1 - g) a_i of a copy of each source token.
    """
    gate = copyable.gate(gate.float()[:, None])  # [N, 1]
    generated = generated.float() + logsigmoid(gate)
    if copyable.extra:
        impossible = generated.new_full((generated.size(0), copyable.extra), -math.inf)
        generated = torch.cat([generated, impossible], dim=1)  # [N, V + extra]
    # Only the source's own ids change. Each position gets the whole weight of its id, so that positions with the same
    # id write the same value.
    weights = weights.float().masked_fill(copyable.ids == PAD, 0.0)
    total = torch.zeros_like(weights).scatter_add(1, copyable.first, weights).gather(1, copyable.first)  # [N, S]
    mixed = torch.logaddexp(generated.gather(1, copyable.ids), total.log() + logsigmoid(-gate))
    put = generated.scatter if generated.requires_grad else generated.scatter_
    return put(1, copyable.ids, mixed), torch.sigmoid(-gate) * weights
