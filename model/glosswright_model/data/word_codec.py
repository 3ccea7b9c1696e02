"""The word-level text pipeline: two vocabularies with a minimum frequency, and copying through the extended vocabulary.

A word of the source that the target vocabulary lacks gets a temporary id behind it (See et al. 2017, section 2.2), so
every word of the source can be written, whatever the vocabularies hold. How text is cut into words is named, not
coded here: see `word_schemes`. Saved as one JSON file; no word is ever dropped or joined in it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from glosswright_model.data.codec import EncodedSource
from glosswright_model.data.codec_files import options_from, read_versioned, refuse_below
from glosswright_model.data.word_schemes import clean, source_scheme, target_scheme
from glosswright_model.errors import DataError
from glosswright_model.seq2seq.batch import PAD, UNK

FILE_NAME = "words.json"
_FORMAT = "glosswright words 1"
_SLOT = re.compile(r"_STR:\d+_")
N_SPECIAL = 4
"""PAD, BOS, EOS and UNK come before the words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordCodecOptions:
    """How a word codec is built."""

    source_words: str = "spaces"
    """How a source is cut: see `word_schemes.SOURCE_SCHEMES`."""
    target_words: str = "spaces"
    """How a target is cut: see `word_schemes.TARGET_SCHEMES`."""
    source_min_frequency: int = 1
    """Occurrences below which a word of the sources is unknown. Unknown words can still be copied."""
    target_min_frequency: int = 1
    """Occurrences below which a word of the targets is unknown, so that it can only be copied."""
    source_limit: int = 256
    """Words of one source; the rest is cut off, and counted in `EncodedSource.truncated`."""
    numbered_unknowns: int = 0
    """Ids for unknown words of one source, so that a network can tell two of them apart; 0: all are UNK."""
    slots_are_copied: bool = False
    """Keep string slots out of the target vocabulary: a string is always copied, which serving real strings needs."""
    copying: bool = True
    """Whether words of the source may be copied. Without it the vocabularies alone decide what can be written."""

    def __post_init__(self) -> None:
        refuse_below(self, "the word codec", source_min_frequency=1, target_min_frequency=1, source_limit=1)
        refuse_below(self, "the word codec", numbered_unknowns=0)


