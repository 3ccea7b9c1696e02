"""Which source tokens each output token came from: the attention and the copying of a decoded sequence.

Numbers only; which words they stand for, and how it is shown, is for those who hold the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from glosswright_model.seq2seq.batch import BOS, Source
from glosswright_model.seq2seq.step import StepModel


@dataclass(frozen=True, slots=True)
class Explanation:
    """How T output tokens came about from S source tokens. All tensors are on the CPU."""

    log_probs: Tensor
    """[T] natural-log probability of each token."""
    attention: Tensor
    """[T, S] what the decoder looked at; rows sum to 1."""
    copied: Tensor | None
    """[T, S] probability that the token at this place is a copy of each source token; None without copying."""

    @property
    def weights(self) -> Tensor:
        """[T, S], rows sum to 1: where copying is likely, what would be copied; where not, what was looked at."""
        if self.copied is None:
            return self.attention
        return self.copied + (1.0 - self.copied.sum(-1, keepdim=True)) * self.attention


def explain(model: StepModel, source: Source, tokens: Sequence[int]) -> Explanation:
    """Go through an output again, and keep what a search throws away.

    Args:
        model: the network that wrote it, in evaluation mode.
        source: a batch of that one source.
        tokens: T ids in the extended vocabulary, without BOS; EOS or not, as wanted.

    Raises:
        ValueError: no tokens, more than one source, or a model without attention.
    """
    if not tokens or source.ids.size(0) != 1:
        raise ValueError("explaining takes one source and at least one token")
    device = source.ids.device
    log_probs: list[Tensor] = []
    attention: list[Tensor] = []
    copied: list[Tensor] = []
    with torch.no_grad():
        state = model.start(source)
        for before, token in zip([BOS, *tokens], tokens, strict=False):
            step = model.step(torch.tensor([before], device=device), state)
            state = step.state
            if step.attention is None:
                raise ValueError("this model has no attention to explain by")
            log_probs.append(step.log_probs[0, token])
            attention.append(step.attention[0])
            if step.copied is not None:
                copied.append(step.copied[0])
    return Explanation(
        torch.stack(log_probs).cpu(),
        torch.stack(attention).cpu(),
        torch.stack(copied).cpu() if copied else None,
    )
