"""The BPE pipeline: every text comes back, also one that looks like special tokens, and a damaged file is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch", reason="special ids are defined beside tensors: pip install 'glosswright[torch]'")
pytest.importorskip("tokenizers", reason="BPE needs tokenizers: pip install 'glosswright[train]'")

from glosswright_model.data.bpe_codec import OPTIONS_FILE, TOKENIZER_FILE, BpeCodec, BpeCodecOptions
from glosswright_model.data.codecs import build_codec, load_codec
from glosswright_model.data.pairs import Pair
from glosswright_model.data.word_codec import WordCodec
from glosswright_model.errors import DataError
from glosswright_model.seq2seq.batch import BOS, EOS, PAD, UNK

pytestmark = pytest.mark.torch

PAIRS = [("read the file into lines", "lines = file.readlines()"), ("把文件读成行", "lines = file.readlines()")] * 3


@pytest.fixture(scope="module")
def codec() -> BpeCodec:
    return BpeCodec.build(PAIRS, BpeCodecOptions(size=300))


@given(text=st.text() | st.sampled_from(["<s>", "a</s>b<pad>", "<unk>", "\tif x:\r\n\t\ty", "  \n\n  "]))
def test_any_text_comes_back(codec: BpeCodec, text: str) -> None:
    """Indentation, line ends, any script, and text that is spelt like a special token."""
    whole = text.encode("utf-8", "replace").decode()
    ids = codec.encode_target(text)
    assert codec.decode((BOS, *ids, EOS, PAD)) == whole
    assert not {PAD, BOS, EOS, UNK} & set(ids)
    source = codec.encode_source(text)
    assert len(source.ids) == len(source.copies) == len(source.words) >= 1
    assert all(token < codec.source_size for token in source.ids)


def test_a_copy_is_the_token_itself(codec: BpeCodec) -> None:
    """One shared vocabulary needs no extended one."""
    source = codec.encode_source("lines")
    assert (source.copies, source.extras, codec.source_size) == (source.ids, (), codec.target_size)
    assert source.ids == codec.encode_target("lines")


def test_words_are_shown_whole(codec: BpeCodec) -> None:
    """Explanations show text; half a character is nothing to look at."""
    assert set(codec.encode_source("排").words) == {"排"}


def test_limits_and_emptiness() -> None:
    """Long and empty sources are input, not errors."""
    codec = BpeCodec.build(PAIRS, BpeCodecOptions(size=260, source_limit=3, copying=False))
    source = codec.encode_source("abcde")
    assert (len(source.ids), source.truncated, set(source.copies)) == (3, 2, {PAD})
    assert codec.encode_source("").ids == (UNK,)


def test_what_cannot_be_built_is_said() -> None:
    """Before a run starts, not after an hour."""
    with pytest.raises(DataError, match="must be 260 or more"):
        BpeCodec.build(PAIRS, BpeCodecOptions(size=100))
    with pytest.raises(DataError, match="no pair"):
        BpeCodec.build([("", "")])
    with pytest.raises(DataError, match="no text pipeline"):
        build_codec("poem", [], {})
    with pytest.raises(DataError, match="no option 'sise'"):
        build_codec("bpe", [Pair("a", "b")], {"sise": 3})
    with pytest.raises(DataError, match="type int"):
        build_codec("word", [Pair("a", "b")], {"source_limit": "3"})


@pytest.mark.parametrize("kind", ["word", "bpe"])
def test_a_saved_pipeline_is_the_same(tmp_path: Path, kind: str) -> None:
    """A checkpoint must mean the same ids; building twice gives the same vocabulary."""
    pairs = [Pair(*pair) for pair in PAIRS]
    first = build_codec(kind, pairs, {"source_limit": 5})
    files = first.save(tmp_path)
    again, twin = load_codec(kind, tmp_path), build_codec(kind, pairs, {"source_limit": 5})
    for text in ("read <s> the file quickly", "把 lines"):
        assert first.encode_source(text) == again.encode_source(text) == twin.encode_source(text)
    assert again.kind == kind
    assert {path.name for path in files} == {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("name", [TOKENIZER_FILE, OPTIONS_FILE])
@pytest.mark.parametrize("content", ["", "{", "{}", '{"format": "other"}', None])
def test_damaged_files_are_refused(tmp_path: Path, codec: BpeCodec, name: str, content: str | None) -> None:
    """A tampered tokenizer must be a clear error."""
    codec.save(tmp_path)
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=name):
        BpeCodec.load(tmp_path)


def test_another_librarys_tokenizer_is_refused(tmp_path: Path, codec: BpeCodec) -> None:
    """Its ids 0 to 3 would mean something else to the network."""
    codec.save(tmp_path)
    row = json.loads((tmp_path / TOKENIZER_FILE).read_text(encoding="utf-8"))
    row["added_tokens"] = []
    row["model"]["vocab"] = {token: place for place, token in enumerate(sorted(row["model"]["vocab"]))}
    (tmp_path / TOKENIZER_FILE).write_text(json.dumps(row), encoding="utf-8")
    with pytest.raises(DataError, match="ids 0 to 3"):
        BpeCodec.load(tmp_path)


def _gap(row: dict[str, Any]) -> None:
    row["model"]["vocab"][list(row["model"]["vocab"])[-1]] = 9999


def _foreign(row: dict[str, Any]) -> None:
    row["model"]["vocab"]["字"] = len(row["model"]["vocab"])


def _words(row: dict[str, Any]) -> None:
    row["model"] = {"type": "WordLevel", "vocab": row["model"]["vocab"], "unk_token": "<unk>"}


def _no_bytes(row: dict[str, Any]) -> None:
    row["pre_tokenizer"] = None


def _lower(row: dict[str, Any]) -> None:
    row["normalizer"] = {"type": "Lowercase"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_gap, "its ids have gaps"),
        (_foreign, "its token '字' is not made of bytes"),
        (_words, "no byte-level BPE"),
        (_no_bytes, "no byte-level BPE"),
        (_lower, "no byte-level BPE"),
    ],
)
def test_a_tampered_tokenizer_is_refused(
    tmp_path: Path, codec: BpeCodec, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    """The library reads all of these, and the network would be asked for ids that it does not have."""
    codec.save(tmp_path)
    row = json.loads((tmp_path / TOKENIZER_FILE).read_text(encoding="utf-8"))
    change(row)
    (tmp_path / TOKENIZER_FILE).write_text(json.dumps(row), encoding="utf-8")
    with pytest.raises(DataError, match=said):
        BpeCodec.load(tmp_path)


def test_numbered_unknowns_tell_words_apart() -> None:
    """Two unknown names in one comment are two things; the last number is shared by the rest."""
    codec = build_codec("word", [Pair("add to", "x")], {"numbered_unknowns": 2})
    assert isinstance(codec, WordCodec)
    ids = codec.encode_source("add foo to bar foo baz").ids
    assert ids[1] == ids[4] != ids[3] == ids[5]
    assert max(ids) == codec.source_size - 1


def test_served_strings_are_copied() -> None:
    """A model of the canonical corpus writes the person's own strings: slots are never in its vocabulary."""
    options = {"source_words": "comment", "target_words": "python-tokens", "slots_are_copied": True}
    codec = build_codec("word", [Pair("print string _STR:0_", "print ( ' _STR:0_ ' )")], options)
    trained = codec.encode_source("print string _STR:0_")
    asked = codec.encode_source("print string 'hello world'")
    assert asked.ids == trained.ids
    target = codec.encode_target("print ( ' _STR:0_ ' )", trained.extras)
    assert UNK not in target
    assert codec.decode(target, trained.extras) == "print('_STR:0_')"
    assert codec.decode(target, asked.extras) == "print('hello world')"
