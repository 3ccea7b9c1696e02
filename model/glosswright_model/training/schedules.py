"""How the learning rate and the share of scheduled sampling change over a run.

Functions of the number of updates alone, so that a resumed run needs no state of theirs; only the plateau rule depends
on what validation found, and its whole memory is one small value that a checkpoint can hold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

ScheduleKind = Literal["constant", "inverse_sqrt", "cosine", "plateau"]
SamplingKind = Literal["linear", "exponential", "inverse_sigmoid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The learning rate as a share of its peak."""

    kind: ScheduleKind = "constant"
    warmup: int = 0
    """Updates over which the rate rises linearly from nearly 0 to its peak."""
    total: int = 0
    """Updates of the whole run: where the cosine reaches `floor`."""
    floor: float = 0.0
    """Share of the peak below which cosine and plateau do not go."""

    def share(self, update: int) -> float:
        """Factor on the peak rate for update number `update`, counted from 0; the plateau's own factor apart.

        inverse_sqrt is section 5.3 of Vaswani et al. 2017 (arXiv 1706.03762) with the peak at the end of the warm-up;
        cosine is equation 5 of Loshchilov and Hutter 2017 (arXiv 1608.03983), one period.
        """
        if update < self.warmup:
            return (update + 1) / self.warmup
        if self.kind == "inverse_sqrt":
            anchor = max(1, self.warmup)
            return math.sqrt(anchor / max(anchor, update + 1))
        if self.kind == "cosine":
            done = min(1.0, (update - self.warmup) / max(1, self.total - self.warmup))
            return self.floor + (1.0 - self.floor) * 0.5 * (1.0 + math.cos(math.pi * done))
        return 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plateau:
    """The rule "lower the rate when the metric stops rising": what it remembers between validations."""

    factor: float = 0.5
    patience: int = 0
    """Validations without a better metric that are put up with before the rate falls."""
    best: float = -math.inf
    waited: int = 0
    share: float = 1.0
    """Factor on the peak rate now."""

    def after(self, metric: float, floor: float = 0.0) -> Plateau:
        """The rule after one more validation; larger metrics are better."""
        if metric > self.best:
            return replace(self, best=metric, waited=0)
        if self.waited < self.patience:
            return replace(self, waited=self.waited + 1)
        return replace(self, waited=0, share=max(floor, self.share * self.factor))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledSampling:
    """How often the decoder is fed its own prediction instead of the reference (Bengio et al. 2015, arXiv 1506.03099).

    Their decay of the share of reference tokens, section 2.4: linear, exponential and inverse sigmoid. Here it is given
    as the share of *predicted* tokens, which rises from 0 to `most`.
    """

    kind: SamplingKind = "linear"
    most: float = 0.0
    """Share of predicted tokens that is never exceeded; 0 turns scheduled sampling off."""
    begin: int = 0
    """Updates of plain teacher forcing before it."""
    span: int = 1
    """linear: updates until `most`. exponential and inverse sigmoid: the constant that sets their pace."""

    def share(self, update: int) -> float:
        """Share of predicted tokens at update number `update`, counted from 0."""
        done = update - self.begin
        if self.most == 0.0 or done < 0:
            return 0.0
        if self.kind == "linear":
            reference = 1.0 - done / self.span
        elif self.kind == "exponential":
            reference = math.exp(-done / self.span)
        else:
            reference = self.span / (self.span + math.exp(min(done / self.span, 700.0)))
        return min(self.most, 1.0 - max(0.0, reference))
