"""The grammar for each text pipeline: that ids mean to the constraint what they mean to the codec."""

from __future__ import annotations

import random

import pytest

pytest.importorskip("torch")
pytest.importorskip("tokenizers")
pytestmark = pytest.mark.torch

from glosswright_model.constraints import constraint_for  # noqa: E402  (after the check that torch is there)
from glosswright_model.data.bpe_codec import BpeCodec, BpeCodecOptions  # noqa: E402
from glosswright_model.data.codec import Codec  # noqa: E402
from glosswright_model.data.word_codec import WordCodec, WordCodecOptions  # noqa: E402
from glosswright_model.errors import DataError  # noqa: E402
from glosswright_model.evaluation.python_text import parse  # noqa: E402
from glosswright_model.seq2seq.batch import EOS  # noqa: E402

PAIRS = [
    ("add a and b", "def add(a, b):\n    return a + b"),
    ("greet Zoë 日本", "print('hello, ' + name, \"Zoë 日本\")"),
    ("walk over items", "for item in items:\n    total += item[0]\nelse:\n    pass"),
]
OPTIONS = WordCodecOptions(source_words="comment", target_words="python")


def codecs() -> list[Codec]:
    return [WordCodec.build(PAIRS, OPTIONS), BpeCodec.build(PAIRS, BpeCodecOptions(size=300))]


@pytest.mark.parametrize("codec", codecs(), ids=lambda codec: codec.kind)
def test_targets_of_the_corpus_are_allowed(codec: Codec) -> None:
    """Each token of what a network was trained to write, up to the end."""
    constraint = constraint_for(codec, "python")
    for text, target in PAIRS:
        source = codec.encode_source(text)
        prefix = constraint(source)
        for token in (*codec.encode_target(target, source.extras), EOS):
            following = prefix.after(token, 1000)
            assert following is not None, (target, codec.target_tokens((token,), source.extras))
            prefix = following


@pytest.mark.parametrize("codec", codecs(), ids=lambda codec: codec.kind)
@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_allowed_decodes_to_python(codec: Codec, seed: int) -> None:
    """Random allowed tokens, copied words of the comment among them, come out as Python through the codec's own way."""
    choice = random.Random(seed)
    source = codec.encode_source("greet `someone_new` and 'another one' in 日本語")
    prefix = constraint_for(codec, "python")(source)
    ids: list[int] = []
    for room in range(90, -1, -1):
        tokens = list(range(codec.target_size + len(source.extras)))
        choice.shuffle(tokens)
        token, prefix = next((token, after) for token in tokens if (after := prefix.after(token, room)) is not None)
        if token == EOS:
            break
        ids.append(token)
    assert token == EOS
    text = codec.decode(tuple(ids), source.extras)
    assert parse(text) is not None, text


def test_pieces_are_the_bytes_of_a_text() -> None:
    """Joined they give back any text, and parts of characters are kept apart."""
    codec = codecs()[1]
    assert isinstance(codec, BpeCodec)
    pieces = codec.target_pieces()
    for text in (*(side for pair in PAIRS for side in pair), "\t\r\n\x00\x7f ÿ¡­Ā 🙂"):
        assert b"".join(pieces[token] for token in codec.encode_target(text)) == text.encode()


def test_languages_without_a_grammar_are_named() -> None:
    """Rather than served unconstrained where somebody asked for a constraint."""
    with pytest.raises(DataError, match="no grammar of rust"):
        constraint_for(codecs()[0], "rust")


def test_a_vocabulary_that_is_no_python_is_named() -> None:
    """A network of shell commands cannot be held to Python's grammar."""
    codec = WordCodec.build([("list files", "?? !!")], WordCodecOptions())
    with pytest.raises(DataError, match="shortest Python"):
        constraint_for(codec, "python")
