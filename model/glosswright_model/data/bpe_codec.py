"""The byte-level BPE text pipeline: one vocabulary for comments and code, nothing unknown, every text comes back.

Merges are learnt over UTF-8 bytes (Sennrich et al. 2016, section 3.2; on bytes as in Radford et al. 2019, section 2.2),
by the `tokenizers` library. Source and target share the vocabulary, so a token is copied to its own id and there is no
extended vocabulary. Text that looks like a special token is text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from glosswright_model.data.codec import EncodedSource
from glosswright_model.data.codec_files import options_from, read_versioned, refuse_below
from glosswright_model.data.word_schemes import clean
from glosswright_model.errors import DataError
from glosswright_model.seq2seq.batch import BOS, EOS, PAD, UNK

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TOKENIZER_FILE, OPTIONS_FILE = "tokenizer.json", "bpe.json"
_FORMAT = "glosswright bpe 1"
_SPECIAL = ("<pad>", "<s>", "</s>", "<unk>")
"""Names of ids 0 to 3. UNK is never made: each byte has a token."""

_SHOWN = (*range(33, 127), *range(161, 173), *range(174, 256))
_BYTE_OF = {chr(byte): byte for byte in _SHOWN} | {
    chr(256 + place): byte for place, byte in enumerate(byte for byte in range(256) if byte not in _SHOWN)
}
"""How byte-level tokenizers write bytes in tokens' names: printable ones of Latin-1 as they are, others as the
characters from U+0100 on (Radford et al. 2019, in their code)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BpeCodecOptions:
    """How a BPE codec is built."""

    size: int = 8000
    """Tokens of the vocabulary: 4 special ones, 256 bytes, and merges. It is smaller when the corpus has fewer."""
    min_frequency: int = 2
    """Occurrences below which two tokens are not merged."""
    source_limit: int = 512
    """Tokens of one source; the rest is cut off, and counted in `EncodedSource.truncated`."""
    copying: bool = True
    """Whether tokens of the source may be copied."""

    def __post_init__(self) -> None:
        refuse_below(self, "the BPE codec", size=len(_SPECIAL) + 256, min_frequency=1, source_limit=1)


