"""Sampling: temperature, top-k, top-p, repetition control, several samples for each source.

Draws are reproducible: each sample has a generator of its own, so that what it draws does not depend on its neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from glosswright_model.decoding.constraint import DeadEnd, Prefix
from glosswright_model.decoding.hypothesis import Hypothesis, OnToken
from glosswright_model.decoding.repetition import Repetition
from glosswright_model.decoding.step import StepModel
from glosswright_model.decoding.walk import greedily, greedily_allowed, walk
from glosswright_model.seq2seq.batch import Source

COLDEST = 1e-4
"""Temperatures up to it are 0: the likeliest token would be drawn anyway, and quotients might not fit into 32 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How tokens are drawn."""

    temperature: float = 1.0
    """Log-probabilities are divided by it; 0, or so little that the quotients are no numbers, takes the likeliest token
    instead of drawing."""
    top_k: int = 0
    """Draw among the k likeliest only (Fan et al. 2018, arXiv 1805.04833, section 5.2); 0: among all."""
    top_p: float = 1.0
    """Draw among the likeliest whose probabilities first sum to p (Holtzman et al. 2020, arXiv 1904.09751,
    equation 2)."""

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < math.inf or self.top_k < 0 or not 0 < self.top_p <= 1:
            raise ValueError(
                "temperature must be a number from 0, top_k not negative, top_p over 0 and at most 1; they are "
                f"{self.temperature}, {self.top_k} and {self.top_p}"
            )

    @property
    def draws(self) -> bool:
        """Whether there is any chance in it."""
        return self.temperature > COLDEST

    def probabilities(self, scores: Tensor) -> Tensor:
        """[N, E] the distribution to draw from, given log-probabilities [N, E], which need not be normalised.

        Temperature comes first, then top-k, then top-p; what is left is normalised.
        """
        logits = scores / self.temperature
        if 0 < self.top_k < logits.shape[1]:
            kth = logits.topk(self.top_k, dim=1).values[:, -1:]
            logits = logits.masked_fill(logits < kth, -torch.inf)
        probabilities = logits.softmax(dim=1)
        if self.top_p < 1:
            ordered, order = probabilities.sort(dim=1, descending=True, stable=True)
            before = ordered.cumsum(dim=1) - ordered  # the likeliest always stays: nothing comes before it
            ordered = ordered.masked_fill(before >= self.top_p, 0.0)
            probabilities = torch.zeros_like(probabilities).scatter_(1, order, ordered)
            probabilities = probabilities / probabilities.sum(dim=1, keepdim=True)
        return probabilities


def sample(
    model: StepModel,
    source: Source,
    *,
    max_length: int,
    samples: int = 1,
    sampling: Sampling | None = None,
    seeds: Sequence[int | None] | None = None,
    prefixes: Sequence[Prefix] | None = None,
    repetition: Repetition | None = None,
    attention: bool = False,
    on_token: OnToken | None = None,
) -> list[list[Hypothesis]]:
    """Draw `samples` sequences for each of the B sources, in the order drawn.

    `seeds` has one for each sample of a source, None for chance; sample i of every source draws from seed i.
    `max_length` counts tokens, EOS included. `prefixes` are one for each source. In `on_token` the row is
    `source * samples + sample`. Gradients are not recorded; put the network in evaluation mode first.
    """
    if samples < 1 or (seeds is not None and len(seeds) != samples):
        raise ValueError("there must be at least one sample, and a seed for each or none at all")
    sampling = sampling or Sampling()
    count = source.ids.shape[0]
    device = source.ids.device
    index = torch.arange(count, device=device).repeat_interleave(samples)
    generators = [_generator(seed, device) for _ in range(count) for seed in (seeds or [None] * samples)]

    def draw(scores: Tensor, rows: Tensor) -> Tensor:
        probabilities = sampling.probabilities(scores)
        return torch.cat([_draw(probabilities[n], generators[row]) for n, row in enumerate(rows.tolist())])

    def draw_allowed(scores: Tensor, rows: Tensor, running: Sequence[Prefix], room: int) -> tuple[Tensor, list[Prefix]]:
        # Drawing again without what was refused gives the distribution among what is allowed.
        chosen, after = [], []
        probabilities = sampling.probabilities(scores)
        for n, row in enumerate(rows.tolist()):
            token, following = _draw_allowed(scores[n], probabilities[n], running[n], room, sampling, generators[row])
            chosen.append(token)
            after.append(following)
        return torch.tensor(chosen, device=device), after

    with torch.inference_mode():
        state = model.start(source)
        hypotheses = walk(
            model,
            state.reorder(index) if samples > 1 else state,
            count * samples,
            max_length=max_length,
            device=device,
            choose=draw if sampling.draws else greedily,
            choose_allowed=draw_allowed if sampling.draws else greedily_allowed,
            prefixes=None if prefixes is None else [prefix for prefix in prefixes for _ in range(samples)],
            repetition=repetition or Repetition(),
            attention=attention,
            on_token=on_token,
        )
    return [hypotheses[start : start + samples] for start in range(0, len(hypotheses), samples)]


def _generator(seed: int | None, device: torch.device) -> torch.Generator:
    generator = torch.Generator(device=device)
    if seed is None:
        generator.seed()
    else:
        generator.manual_seed(seed & (2**63 - 1))
    return generator


def _draw(probabilities: Tensor, generator: torch.Generator) -> Tensor:
    return torch.multinomial(probabilities, 1, generator=generator)


_REFUSALS = 8
"""Refused draws of one token before the allowed ones are enumerated instead."""


def _draw_allowed(
    scores: Tensor, probabilities: Tensor, prefix: Prefix, room: int, sampling: Sampling, generator: torch.Generator
) -> tuple[int, Prefix]:
    left = probabilities.clone()
    for _ in range(_REFUSALS):
        if not bool(left.sum() > 0):
            break
        token = int(_draw(left, generator))
        following = prefix.after(token, room)
        if following is not None:
            return token, following
        left[token] = 0.0
    # The rule refuses all or most of what temperature, top-k and top-p leave: apply them to what it allows.
    after = {token: prefix.after(token, room) for token in range(scores.shape[0])}
    refused = torch.tensor([after[token] is None for token in range(scores.shape[0])], device=scores.device)
    if bool(refused.all()):
        raise DeadEnd
    among = sampling.probabilities(scores.clamp(min=-1e4).masked_fill(refused, -torch.inf)[None])[0]
    token = int(_draw(among, generator))
    following = after[token]
    assert following is not None  # only what is allowed has any probability
    return token, following
