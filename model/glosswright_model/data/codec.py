"""The interface of a text pipeline: text to token ids and back. The only place where text meets ids.

Implementations: words with copying (`word_codec`) and byte-level BPE (`bpe_codec`). A codec is part of a checkpoint: it
is saved beside the weights, and its files are covered by the checkpoint's hashes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class EncodedSource:
    """One source as ids."""

    ids: tuple[int, ...]
    """In the source vocabulary; never empty."""
    copies: tuple[int, ...]
    """For each token the id in the extended target vocabulary that a copy of it would have, PAD where none."""
    extras: tuple[str, ...] = ()
    """What the ids behind the target vocabulary stand for: id `target_size + k` is `extras[k]`."""
    words: tuple[str, ...] = ()
    """The tokens as text, one for each id: for explanations and pictures."""
    truncated: int = 0
    """Tokens dropped from the end because the source was longer than the limit."""


class Codec(Protocol):
    """A text pipeline."""

    kind: str
    """"word" or "bpe": how a checkpoint names it."""

    @property
    def source_size(self) -> int:
        """Ids of the source vocabulary."""

    @property
    def target_size(self) -> int:
        """Ids of the target vocabulary, without extended ones."""

    def encode_source(self, text: str) -> EncodedSource:
        """Ids of a source text, at most as many as the codec's limit."""

    def encode_target(self, text: str, extras: tuple[str, ...] = ()) -> tuple[int, ...]:
        """Ids in the extended vocabulary of a target text, without BOS and EOS."""

    def target_tokens(self, ids: tuple[int, ...], extras: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The tokens as text, one for each id; special ids give ""."""

    def decode(self, ids: tuple[int, ...], extras: tuple[str, ...] = ()) -> str:
        """Target text of ids in the extended vocabulary; special ids are skipped."""

    def save(self, folder: Path) -> tuple[Path, ...]:
        """Write what `load` needs into the folder; the files written."""
