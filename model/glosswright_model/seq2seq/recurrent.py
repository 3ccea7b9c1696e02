"""Layers of Elman, GRU or LSTM cells over padded sequences, with dropout between them and on the recurrent weights.

A thin wrapper of torch's fused kernels, so that the state is a tuple of tensors whatever the cell, and padding never
reaches it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from glosswright_model.seq2seq.embedding import Dropout

HOLD = 100.0
"""Closes or opens a gate of an LSTM entirely: sigmoid(-100) is 0 and sigmoid(100) is 1 in single precision."""


class Recurrent(nn.Module):
    """`layers` recurrent layers, batch first.

    Dropout of recurrent weights is DropConnect with one mask for a batch and all its steps (Merity et al. 2018, arXiv
    1708.02182, section 2): the fused kernel keeps its speed.
    """

    def __init__(
        self,
        cell: str,
        input_size: int,
        hidden_size: int,
        layers: int,
        *,
        bidirectional: bool = False,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        variational: bool = False,
    ) -> None:
        super().__init__()
        kind = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[cell]
        self.directions = 2 if bidirectional else 1
        self.parts = 2 if cell == "lstm" else 1
        """Tensors in the state."""
        sizes = [input_size] + [hidden_size * self.directions] * (layers - 1)
        self.layers = nn.ModuleList(
            kind(size, hidden_size, batch_first=True, bidirectional=bidirectional) for size in sizes
        )
        self.between = Dropout(dropout, variational=variational)
        self.recurrent_dropout = recurrent_dropout
        if cell == "lstm":
            for name, bias in self.named_parameters():
                if "bias_ih" in name:  # the forget gate starts open (Jozefowicz et al. 2015, section 2.2)
                    with torch.no_grad():
                        bias[hidden_size : 2 * hidden_size].fill_(1.0)

    def forward(
        self, inputs: Tensor, state: tuple[Tensor, ...] | None = None, *, lengths: Tensor | None = None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Run over T positions.

        Args:
            inputs: [B, T, X]
            state: before them, `parts` tensors [layers * directions, B, H]; zeros if None.
            lengths: [B] on the CPU: how many of the T positions are real; instead of a state. Outputs behind them are
                0, and the last states are those at the last real position. None if all are real, as in a decoder.

        Returns:
            Outputs [B, T, directions * H], and the last states, like `state`.
        """
        lasts: list[tuple[Tensor, ...]] = []
        for number, layer in enumerate(self.layers):
            if number > 0:
                inputs = self.between(inputs)
            if lengths is None:
                inputs, last = self._whole(layer, inputs, self._of_layer(state, number))
            elif self.parts == 2 and inputs.device.type == "cpu":
                inputs, last = self._holding(layer, inputs, lengths)
            else:
                inputs, last = self._packed(layer, inputs, lengths)
            lasts.append(last)
        if len(lasts) == 1:
            return inputs, lasts[0]
        return inputs, tuple(torch.cat(parts, dim=0) for parts in zip(*lasts, strict=True))

    def _of_layer(self, state: tuple[Tensor, ...] | None, number: int) -> tuple[Tensor, ...] | None:
        if state is None or len(self.layers) == 1:
            return state
        here = slice(number * self.directions, (number + 1) * self.directions)
        return tuple(part[here] for part in state)

    def _whole(
        self, layer: nn.Module, inputs: Tensor | PackedSequence, state: tuple[Tensor, ...] | None
    ) -> tuple[Any, tuple[Tensor, ...]]:
        """One layer over everything that is there."""
        given = state if state is None or self.parts == 2 else state[0]
        if self.training and self.recurrent_dropout > 0.0:
            outputs, last = torch.func.functional_call(layer, self._weights(layer), (inputs, given))
        else:
            outputs, last = layer(inputs, given)
        return outputs, last if self.parts == 2 else (last,)

    def _packed(self, layer: nn.Module, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """One layer over the real positions alone."""
        packed = pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
        outputs, last = self._whole(layer, packed, None)
        padded, _ = pad_packed_sequence(outputs, batch_first=True, total_length=inputs.size(1))
        return padded, last

    def _holding(self, layer: nn.Module, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The same for an LSTM on a CPU, up to twice as fast: the kernel of oneDNN does not know packed sequences.

        One more input feature, 1 at padding, shuts the input gate and opens the forget gate there. So the cell keeps
        its value through the padding behind a sequence, and stays 0 through that before it when reading backwards.
        """
        rows, length, size = inputs.size(0), inputs.size(1), layer.hidden_size
        padding = (torch.arange(length) >= lengths[:, None])[:, :, None]  # [B, T, 1]
        gates = inputs.new_zeros(4 * size, 1)  # input, forget, cell, output: the order of torch.nn.LSTM
        gates[:size], gates[size : 2 * size] = -HOLD, HOLD
        weights = self._weights(layer)
        given: list[Tensor] = []
        for suffix in ("_l0", "_l0_reverse")[: self.directions]:
            given.append(torch.cat([weights["weight_ih" + suffix], gates], dim=1))
            given += [weights[name + suffix] for name in ("weight_hh", "bias_ih", "bias_hh")]
        zeros = inputs.new_zeros(self.directions, rows, size)
        with_padding = torch.cat([inputs, padding.to(inputs.dtype)], dim=-1)  # [B, T, X + 1]
        # What nn.LSTM calls: biases, layers, dropout, training, bidirectional, batch first.
        outputs, hidden, cells = torch.lstm(
            with_padding, (zeros, zeros), given, True, 1, 0.0, self.training, self.directions == 2, True
        )
        ends = (lengths - 1)[None, :, None].expand(1, rows, size)
        forwards = outputs[:, :, :size].gather(1, ends.transpose(0, 1)).transpose(0, 1)  # [1, B, H]: h goes on changing
        hidden = torch.cat([forwards, hidden[1:]], dim=0)
        return outputs.masked_fill(padding, 0.0), (hidden, cells)

    def _weights(self, layer: nn.Module) -> dict[str, Tensor]:
        """A layer's weights by name, in training with some of the recurrent ones left out."""
        share = self.recurrent_dropout if self.training else 0.0
        return {
            name: nn.functional.dropout(weight, share) if share and name.startswith("weight_hh") else weight
            for name, weight in layer.named_parameters()
        }
