"""Augmentation: the same for a seed, the code's meaning kept, nothing damaged that has to be copied."""

from __future__ import annotations

import ast
import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch", reason="examples go into batches: pip install 'glosswright[torch]'")

from glosswright_model.data.augment import Augmenter, AugmentOptions, augmented_examples
from glosswright_model.data.augment.names import NameStatistics, form_of, rename
from glosswright_model.data.augment.noise import add_noise
from glosswright_model.data.augment.paraphrase import FRAMES, ORDERS, SAME, paraphrase
from glosswright_model.data.batching import Batches, BatchOptions, encode_pairs
from glosswright_model.data.pairs import Pair
from glosswright_model.data.readers import read_corpus
from glosswright_model.data.word_codec import WordCodec, WordCodecOptions
from glosswright_model.errors import DataError
from glosswright_model.seq2seq.batch import UNK

pytestmark = pytest.mark.torch

PAIRS = [
    Pair("call the method parser.delete_token [ parser . delete_token ] .", "parser . delete_token ( )"),
    Pair("append value to items", "items . append ( value )"),
    Pair("append old_name to all_names", "all_names . append ( old_name )"),
    Pair("add one more thing to the names_list", "names_list . append ( thing )"),
    Pair("if token_count equals string _STR:0_ ,", "if token_count == ' _STR:0_ ' : ⏎ ⇥ pass ⏎ ⇤"),
    Pair("return an instance of HttpResponse , created with an argument self", "return HttpResponse ( self )"),
    Pair("substitute str for string_types .", "string_types = str"),
]
ALL = AugmentOptions(rename=1, paraphrase=1, noise=1)


def test_the_same_for_a_seed_and_another_in_each_epoch() -> None:
    """Exact resume needs the first, variety the second."""
    epochs = [Augmenter(PAIRS, ALL, seed=3).epoch(epoch) for epoch in (0, 1, 0)]
    assert epochs[0] == epochs[2] != epochs[1]
    assert Augmenter(PAIRS, ALL, seed=4).epoch(0) != epochs[0]
    assert Augmenter(PAIRS, ALL, seed=3).pair(5, 1) == epochs[1][5]


def test_nothing_asked_for_changes_nothing() -> None:
    """The baseline is the same corpus."""
    assert Augmenter(PAIRS, AugmentOptions()).epoch(0) == PAIRS


def test_switching_one_way_on_leaves_the_others() -> None:
    """So that each way's effect is measured alone."""
    pairs = [Pair(f"say hello to everybody there for the {number} time", "greet ( )") for number in range(40)]
    noise = Augmenter(pairs, AugmentOptions(noise=0.5)).epoch(0)
    assert noise == Augmenter(pairs, AugmentOptions(noise=0.5, rename=1.0)).epoch(0) != pairs


@given(st.integers(0, 10**6))
def test_names_change_on_both_sides_alike(seed: int) -> None:
    """The renamed code is the old code up to one consistent renaming, and so is the comment."""
    statistics = NameStatistics.of(PAIRS)
    for pair in PAIRS:
        renamed = rename(pair, statistics, random.Random(seed))
        names: dict[str, str] = {}
        for old, new in ((pair.source, renamed.source), (pair.target, renamed.target)):
            for left, right in zip(re.findall(r"\w+|\W", old), re.findall(r"\w+|\W", new), strict=True):
                assert names.setdefault(left, right) == right
        assert len(set(names.values())) == len(names)
        for word in ("self", "str", "if", "return", "pass", "_STR", "append", "substitute", "argument"):
            assert names.get(word, word) == word
        for left, right in names.items():
            assert left == right or form_of(left) == form_of(right)


def test_what_counts_as_a_name() -> None:
    """`append` is said without being a name and written without being said; built-ins and slots are no names."""
    names = NameStatistics.of(PAIRS).names
    assert {"parser", "delete_token", "token_count", "HttpResponse", "string_types"} <= names
    assert not {"append", "self", "str", "return", "_STR"} & names


def test_code_keeps_its_meaning() -> None:
    """On plain Python: the trees are equal when names are left out of them."""
    code = "for entry in open_entries:\n    result_list.append(entry.value or 'entry')"
    pair = Pair("collect the value of each entry of open_entries in result_list", code)
    statistics = NameStatistics.of([pair])

    def shape(text: str) -> str:
        return re.sub(r"(id|attr|value)='\w+'", "", ast.dump(ast.parse(text)))

    for seed in range(30):
        assert shape(rename(pair, statistics, random.Random(seed)).target) == shape(code)


