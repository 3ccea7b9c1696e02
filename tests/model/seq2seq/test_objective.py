"""The objective against its definition, computed the slow way from whole distributions."""

from __future__ import annotations

import pytest
import torch
from harness.seq2seq_batches import SIZE, batch
from harness.seq2seq_configs import small_rnn, small_transformer
from torch.nn.functional import cross_entropy

from glosswright_model.seq2seq.batch import Target
from glosswright_model.seq2seq.build import build
from glosswright_model.seq2seq.config import NetworkConfig


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.4])
@pytest.mark.parametrize("config", [small_rnn(copy=False), small_transformer(copy=False)], ids=["rnn", "transformer"])
def test_without_copying_it_is_torchs_cross_entropy(config: NetworkConfig, smoothing: float) -> None:
    """Label smoothing as torch.nn.functional.cross_entropy has it, to 1e-5."""
    network = build(config, SIZE, SIZE).eval()
    source, target = batch()
    ids = target.ids.masked_fill(target.ids >= SIZE, 7)
    losses = network(source, Target(ids), label_smoothing=smoothing)
    state = network.start(source)
    for t in range(5):
        step = network.step(ids[:, t], state)
        state = step.state
        expected = cross_entropy(step.log_probs, ids[:, t + 1], reduction="none", label_smoothing=smoothing)
        torch.testing.assert_close(losses.objective[:, t], expected * losses.mask[:, t], atol=1e-5, rtol=1e-5)


def test_smoothing_with_copying_is_about_the_generator() -> None:
    """(1 - e) of the mixture's loss and e of the generator's mean loss; the gate closed, both are the generator's."""
    network = build(small_rnn(), SIZE, SIZE).eval()
    with torch.no_grad():
        network.decoder.gate.weight.zero_()
        network.decoder.gate.bias.fill_(200.0)  # never copy
    source, target = batch()
    ids = target.ids.masked_fill(target.ids >= SIZE, 7)
    plain, smooth = (network(source, Target(ids), label_smoothing=share).objective for share in (0.0, 0.3))
    step = network.step(ids[:, 0], network.start(source))
    uniform = -step.log_probs[:, :SIZE].mean(-1)
    torch.testing.assert_close(smooth[:, 0], 0.7 * plain[:, 0] + 0.3 * uniform, atol=1e-5, rtol=1e-5)


def test_log_probs_are_never_smoothed() -> None:
    """Reranking and policy gradients need the model's own probabilities, whatever it is trained with."""
    network = build(small_rnn(), SIZE, SIZE).eval()
    source, target = batch()
    plain, smooth = (network(source, target, label_smoothing=share) for share in (0.0, 0.3))
    assert torch.equal(plain.log_probs, smooth.log_probs)
    assert not torch.equal(plain.objective, smooth.objective)


def test_coverage_loss_by_its_definition() -> None:
    """See et al. 2017, eq. 12: what is looked at again counts, by the smaller of now and so far; weighted in."""
    network = build(small_rnn(coverage=True, coverage_weight=2.5), SIZE, SIZE).eval()
    source, target = batch()
    losses = network(source, target, attention=True)
    assert losses.attention is not None
    assert losses.coverage is not None
    seen = torch.zeros(4, 6)
    for t in range(5):
        now = losses.attention[:, t]
        expected = torch.minimum(now, seen).sum(-1) * losses.mask[:, t]
        torch.testing.assert_close(losses.coverage[:, t], expected)
        seen = seen + now
    assert (losses.coverage[:, 0] == 0).all()
    torch.testing.assert_close(losses.objective, -losses.log_probs + 2.5 * losses.coverage)


def test_attention_comes_when_asked_for() -> None:
    """In training nobody looks at it."""
    for config in (small_rnn(), small_transformer(), small_transformer(copy_from="attention")):
        network = build(config, SIZE, SIZE).eval()
        assert network(*batch()).attention is None
        seen = network(*batch(), attention=True).attention
        assert seen is not None
        torch.testing.assert_close(seen.sum(-1), torch.ones(4, 5))
