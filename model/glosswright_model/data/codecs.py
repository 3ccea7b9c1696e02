"""Text pipelines by name: how configurations ask for one, and how a checkpoint finds its own again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from glosswright_model.data.bpe_codec import BpeCodec, BpeCodecOptions
from glosswright_model.data.codec import Codec
from glosswright_model.data.codec_files import options_from
from glosswright_model.data.pairs import Pair
from glosswright_model.data.word_codec import WordCodec, WordCodecOptions
from glosswright_model.errors import DataError

CODECS = ("word", "bpe")


def build_codec(kind: str, pairs: Iterable[Pair], options: Mapping[str, Any]) -> Codec:
    """A text pipeline for a training corpus. Raises DataError: no such kind or option, a corpus without text."""
    texts = ((pair.source, pair.target) for pair in pairs)
    if kind == "word":
        return WordCodec.build(texts, options_from(WordCodecOptions, options, "the word codec"))
    if kind == "bpe":
        return BpeCodec.build(texts, options_from(BpeCodecOptions, options, "the BPE codec"))
    raise DataError(f"there is no text pipeline {kind!r}; choose one of {', '.join(CODECS)}")


def load_codec(kind: str, folder: Path) -> Codec:
    """The text pipeline that was saved in a folder. Raises DataError when it cannot be read."""
    if kind == "word":
        return WordCodec.load(folder)
    if kind == "bpe":
        return BpeCodec.load(folder)
    raise DataError(f"there is no text pipeline {kind!r}; choose one of {', '.join(CODECS)}")
