"""Small corpora and checkpoints for tests of evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from glosswright_model.checkpoint import About, save_checkpoint
from glosswright_model.data.word_codec import WordCodec
from glosswright_model.seq2seq.build import build
from glosswright_model.seq2seq.config import RnnConfig

PAIRS = [
    ("return the name", "return self . name"),
    ("return the age", "return self . age"),
    ("add a to b", "b += a"),
    ("call f with x", "f ( x )"),
    ("if x is none ,", "if x is None : ⏎ ⇥ pass ⏎ ⇤"),
]
TEST = [PAIRS[0], ("call g with x", "g ( x )"), ("return the size", "return self . size")]
"""The first is a training pair too."""


def write_corpus(folder: Path) -> Path:
    """A corpus laid out like Django's, with `train`, `dev` and `test`."""
    canonical = folder / "canonical"
    canonical.mkdir(parents=True)
    for part, pairs in (("train", PAIRS), ("dev", PAIRS[:2]), ("test", TEST)):
        for side, name in enumerate(("src", "tgt")):
            text = "".join(pair[side] + "\n" for pair in pairs)
            (canonical / f"{part}.{name}").write_text(text, encoding="utf-8")
    return folder


def write_checkpoint(
    folder: Path, *, name: str = "tiny", pairs: list[tuple[str, str]] = PAIRS, seed: int = 1, **about: Any
) -> Path:
    """An untrained network with a vocabulary of the pairs."""
    torch.manual_seed(seed)
    codec = WordCodec.build(pairs)
    config = RnnConfig(embedding_size=8, hidden_size=8)
    network = build(config, codec.source_size, codec.target_size)
    purpose = {"unit": "statement", "language": "python", **about}
    save_checkpoint(folder, network, config, codec, About(name=name, **purpose))
    return folder
