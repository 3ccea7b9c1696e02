"""Adversarial training: a discriminator learns to tell answers from people's code, and the network to pass for it.

SeqGAN (Yu et al. 2017, arXiv 1609.05473) with the source as a condition: the reward of a token is what the
discriminator says, on average, of answers that go on from it (Monte-Carlo roll-outs, their equation 4), and the policy
gradient (equation 7) is mixed with maximum likelihood by the trainer. Whether it helps is measured in
`docs/experiments.md`.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from glosswright_model.data.batching import Batch
from glosswright_model.seq2seq.batch import PAD, Source, Target
from glosswright_model.seq2seq.build import Network
from glosswright_model.seq2seq.discriminator import Discriminator
from glosswright_model.training.drawing import Drawn, draw, evaluating, repeated, roll_out
from glosswright_model.training.policy import Pull


class Adversarial:
    """Both players: the discriminator is trained here, the generator by the loss that `pull` gives."""

    def __init__(
        self,
        discriminator: Discriminator,
        *,
        weight: float,
        max_length: int,
        rollouts: int = 4,
        begin: int = 0,
        learning_rate: float = 1e-3,
    ) -> None:
        """rollouts: answers that judge one token. begin: updates in which only the discriminator learns."""
        self.weight = weight
        self.discriminator = discriminator
        self._max_length, self._rollouts, self._begin = max_length, rollouts, begin
        self._optimizer = torch.optim.Adam(discriminator.parameters(), lr=learning_rate)

    def pull(self, network: Network, batch: Batch, update: int) -> Pull:
        """The policy gradient's loss, the sum of -(Q_t - baseline_t) log p(y_t) over all drawn tokens; and one step of
        the discriminator on the batch. The baseline is the mean reward at that position.
        """
        drawn = draw(network, batch.source, self._max_length)
        values = self.teach(batch.source, batch.target, Target(drawn.ids))
        if update < self._begin:
            return Pull(torch.zeros((), device=drawn.ids.device), values)
        rewards = self.rewards(network, batch.source, drawn)  # [B, T]
        mask = drawn.ids[:, 1:] != PAD
        baseline = (rewards * mask).sum(dim=0) / mask.sum(dim=0)  # [T]
        advantage = (rewards - baseline) * mask
        losses = network(batch.source, Target(drawn.ids))
        total = -(advantage * losses.log_probs.float()).sum()
        return Pull(total, values | {"reward": float((rewards * mask).sum() / mask.sum())})

    def teach(self, source: Source, real: Target, drawn: Target) -> dict[str, float]:
        """One step of the discriminator on people's targets and the network's own (their equation 5)."""
        self.discriminator.train()
        real_logits = self.discriminator(source, real)
        drawn_logits = self.discriminator(source, drawn)
        loss = binary_cross_entropy_with_logits(
            real_logits, torch.ones_like(real_logits)
        ) + binary_cross_entropy_with_logits(drawn_logits, torch.zeros_like(drawn_logits))
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._optimizer.step()
        right = torch.cat([real_logits > 0, drawn_logits <= 0]).float().mean()
        return {"discriminator_loss": float(loss.detach()), "discriminator_accuracy": float(right)}

    def rewards(self, network: Network, source: Source, drawn: Drawn) -> Tensor:
        """[B, T] Q of each drawn token: the mean verdict on roll-outs behind it; for the last the verdict itself."""
        width, times = drawn.ids.size(1), self._rollouts
        index = torch.arange(source.ids.size(0), device=source.ids.device).repeat_interleave(times)
        many = repeated(source, times)
        columns = []
        for place in range(1, width - 1):
            state = drawn.states[place].reorder(index)
            ends = roll_out(network, state, drawn.ids[index, : place + 1], self._max_length)
            columns.append(self.verdicts(many, Target(ends)).view(-1, times).mean(dim=1))
        columns.append(self.verdicts(source, Target(drawn.ids)))
        return torch.stack(columns, dim=1)

    def verdicts(self, source: Source, target: Target) -> Tensor:
        """[B] how sure the discriminator is that a person wrote a target, 0 to 1."""
        with evaluating(self.discriminator), torch.no_grad():
            return torch.sigmoid(self.discriminator(source, target))

    def parts(self) -> Mapping[str, tuple[torch.nn.Module, torch.optim.Optimizer]]:
        """The discriminator belongs to the state of the run."""
        return {"discriminator": (self.discriminator, self._optimizer)}
