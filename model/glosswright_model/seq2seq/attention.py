"""Attention of a recurrent decoder over the encoded source: the scores of Bahdanau and of Luong, with coverage.

Every class here gives *scores* [B, T, S]; `attend` turns them into weights and a context. Multi-head attention belongs
to the Transformer and stands in `transformer`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def attend(scores: Tensor, mask: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """Weights and contexts: a_t = softmax(e_t) over real tokens, c_t = sum_i a_ti h_i (Luong et al. 2015, eq. 7).

    Args:
        scores: [B, T, S]
        mask: [B, S] bool, true at real source tokens, of which each row has one at least.
        values: [B, S, D]

    Returns:
        Weights [B, T, S], 0 at padding, and contexts [B, T, D].
    """
    weights = torch.softmax(scores.masked_fill(~mask[:, None, :], -math.inf), dim=-1)  # [B, T, S]
    return weights, torch.bmm(weights, values)


def coverage_loss(weights: Tensor, coverage: Tensor) -> Tensor:
    """sum_i min(a_ti, k_ti): what is looked at again (See et al. 2017, eq. 12). [B, T, S] twice -> [B, T]"""
    return torch.minimum(weights, coverage).sum(-1)


class Score(nn.Module):
    """How well source positions fit a decoder state. Subclasses define `keys` and `compare`."""

    def keys(self, encoded: Tensor) -> Tensor:
        """What `forward` needs of the encoder's output, computed once for each source: [B, S, E] -> [B, S, K]"""
        raise NotImplementedError

    def forward(self, states: Tensor, keys: Tensor, coverage: Tensor | None = None) -> Tensor:
        """[B, T, H] decoder states, [B, S, K] keys, [B, T, S] coverage -> [B, T, S] scores."""
        raise NotImplementedError


class MultiplicativeScore(Score):
    """ "dot" and "general" (Luong et al. 2015, eq. 8): e_ti = s_t . h_i, and s_t . W h_i.

    With coverage k (See et al. 2017, eq. 10) the score is e_ti + w k_i: their eq. 11 for a product instead of a sum.
    """

    def __init__(self, state_size: int, encoded_size: int, *, general: bool, coverage: bool = False) -> None:
        super().__init__()
        self.transform = nn.Linear(encoded_size, state_size, bias=False) if general else nn.Identity()
        self.seen = nn.Parameter(torch.zeros(1)) if coverage else None

    def keys(self, encoded: Tensor) -> Tensor:
        """[B, S, E] -> [B, S, H]"""
        return self.transform(encoded)

    def forward(self, states: Tensor, keys: Tensor, coverage: Tensor | None = None) -> Tensor:
        """[B, T, H], [B, S, H], [B, T, S] -> [B, T, S]"""
        scores = torch.bmm(states, keys.transpose(1, 2))
        if self.seen is not None and coverage is not None:
            scores = scores + self.seen * coverage
        return scores


class AdditiveScore(Score):
    """Bahdanau et al. 2015 (section A.1.2), which is Luong's "concat": e_ti = v . tanh(W s_t + U h_i + b).

    With coverage k the sum has one more term, w k_i (See et al. 2017, eq. 11).
    """

    def __init__(self, state_size: int, encoded_size: int, *, coverage: bool = False) -> None:
        super().__init__()
        self.query = nn.Linear(state_size, state_size, bias=False)
        self.key = nn.Linear(encoded_size, state_size)
        self.energy = nn.Linear(state_size, 1, bias=False)
        self.seen = nn.Linear(1, state_size, bias=False) if coverage else None

    def keys(self, encoded: Tensor) -> Tensor:
        """[B, S, E] -> [B, S, H]"""
        return self.key(encoded)

    def forward(self, states: Tensor, keys: Tensor, coverage: Tensor | None = None) -> Tensor:
        """[B, T, H], [B, S, H], [B, T, S] -> [B, T, S]"""
        total = self.query(states)[:, :, None, :] + keys[:, None, :, :]  # [B, T, S, H]
        if self.seen is not None and coverage is not None:
            total = total + self.seen(coverage[:, :, :, None])
        return self.energy(torch.tanh(total)).squeeze(-1)
