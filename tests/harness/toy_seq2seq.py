"""A toy corpus that a tiny network learns in seconds: a sentence names a variable and a value, the code assigns it."""

from __future__ import annotations

import random
from pathlib import Path

from glosswright_model.checkpoint import About, save_checkpoint
from glosswright_model.data.pairs import Pair
from glosswright_model.data.word_codec import WordCodec
from glosswright_model.seq2seq.build import Network, build
from glosswright_model.seq2seq.config import NetworkConfig, RnnConfig

NAMES = ("alpha", "beta", "gamma", "delta", "omega", "kappa")
TINY = RnnConfig(embedding_size=12, hidden_size=16, dropout=0.1, embedding_dropout=0.0)
ABOUT = About(name="toy", unit="statement", language="python", data=("toy",), licence="CC0-1.0")


def toy_pairs(count: int, seed: int = 0) -> list[Pair]:
    """`set alpha to 7` and `alpha = 7`: what the code says must be copied."""
    chance = random.Random(seed)
    pairs = []
    for _ in range(count):
        name, value = chance.choice(NAMES), chance.randrange(40)
        pairs.append(Pair(f"set {name} to {value} please", f"{name} = {value}"))
    return pairs


def toy_codec() -> WordCodec:
    """Knows the names, not all of the numbers."""
    return WordCodec.build([(pair.source, pair.target) for pair in toy_pairs(40)])


def toy_network(codec: WordCodec, config: NetworkConfig = TINY) -> Network:
    """With its first weights."""
    return build(config, codec.source_size, codec.target_size)


def toy_checkpoint(folder: Path) -> Network:
    """Write an untrained checkpoint; its network."""
    codec = toy_codec()
    network = toy_network(codec)
    save_checkpoint(folder, network, TINY, codec, ABOUT)
    return network


def toy_corpus(folder: Path, train: int = 60, dev: int = 12) -> Path:
    """The corpus as two-file parallel text, for commands."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, count, seed in (("train", train, 1), ("dev", dev, 2), ("test", dev, 3)):
        pairs = toy_pairs(count, seed)
        (folder / f"{part}.src").write_text("".join(f"{pair.source}\n" for pair in pairs), encoding="utf-8")
        (folder / f"{part}.tgt").write_text("".join(f"{pair.target}\n" for pair in pairs), encoding="utf-8")
    return folder
