"""Encoded sources as a decoder looks at them. Hypotheses of a search share a row's tensors until the rows change."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from glosswright_model.seq2seq.batch import PAD, Source
from glosswright_model.seq2seq.pointer import Copyable


@dataclass(frozen=True, slots=True)
class Memory:
    """N encoded sources of S tokens."""

    encoded: Tensor
    """[N, S, E] the encoder's output."""
    keys: tuple[Tensor, ...]
    """[N, ...] each: what a decoder's attention computes once for each source."""
    mask: Tensor
    """[N, S] bool, true at real tokens."""
    copyable: Copyable
    origin: Tensor
    """[N] which source of the batch each row is."""

    @classmethod
    def of(cls, source: Source, encoded: Tensor, keys: tuple[Tensor, ...]) -> Memory:
        """The memory of a batch of B sources."""
        mask = source.ids != PAD
        origin = torch.arange(mask.size(0), device=mask.device)
        return cls(encoded, keys, mask, Copyable.of(source, mask), origin)

    def reorder(self, index: Tensor) -> Memory:
        """Rows `index` [M]; the same object where each row keeps its source, as between two steps of a beam."""
        origin = self.origin[index]
        if torch.equal(origin, self.origin):
            return self
        keys = tuple(part.index_select(0, index) for part in self.keys)
        return Memory(self.encoded.index_select(0, index), keys, self.mask[index], self.copyable.reorder(index), origin)