@given(st.text(), st.text(), st.integers(0, 99))
def test_any_text_can_be_augmented(source: str, target: str, seed: int) -> None:
    """Comments in any script; the code is never touched by what changes comments."""
    pair = Pair(source, target)
    for change in (paraphrase, add_noise):
        assert change(pair, random.Random(seed)).target == target
    rename(pair, NameStatistics.of([pair]), random.Random(seed))


@pytest.mark.parametrize("change", [paraphrase, add_noise])
def test_words_that_must_be_copied_stay(change: object) -> None:
    """A comment without the name cannot give the code."""
    pair = Pair("get the value of fetch and remove 'the text' at `the end`, please", "fetch . value ( ' the▁text ' )")
    for seed in range(200):
        words = change(pair, random.Random(seed)).source  # type: ignore[operator]  # one of two functions
        assert {"value", "fetch"} <= set(re.findall(r"\w+", words))
        if change is add_noise:
            assert "'the text'" in words
            assert "`the end`" in words


def test_phrases_are_exchanged_for_their_own_kind() -> None:
    """Each result comes from a template; a name that is spelt like a phrase is no phrase."""
    pair = Pair("Create an empty list, check if value.get works", "x = [ ]")
    seen = {paraphrase(pair, random.Random(seed)).source for seed in range(300)}
    assert "Make an empty array, check if value.get works" in seen
    assert all("value.get works" in text for text in seen)
    assert len(seen) > 10


def test_templates_are_sound() -> None:
    """A phrase in two groups would have two meanings; a frame must take the text."""
    phrases = [phrase for group in SAME for phrase in group]
    doubled = {phrase for phrase in phrases if phrases.count(phrase) > 1}
    assert doubled <= {"on"}
    assert all("{}" in frame for frame in FRAMES)
    assert all(word.islower() for word in ORDERS)


def test_examples_of_an_epoch() -> None:
    """One for each pair in each epoch, so that a run's steps can be counted beforehand; too long ones stay plain."""
    codec = WordCodec.build([(pair.source, pair.target) for pair in PAIRS])
    examples = augmented_examples(codec, PAIRS, ALL, seed=1, target_limit=16)
    assert [example.pair for example in examples(0)] == list(range(len(PAIRS)))
    assert examples(0) == augmented_examples(codec, PAIRS, ALL, seed=1, target_limit=16)(0) != examples(1)
    batches = Batches(examples, BatchOptions(size=3))
    assert sorted(pair for batch in batches.epoch(2) for pair in batch.pairs) == list(range(len(PAIRS)))


def test_options_are_checked() -> None:
    """A configuration with a slip must not train something else."""
    assert AugmentOptions.from_mapping({"rename": 1}) == AugmentOptions(rename=1.0)
    for row, message in (({"renam": 0.5}, "renam"), ({"noise": 2.0}, "from 0 to 1"), ({"noise": "0.5"}, "type float")):
        with pytest.raises(DataError, match=message):
            AugmentOptions.from_mapping(row)


def test_django_stays_reachable(shared_data: Path) -> None:
    """On a real corpus: what could be written before augmentation can be written after it."""
    pairs = list(read_corpus("django", shared_data / "django", "dev"))
    train = list(read_corpus("django", shared_data / "django", "train"))[:4000]
    codec = WordCodec.build([(pair.source, pair.target) for pair in train], WordCodecOptions(target_min_frequency=3))
    augmenter = Augmenter(pairs, ALL, seed=1)
    plain, augmented = (encode_pairs(codec, one).examples for one in (pairs, augmenter.epoch(0)))
    lost = sum(UNK in after.target and UNK not in before.target for before, after in zip(plain, augmented, strict=True))
    assert lost <= len(plain) * 0.01
    assert sum(before != after for before, after in zip(plain, augmented, strict=True)) > len(plain) / 2


@pytest.mark.parametrize(
    ("comment", "without"),
    [("call it .", "call it"), ("返回它。", "返回它"), ("and so on...", "and so on..."), (".", "."), ("a.b", "a.b")],
)
def test_full_stops_are_left_out(comment: str, without: str) -> None:
    """At the end alone, for the code may need the others; in every pair at 1, in some at less."""
    pairs = [Pair(comment, "it()")] * 40
    assert {pair.source for pair in Augmenter(pairs, AugmentOptions(no_full_stop=1)).epoch(0)} == {without}
    some = {pair.source for pair in Augmenter(pairs, AugmentOptions(no_full_stop=0.5)).epoch(0)}
    assert some == {comment, without}
