"""Recurrent layers: padded sequences give what torch's packed ones give."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from glosswright_model.seq2seq.recurrent import Recurrent


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_padding_never_reaches_the_state(cell: str, bidirectional: bool) -> None:
    """Outputs, last states and gradients of torch's own packed sequences, to 1e-5; lengths are in no order."""
    ours = Recurrent(cell, 5, 6, 2, bidirectional=bidirectional)
    kind = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[cell]
    reference = kind(5, 6, 2, batch_first=True, bidirectional=bidirectional)
    with torch.no_grad():
        for name, weight in reference.named_parameters():
            layer = int(name.split("_l")[1][0])
            weight.copy_(ours.layers[layer].get_parameter(name.replace(f"_l{layer}", "_l0")))
    lengths = torch.tensor([3, 7, 1, 5])
    inputs = 3 * torch.randn(4, 7, 5)
    outputs, last = ours(inputs, lengths=lengths)
    packed, expected_last = reference(pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False))
    expected, _ = pad_packed_sequence(packed, batch_first=True)
    torch.testing.assert_close(outputs, expected, atol=1e-5, rtol=0)
    parts = expected_last if isinstance(expected_last, tuple) else (expected_last,)
    for mine, theirs in zip(last, parts, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=0)

    scale = torch.randn_like(outputs)
    ((outputs * scale).sum() + sum(part.sum() for part in last)).backward()
    ((expected * scale).sum() + sum(part.sum() for part in parts)).backward()
    for name, weight in reference.named_parameters():
        layer = int(name.split("_l")[1][0])
        mine = ours.layers[layer].get_parameter(name.replace(f"_l{layer}", "_l0"))
        torch.testing.assert_close(mine.grad, weight.grad, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_going_on_from_a_state_is_going_on(cell: str) -> None:
    """Seven steps at once are three and then four: what step-by-step decoding stands on (to 1e-6)."""
    recurrent = Recurrent(cell, 5, 6, 2)
    inputs = torch.randn(3, 7, 5)
    whole, last = recurrent(inputs)
    first, between = recurrent(inputs[:, :3])
    second, end = recurrent(inputs[:, 3:], between)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole, atol=1e-6, rtol=0)
    for one, other in zip(end, last, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=0)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("lengths", [None, torch.tensor([4, 2])])
def test_recurrent_dropout_drops_recurrent_weights_in_training_alone(cell: str, lengths: torch.Tensor | None) -> None:
    """The first step has no state to weigh, so it must not change; the later ones must; in evaluation none does."""
    recurrent = Recurrent(cell, 5, 6, 1, recurrent_dropout=0.5)
    inputs = torch.randn(2, 4, 5)
    recurrent.eval()
    plain, _ = recurrent(inputs, lengths=lengths)
    assert torch.equal(plain, recurrent(inputs, lengths=lengths)[0])
    recurrent.train()
    dropped, _ = recurrent(inputs, lengths=lengths)
    torch.testing.assert_close(dropped[:, 0], plain[:, 0])
    assert not torch.allclose(dropped[:, 1], plain[:, 1])
    dropped.sum().backward()
    assert all(weight.grad is not None and weight.grad.any() for weight in recurrent.parameters())


def test_dropout_lies_between_layers_alone() -> None:
    """One layer has nothing between; two have."""
    inputs = torch.randn(2, 4, 5)
    one, two = (Recurrent("lstm", 5, 6, layers, dropout=0.5).train() for layers in (1, 2))
    assert torch.equal(one(inputs)[0], one(inputs)[0])
    assert not torch.equal(two(inputs)[0], two(inputs)[0])


def test_forget_gates_start_open() -> None:
    """Jozefowicz et al. 2015: a bias of 1 on top of the usual initialisation of the other bias."""
    layer = Recurrent("lstm", 5, 6, 1).layers[0]
    assert (layer.bias_ih_l0[6:12] == 1).all()
    assert (layer.bias_ih_l0[:6].abs() < 1).all()
