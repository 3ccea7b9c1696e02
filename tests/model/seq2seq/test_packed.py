"""Packed layers compute what their layers compute, and are taken only where they may be."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from harness.seq2seq_batches import SIZE, batch
from harness.seq2seq_configs import few
from torch import nn

from glosswright_model.seq2seq import packed
from glosswright_model.seq2seq.batch import BOS
from glosswright_model.seq2seq.build import Network, build
from glosswright_model.seq2seq.packed import (
    Linear,
    PackedLstm,
    packed_linear,
    packed_log_softmax,
    packed_recurrent,
    packed_tanh,
)
from glosswright_model.seq2seq.recurrent import Recurrent

needs_kernel = pytest.mark.skipif(not packed.available(), reason="this torch has no oneDNN, or no x86 processor")


@needs_kernel
@pytest.mark.parametrize("rows", [1, 5, 64])
@pytest.mark.parametrize(
    ("pack", "behind"),
    [
        (packed_linear, lambda x: x),
        (packed_tanh, torch.tanh),
        (packed_log_softmax, lambda x: torch.log_softmax(x, dim=-1)),
    ],
)
def test_a_packed_linear_layer_is_its_layer(
    pack: Callable[[nn.Linear], Linear], behind: Callable[[torch.Tensor], torch.Tensor], rows: int
) -> None:
    """To 1e-5, for the row or two that one comment has and for a batch; with its bias, and with what follows it, also
    where the layer itself is taken."""
    layer = nn.Linear(24, 4001).eval()
    inputs = 3.0 * torch.randn(rows, 24)
    plain = pack(layer)(inputs)  # gradients, so it is not packed
    with torch.no_grad():
        expected = behind(layer(inputs))
        torch.testing.assert_close(pack(layer)(inputs), expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(plain, expected, atol=1e-5, rtol=0)
    assert plain.requires_grad


@needs_kernel
def test_layers_are_packed_once_and_again_when_weights_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packing costs as much as several steps; but a search must never see the weights of before an update. Nor may a
    copy of a network decode with the weights of the first one."""
    packings: list[torch.Tensor] = []
    real = packed._packed

    def counting(weight: torch.Tensor, *rest: object) -> Linear:
        packings.append(weight)
        return real(weight, *rest)

    monkeypatch.setattr(packed, "_packed", counting)
    network = build(few()["lstm-general-copy"], SIZE, SIZE).eval()
    source, _ = batch()

    def answer(network: Network) -> torch.Tensor:
        with torch.no_grad():
            return network.step(torch.full((4,), BOS), network.start(source)).log_probs

    first = answer(network)
    once = len(packings)
    assert once > 0
    assert torch.equal(answer(network), first)
    assert len(packings) == once
    twin = copy.deepcopy(network)
    with torch.no_grad():
        for change in (network.output.weight, network.decoder.recurrent.layers[0].weight_hh_l0):
            before = answer(network)
            change.mul_(2.0)
            assert not torch.allclose(answer(network), before)
    assert torch.equal(answer(twin), first)
    network.load_state_dict(twin.state_dict())
    assert torch.equal(answer(network), first)


@needs_kernel
def test_packed_lstm_layers_are_their_layers() -> None:
    """Two layers, four steps that hand their state on: outputs and state to 1e-5; and all steps at once."""
    recurrent = Recurrent("lstm", 5, 6, 2, dropout=0.5).eval()
    inputs = torch.randn(3, 4, 5)
    with torch.no_grad():
        fast = packed_recurrent(recurrent)
        assert isinstance(fast, PackedLstm)
        state = mine = (torch.randn(2, 3, 6), torch.randn(2, 3, 6))
        for t in range(4):
            expected, state = recurrent(inputs[:, t : t + 1], state)
            outputs, mine = fast(inputs[:, t : t + 1], mine)
            torch.testing.assert_close(outputs, expected, atol=1e-5, rtol=0)
            for one, other in zip(mine, state, strict=True):
                torch.testing.assert_close(one, other, atol=1e-5, rtol=0)
        first = (torch.zeros(2, 3, 6), torch.zeros(2, 3, 6))
        torch.testing.assert_close(fast(inputs, first)[0], recurrent(inputs, first)[0], atol=1e-5, rtol=0)


def test_layers_that_learn_stay_as_they_are() -> None:
    """A packed layer has no gradients and no dropout, and keeps the weights it was made of."""
    linear, recurrent = nn.Linear(4, 4), Recurrent("lstm", 4, 4, 1)
    assert packed_linear(linear) is linear  # gradients
    with torch.no_grad():
        assert packed_linear(linear) is linear  # training
        assert packed_recurrent(recurrent) is recurrent
        assert packed_linear(linear.eval().to(torch.bfloat16)) is linear
        with torch.autocast("cpu", torch.bfloat16):
            assert packed_linear(linear.float()) is linear


def test_cells_that_are_not_packed_stay_as_they_are() -> None:
    """Those of other kinds, and both directions at once, which no decoder has."""
    with torch.no_grad():
        for layers in (Recurrent("gru", 4, 4, 1).eval(), Recurrent("lstm", 4, 4, 1, bidirectional=True).eval()):
            assert packed_recurrent(layers) is layers
