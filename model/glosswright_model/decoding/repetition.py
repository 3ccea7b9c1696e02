"""Two ways to keep a network from repeating itself: a penalty on tokens it has used, and a ban on repeated n-grams."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition:
    """How repeats are held down. The defaults leave everything as it is."""

    penalty: float = 1.0
    """Log-probabilities of tokens already emitted are multiplied by it: over 1 makes them less likely, 1 does nothing
    (Keskar et al. 2019, arXiv 1909.05858, section 4.1, on log-probabilities, which are never positive)."""
    no_repeat_ngram: int = 0
    """Tokens that would complete an n-gram of this size for the second time are ruled out; 0 rules out nothing
    (Paulus et al. 2017, arXiv 1705.04304, section 2.5)."""

    def __post_init__(self) -> None:
        if not 0 < self.penalty < math.inf:
            raise ValueError(f"the repetition penalty must be a number over 0, not {self.penalty}")
        if self.no_repeat_ngram < 0:
            raise ValueError(f"the size of n-grams must not be negative, as {self.no_repeat_ngram} is")

    @property
    def idle(self) -> bool:
        """Whether this changes nothing."""
        return self.penalty == 1.0 and self.no_repeat_ngram == 0

    def apply(self, log_probs: Tensor, emitted: Tensor, *, never: tuple[int, ...] = ()) -> Tensor:
        """[N, V + extra] log-probabilities after `emitted` [N, T] ids; `never` are ids that are never held down.

        The rows are no distributions any more; `sampling` normalises them.
        """
        if self.idle or emitted.shape[1] == 0:
            return log_probs
        result = log_probs.clone()
        if self.penalty != 1.0:
            result.scatter_(1, emitted, log_probs.gather(1, emitted) * self.penalty)
        if self.no_repeat_ngram:
            for row, history in enumerate(emitted.tolist()):
                banned = _completing(history, self.no_repeat_ngram)
                if banned:
                    result[row, torch.tensor(banned, device=result.device)] = -torch.inf
        for token in never:
            result[:, token] = log_probs[:, token]
        return result


def _completing(history: list[int], size: int) -> list[int]:
    """Tokens that would make the last `size` tokens equal to earlier ones."""
    if len(history) < size:
        return []
    tail = history[len(history) - size + 1 :]
    starts = range(len(history) - size + 1)
    return [history[start + size - 1] for start in starts if history[start : start + size - 1] == tail]
