"""Fine-tuning towards a reward: REINFORCE with the greedy answer as baseline, and minimum risk.

A reward is any function of an answer, so it may count what likelihood cannot see: whether the answer parses, whether it
is exactly right. Both methods are mixed with maximum likelihood by the trainer, which keeps them from drifting into
answers that only the reward likes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from glosswright_model.data.batching import Batch
from glosswright_model.decoding.greedy import greedy
from glosswright_model.seq2seq.batch import BOS, EOS, PAD, Target
from glosswright_model.seq2seq.build import Network
from glosswright_model.training.drawing import draw, evaluating, repeated

Reward = Callable[[int, tuple[int, ...], tuple[str, ...]], float]
"""Of an answer to training pair number `pair`: its ids without BOS and EOS, and what extended ids stand for; 0 to 1."""


@dataclass(frozen=True, slots=True)
class Pull:
    """What a method adds to the loss of a batch."""

    total: Tensor
    """[] a sum over target tokens, as the supervised loss is."""
    values: Mapping[str, float]
    """Numbers to record."""


class Method(Protocol):
    """Something besides maximum likelihood that moves a network."""

    weight: float
    """Share of it in the loss; the rest is maximum likelihood."""

    def pull(self, network: Network, batch: Batch, update: int) -> Pull:
        """The loss of one batch, on the device of the network; `update` counts from 0."""

    def parts(self) -> Mapping[str, tuple[torch.nn.Module, torch.optim.Optimizer]]:
        """What else is trained, by name: it belongs to the state of the run."""


class SelfCritical:
    """REINFORCE (Williams 1992) whose baseline is the reward of the greedy answer (Rennie et al. 2017, arXiv
    1612.00563, equation 8): what is drawn is made likelier only if it is better than what would be answered now.
    """

    def __init__(self, reward: Reward, *, weight: float, max_length: int) -> None:
        self.weight = weight
        self._reward, self._max_length = reward, max_length

    def pull(self, network: Network, batch: Batch, update: int) -> Pull:
        """The sum of -(r(drawn) - r(greedy)) log p(drawn) over the B pairs."""
        ids = draw(network, batch.source, self._max_length).ids  # [B, T + 1]
        with evaluating(network):
            found = greedy(network, batch.source, max_length=self._max_length)
        baseline = self._rewards(batch, [one.ids for one in found], ids.device)
        rewards = self._rewards(batch, answers(ids), ids.device)
        losses = network(batch.source, Target(ids))
        total = -((rewards - baseline)[:, None] * losses.log_probs.float()).sum()
        return Pull(total, {"reward": float(rewards.mean()), "greedy_reward": float(baseline.mean())})

    def parts(self) -> Mapping[str, tuple[torch.nn.Module, torch.optim.Optimizer]]:
        """Nothing else is trained."""
        return {}

    def _rewards(self, batch: Batch, found: Sequence[tuple[int, ...]], device: torch.device) -> Tensor:
        return rewards_of(self._reward, batch, found, 1).squeeze(1).to(device)


class MinimumRisk:
    """Minimum risk training (Shen et al. 2016, arXiv 1512.02433, equations 9 to 11): the expected loss, 1 - reward,
    over some drawn answers and the right one, under the network's own distribution over these, sharpened by `alpha`.
    """

    def __init__(
        self, reward: Reward, *, weight: float, max_length: int, samples: int = 8, alpha: float = 0.05
    ) -> None:
        self.weight = weight
        self._reward, self._max_length, self._samples, self._alpha = reward, max_length, samples, alpha

    def pull(self, network: Network, batch: Batch, update: int) -> Pull:
        """The sum of the risks of B pairs, times the mean length of their targets: as large as a sum over tokens."""
        count = batch.source.ids.size(0)
        many = repeated(batch.source, self._samples)
        drawn = draw(network, many, self._max_length).ids  # [B * K, T + 1]
        ids = _with_gold(drawn, batch.target.ids, self._samples)  # [B * (K + 1), T' + 1]
        found = answers(ids)
        rewards = rewards_of(self._reward, batch, found, self._samples + 1).to(ids.device)  # [B, K + 1]
        first = first_of_equals(found, self._samples + 1).to(ids.device)  # [B, K + 1]
        log_probs = network(repeated(batch.source, self._samples + 1), Target(ids)).log_probs.float()
        scores = self._alpha * log_probs.sum(dim=1).view(count, -1)  # [B, K + 1]
        chances = scores.masked_fill(~first, -torch.inf).softmax(dim=1)
        risk = (chances * (1.0 - rewards)).sum()
        scale = batch.target_tokens / count
        return Pull(risk * scale, {"risk": float(risk.detach()) / count, "reward": float(rewards[:, 1:].mean())})

    def parts(self) -> Mapping[str, tuple[torch.nn.Module, torch.optim.Optimizer]]:
        """Nothing else is trained."""
        return {}


def answers(ids: Tensor) -> list[tuple[int, ...]]:
    """[N, T + 1] ids with BOS, EOS and PAD to N answers without them."""
    special = {PAD, BOS, EOS}
    return [tuple(token for token in row if token not in special) for row in ids.tolist()]


def rewards_of(reward: Reward, batch: Batch, found: Sequence[tuple[int, ...]], each: int) -> Tensor:
    """[B, each] rewards of `each` answers to every pair of a batch, pair after pair."""
    values = [
        reward(batch.pairs[place // each], answer, batch.extras[place // each]) for place, answer in enumerate(found)
    ]
    return torch.tensor(values).view(-1, each)


def first_of_equals(found: Sequence[tuple[int, ...]], each: int) -> Tensor:
    """[B, each] whether an answer is the first of its kind among those to its pair: equal ones count once."""
    kept = []
    for begin in range(0, len(found), each):
        group = found[begin : begin + each]
        kept.append([answer not in group[:place] for place, answer in enumerate(group)])
    return torch.tensor(kept)


def _with_gold(drawn: Tensor, gold: Tensor, each: int) -> Tensor:
    """[B * K, T + 1] and [B, T' + 1] to [B * (K + 1), wider]: the right answer before the drawn ones."""
    width = max(drawn.size(1), gold.size(1))
    pad = torch.nn.functional.pad
    drawn = pad(drawn, (0, width - drawn.size(1)), value=PAD).view(gold.size(0), each, width)
    gold = pad(gold, (0, width - gold.size(1)), value=PAD)[:, None]
    return torch.cat([gold, drawn], dim=1).flatten(0, 1)
