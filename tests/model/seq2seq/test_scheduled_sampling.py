"""Scheduled sampling: gold tokens, the network's own, or a mix of both, and nothing left behind."""

from __future__ import annotations

import pytest
import torch
from harness.seq2seq_batches import SIZE, batch
from harness.seq2seq_configs import few

from glosswright_model.seq2seq.batch import BOS, PAD
from glosswright_model.seq2seq.build import build
from glosswright_model.seq2seq.config import NetworkConfig
from glosswright_model.seq2seq.scheduled_sampling import mixed_inputs

CONFIGS = [pytest.param(config, id=name) for name, config in few().items()]


@pytest.mark.parametrize("config", CONFIGS)
def test_all_own_tokens_are_what_greedy_search_finds(config: NetworkConfig) -> None:
    """With share 1 the inputs must be the network's own continuation, so that training meets what decoding meets."""
    network = build(config, SIZE, SIZE)
    source, target = batch()
    inputs = mixed_inputs(network, source, target, 1.0)
    network.eval()
    state = network.start(source)
    previous = torch.full((4,), BOS)
    for t in range(inputs.size(1)):
        real = target.ids[:, t] != PAD
        assert torch.equal(inputs[real, t], previous[real])
        assert (inputs[~real, t] == PAD).all()
        step = network.step(inputs[:, t], state)
        state, previous = step.state, step.log_probs.argmax(-1)


def test_no_share_changes_nothing() -> None:
    """Teacher forcing is the share 0."""
    source, target = batch()
    network = build(few()["lstm-general-copy"], SIZE, SIZE)
    assert torch.equal(mixed_inputs(network, source, target, 0.0), target.ids[:, :-1])


def test_share_and_seed_decide_where() -> None:
    """About the asked share of places is replaced, and the same places for the same seed."""
    source, target = batch(rows=64, target_length=20)
    network = build(few()["lstm-general-copy"], SIZE, SIZE)

    def mixed(seed: int) -> torch.Tensor:
        return mixed_inputs(network, source, target, 0.4, generator=torch.Generator().manual_seed(seed))

    inputs = mixed(1)
    changed = (inputs != target.ids[:, :-1]).float().mean()
    assert 0.25 < changed < 0.42  # an own token may happen to be the gold one
    assert torch.equal(inputs, mixed(1))
    assert not torch.equal(inputs, mixed(2))


def test_training_goes_on_as_before() -> None:
    """Choosing tokens takes no gradient and leaves the network in training mode; learning from them gives one."""
    source, target = batch()
    network = build(few()["lstm-general-copy"], SIZE, SIZE).train()
    inputs = mixed_inputs(network, source, target, 0.5)
    assert network.training
    assert not inputs.requires_grad
    network(source, target, inputs=inputs).objective.sum().backward()
    assert all(weight.grad is not None for weight in network.parameters())


def test_inputs_are_what_is_fed() -> None:
    """Other inputs, other probabilities, from the place on where they differ."""
    source, target = batch()
    network = build(few()["lstm-general-copy"], SIZE, SIZE).eval()
    inputs = target.ids[:, :-1].clone()
    inputs[0, 2] = 5 if inputs[0, 2] != 5 else 6
    gold, other = network(source, target), network(source, target, inputs=inputs)
    assert torch.equal(gold.log_probs[0, :2], other.log_probs[0, :2])
    assert not torch.isclose(gold.log_probs[0, 2], other.log_probs[0, 2])
    assert torch.equal(gold.log_probs[1:], other.log_probs[1:])
