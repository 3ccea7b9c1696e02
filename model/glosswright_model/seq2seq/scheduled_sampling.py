"""Scheduled sampling: what the decoder is fed when some gold tokens are replaced by its own (Bengio et al. 2015).

No gradient flows through the choice of a token, so choosing and learning come apart: first the tokens are chosen step
by step, then a network is trained on them in one pass like on gold ones (`forward(..., inputs=mixed_inputs(...))`).
How the share grows during training is the schedule's business, in `training`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from glosswright_model.seq2seq.batch import PAD, Source, Target


def mixed_inputs(
    network: nn.Module, source: Source, target: Target, share: float, *, generator: torch.Generator | None = None
) -> Tensor:
    """Decoder inputs in which each gold token is, with probability `share`, the likeliest token at that place instead.

    The likeliest given the mixed tokens before it, as the network would go on by itself: dropout is off meanwhile.

    Args:
        network: a `StepModel` that is a module.
        source: B sources.
        target: their targets [B, T + 1]; padding stays padding, BOS stays first.
        share: from 0, all gold, to 1, all its own (arXiv 1506.03099, section 2.4: 1 - epsilon_i).
        generator: on the CPU; decides where.

    Returns:
        [B, T] ids in the extended vocabulary.
    """
    gold = target.ids[:, :-1]
    replaced = (torch.rand(gold.shape, generator=generator) < share).to(gold.device) & (gold != PAD)
    replaced[:, 0] = False
    if not bool(replaced.any()):
        return gold
    columns = [gold[:, 0]]
    with _evaluating(network), torch.no_grad():
        state = network.start(source)
        for t in range(1, gold.size(1)):
            step = network.step(columns[-1], state)
            state = step.state
            columns.append(torch.where(replaced[:, t], step.log_probs.argmax(dim=-1), gold[:, t]))
    return torch.stack(columns, dim=1)


@contextmanager
def _evaluating(network: nn.Module) -> Iterator[None]:
    """Dropout off, and back to what it was."""
    before = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(before)