class WordCodec:
    """A `data.codec.Codec` over words."""

    kind = "word"

    def __init__(self, source: Iterable[str], target: Iterable[str], options: WordCodecOptions) -> None:
        """From the words of both vocabularies, in the order of their ids from 4. Raises DataError (doubled words)."""
        self.options = options
        self._source_words, self._target_words = tuple(source), tuple(target)
        self._source_ids = _numbered(self._source_words, "source")
        self._target_ids = _numbered(self._target_words, "target")
        self._cut_source = source_scheme(options.source_words)
        self._scheme = target_scheme(options.target_words)

    @classmethod
    def build(cls, pairs: Iterable[tuple[str, str]], options: WordCodecOptions | None = None) -> WordCodec:
        """Vocabularies of a training corpus of (source, target): most frequent word first, ties by the word itself.

        Raises DataError when no pair holds a word.
        """
        options = options or WordCodecOptions()
        cut_source, scheme = source_scheme(options.source_words), target_scheme(options.target_words)
        source: Counter[str] = Counter()
        target: Counter[str] = Counter()
        for left, right in pairs:
            source.update(cut_source(clean(left)).words)
            target.update(scheme.cut(clean(right)))
        if options.slots_are_copied:
            target = Counter({word: count for word, count in target.items() if not _SLOT.fullmatch(word)})
        if not source or not target:
            raise DataError("there is nothing to build a vocabulary from: the corpus holds no pair with words")
        return cls(
            _frequent(source, options.source_min_frequency), _frequent(target, options.target_min_frequency), options
        )

    @classmethod
    def load(cls, folder: Path) -> WordCodec:
        """What `save` wrote. Raises DataError when the file is missing, damaged or of another version."""
        path = folder / FILE_NAME
        row = read_versioned(path, _FORMAT)
        if not isinstance(row.get("options"), dict):
            raise DataError(f"{path} is damaged: its options are missing")
        options = options_from(WordCodecOptions, row["options"], path)
        return cls(_words(row.get("source"), path), _words(row.get("target"), path), options)

    def save(self, folder: Path) -> tuple[Path, ...]:
        """Write the vocabularies; the one file written."""
        path = folder / FILE_NAME
        row = {
            "format": _FORMAT,
            "options": asdict(self.options),
            "source": self._source_words,
            "target": self._target_words,
        }
        path.write_text(json.dumps(row, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
        return (path,)

    @property
    def source_size(self) -> int:
        """Ids of the source vocabulary."""
        return N_SPECIAL + len(self._source_words) + self.options.numbered_unknowns

    @property
    def target_size(self) -> int:
        """Ids of the target vocabulary, without extended ones."""
        return N_SPECIAL + len(self._target_words)

    def encode_source(self, text: str) -> EncodedSource:
        """Ids of a source text. An empty text is one unknown word, for a network needs something to look at."""
        cut = self._cut_source(clean(text))
        kept = tuple(cut.words[: self.options.source_limit])
        truncated = len(cut.words) - len(kept)
        if not kept:
            return EncodedSource(ids=(UNK,), copies=(PAD,), words=("",))
        ids = self._look_up(kept)
        if not self.options.copying:
            return EncodedSource(ids, (PAD,) * len(kept), (), kept, truncated)
        written = cut.copies[: len(kept)]
        extras = tuple(dict.fromkeys(word for word in written if word not in self._target_ids))
        places = {word: self.target_size + place for place, word in enumerate(extras)}
        copies = tuple(self._target_ids[word] if word in self._target_ids else places[word] for word in written)
        return EncodedSource(ids, copies, extras, kept, truncated)

    def encode_target(self, text: str, extras: tuple[str, ...] = ()) -> tuple[int, ...]:
        """Ids in the extended vocabulary; UNK where a word is in neither the vocabulary nor `extras`."""
        places = {word: self.target_size + place for place, word in enumerate(extras)}
        ids = self._target_ids
        return tuple(ids[word] if word in ids else places.get(word, UNK) for word in self._scheme.cut(clean(text)))

    def target_tokens(self, ids: tuple[int, ...], extras: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The words, one for each id; special ids give "". Raises DataError for an id that means nothing."""
        return tuple(self._word(token, extras) for token in ids)

    def decode(self, ids: tuple[int, ...], extras: tuple[str, ...] = ()) -> str:
        """Target text of ids; special ids are skipped. Raises DataError for an id that means nothing."""
        return self._scheme.join([self._word(token, extras) for token in ids if not 0 <= token < N_SPECIAL])

    @property
    def source_words(self) -> tuple[str, ...]:
        """The source vocabulary's words: id 4 + k is the k-th."""
        return self._source_words

    @property
    def target_words(self) -> tuple[str, ...]:
        """The target vocabulary's words: id 4 + k is the k-th."""
        return self._target_words

    def _look_up(self, words: tuple[str, ...]) -> tuple[int, ...]:
        """Ids of source words; with numbered unknowns the n-th unknown word of a source gets the n-th id for them."""
        numbered = self.options.numbered_unknowns
        if not numbered:
            return tuple(self._source_ids.get(word, UNK) for word in words)
        base = N_SPECIAL + len(self._source_words)
        unknown = dict.fromkeys(word for word in words if word not in self._source_ids)
        ids = {word: base + min(place, numbered - 1) for place, word in enumerate(unknown)}
        return tuple(self._source_ids[word] if word in self._source_ids else ids[word] for word in words)

    def _word(self, token: int, extras: tuple[str, ...]) -> str:
        if 0 <= token < N_SPECIAL:
            return ""
        if N_SPECIAL <= token < self.target_size:
            return self._target_words[token - N_SPECIAL]
        if self.target_size <= token < self.target_size + len(extras):
            return extras[token - self.target_size]
        raise DataError(f"{token} is no id of this vocabulary of {self.target_size} words and {len(extras)} more")


def _numbered(words: tuple[str, ...], side: str) -> dict[str, int]:
    ids = {word: place for place, word in enumerate(words, start=N_SPECIAL)}
    if len(ids) != len(words):
        raise DataError(f"the {side} vocabulary is damaged: it holds a word twice")
    return ids


def _frequent(counts: Counter[str], least: int) -> list[str]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [word for word, count in ordered if count >= least]


def _words(row: Any, path: Path) -> list[str]:
    if not isinstance(row, list) or not all(isinstance(word, str) for word in row):
        raise DataError(f"{path} is damaged: a vocabulary must be a list of words")
    return row