class BpeCodec:
    """A `data.codec.Codec` over byte-level BPE."""

    kind = "bpe"

    def __init__(self, tokenizer: Tokenizer, options: BpeCodecOptions) -> None:
        """Around a tokenizer of the `tokenizers` library. Raises DataError when it is unlike those made here.

        Special tokens in a text are text from then on, also for the caller's tokenizer.
        """
        names = tuple(tokenizer.id_to_token(token) for token in range(len(_SPECIAL)))
        if names != _SPECIAL:
            raise DataError(f"{TOKENIZER_FILE} is not one of ours: ids 0 to 3 must be {', '.join(_SPECIAL)}")
        if wrong := _unlike_ours(tokenizer):
            raise DataError(f"{TOKENIZER_FILE} is not one of ours: {wrong}")
        tokenizer.encode_special_tokens = True  # in a person's text "<s>" is text; this is not kept in the file
        self.options = options
        self._tokenizer = tokenizer

    @classmethod
    def build(cls, pairs: Iterable[tuple[str, str]], options: BpeCodecOptions | None = None) -> BpeCodec:
        """Learn merges of a training corpus of (source, target). Raises DataError when there is no text."""
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

        options = options or BpeCodecOptions()
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=options.size,
            min_frequency=options.min_frequency,
            special_tokens=list(_SPECIAL),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        texts = [clean(side) for pair in pairs for side in pair]
        if not any(texts):
            raise DataError("there is nothing to build a vocabulary from: the corpus holds no pair with text")
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer, options)

    @classmethod
    def load(cls, folder: Path) -> BpeCodec:
        """What `save` wrote. Raises DataError when a file is missing, damaged or of another version."""
        from tokenizers import Tokenizer

        options = options_from(BpeCodecOptions, read_versioned(folder / OPTIONS_FILE, _FORMAT), folder / OPTIONS_FILE)
        path = folder / TOKENIZER_FILE
        try:
            return cls(Tokenizer.from_str(path.read_text(encoding="utf-8")), options)
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
        except DataError:
            raise
        except Exception as error:  # the library raises bare Exception for whatever it cannot read
            raise DataError(f"{path} is damaged: {str(error).splitlines()[0][:100]}") from error

    def save(self, folder: Path) -> tuple[Path, ...]:
        """Write the tokenizer in the library's own format, and the options."""
        tokenizer, options = folder / TOKENIZER_FILE, folder / OPTIONS_FILE
        tokenizer.write_text(self._tokenizer.to_str(), encoding="utf-8")
        options.write_text(json.dumps({"format": _FORMAT, **asdict(self.options)}, indent=2) + "\n", encoding="utf-8")
        return tokenizer, options

    @property
    def source_size(self) -> int:
        """Ids of the vocabulary; both sides share it."""
        return int(self._tokenizer.get_vocab_size())

    @property
    def target_size(self) -> int:
        """Ids of the vocabulary; there are no extended ones."""
        return self.source_size

    def encode_source(self, text: str) -> EncodedSource:
        """Ids of a source text. An empty text is UNK alone, for a network needs something to look at."""
        text = clean(text)
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        ids = tuple(encoding.ids[: self.options.source_limit])
        if not ids:
            return EncodedSource(ids=(UNK,), copies=(PAD,), words=("",))
        # Offsets, not the tokens' own names: a token may be a part of a character, which is shown whole.
        words = tuple(text[begin:end] for begin, end in encoding.offsets[: len(ids)])
        copies = ids if self.options.copying else (PAD,) * len(ids)
        return EncodedSource(ids, copies, words=words, truncated=len(encoding.ids) - len(ids))

    def encode_target(self, text: str, extras: tuple[str, ...] = ()) -> tuple[int, ...]:
        """Ids of a target text; `extras` is not needed here."""
        return tuple(self._tokenizer.encode(clean(text), add_special_tokens=False).ids)

    def target_tokens(self, ids: tuple[int, ...], extras: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The tokens' text, one for each id; special ids give "", and a part of a character "\\ufffd"."""
        self._check(ids)
        return tuple("" if token < len(_SPECIAL) else str(self._tokenizer.decode([token])) for token in ids)

    def target_pieces(self) -> tuple[bytes, ...]:
        """What each id of the vocabulary adds to a text, in UTF-8; nothing for special ones. A piece may be a part of a
        character."""
        names = (str(self._tokenizer.id_to_token(token)) for token in range(len(_SPECIAL), self.target_size))
        return (*[b""] * len(_SPECIAL), *(bytes(_BYTE_OF[char] for char in name) for name in names))

    def decode(self, ids: tuple[int, ...], extras: tuple[str, ...] = ()) -> str:
        """Target text of ids; special ids are skipped, bytes that are no UTF-8 become "\\ufffd"."""
        self._check(ids)
        return str(self._tokenizer.decode([token for token in ids if token not in (PAD, BOS, EOS, UNK)]))

    def _check(self, ids: tuple[int, ...]) -> None:
        wrong = [token for token in ids if not 0 <= token < self.target_size]
        if wrong:
            raise DataError(f"{wrong[0]} is no id of this vocabulary of {self.target_size} tokens")


def _unlike_ours(tokenizer: Tokenizer) -> str:
    """What keeps ids and bytes from belonging together; nothing if they do. Copying, searching and reading go by it."""
    from tokenizers import decoders, models, pre_tokenizers

    if (
        not isinstance(tokenizer.model, models.BPE)
        or not isinstance(tokenizer.pre_tokenizer, pre_tokenizers.ByteLevel)
        or not isinstance(tokenizer.decoder, decoders.ByteLevel)
        or tokenizer.normalizer is not None
    ):
        return "it is no byte-level BPE"
    ids = tokenizer.get_vocab()
    if sorted(ids.values()) != list(range(len(ids))):
        return "its ids have gaps"
    if foreign := next((name for name in ids if name not in _SPECIAL and not _BYTE_OF.keys() >= set(name)), None):
        return f"its token {foreign[:20]!r} is not made of bytes"
    return ""
