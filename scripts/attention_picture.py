"""Draw the pictures of docs/seq2seq.md: the attention of a tiny network, trained here in about a minute on one core.

    python scripts/attention_picture.py [--folder docs/pictures] [--updates 400]

The network learns eight kinds of sentences with names that come but once, so that it has to copy them. The sentence
that is drawn holds two names it has never seen. Seeds are fixed: the same version of torch draws the same pictures.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from glosswright_model.data.batching import Batches, BatchOptions, collate_sources, encode_pairs
from glosswright_model.data.pairs import Pair
from glosswright_model.data.word_codec import WordCodec, WordCodecOptions
from glosswright_model.decoding.greedy import greedy
from glosswright_model.evaluation.answers import Answer
from glosswright_model.evaluation.pictures import draw_attention
from glosswright_model.seq2seq.batch import EOS
from glosswright_model.seq2seq.build import build
from glosswright_model.seq2seq.config import RnnConfig
from glosswright_model.seq2seq.explain import explain

SENTENCES = (
    ("add {a} to {b}", "{b} += {a}"),
    ("subtract {a} from {b}", "{b} -= {a}"),
    ("append {a} to the list {b}", "{b} . append ( {a} )"),
    ("return the sum of {a} and {b}", "return {a} + {b}"),
    ("divide {a} by {b} and return the result", "return {a} / {b}"),
    ("if {a} is greater than {b} , return {b}", "if {a} > {b} : return {b}"),
    ("for every {a} in {b} , print {a}", "for {a} in {b} : print ( {a} )"),
    ("set {a} to the length of {b}", "{a} = len ( {b} )"),
)
DRAWN = "if distance is greater than limit , return limit"
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def pairs(count: int) -> list[Pair]:
    """Sentences of every kind in turn, with names of five letters by chance."""
    chance = random.Random(1)  # noqa: S311  # sentences, not secrets

    def name() -> str:
        return "".join(chance.choices(LETTERS, k=5))

    made = []
    for number in range(count):
        comment, code = SENTENCES[number % len(SENTENCES)]
        names = {"a": name(), "b": name()}
        made.append(Pair(comment.format(**names), code.format(**names)))
    return made


def main(given: Sequence[str] | None = None) -> None:
    """Train, decode, draw."""
    parser = argparse.ArgumentParser(description="Draw the pictures of docs/seq2seq.md.")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent.parent / "docs" / "pictures")
    parser.add_argument("--updates", type=int, default=400)
    arguments = parser.parse_args(given)
    torch.manual_seed(1)

    corpus = pairs(2000)
    once = WordCodecOptions(source_min_frequency=20, target_min_frequency=20)
    codec = WordCodec.build([(pair.source, pair.target) for pair in corpus], once)
    batches = Batches(encode_pairs(codec, corpus).examples, BatchOptions(size=32))
    network = build(RnnConfig(embedding_size=32, hidden_size=64), codec.source_size, codec.target_size)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    done = epoch = 0
    while done < arguments.updates:
        for batch in batches.epoch(epoch):
            losses = network(batch.source, batch.target)
            optimizer.zero_grad()
            (losses.objective.sum() / losses.mask.sum()).backward()
            optimizer.step()
            done += 1
            if done == arguments.updates:
                break
        epoch += 1

    network.eval()
    encoded = codec.encode_source(DRAWN)
    source = collate_sources([encoded])
    (found,) = greedy(network, source, max_length=20)
    explanation = explain(network, source, [*found.ids, EOS])
    print(codec.decode(found.ids, encoded.extras))

    def draw(name: str, weights: Tensor) -> None:
        answer = Answer(
            text=codec.decode(found.ids, encoded.extras),
            tokens=codec.target_tokens(found.ids, encoded.extras),
            source_words=encoded.words,
            log_prob=found.log_prob,
            finished=found.finished,
            truncated=0,
            attention=weights,
        )
        draw_attention(arguments.folder / name, answer)

    assert explanation.copied is not None
    draw("attention.png", explanation.attention)
    draw("copied.png", explanation.copied)


if __name__ == "__main__":
    main()
