"""Layers for many steps in a row: on a CPU their weights are laid out once as its matrix kernel wants them.

A decoder multiplies a few rows by the same weights again and again, and a matrix product lays large weights out anew
each time. A packed layer computes what its layer computes, to rounding. Where packing is not to be had, on a GPU or
with gradients, a layer stays as it is.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from glosswright_model.seq2seq.recurrent import Recurrent

Linear = Callable[[Tensor], Tensor]
"""[..., I] -> [..., O]"""
Stepping = Callable[[Tensor, tuple[Tensor, ...]], tuple[Tensor, tuple[Tensor, ...]]]
"""Inputs [B, T, X] and a state to outputs [B, T, H] and the state behind them, as `Recurrent` does it."""
Made = TypeVar("Made")


def packed_linear(layer: nn.Linear) -> Linear:
    """The same layer, its weights as they are now."""
    return _packed(layer.weight, layer.bias) if pays(layer) else layer


def packed_tanh(layer: nn.Linear) -> Linear:
    """tanh behind the same layer."""
    return _packed(layer.weight, layer.bias, "tanh") if pays(layer) else lambda x: torch.tanh(layer(x))


def packed_log_softmax(layer: nn.Linear) -> Linear:
    """log softmax behind the same layer, in 32 bits."""
    if not pays(layer):
        return lambda x: torch.log_softmax(layer(x).float(), dim=-1)
    packed = packed_linear(layer)

    def log_probs(x: Tensor) -> Tensor:
        logits = packed(x)
        return torch.log_softmax(logits, dim=-1, out=logits)  # where they are in the cache already

    return log_probs


def packed_recurrent(recurrent: Recurrent) -> Stepping:
    """The same recurrent layers, their weights as they are now; packed are those of LSTMs."""
    if recurrent.parts == 2 and recurrent.directions == 1 and pays(recurrent):
        return PackedLstm(recurrent)
    return recurrent


def available() -> bool:
    """Whether this torch on this processor has the kernels."""
    return platform.machine() in ("x86_64", "AMD64") and torch.backends.mkldnn.is_available()


def pays(module: nn.Module) -> bool:
    """Whether a module may be packed and is the better for it."""
    weight = next(module.parameters())
    learning = module.training or torch.is_grad_enabled() or torch.is_autocast_enabled("cpu")
    return not learning and weight.device.type == "cpu" and weight.dtype == torch.float32 and available()


class Kept(Generic[Made]):
    """What was made of weights, from one search to the next; made anew when the weights have changed.

    A change is seen where torch counts it: optimizers, `load_state_dict` and other work in place do, `weight.data` not.
    """

    def __init__(self) -> None:
        self._weights: tuple[Tensor, ...] = ()
        self._stamp: tuple[tuple[int, int], ...] = ()
        self._made: Made | None = None

    def get(self, weights: Sequence[Tensor], make: Callable[[], Made]) -> Made:
        """What `make` makes of the weights."""
        if any(weight.is_inference() for weight in weights):  # their changes are not counted
            return make()
        stamp = tuple((weight.data_ptr(), weight._version) for weight in weights)
        same = len(weights) == len(self._weights) and all(map(_is, weights, self._weights))
        if self._made is None or not same or stamp != self._stamp:
            self._made, self._weights, self._stamp = make(), tuple(weights), stamp
        return self._made

    def __deepcopy__(self, memo: dict[int, Any]) -> Kept[Made]:
        return Kept()


class PackedLstm:
    """Layers of LSTM cells: in a step the gates are one product, [x; h] by [W U], and the candidate is another."""

    def __init__(self, recurrent: Recurrent) -> None:
        self._whole: Stepping = recurrent
        self._layers: list[tuple[Linear, Linear]] = []
        for layer in recurrent.layers:
            weight = torch.cat([layer.weight_ih_l0, layer.weight_hh_l0], dim=1)  # [4 H, X + H]
            bias = layer.bias_ih_l0 + layer.bias_hh_l0
            parts = torch.arange(4 * layer.hidden_size).view(4, -1)  # input, forget, candidate, output: torch's order
            gates, candidate = parts[[0, 1, 3]].flatten(), parts[2]
            self._layers.append(
                (
                    _packed(weight[gates], bias[gates], "sigmoid"),
                    _packed(weight[candidate], bias[candidate], "tanh"),
                )
            )

    def __call__(self, inputs: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Inputs [B, T, X], hidden and cell [layers, B, H] -> outputs [B, T, H] and the state behind them."""
        if inputs.size(1) != 1:
            return self._whole(inputs, state)
        x = inputs[:, 0]  # [B, X]
        hidden, cells = [], []
        for (gates, candidate), h, c in zip(self._layers, *state, strict=True):
            both = torch.cat([x, h], dim=1)
            i, f, o = gates(both).chunk(3, dim=1)  # [B, H] each
            c = torch.addcmul(f * c, i, candidate(both))
            x = o * torch.sub(2.0 * (2.0 * c).sigmoid(), 1.0)  # tanh c, in less than half of the time
            hidden.append(x)
            cells.append(c)
        return x[:, None], (_stacked(hidden), _stacked(cells))


def _stacked(parts: list[Tensor]) -> Tensor:
    """[B, H] each -> [layers, B, H]"""
    return parts[0][None] if len(parts) == 1 else torch.stack(parts)


def _packed(weight: Tensor, bias: Tensor, activation: str = "none") -> Linear:
    """[O, I], [O] -> the layer and what follows it; oneDNN's operators are those that torch's own compiler calls."""
    ours: Any = torch.ops.mkldnn
    laid_out = ours._reorder_linear_weight(weight)
    return lambda x: ours._linear_pointwise(x, laid_out, bias, activation, [], "")


def _is(one: object, other: object) -> bool:
    return one is other
