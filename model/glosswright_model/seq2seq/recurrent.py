"""Layers of Elman, GRU or LSTM cells with dropout between them and, if asked, on the recurrent weights.

A thin wrapper of torch's fused modules, so that the state is a tuple of tensors whatever the cell.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from glosswright_model.seq2seq.embedding import Dropout


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
        self, inputs: Tensor | PackedSequence, state: tuple[Tensor, ...] | None = None
    ) -> tuple[Any, tuple[Tensor, ...]]:
        """[B, T, X], or packed -> outputs [B, T, directions * H], or packed, and the last states.

        States, given and returned, are tuples of `parts` tensors [layers * directions, B, H].
        """
        lasts: list[tuple[Tensor, ...]] = []
        for number, layer in enumerate(self.layers):
            if number > 0:
                inputs = self._drop(inputs)
            first = (
                None
                if state is None
                else tuple(
                    part[number * self.directions : (number + 1) * self.directions].contiguous() for part in state
                )
            )
            inputs, last = self._run(layer, inputs, first)
            lasts.append(last)
        return inputs, tuple(torch.cat(parts, dim=0) for parts in zip(*lasts, strict=True))

    def _run(
        self, layer: nn.Module, inputs: Tensor | PackedSequence, first: tuple[Tensor, ...] | None
    ) -> tuple[Any, tuple[Tensor, ...]]:
        """One layer, with some of its recurrent weights left out in training."""
        given = first if first is None or self.parts == 2 else first[0]
        if self.training and self.recurrent_dropout > 0.0:
            dropped = {
                name: nn.functional.dropout(weight, self.recurrent_dropout)
                for name, weight in layer.named_parameters()
                if name.startswith("weight_hh")
            }
            outputs, last = torch.func.functional_call(layer, dropped, (inputs, given))
        else:
            outputs, last = layer(inputs, given)
        return outputs, last if self.parts == 2 else (last,)

    def _drop(self, inputs: Tensor | PackedSequence) -> Tensor | PackedSequence:
        """Dropout between layers; packed features get a mask for each position, they know no sequences."""
        if isinstance(inputs, PackedSequence):
            data = self.between(inputs.data[:, None])[:, 0]
            return PackedSequence(data, inputs.batch_sizes, inputs.sorted_indices, inputs.unsorted_indices)
        return self.between(inputs)
