"""Small batches for the tests of networks: padding, repeated tokens, unknown tokens, one source without any copy."""

from __future__ import annotations

import torch

from glosswright_model.seq2seq.batch import BOS, EOS, PAD, Source, Target

SIZE = 20
"""Ids of both vocabularies."""
EXTRA = 3


def batch(seed: int = 0, *, rows: int = 4, source_length: int = 6, target_length: int = 5) -> tuple[Source, Target]:
    """A source batch [B, S] and its targets [B, T + 1]; row 1 copies nothing, row 2 has a short target."""
    generator = torch.Generator().manual_seed(seed)

    def draw(low: int, high: int, *shape: int) -> torch.Tensor:
        return torch.randint(low, high, shape, generator=generator)

    lengths = draw(1, source_length + 1, rows)
    lengths[0] = source_length
    real = torch.arange(source_length)[None] < lengths[:, None]
    ids = draw(4, SIZE, rows, source_length) * real
    copies = draw(4, SIZE + EXTRA, rows, source_length) * real
    copies[0, 0] = SIZE + 1  # an unknown word, twice
    copies[0, 2] = SIZE + 1
    copies[0, 1] = PAD  # a real token that may not be copied
    if rows > 1:
        copies[1] = PAD
    target = draw(4, SIZE, rows, target_length + 1)
    target[:, 0] = BOS
    target[:, -1] = EOS
    target[0, 2] = SIZE + 1
    if rows > 2:
        target[2, 3] = EOS
        target[2, 4:] = PAD
    return Source(ids, lengths, copies, EXTRA), Target(target)
