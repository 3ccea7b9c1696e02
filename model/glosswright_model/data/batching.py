"""From pairs to padded batches: length buckets, by sentences or by tokens, the same for the same seed and epoch.

An epoch is planned before it begins, as lists of example numbers: so a run can go on in the middle of it (`start`), and
several processes can share each batch. Sentences of like length go together, which saves most of the padding, and
batches come in random order. Deliberately not here: gradient accumulation, devices, workers.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch

from glosswright_model.data.codec import Codec, EncodedSource
from glosswright_model.data.pairs import Pair
from glosswright_model.errors import DataError
from glosswright_model.seq2seq.batch import BOS, EOS, PAD, UNK, Source, Target

LONGEST_TEXT = 100_000
"""Characters of a comment or its code that are cut into words at all; what is longer is no pair to learn from."""


@dataclass(frozen=True, slots=True)
class Example:
    """One pair as ids."""

    source: EncodedSource
    target: tuple[int, ...]
    """In the extended vocabulary, without BOS and EOS."""
    pair: int
    """Which pair of the corpus this is."""


@dataclass(frozen=True, slots=True)
class Batch:
    """B examples as tensors, and what is needed to read the answer."""

    source: Source
    target: Target
    extras: tuple[tuple[str, ...], ...]
    """For each example what its ids behind the target vocabulary stand for."""
    pairs: tuple[int, ...]
    """For each example which pair of the corpus it is."""

    @property
    def target_tokens(self) -> int:
        """Tokens that a loss is computed over: EOS included, padding and BOS not."""
        return int((self.target.ids[:, 1:] != PAD).sum())


@dataclass(frozen=True, slots=True)
class Encoded:
    """A corpus as ids, and what was left out of it."""

    examples: tuple[Example, ...]
    too_long: int = 0
    """Pairs left out because the target was longer than the limit, or one of the texts than `LONGEST_TEXT`."""
    empty: int = 0
    """Pairs left out because there was nothing to learn in them."""
    unreachable: int = 0
    """Of `examples`, those with a word that is neither in the vocabulary nor to be copied: never exactly right."""


def encode_pairs(codec: Codec, pairs: Iterable[Pair], *, target_limit: int = 512) -> Encoded:
    """Ids of every pair that can be trained on. Evaluation keeps the others too: it goes by the pairs themselves."""
    examples: list[Example] = []
    too_long = empty = unreachable = 0
    for number, pair in enumerate(pairs):
        if is_oversized(pair):
            too_long += 1
            continue
        source = codec.encode_source(pair.source)
        target = codec.encode_target(pair.target, source.extras)
        if not target or not pair.source.strip():
            empty += 1
        elif len(target) > target_limit:
            too_long += 1
        else:
            unreachable += UNK in target
            examples.append(Example(source, target, number))
    return Encoded(tuple(examples), too_long, empty, unreachable)


def is_oversized(pair: Pair) -> bool:
    """Whether a pair is left out before it is looked at: an enormous line would take minutes, and fill a vocabulary."""
    return max(len(pair.source), len(pair.target)) > LONGEST_TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """How examples become batches."""

    size: int = 64
    """Examples in a batch; with `by="tokens"` tokens in it, padding included, of the longer side."""
    by: Literal["sentences", "tokens"] = "sentences"
    seed: int = 0
    pool: int = 50
    """Batches whose examples are sorted by length together. 1 means no sorting: batches of random lengths."""


class Batches:
    """The batches of a corpus, epoch after epoch."""

    def __init__(
        self, examples: Sequence[Example] | Callable[[int], Sequence[Example]], options: BatchOptions | None = None
    ) -> None:
        """From examples, or from a function that makes those of an epoch (augmentation). Raises DataError."""
        self._examples = examples
        self.options = options or BatchOptions()
        if self.options.size < 1 or self.options.pool < 1:
            raise DataError("a batch holds at least one example: `size` and `pool` must be 1 or more")

    def plan(self, epoch: int) -> list[tuple[int, ...]]:
        """The batches of an epoch as places in `examples(epoch)`: each example once, in a fixed order."""
        return self._plan(self.examples(epoch), epoch)

    def examples(self, epoch: int) -> Sequence[Example]:
        """The examples of an epoch. Raises DataError when there are none."""
        examples = self._examples(epoch) if callable(self._examples) else self._examples
        if not examples:
            raise DataError("there is no example to train on: the corpus is empty, or every pair was left out")
        return examples

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch, from batch number `start`: a run that was cut off there goes on exactly."""
        examples = self.examples(epoch)
        for places in self._plan(examples, epoch)[start:]:
            yield collate([examples[place] for place in places])

    def _plan(self, examples: Sequence[Example], epoch: int) -> list[tuple[int, ...]]:
        chance = random.Random(f"{self.options.seed}:{epoch}")  # noqa: S311  # shuffling, not secrets
        order = list(range(len(examples)))
        chance.shuffle(order)
        pool = self._pool(examples)
        batches: list[tuple[int, ...]] = []
        for begin in range(0, len(order), pool):
            places = order[begin : begin + pool]
            if self.options.pool > 1:
                places.sort(key=lambda place: _lengths(examples[place])[::-1])
            batches += _cut(places, examples, self.options)
        chance.shuffle(batches)
        return batches

    def _pool(self, examples: Sequence[Example]) -> int:
        per_batch = self.options.size
        if self.options.by == "tokens":
            mean = sum(max(_lengths(example)) for example in examples) / len(examples)
            per_batch = max(1, round(per_batch / mean))
        return per_batch * self.options.pool


