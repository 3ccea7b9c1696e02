"""The interface between a network and a search: one decoding step for N hypotheses at once.

Deliberately small, so that an ensemble, a big model behind a server or a table in a test can stand in for a network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from glosswright_model.seq2seq.batch import Source


class State(Protocol):
    """What a decoder remembers of N hypotheses: the encoded sources, its own state, coverage. Immutable."""

    def reorder(self, index: Tensor) -> State:
        """The state of hypotheses `index` [M], in that order: rows may be repeated and left out."""


@dataclass(frozen=True, slots=True)
class Step:
    """The outcome of one step."""

    log_probs: Tensor
    """[N, V + extra] natural-log probabilities over the extended vocabulary; rows sum to 1 after exp. Whoever asked
    for the step may write into it."""
    state: State
    """After the step."""
    attention: Tensor | None = None
    """[N, S] weights over source tokens that this step looked at (rows sum to 1); None where there is no attention."""
    copied: Tensor | None = None
    """[N, S] probability that the next token is a copy of each source token (rows sum to the probability of copying at
    all); None where nothing is copied."""


class StepModel(Protocol):
    """What can be decoded from."""

    @property
    def target_size(self) -> int:
        """V: ids of the target vocabulary, without the extended ones."""

    def start(self, source: Source) -> State:
        """Encode B sources; the state of B hypotheses that hold nothing but BOS."""

    def step(self, previous: Tensor, state: State) -> Step:
        """Feed the last token of each hypothesis, `previous` [N] ids in the extended vocabulary; BOS at first."""
