"""The word pipeline: what can be copied can be written, text comes back, and a damaged vocabulary is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch", reason="special ids are defined beside tensors: pip install 'glosswright[torch]'")

from glosswright_model.data.readers import read_corpus
from glosswright_model.data.word_codec import FILE_NAME, WordCodec, WordCodecOptions
from glosswright_model.errors import DataError
from glosswright_model.seq2seq.batch import BOS, EOS, PAD, UNK

pytestmark = pytest.mark.torch

PAIRS = [("set a to b", "a = b"), ("return a", "return a"), ("call foo.bar [ foo . bar ]", "foo . bar ( )")]


def test_unknown_words_of_the_source_get_ids_behind_the_vocabulary() -> None:
    """See et al. 2017, section 2.2: the same temporary id for all occurrences, and the target uses it."""
    codec = WordCodec.build(PAIRS)
    source = codec.encode_source("set zap to pow zap")
    base = codec.target_size
    # "set" and "to" are source words only, so they too stand behind the target vocabulary.
    assert source.extras == ("set", "zap", "to", "pow")
    assert source.copies == (base, base + 1, base + 2, base + 3, base + 1)
    assert source.ids[1] == source.ids[3] == UNK
    target = codec.encode_target("zap = other", source.extras)
    assert target[0] == base + 1
    assert target[2] == UNK
    assert codec.decode((BOS, *target, EOS, PAD), source.extras) == "zap ="
    assert codec.target_tokens((BOS, *target[:2]), source.extras) == ("", "zap", "=")


def test_known_words_are_copied_to_their_own_id() -> None:
    """So that generating and copying a word add up, and one word never has two ids."""
    codec = WordCodec.build(PAIRS)
    source = codec.encode_source("return a")
    assert source.extras == ()
    assert source.copies == codec.encode_target("return a")


def test_minimum_frequency_and_order() -> None:
    """Rare words are left to copying; ids do not depend on the order of a hash."""
    codec = WordCodec.build(PAIRS, WordCodecOptions(target_min_frequency=2))
    assert codec.target_words == ("a",)
    assert WordCodec.build(reversed(PAIRS)).target_words == WordCodec.build(PAIRS).target_words


def test_without_copying_nothing_is_copied() -> None:
    """The baseline without copy is the same pipeline with one option."""
    codec = WordCodec.build(PAIRS, WordCodecOptions(copying=False))
    source = codec.encode_source("set zap to b")
    assert source.extras == ()
    assert set(source.copies) == {PAD}


@pytest.mark.parametrize("text", ["", "   "])
def test_an_empty_source_is_still_a_source(text: str) -> None:
    """A network needs at least one token."""
    source = WordCodec.build(PAIRS).encode_source(text)
    assert (source.ids, source.copies) == ((UNK,), (PAD,))


def test_a_long_source_is_cut_and_said() -> None:
    """Sources longer than the limit are input, not an error."""
    codec = WordCodec.build(PAIRS, WordCodecOptions(source_limit=3))
    source = codec.encode_source("a b c d e")
    assert (len(source.ids), len(source.copies), source.truncated, source.words) == (3, 3, 2, ("a", "b", "c"))


def test_dotted_names_are_not_said_twice() -> None:
    """The doubled form makes sources longer without giving the decoder more to copy."""
    codec = WordCodec.build(PAIRS, WordCodecOptions(source_words="dotted"))
    words = codec.encode_source("call foo.bar [ foo . bar ] with x [ y ] and a.b [ c ] and c.d [").words
    assert " ".join(words) == "call foo . bar with x [ y ] and a.b [ c ] and c.d ["


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=" "), min_size=1)
sentences = st.lists(words, min_size=1).map(" ".join)


@given(st.lists(st.tuples(sentences, sentences), min_size=1), sentences, st.integers(1, 3))
def test_what_can_be_copied_can_be_written(pairs: list[tuple[str, str]], text: str, least: int) -> None:
    """The promise of the extended vocabulary, for any Unicode: a text that is its own source always comes back."""
    codec = WordCodec.build(pairs, WordCodecOptions(source_min_frequency=least, target_min_frequency=least))
    source = codec.encode_source(text)
    assert codec.decode(codec.encode_target(text, source.extras), source.extras) == text
    assert all(token < codec.target_size + len(source.extras) for token in source.copies)
    assert all(token < codec.source_size for token in source.ids)


@given(st.text())
def test_any_text_can_be_encoded(text: str) -> None:
    """Editors send half surrogate pairs and control characters."""
    codec = WordCodec.build(PAIRS)
    source = codec.encode_source(text)
    assert len(source.ids) == len(source.copies) == len(source.words) >= 1
    codec.encode_target(text, source.extras)


@given(pairs=st.lists(st.tuples(sentences, sentences), min_size=1))
def test_a_saved_vocabulary_is_the_same(tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]) -> None:
    """A checkpoint must mean the same ids, whatever characters words hold."""
    folder = tmp_path_factory.mktemp("codec")
    codec = WordCodec.build(pairs, WordCodecOptions(source_words="dotted", target_min_frequency=2))
    assert codec.save(folder) == (folder / FILE_NAME,)
    again = WordCodec.load(folder)
    assert (again.source_words, again.target_words, again.options) == (
        codec.source_words,
        codec.target_words,
        codec.options,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", "glosswright words 99"),
        ("source", "abc"),
        ("target", [1]),
        ("target", ["a", "a"]),
        ("options", {"source_words": 3}),
        ("options", {"source_words": "by magic"}),
        ("options", {"no_such": True}),
        ("options", None),
    ],
)
def test_a_damaged_vocabulary_is_refused(tmp_path: Path, name: str, value: object) -> None:
    """A wrong vocabulary would give fluent nonsense."""
    WordCodec.build(PAIRS).save(tmp_path)
    file = tmp_path / FILE_NAME
    file.write_text(json.dumps(json.loads(file.read_text()) | {name: value}))
    with pytest.raises(DataError):
        WordCodec.load(tmp_path)


def test_nothing_to_build_from(tmp_path: Path) -> None:
    """An empty corpus is said at once, and so is a missing file."""
    with pytest.raises(DataError, match="no pair"):
        WordCodec.build([("", "")])
    with pytest.raises(DataError, match=FILE_NAME):
        WordCodec.load(tmp_path)


def test_ids_that_mean_nothing_are_refused() -> None:
    """An id from another source's extended vocabulary must not become some word."""
    codec = WordCodec.build(PAIRS)
    with pytest.raises(DataError, match="no id"):
        codec.decode((codec.target_size,))


@pytest.mark.parametrize(("source_words", "least"), [("spaces", 1), ("spaces", 2), ("dotted", 1)])
def test_django_targets_are_reachable(shared_data: Path, source_words: str, least: int) -> None:
    """Exact match cannot exceed the share of targets that vocabulary and copying can write: 95 % on the test part."""
    train = [(pair.source, pair.target) for pair in read_corpus("django", shared_data / "django", "train")]
    codec = WordCodec.build(train, WordCodecOptions(source_words=source_words, target_min_frequency=least))
    test = list(read_corpus("django", shared_data / "django", "test"))
    reached = 0
    for pair in test:
        source = codec.encode_source(pair.source)
        target = codec.encode_target(pair.target, source.extras)
        reached += codec.decode(target, source.extras) == pair.target and UNK not in target
    assert reached / len(test) >= 0.95
