"""What goes into a network: padded batches of token ids, with what may be copied from the source.

Copying follows the pointer-generator (See et al. 2017, arXiv 1704.04368, section 2.2): a source token outside the
target vocabulary gets a temporary id behind it, the same for all its occurrences in that source, so that the output
distribution of one example ranges over the *extended vocabulary* of `target_size + extra` ids. Text pipelines
(`data.codec`) make these ids; networks only ever see tensors.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

PAD, BOS, EOS, UNK = 0, 1, 2, 3
"""The first ids of every vocabulary: padding, beginning and end of a sequence, unknown token."""


@dataclass(frozen=True, slots=True)
class Source:
    """A batch of B sources, padded to S tokens. All integers are int64."""

    ids: Tensor
    """[B, S] ids of the source vocabulary; PAD behind the end of each."""
    lengths: Tensor
    """[B] tokens of each source, at least 1. On the CPU, where packing needs them."""
    copies: Tensor
    """[B, S] ids in the extended vocabulary of what a copy of that token would be; PAD where nothing may be copied."""
    extra: int = 0
    """Ids behind the target vocabulary: the most that any source of the batch has."""

    def to(self, device: object) -> Source:
        """The same batch on another device; `lengths` stays where it is."""
        return Source(self.ids.to(device), self.lengths, self.copies.to(device), self.extra)


@dataclass(frozen=True, slots=True)
class Target:
    """A batch of B targets, padded to T + 1 tokens: BOS, the T - 1 tokens proper, EOS, then PAD."""

    ids: Tensor
    """[B, T + 1] ids in the extended vocabulary; `ids[:, :-1]` goes into the decoder, `ids[:, 1:]` should come out."""

    def to(self, device: object) -> Target:
        """The same batch on another device."""
        return Target(self.ids.to(device))
