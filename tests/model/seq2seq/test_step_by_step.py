"""Decoding one token at a time computes what training computes for a whole target, in every architecture."""

from __future__ import annotations

import pytest
import torch
from harness.seq2seq_batches import SIZE, batch
from harness.seq2seq_configs import architectures

from glosswright_model.seq2seq.batch import Source, Target
from glosswright_model.seq2seq.build import build
from glosswright_model.seq2seq.config import NetworkConfig
from glosswright_model.seq2seq.network import Losses, TrainableModel


@pytest.mark.parametrize("gradients", [True, False])
@pytest.mark.parametrize("config", [pytest.param(config, id=name) for name, config in architectures().items()])
def test_step_by_step_gives_what_training_scores(config: NetworkConfig, gradients: bool) -> None:
    """Search and training mean the same model: equal log-probabilities of gold tokens, to 1e-5, that sum to one.

    Also without gradients, when layers are packed for many steps.
    """
    network = build(config, SIZE, SIZE).eval()
    source, target = batch()
    losses = network(source, target, attention=True)
    with torch.set_grad_enabled(gradients):
        _step_by_step(network, source, target, losses)


def _step_by_step(network: TrainableModel, source: Source, target: Target, losses: Losses) -> None:
    assert losses.attention is not None
    state = network.start(source)
    for t in range(target.ids.size(1) - 1):
        step = network.step(target.ids[:, t], state)
        state = step.state
        torch.testing.assert_close(step.log_probs.exp().sum(-1), torch.ones(4), atol=1e-5, rtol=0)
        assert step.attention is not None
        torch.testing.assert_close(step.attention, losses.attention[:, t], atol=1e-5, rtol=0)
        torch.testing.assert_close(step.attention.sum(-1), torch.ones(4), atol=1e-5, rtol=0)
        for row in range(4):
            gold = int(target.ids[row, t + 1])
            if losses.mask[row, t] and gold < step.log_probs.size(1):
                expected = step.log_probs[row, gold].clamp_min(-69.0)
                torch.testing.assert_close(losses.log_probs[row, t], expected, atol=1e-5, rtol=1e-5)
