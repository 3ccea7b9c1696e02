"""A step model whose probabilities stand in a table: the next token depends on the source, the last token and the
position. Small enough that all its sequences can be enumerated."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from glosswright_model.decoding.step import Step
from glosswright_model.seq2seq.batch import BOS, EOS, PAD, UNK, Source


@dataclass(frozen=True, slots=True)
class TableState:
    sources: Tensor
    """[N, S] source ids of each hypothesis."""
    position: int

    def reorder(self, index: Tensor) -> TableState:
        return TableState(self.sources[index], self.position)


class TableModel:
    """Log-probabilities from `tables` [type, position, last token, V + extra]; the first source id is the type."""

    def __init__(self, tables: Tensor, *, extra: int = 0, attention: bool = True) -> None:
        self.tables = tables.log_softmax(dim=-1)
        self.extra = extra
        self.attention = attention
        self.rows: list[int] = []
        """Hypotheses in each step so far."""

    @classmethod
    def random(
        cls, seed: int, *, vocabulary: int = 7, types: int = 4, length: int = 6, sharp: float = 2.0
    ) -> TableModel:
        generator = torch.Generator().manual_seed(seed)
        return cls(torch.randn((types, length, vocabulary, vocabulary), generator=generator) * sharp)

    @property
    def target_size(self) -> int:
        return int(self.tables.shape[-1]) - self.extra

    def start(self, source: Source) -> TableState:
        return TableState(source.ids, 0)

    def step(self, previous: Tensor, state: TableState) -> Step:
        self.rows.append(previous.shape[0])
        position = min(state.position, self.tables.shape[1] - 1)
        log_probs = self.tables[state.sources[:, 0], position, previous]
        looked = None
        if self.attention:  # by the last token, so that it tells hypotheses apart
            weights = (state.sources != PAD).float() * (1 + (state.sources + previous[:, None]) % 3)
            looked = weights / weights.sum(dim=1, keepdim=True)
        return Step(log_probs, TableState(state.sources, state.position + 1), looked)

    def log_prob(self, kind: int, ids: tuple[int, ...]) -> float:
        """Of the sequence, whose EOS must be part of `ids`."""
        steps = zip((BOS, *ids[:-1]), ids, strict=True)
        last = self.tables.shape[1] - 1
        return sum(float(self.tables[kind, min(at, last), before, after]) for at, (before, after) in enumerate(steps))

    def sequences(self, max_length: int) -> Iterator[tuple[int, ...]]:
        """All sequences of at most `max_length` tokens that a search may emit and that end."""
        tokens = [token for token in range(self.tables.shape[-1]) if token not in (PAD, BOS, EOS, UNK)]
        for length in range(max_length):
            for ids in itertools.product(tokens, repeat=length):
                yield (*ids, EOS)


def sources(*types: int, length: int = 3, extra: int = 0) -> Source:
    """One source of each type (1 to 3) given; later ones are shorter, so that there is padding."""
    ids = torch.zeros((len(types), length), dtype=torch.long)
    lengths = [max(length - place, 1) for place in range(len(types))]
    for row, (kind, size) in enumerate(zip(types, lengths, strict=True)):
        ids[row, :size] = torch.arange(4, 4 + size)
        ids[row, 0] = kind
    return Source(ids, torch.tensor(lengths), torch.zeros_like(ids), extra)
