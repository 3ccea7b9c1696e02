"""A network that learns: from nothing to copying words it has never seen, in seconds on a CPU."""

from __future__ import annotations

import pytest
import torch

from glosswright_model.seq2seq.batch import BOS, EOS, UNK, Source, Target
from glosswright_model.seq2seq.build import build
from glosswright_model.seq2seq.config import NetworkConfig, RnnConfig, TransformerConfig

NAMES = 12
"""Words behind the vocabulary in each batch, all of them unknown to the embedding."""
SMALL = 8
"""Ids of both vocabularies: the special ones, and 4 words."""


def examples(count: int, generator: torch.Generator) -> tuple[Source, Target]:
    """Sources of one to three unknown names between known words; the target is the names, in order."""
    width = 6
    ids = torch.zeros(count, width, dtype=torch.int64)
    copies = torch.zeros_like(ids)
    target = torch.zeros(count, 5, dtype=torch.int64)
    target[:, 0] = BOS
    lengths = torch.zeros(count, dtype=torch.int64)
    for row in range(count):
        names = int(torch.randint(1, 4, (), generator=generator))
        place = 0
        for number in range(names):
            ids[row, place] = copies[row, place] = int(torch.randint(4, SMALL, (), generator=generator))
            name = SMALL + int(torch.randint(0, NAMES, (), generator=generator))
            ids[row, place + 1], copies[row, place + 1] = UNK, name
            target[row, number + 1] = name
            place += 2
        target[row, names + 1] = EOS
        lengths[row] = place
    width = int(lengths.max())
    return Source(ids[:, :width], lengths, copies[:, :width], NAMES), Target(target)


CONFIGS: list[NetworkConfig] = [
    RnnConfig(embedding_size=16, hidden_size=32, dropout=0.0, embedding_dropout=0.0),
    RnnConfig(embedding_size=16, hidden_size=32, dropout=0.0, embedding_dropout=0.0, attention="bahdanau", cell="gru"),
    TransformerConfig(model_size=32, feedforward_size=64, encoder_layers=1, decoder_layers=2, dropout=0.0),
]


@pytest.mark.parametrize("config", CONFIGS, ids=["lstm", "gru-bahdanau", "transformer"])
def test_learns_to_copy(config: NetworkConfig) -> None:
    """Names cannot be generated: only by copying from the right place is any target right. 95 % must be, greedily."""
    generator = torch.Generator().manual_seed(5)
    network = build(config, SMALL, SMALL)
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
    for _ in range(250):
        losses = network(*examples(32, generator))
        optimizer.zero_grad()
        (losses.objective.sum() / losses.mask.sum()).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()

    network.eval()
    source, target = examples(128, generator)
    with torch.no_grad():
        state, previous = network.start(source), torch.full((128,), BOS)
        right = torch.ones(128, dtype=torch.bool)
        for t in range(1, 5):
            step = network.step(previous, state)
            state, previous = step.state, step.log_probs.argmax(-1)
            right &= (previous == target.ids[:, t]) | (target.ids[:, t] == 0)
    assert right.float().mean() >= 0.95
