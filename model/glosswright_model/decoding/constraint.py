"""What may come next: the interface between a search and a rule about its output, such as a grammar.

A search never asks for a mask over the whole vocabulary: it asks about candidates, best first, until it has as many as
it wants. Where a network has learned its task, the first is nearly always allowed, so a rule costs little.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor

from glosswright_model.decoding.top import best


class Prefix(Protocol):
    """What one hypothesis holds so far, as a rule sees it. Immutable, so that hypotheses that branch off share it."""

    def after(self, token: int, room: int) -> Prefix | None:
        """The prefix with `token` behind it, or None when no sequence that obeys the rule goes on so.

        `room` is the number of tokens that still fit behind `token`, EOS included: a token after which even the
        shortest ending would not fit is refused too. After EOS the result only says that the sequence may end here.
        """


def allowed(log_probs: Tensor, prefix: Prefix, room: int, *, at_once: int = 16) -> Iterator[tuple[int, Prefix]]:
    """Tokens that may follow `prefix` with the prefix after each, the likeliest first. `log_probs` is [V + extra].

    Tokens of no probability at all come last: a rule that leaves only them still finds a way on.
    """
    size = log_probs.shape[0]
    count = min(at_once, size)
    seen = 0
    while seen < size:
        order = torch.topk(log_probs, count).indices.tolist()
        for token in order[seen:]:
            following = prefix.after(token, room)
            if following is not None:
                yield token, following
        seen, count = count, min(count * 8, size)


def best_allowed(log_probs: Tensor, prefixes: Sequence[Prefix], room: int) -> tuple[Tensor, list[Prefix]]:
    """[N] the likeliest token that may follow each of N prefixes, given `log_probs` [N, V + extra].

    Raises DeadEnd when a rule leaves nothing: rules promise that this does not happen.
    """
    likeliest = best(log_probs).tolist()
    chosen: list[int] = []
    after: list[Prefix] = []
    for row, (token, prefix) in enumerate(zip(likeliest, prefixes, strict=True)):
        following = prefix.after(token, room)
        if following is None:
            found = next(allowed(log_probs[row], prefix, room), None)
            if found is None:
                raise DeadEnd
            token, following = found
        chosen.append(token)
        after.append(following)
    return torch.tensor(chosen, device=log_probs.device), after


class DeadEnd(RuntimeError):
    """A rule allows no token at all: a defect of the rule, or a vocabulary that cannot express any ending."""

    def __init__(self) -> None:
        super().__init__("the constraint leaves no token to go on with")
