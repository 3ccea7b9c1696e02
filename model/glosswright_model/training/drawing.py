"""Drawing whole targets from a network, as policies do: batched, from any prefix, with the states on the way.

For training only: rows stay in place until all have ended, so that a reward at each position can be asked for. What
serves users is `decoding.sampling`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from glosswright_model.seq2seq.batch import BOS, EOS, PAD, Source
from glosswright_model.seq2seq.build import Network


@dataclass(frozen=True, slots=True)
class Drawn:
    """N targets, and how the network got there."""

    ids: Tensor
    """[N, T + 1] as `Target.ids`: BOS, tokens, EOS, then PAD. Those cut by the limit have no EOS: it was not drawn."""
    states: list[Any]
    """states[k] has consumed the first k ids, so the token at place k is to be fed next; from the prefix on."""


def draw(network: Network, source: Source, max_length: int) -> Drawn:
    """One target for each of B sources, drawn from the network's distribution. max_length: tokens, EOS included."""
    start = torch.full((source.ids.size(0), 1), BOS, device=source.ids.device)
    with evaluating(network), torch.no_grad():
        return _go_on(network, network.start(source), start, max_length)


def roll_out(network: Network, state: Any, prefix: Tensor, max_length: int) -> Tensor:
    """Ends for prefixes [N, t + 1] whose last token the state has not consumed yet: [N, T + 1] ids as `Drawn.ids`."""
    with evaluating(network), torch.no_grad():
        return _go_on(network, state, prefix, max_length).ids


def repeated(source: Source, times: int) -> Source:
    """Each source `times` times, one copy behind the other: rows 0, 0, 1, 1, …"""
    index = torch.arange(source.ids.size(0), device=source.ids.device).repeat_interleave(times)
    return Source(source.ids[index], source.lengths[index.cpu()], source.copies[index], source.extra)


@contextmanager
def evaluating(network: torch.nn.Module) -> Iterator[None]:
    """Dropout off, and afterwards as it was."""
    before = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(before)


def _go_on(network: Network, state: Any, prefix: Tensor, max_length: int) -> Drawn:
    ids, states = prefix, []
    ended = (prefix == EOS).any(dim=1)  # [N]
    while ids.size(1) <= max_length and not bool(ended.all()):
        states.append(state)
        step = network.step(ids[:, -1], state)
        state = step.state
        chances = step.log_probs.float().exp()  # [N, V + extra]
        chances[:, [PAD, BOS]] = 0.0  # no answer, whatever the network says
        drawn = torch.multinomial(chances, 1).squeeze(1).masked_fill(ended, PAD)
        ids = torch.cat([ids, drawn[:, None]], dim=1)
        ended = ended | (drawn == EOS)
    return Drawn(ids, states)