def in_order(examples: Sequence[Example], size: int) -> Iterator[Batch]:
    """Batches for evaluation: longest first, so that running out of memory shows at once. `Batch.pairs` tells whose."""
    order = sorted(range(len(examples)), key=lambda place: _lengths(examples[place]), reverse=True)
    for begin in range(0, len(order), size):
        yield collate([examples[place] for place in order[begin : begin + size]])


def collate(examples: Sequence[Example]) -> Batch:
    """One padded batch of at least one example."""
    targets = [(BOS, *example.target, EOS) for example in examples]
    return Batch(
        collate_sources([example.source for example in examples]),
        Target(_padded(targets)),
        tuple(example.source.extras for example in examples),
        tuple(example.pair for example in examples),
    )


def collate_sources(sources: Sequence[EncodedSource]) -> Source:
    """Sources alone, for decoding."""
    return Source(
        ids=_padded([source.ids for source in sources]),
        lengths=torch.tensor([len(source.ids) for source in sources], dtype=torch.int64),
        copies=_padded([source.copies for source in sources]),
        extra=max(len(source.extras) for source in sources),
    )


def _padded(rows: Sequence[tuple[int, ...]]) -> torch.Tensor:
    """[B, longest] int64"""
    longest = max(map(len, rows))
    return torch.tensor([(*row, *(PAD,) * (longest - len(row))) for row in rows], dtype=torch.int64)


def _lengths(example: Example) -> tuple[int, int]:
    """Tokens of source and target, EOS included."""
    return len(example.source.ids), len(example.target) + 1


def _cut(places: Sequence[int], examples: Sequence[Example], options: BatchOptions) -> list[tuple[int, ...]]:
    if options.by == "sentences":
        return [tuple(places[begin : begin + options.size]) for begin in range(0, len(places), options.size)]
    batches: list[tuple[int, ...]] = []
    current: list[int] = []
    longest = 0
    for place in places:
        length = max(longest, *_lengths(examples[place]))
        if current and length * (len(current) + 1) > options.size:
            batches.append(tuple(current))
            current, length = [], max(_lengths(examples[place]))
        current.append(place)
        longest = length
    return [*batches, tuple(current)] if current else batches
