"""What a search returns: one decoded sequence with its probabilities, and how finished ones are ranked.

Nothing here searches. Ids only; `data.codec` makes text of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from glosswright_model.seq2seq.batch import BOS, PAD, UNK

FORBIDDEN = (PAD, BOS, UNK)
"""Ids that no search emits: they are no text."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One decoded sequence."""

    ids: tuple[int, ...]
    """In the extended vocabulary, without BOS and EOS."""
    score: float
    """What hypotheses are ranked by, higher is better: `log_prob` after normalisation."""
    log_prob: float
    """Natural log of the model's probability of the sequence, EOS included where it was emitted."""
    token_log_probs: tuple[float, ...]
    """The model's own log-probability of each token, EOS included: before temperature, penalties and constraints."""
    finished: bool
    """Whether it ended with EOS, not by the length limit."""
    attention: Tensor | None = None
    """[T, S] where each of the T emitted tokens (EOS included) looked in the source; None unless asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalisation:
    """How the score of a finished hypothesis is made from its log-probability (Wu et al. 2016, arXiv 1609.08144).

    Equation 14: s(Y, X) = log P(Y|X) / lp(Y) + cp(X; Y), lp(Y) = (5 + |Y|)^alpha / (5 + 1)^alpha,
    cp(X; Y) = beta * sum_i log(min(sum_j p_ij, 1)): i runs over source tokens, j over emitted tokens. |Y| counts EOS.
    """

    length: float = 0.0
    """alpha: 0 ranks by probability alone, which favours short sequences; 1 nearly by the mean per token."""
    coverage: float = 0.0
    """beta: how strongly source tokens that were never looked at count against a hypothesis; 0 not at all."""
    offset: float = 5.0
    """The 5 of the equation; with 0, lp is |Y|^alpha."""

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) for value in (self.length, self.coverage, self.offset)) or self.offset < 0:
            raise ValueError(f"a normalisation needs finite numbers and an offset from 0, not {self}")

    def length_penalty(self, length: int) -> float:
        """lp of a sequence of `length` tokens."""
        return float(((self.offset + length) / (self.offset + 1)) ** self.length)

    def score(self, log_prob: float, length: int, coverage_penalty: float = 0.0) -> float:
        """s of the equation; `coverage_penalty` is cp without its beta, at most 0."""
        return log_prob / self.length_penalty(length) + self.coverage * coverage_penalty


def coverage_penalty(attention_sum: Tensor, mask: Tensor) -> Tensor:
    """[N] the cp of equation 14 without beta, from summed attention [N, S] and a mask [N, S] of real source tokens."""
    covered = attention_sum.clamp(min=1e-6, max=1.0).log()
    return covered.masked_fill(~mask, 0.0).sum(dim=1)


@dataclass(frozen=True, slots=True)
class Emitted:
    """One token as it comes, for streaming."""

    row: int
    """Which hypothesis: the source's index, or with several samples `source * samples + sample`."""
    token: int
    log_prob: float
    """The model's own."""
    attention: Tensor | None
    """[S], when asked for."""
    log_probs: Tensor
    """[V + extra] the model's own distribution that the token was chosen from."""


OnToken = Callable[[Emitted], bool]
"""Receives each token, EOS included, as it is chosen; returns False to end that hypothesis after it."""
