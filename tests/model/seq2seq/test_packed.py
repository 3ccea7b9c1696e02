"""Packed layers compute what their layers compute, and are taken only where they may be."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from glosswright_model.seq2seq import packed
from glosswright_model.seq2seq.packed import PackedLstm, packed_linear, packed_recurrent
from glosswright_model.seq2seq.recurrent import Recurrent

needs_kernel = pytest.mark.skipif(not packed.available(), reason="this torch has no oneDNN, or no x86 processor")


@needs_kernel
@pytest.mark.parametrize("rows", [1, 5, 64])
def test_a_packed_linear_layer_is_its_layer(rows: int) -> None:
    """To 1e-5, for the row or two that one comment has and for a batch; with its bias."""
    layer = nn.Linear(24, 40).eval()
    with torch.no_grad():
        fast = packed_linear(layer)
        assert fast is not layer
        inputs = torch.randn(rows, 24)
        torch.testing.assert_close(fast(inputs), layer(inputs), atol=1e-5, rtol=0)


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
