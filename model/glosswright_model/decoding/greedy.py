"""Greedy search: the likeliest token at each step. The fastest search, and beam search of width 1."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from glosswright_model.decoding.constraint import Prefix
from glosswright_model.decoding.hypothesis import Hypothesis, OnToken
from glosswright_model.decoding.repetition import Repetition
from glosswright_model.decoding.step import StepModel
from glosswright_model.decoding.walk import greedily, greedily_allowed, walk
from glosswright_model.seq2seq.batch import Source


def greedy(
    model: StepModel,
    source: Source,
    *,
    max_length: int,
    prefixes: Sequence[Prefix] | None = None,
    repetition: Repetition | None = None,
    attention: bool = False,
    on_token: OnToken | None = None,
) -> list[Hypothesis]:
    """Decode each of the B sources of a batch; one hypothesis each, in their order.

    `max_length` counts tokens, EOS included. `prefixes` constrains the output: one for each source, as it is before
    the first token. `on_token` sees each token as it is chosen. Gradients are not recorded; put the network in
    evaluation mode first.
    """
    with torch.inference_mode():
        return walk(
            model,
            model.start(source),
            source.ids.shape[0],
            max_length=max_length,
            device=source.ids.device,
            choose=greedily,
            choose_allowed=greedily_allowed,
            prefixes=prefixes,
            repetition=repetition or Repetition(),
            attention=attention,
            on_token=on_token,
        )
