"""Discriminators: how much a target looks like one that a person wrote for this source.

For adversarial training (SeqGAN, Yu et al. 2017, arXiv 1609.05473): the convolutional one follows Kim 2014 (arXiv
1408.5882) with SeqGAN's highway layer; the recurrent one reads in both directions. Both see source and target, each
through an encoder of its own, as in conditional SeqGAN (Yang et al. 2018, arXiv 1703.04887, section 3.2). They give
logits; the reward of a generator is their sigmoid.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, relu

from glosswright_model.seq2seq.batch import PAD, Source, Target
from glosswright_model.seq2seq.embedding import TokenEmbedding
from glosswright_model.seq2seq.recurrent import Recurrent


class Discriminator(nn.Module):
    """Source and target, encoded apart, judged together."""

    def __init__(self, source: nn.Module, target: nn.Module, judge: nn.Module) -> None:
        super().__init__()
        self.source = source
        """[B, S] ids -> [B, F]"""
        self.target = target
        """[B, T] ids -> [B, F]"""
        self.judge = judge
        """[B, 3 F] -> [B, 1]"""

    def forward(self, source: Source, target: Target) -> Tensor:
        """[B] logits of "a person wrote this target for this source".

        Features of both, and their product: whether the two belong together shows in what they share.
        """
        x = self.source(source.ids)  # [B, F]
        y = self.target(target.ids[:, 1:])  # [B, F]
        logits: Tensor = self.judge(torch.cat([x, y, x * y], dim=-1)).squeeze(-1)
        return logits


class Highway(nn.Module):
    """tau * relu(W x) + (1 - tau) * x with tau = sigmoid(W_T x) (Srivastava et al. 2015; SeqGAN, appendix)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.change = nn.Linear(features, features)
        self.gate = nn.Linear(features, features)

    def forward(self, x: Tensor) -> Tensor:
        """[B, F] -> [B, F]"""
        share = torch.sigmoid(self.gate(x))
        return share * relu(self.change(x)) + (1.0 - share) * x


class ConvolutionalEncoder(nn.Module):
    """Windows of several widths over the tokens, and the strongest answer of each filter (Kim 2014, eq. 2 to 4)."""

    def __init__(self, embedding: TokenEmbedding, features: int, widths: Sequence[int], filters: int) -> None:
        super().__init__()
        self.embedding = embedding
        self.convolutions = nn.ModuleList(nn.Conv1d(features, filters, width) for width in widths)
        self.highway = Highway(filters * len(widths))

    def forward(self, ids: Tensor) -> Tensor:
        """[B, T] -> [B, widths * filters], the same however much padding follows."""
        real = ids != PAD  # [B, T]
        x = (self.embedding(ids) * real[:, :, None]).transpose(1, 2)  # [B, X, T]
        strongest = []
        for convolution in self.convolutions:
            # Zeros behind the end: a window starts at each token, also in a sequence shorter than the window.
            answers = relu(convolution(pad(x, (0, convolution.kernel_size[0] - 1))))  # [B, filters, T]
            strongest.append((answers * real[:, None, :]).amax(dim=-1))
        return self.highway(torch.cat(strongest, dim=-1))


class RecurrentEncoder(nn.Module):
    """A bidirectional recurrent network, and the largest value of each feature over the tokens."""

    def __init__(self, embedding: TokenEmbedding, recurrent: Recurrent) -> None:
        super().__init__()
        self.embedding = embedding
        self.recurrent = recurrent

    def forward(self, ids: Tensor) -> Tensor:
        """[B, T] -> [B, directions * H], the same however much padding follows."""
        real = ids != PAD  # [B, T]
        lengths = real.sum(dim=1).clamp_min(1).cpu()
        states, _ = self.recurrent(self.embedding(ids), lengths=lengths)  # [B, T, F] in (-1, 1)
        return states.masked_fill(~real[:, :, None], -1.0).amax(dim=1)
