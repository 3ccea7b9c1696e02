"""Tokens to vectors: a trained table, with dropout of features and of whole words.

Ids behind the vocabulary (copied words, see `batch`) are embedded as the unknown token.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from glosswright_model.seq2seq.batch import PAD, UNK


class Dropout(nn.Module):
    """Dropout of features, with one mask for each position or, if `variational`, one for a whole sequence.

    The second keeps a recurrent network from seeing fresh noise at each step (Gal & Ghahramani 2016, arXiv 1512.05287).
    """

    def __init__(self, share: float, *, variational: bool = False) -> None:
        super().__init__()
        self.share = share
        self.variational = variational

    def forward(self, features: Tensor) -> Tensor:
        """[B, T, D] -> [B, T, D]"""
        if not self.training or self.share == 0.0:
            return features
        if not self.variational:
            return nn.functional.dropout(features, self.share)
        mask = features.new_ones(features.size(0), 1, features.size(2))  # [B, 1, D]
        return features * nn.functional.dropout(mask, self.share)


class TokenEmbedding(nn.Module):
    """Embedding of `size` ids in `features` dimensions."""

    def __init__(
        self, size: int, features: int, *, dropout: float = 0.0, word_dropout: float = 0.0, variational: bool = False
    ) -> None:
        super().__init__()
        self.size = size
        self.word_dropout = word_dropout
        self.table = nn.Embedding(size, features, padding_idx=PAD)
        self.dropout = Dropout(dropout, variational=variational)
        nn.init.normal_(self.table.weight, std=features**-0.5)
        with torch.no_grad():
            self.table.weight[PAD].zero_()

    def forward(self, ids: Tensor) -> Tensor:
        """[B, T] ids, extended ones too -> [B, T, D]"""
        ids = ids.masked_fill(ids >= self.size, UNK)
        if self.training and self.word_dropout > 0.0:
            lost = (torch.rand(ids.shape, device=ids.device) < self.word_dropout) & (ids > UNK)  # special ids stay
            ids = ids.masked_fill(lost, UNK)
        return self.dropout(self.table(ids))
