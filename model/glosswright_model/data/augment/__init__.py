"""Augmentation: other words for the same pair, drawn anew in each epoch, the same for the same seed.

Four ways, each with a probability of its own: names renamed on both sides, comments said otherwise, comments written
carelessly, comments without their full stop. The code never changes its meaning, and nothing that has to be copied is
damaged. What was measured of them stands in `docs/experiments.md`; nothing is promised here.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from glosswright_model.data.augment.names import NameStatistics, rename
from glosswright_model.data.augment.noise import add_noise, without_full_stop
from glosswright_model.data.augment.paraphrase import paraphrase
from glosswright_model.data.batching import Example, encode_pairs
from glosswright_model.data.codec import Codec
from glosswright_model.data.codec_files import options_from
from glosswright_model.data.pairs import Pair
from glosswright_model.errors import DataError

__all__ = ["AugmentOptions", "Augmenter", "augmented_examples"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentOptions:
    """How likely each way is for a pair in an epoch, from 0 (never) to 1."""

    rename: float = 0.0
    """Names that stand in comment and code get other names, the same on both sides."""
    paraphrase: float = 0.0
    """Phrases of the comment are exchanged for others of the same meaning."""
    noise: float = 0.0
    """Words are left out, exchanged and misspelt, as people do."""
    no_full_stop: float = 0.0
    """The full stop at the end of a comment is left out: corpora have it, most comments in code do not."""

    @classmethod
    def from_mapping(cls, row: Mapping[str, Any]) -> AugmentOptions:
        """From a configuration. Raises DataError naming the option."""
        options = options_from(cls, row, "augment")
        for field in dataclasses.fields(cls):
            if not 0 <= getattr(options, field.name) <= 1:
                raise DataError(f"augment: {field.name!r} is a probability, from 0 to 1")
        return options


class Augmenter:
    """Makes the pairs of an epoch from those of a corpus."""

    def __init__(self, pairs: Sequence[Pair], options: AugmentOptions, *, seed: int = 0) -> None:
        """For the training pairs of a corpus; which words are names is learnt from them."""
        self._pairs, self._options, self._seed = pairs, options, seed
        self._names = NameStatistics.of(pairs) if options.rename else None

    def pair(self, number: int, epoch: int) -> Pair:
        """Pair `number` as it looks in an epoch."""
        pair = self._pairs[number]
        chance = random.Random(f"{self._seed}:{epoch}:{number}")  # noqa: S311  # variety, not secrets
        # Each way draws its lot whatever the others do, so that switching one on leaves the others as they were.
        lots = [chance.random() for _ in range(3)]
        if self._names is not None and lots[0] < self._options.rename:
            pair = rename(pair, self._names, chance)
        if lots[1] < self._options.paraphrase:
            pair = paraphrase(pair, chance)
        if lots[2] < self._options.noise:
            pair = add_noise(pair, chance)
        if random.Random(f"{self._seed}:{epoch}:{number}:stop").random() < self._options.no_full_stop:  # noqa: S311
            pair = without_full_stop(pair)
        return pair

    def epoch(self, epoch: int) -> list[Pair]:
        """All pairs of an epoch, in the corpus's order."""
        return [self.pair(number, epoch) for number in range(len(self._pairs))]


def augmented_examples(
    codec: Codec, pairs: Sequence[Pair], options: AugmentOptions, *, seed: int = 0, target_limit: int = 512
) -> Callable[[int], tuple[Example, ...]]:
    """The examples of an epoch, for `batching.Batches`.

    Each epoch has the same pairs, one example for each: where an augmented pair would be too long, the plain one stays.
    """
    plain = encode_pairs(codec, pairs, target_limit=target_limit).examples
    augmenter = Augmenter(pairs, options, seed=seed)
    latest: dict[int, tuple[Example, ...]] = {}

    def examples(epoch: int) -> tuple[Example, ...]:
        if epoch not in latest:
            made = []
            for example in plain:
                (encoded, *_) = encode_pairs(
                    codec, [augmenter.pair(example.pair, epoch)], target_limit=target_limit
                ).examples or (example,)
                made.append(dataclasses.replace(encoded, pair=example.pair))
            latest.clear()
            latest[epoch] = tuple(made)
        return latest[epoch]

    return examples
