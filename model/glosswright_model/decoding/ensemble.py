"""Several networks that decode as one: their probabilities are averaged at each step.

They must share the target vocabulary and the copied ids, so they belong to one codec. An ensemble is a `StepModel`:
every search works on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from glosswright_model.decoding.step import State, Step, StepModel
from glosswright_model.seq2seq.batch import Source


@dataclass(frozen=True, slots=True)
class _States:
    each: tuple[State, ...]

    def reorder(self, index: Tensor) -> _States:
        return _States(tuple(state.reorder(index) for state in self.each))


class Ensemble:
    """Log of the mean probability of M networks; attention is the mean of those that have any."""

    def __init__(self, models: Sequence[StepModel]) -> None:
        """Raises ValueError without a network, or when their target vocabularies differ in size."""
        sizes = {model.target_size for model in models}
        if len(sizes) != 1:
            raise ValueError(f"an ensemble needs networks of one target vocabulary, not of sizes {sorted(sizes)}")
        self._models = tuple(models)

    @property
    def target_size(self) -> int:
        """V, the same for all."""
        return self._models[0].target_size

    def start(self, source: Source) -> State:
        """Encode the sources with each network."""
        return _States(tuple(model.start(source) for model in self._models))

    def step(self, previous: Tensor, state: State) -> Step:
        """One step of each network; `previous` is [N].

        Networks that cannot copy give no probability to extended ids: their rows may be shorter.
        """
        assert isinstance(state, _States)  # it came from `start`
        steps = [model.step(previous, each) for model, each in zip(self._models, state.each, strict=True)]
        width = max(step.log_probs.shape[1] for step in steps)
        stacked = torch.stack([_widened(step.log_probs, width) for step in steps])  # [M, N, V + extra]
        log_probs = stacked.logsumexp(dim=0) - torch.tensor(float(len(steps)), device=stacked.device).log()
        looked = [step.attention for step in steps if step.attention is not None]
        attention = torch.stack(looked).mean(dim=0) if looked else None
        return Step(log_probs, _States(tuple(step.state for step in steps)), attention)


def _widened(log_probs: Tensor, width: int) -> Tensor:
    missing = width - log_probs.shape[1]
    return torch.nn.functional.pad(log_probs, (0, missing), value=-torch.inf) if missing else log_probs
