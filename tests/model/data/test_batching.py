"""Batches: every example once an epoch, the same for a seed, resumable, little padding, and right ids in each place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch", reason="batches are tensors: pip install 'glosswright[torch]'")

from glosswright_model.data.batching import (
    LONGEST_TEXT,
    Batches,
    BatchOptions,
    Example,
    collate,
    encode_pairs,
    in_order,
)
from glosswright_model.data.codec import EncodedSource
from glosswright_model.data.pairs import Pair
from glosswright_model.data.word_codec import WordCodec
from glosswright_model.errors import DataError
from glosswright_model.seq2seq.batch import BOS, EOS, PAD

pytestmark = pytest.mark.torch

PAIRS = [Pair("set a to b", "a = b"), Pair("return zap", "return zap")]


def examples(lengths: list[tuple[int, int]]) -> list[Example]:
    return [Example(EncodedSource((4,) * s, (4,) * s), (4,) * t, place) for place, (s, t) in enumerate(lengths)]


def test_a_batch_holds_the_right_ids() -> None:
    """The contract with every network: BOS and EOS, PAD behind the end, extended ids, lengths on the CPU."""
    codec = WordCodec.build([("set a to b", "a = b return")])
    encoded = encode_pairs(codec, PAIRS)
    batch = collate(encoded.examples)
    assert batch.source.ids.shape == batch.source.copies.shape == (2, 4)
    assert batch.source.lengths.tolist() == [4, 2]
    assert batch.source.ids[1, 2:].tolist() == batch.source.copies[1, 2:].tolist() == [PAD, PAD]
    assert batch.source.extra == 2
    assert batch.extras == (("set", "to"), ("zap",))
    assert batch.target.ids[:, 0].tolist() == [BOS, BOS]
    assert batch.target.ids[0, -1] == EOS
    second = batch.target.ids[1].tolist()
    assert second[1:] == [*codec.encode_target("return"), codec.target_size, EOS, PAD]
    assert batch.target_tokens == 4 + 3


def test_what_cannot_be_trained_on_is_counted() -> None:
    """A run must be able to say how much of the corpus it saw."""
    codec = WordCodec.build([("set a to b", "a = b")])
    pairs = [Pair("a", "b"), Pair("", "b"), Pair("a", " "), Pair("a", "b " * 9), Pair("a", "unknown")]
    encoded = encode_pairs(codec, pairs, target_limit=8)
    assert (encoded.empty, encoded.too_long, encoded.unreachable) == (2, 1, 1)
    assert [example.pair for example in encoded.examples] == [0, 4]


def test_an_enormous_text_is_left_out_uncut() -> None:
    """A line of many megabytes would take minutes to cut, and its words would fill the vocabulary."""
    codec = WordCodec.build([("set a to b", "a = b")])
    codec.encode_source = codec.encode_target = None  # type: ignore[assignment, method-assign]  # must not be called
    enormous = "a" * (LONGEST_TEXT + 1)
    encoded = encode_pairs(codec, [Pair(enormous, "b"), Pair("a", enormous)], target_limit=10**9)
    assert (encoded.too_long, encoded.examples) == (2, ())


lengths = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=60)


@given(lengths, st.integers(1, 200), st.sampled_from(["sentences", "tokens"]), st.integers(0, 3), st.integers(1, 4))
def test_every_example_once(rows: list[tuple[int, int]], size: int, by: str, epoch: int, pool: int) -> None:
    """Nothing is lost or doubled, and no batch is larger than asked for unless a single example is."""
    batches = Batches(examples(rows), BatchOptions(size=size, by=by, pool=pool))  # type: ignore[arg-type]
    plan = batches.plan(epoch)
    assert sorted(place for batch in plan for place in batch) == list(range(len(rows)))
    for batch in plan:
        longest = max(max(rows[place][0], rows[place][1] + 1) for place in batch)
        assert len(batch) == 1 or (len(batch) if by == "sentences" else len(batch) * longest) <= size


def test_an_epoch_is_the_same_for_its_seed_and_goes_on_anywhere() -> None:
    """Exact resume stands on this."""
    rows = examples([(1 + place % 7, 1 + place % 5) for place in range(100)])
    options = BatchOptions(size=8, seed=3)
    whole = [batch.pairs for batch in Batches(rows, options).epoch(2)]
    assert [batch.pairs for batch in Batches(rows, options).epoch(2, start=5)] == whole[5:]
    assert whole != [batch.pairs for batch in Batches(rows, options).epoch(3)]
    assert whole != [batch.pairs for batch in Batches(rows, BatchOptions(size=8, seed=4)).epoch(2)]


def test_buckets_save_padding() -> None:
    """The reason for sorting: on two cores padding is time."""
    rows = examples([(1 + place * 7 % 50, 1 + place * 7 % 50) for place in range(500)])

    def padded(pool: int) -> int:
        return sum(batch.source.ids.numel() for batch in Batches(rows, BatchOptions(size=10, pool=pool)).epoch(0))

    assert padded(50) < 0.75 * padded(1)


def test_examples_may_change_with_the_epoch() -> None:
    """Augmentation makes each epoch's examples anew."""
    batches = Batches(lambda epoch: examples([(epoch + 1, 1)] * 3), BatchOptions(size=3))
    assert [batch.source.ids.shape[1] for epoch in (0, 4) for batch in batches.epoch(epoch)] == [1, 5]


def test_evaluation_keeps_track_of_pairs() -> None:
    """Answers are put back in the corpus's order by `Batch.pairs`."""
    rows = examples([(3, 1), (9, 1), (5, 1)])
    assert [batch.pairs for batch in in_order(rows, 2)] == [(1, 2), (0,)]


def test_an_empty_corpus_is_said() -> None:
    """Rather than an epoch without a step."""
    with pytest.raises(DataError, match="no example"):
        Batches([]).plan(0)
    with pytest.raises(DataError, match="at least one"):
        Batches(examples([(1, 1)]), BatchOptions(size=0))
