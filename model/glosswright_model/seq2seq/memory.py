"""Encoded sources as a decoder looks at them. Hypotheses of a search share the tensors of their source.

A beam's hypotheses of one source look at the same keys: they are multiplied by them all at once, and nothing is copied
for each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from glosswright_model.seq2seq.batch import PAD, Source
from glosswright_model.seq2seq.pointer import Copyable


@dataclass(frozen=True, slots=True)
class Memory:
    """A encoded sources of S tokens, for N = A K hypotheses: K of the first source, K of the second, and so on."""

    encoded: Tensor
    """[A, S, E] the encoder's output."""
    keys: tuple[Tensor, ...]
    """[A, ...] each: what a decoder's attention computes once for each source."""
    mask: Tensor
    """[A, S] bool, true at real tokens."""
    copyable: Copyable
    """Of the N hypotheses."""
    each: int = 1
    """K"""

    @classmethod
    def of(cls, source: Source, encoded: Tensor, keys: tuple[Tensor, ...]) -> Memory:
        """The memory of a batch of B sources."""
        mask = source.ids != PAD
        return cls(encoded, keys, mask, Copyable.of(source, mask))

    def together(self, x: Tensor) -> Tensor:
        """[N, T, ...] -> [A, K T, ...]: the positions of all hypotheses of a source in a row."""
        return x if self.each == 1 else x.reshape(-1, self.each * x.size(1), *x.shape[2:])

    def apart(self, x: Tensor) -> Tensor:
        """[A, K T, ...] -> [N, T, ...]"""
        return x if self.each == 1 else x.reshape(-1, x.size(1) // self.each, *x.shape[2:])

    def mean(self, weights: Tensor) -> Tensor:
        """[N, T, S] weights of source tokens -> [N, T, E] the mean of what they were encoded as."""
        return self.apart(torch.bmm(self.together(weights), self.encoded))

    def read(self, previous: Tensor) -> Tensor:
        """What the decoder is told of tokens [N, T] that may be copies: [N, T, E], 0 for those not in the source.

        The selective read of CopyNet (Gu et al. 2016, arXiv 1603.06393, eq. 9), with equal weights instead of those of
        the step before: so it is known for all steps of a training batch at once.
        """
        return self.mean(self.copyable.places(previous).to(self.encoded.dtype))

    def reorder(self, index: Tensor) -> Memory:
        """Hypotheses `index` [M]; the same object where each keeps its source, as between two steps of a beam."""
        wanted = index if self.each == 1 else index.div(self.each, rounding_mode="floor")  # [M] among the A sources
        sources, counts = torch.unique_consecutive(wanted, return_counts=True)
        each = int(counts[0]) if len(counts) else 1
        if not bool((counts == each).all()):
            sources, each = wanted, 1
        all_stay = torch.equal(sources, torch.arange(self.mask.size(0), device=index.device))
        if all_stay and each == self.each:
            return self
        copyable = self.copyable.reorder(index)
        if all_stay:
            return replace(self, copyable=copyable, each=each)
        keys = tuple(part.index_select(0, sources) for part in self.keys)
        return Memory(self.encoded.index_select(0, sources), keys, self.mask[sources], copyable, each)
