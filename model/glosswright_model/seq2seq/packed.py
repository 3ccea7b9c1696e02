"""Layers for many steps in a row: on a CPU their weights are laid out once as its matrix kernel wants them.

A decoder multiplies a few rows by the same weights again and again, and a matrix product lays large weights out anew
each time. A packed layer computes what its layer computes, to rounding. Where packing is not to be had, on a GPU or
with gradients, a layer stays as it is.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from glosswright_model.seq2seq.recurrent import Recurrent

Linear = Callable[[Tensor], Tensor]
"""[..., I] -> [..., O]"""
Stepping = Callable[[Tensor, tuple[Tensor, ...]], tuple[Tensor, tuple[Tensor, ...]]]
"""Inputs [B, T, X] and a state to outputs [B, T, H] and the state behind them, as `Recurrent` does it."""


def packed_linear(layer: nn.Linear) -> Linear:
    """The same layer, its weights as they are now."""
    return _packed(layer.weight, layer.bias) if _pays(layer) else layer


def packed_recurrent(recurrent: Recurrent) -> Stepping:
    """The same recurrent layers, their weights as they are now; packed are those of LSTMs."""
    if recurrent.parts == 2 and recurrent.directions == 1 and _pays(recurrent):
        return PackedLstm(recurrent)
    return recurrent


def available() -> bool:
    """Whether this torch on this processor has the kernels."""
    return platform.machine() in ("x86_64", "AMD64") and torch.backends.mkldnn.is_available()


class PackedLstm:
    """Layers of LSTM cells: in a step all four gates are one product, [x; h] by [W U]."""

    def __init__(self, recurrent: Recurrent) -> None:
        self._whole: Stepping = recurrent
        self._gates: list[Linear] = []
        for layer in recurrent.layers:
            size = layer.hidden_size
            weight = torch.cat([layer.weight_ih_l0, layer.weight_hh_l0], dim=1)  # [4 H, X + H]
            sigmoids_first = torch.arange(4 * size).view(4, size)[[0, 1, 3, 2]].flatten()  # input, forget, output, cell
            self._gates.append(_packed(weight[sigmoids_first], (layer.bias_ih_l0 + layer.bias_hh_l0)[sigmoids_first]))

    def __call__(self, inputs: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Inputs [B, T, X], hidden and cell [layers, B, H] -> outputs [B, T, H] and the state behind them."""
        if inputs.size(1) != 1:
            return self._whole(inputs, state)
        x = inputs[:, 0]  # [B, X]
        hidden, cells = [], []
        for gates, h, c in zip(self._gates, *state, strict=True):
            x, c = _lstm(gates(torch.cat([x, h], dim=1)), c)
            hidden.append(x)
            cells.append(c)
        return x[:, None], (torch.stack(hidden), torch.stack(cells))


def _lstm(gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """Sums [B, 4 H] of input, forget, output gate and candidate, and cell [B, H] -> hidden and cell [B, H]."""
    size = cell.size(1)
    i, f, o = gates[:, : 3 * size].sigmoid().chunk(3, dim=1)
    c = torch.addcmul(f * cell, i, gates[:, 3 * size :].tanh())
    return o * c.tanh(), c


def _pays(module: nn.Module) -> bool:
    """Whether a module may be packed and is the better for it."""
    weight = next(module.parameters())
    learning = module.training or torch.is_grad_enabled() or torch.is_autocast_enabled("cpu")
    return not learning and weight.device.type == "cpu" and weight.dtype == torch.float32 and available()


def _packed(weight: Tensor, bias: Tensor) -> Linear:
    """[O, I], [O] -> the layer; oneDNN's operators are those that torch's own compiler calls."""
    ours: Any = torch.ops.mkldnn
    laid_out = ours._reorder_linear_weight(weight)
    return lambda x: ours._linear_pointwise(x, laid_out, bias, "none", [], "")
