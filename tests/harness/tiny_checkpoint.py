"""A checkpoint that really answers: a small network trained within seconds on a dozen comments, copying their names."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch

from glosswright_model.checkpoint import About, save_checkpoint
from glosswright_model.data.batching import collate, encode_pairs
from glosswright_model.data.pairs import Pair
from glosswright_model.data.word_codec import WordCodec, WordCodecOptions
from glosswright_model.seq2seq.build import build
from glosswright_model.seq2seq.config import RnnConfig

NAMES = ("count", "total", "index", "width", "height", "offset", "depth", "limit")
STATEMENTS = [
    pair
    for name in NAMES
    for pair in (
        (f"add one to {name}", f"{name} += 1"),
        (f"print {name}", f"print({name})"),
        (f"set {name} to zero", f"{name} = 0"),
        (f"if {name} is empty , return it", f"if not {name}:\n    return {name}"),
    )
]
FUNCTIONS = [
    pair
    for name in NAMES
    for pair in (
        (f"Return {name} plus one.", f"return {name} + 1"),
        (f"Print {name} and return it.", f"print({name})\nreturn {name}"),
    )
]


def train_tiny(folder: Path, *, unit: Literal["statement", "function"] = "statement", updates: int = 60) -> Path:
    """Write a checkpoint; the same weights each time."""
    pairs = STATEMENTS if unit == "statement" else FUNCTIONS
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        # Names are unknown words, so that they can only be copied: names that were never seen can be too.
        options = WordCodecOptions(
            source_words="comment",
            target_words="python",
            source_min_frequency=len(NAMES) - 1,
            target_min_frequency=len(NAMES) - 1,
        )
        codec = WordCodec.build(pairs, options)
        config = RnnConfig(embedding_size=32, hidden_size=48, dropout=0.0, embedding_dropout=0.0)
        network = build(config, codec.source_size, codec.target_size)
        encoded = encode_pairs(codec, [Pair(source, target) for source, target in pairs])
        batch = collate(encoded.examples)
        optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
        for _ in range(updates):
            optimizer.zero_grad()
            loss = network(batch.source, batch.target).objective.sum() / batch.target_tokens
            loss.backward()
            optimizer.step()
    about = About(name=f"tiny-{unit}", unit=unit, language="python", data=("made up",), licence="Apache-2.0")
    save_checkpoint(folder, network.eval(), config, codec, about)
    return folder
