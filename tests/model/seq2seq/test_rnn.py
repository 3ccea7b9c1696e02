"""The recurrent network, in every combination of its options."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from harness.seq2seq_batches import SIZE, batch

from glosswright_model.seq2seq.build import build
from glosswright_model.seq2seq.config import RnnConfig

SMALL: dict[str, Any] = {"embedding_size": 8, "hidden_size": 12, "encoder_layers": 2, "decoder_layers": 2}
OPTIONS = [
    pytest.param(
        {"cell": cell, "attention": attention, "input_feeding": feeding, "coverage": coverage, "copy": copy},
        id="-".join([cell, attention, *["feeding"] * feeding, *["coverage"] * coverage, *["copy"] * copy]),
    )
    for cell, attention, feeding, coverage, copy in itertools.product(
        ("lstm", "gru", "rnn"),
        ("bahdanau", "dot", "general", "concat"),
        (False, True),
        (False, True),
        (False, True),
    )
    if not (attention == "bahdanau" and feeding)
]


@pytest.mark.parametrize("options", OPTIONS)
def test_step_by_step_gives_what_training_scores(options: dict[str, Any]) -> None:
    """Search and training must mean the same model: equal log-probabilities of gold tokens, to 1e-5, that sum to one."""
    network = build(RnnConfig(**SMALL, **options), SIZE, SIZE).eval()
    source, target = batch()
    losses = network(source, target)
    state = network.start(source)
    for t in range(target.ids.size(1) - 1):
        step = network.step(target.ids[:, t], state)
        state = step.state
        torch.testing.assert_close(step.log_probs.exp().sum(-1), torch.ones(4), atol=1e-5, rtol=0)
        assert step.attention is not None
        torch.testing.assert_close(step.attention, losses.attention[:, t], atol=1e-5, rtol=0)
        for row in range(4):
            gold = int(target.ids[row, t + 1])
            if losses.mask[row, t] and gold < step.log_probs.size(1):
                expected = step.log_probs[row, gold].clamp_min(-69.0)
                torch.testing.assert_close(losses.log_probs[row, t], expected, atol=1e-5, rtol=1e-5)
