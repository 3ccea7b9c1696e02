"""Networks under autocast: the loss stays in single precision, and half as many bits change it little."""

from __future__ import annotations

import pytest
import torch
from harness.seq2seq_batches import SIZE, batch
from harness.seq2seq_configs import few

from glosswright_model.seq2seq.build import build
from glosswright_model.seq2seq.config import NetworkConfig


@pytest.mark.parametrize("config", [pytest.param(config, id=name) for name, config in few().items()])
def test_bf16_computes_nearly_the_same(config: NetworkConfig) -> None:
    """Log-probabilities in fp32, within 0.2 of those without autocast (bf16 keeps three digits), finite gradients."""
    network = build(config, SIZE, SIZE).eval()
    source, target = batch()
    exact = network(source, target, label_smoothing=0.1)
    with torch.autocast("cpu", torch.bfloat16):
        short = network(source, target, label_smoothing=0.1)
    assert short.log_probs.dtype == short.objective.dtype == torch.float32
    torch.testing.assert_close(short.log_probs, exact.log_probs, atol=0.2, rtol=0)
    short.objective.sum().backward()
    assert all(weight.grad is None or torch.isfinite(weight.grad).all() for weight in network.parameters())
