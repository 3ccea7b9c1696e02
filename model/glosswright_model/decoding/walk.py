"""Decoding without branching: each hypothesis takes one token a step, chosen by a function. Greedy and sampling use it.

Promise: finished hypotheses leave the batch, so that a step costs what the running ones cost; tokens can be watched as
they come. How a token is chosen is the caller's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from glosswright_model.decoding.constraint import Prefix, best_allowed
from glosswright_model.decoding.hypothesis import FORBIDDEN, Emitted, Hypothesis, OnToken
from glosswright_model.decoding.repetition import Repetition
from glosswright_model.decoding.step import State, StepModel
from glosswright_model.decoding.top import best
from glosswright_model.seq2seq.batch import BOS, EOS

Choose = Callable[[Tensor, Tensor], Tensor]
"""(scores [N, V + extra], rows [N]) to chosen ids [N]; `rows` says which hypothesis each row of scores belongs to.
Scores are log-probabilities after penalties and with -inf for what must not come; they need not be normalised."""
ChooseAllowed = Callable[[Tensor, Tensor, Sequence[Prefix], int], tuple[Tensor, list[Prefix]]]
"""The same under a constraint: also gets the prefix of each row and the room behind the token, returns those after."""


def greedily(scores: Tensor, rows: Tensor) -> Tensor:
    """The likeliest token of each row."""
    return best(scores)


def greedily_allowed(
    scores: Tensor, rows: Tensor, prefixes: Sequence[Prefix], room: int
) -> tuple[Tensor, list[Prefix]]:
    """The likeliest token of each row that its constraint allows."""
    return best_allowed(scores, prefixes, room)


def walk(
    model: StepModel,
    state: State,
    count: int,
    *,
    max_length: int,
    device: torch.device,
    choose: Choose,
    choose_allowed: ChooseAllowed,
    prefixes: Sequence[Prefix] | None,
    repetition: Repetition,
    attention: bool,
    on_token: OnToken | None,
) -> list[Hypothesis]:
    """Decode `count` hypotheses from `state`, each until EOS or `max_length` tokens, EOS among them.

    To be called without recording gradients.
    """
    if max_length < 1:
        raise ValueError(f"max_length must be at least 1, not {max_length}")
    rows = torch.arange(count, device=device)  # [N] which hypothesis each running row is
    previous = torch.full((count,), BOS, dtype=torch.long, device=device)
    ids = torch.zeros((count, max_length), dtype=torch.long, device=device)
    log_probs = torch.zeros((count, max_length), device=device)
    lengths = torch.full((count,), max_length, dtype=torch.long, device=device)
    looked: list[tuple[Tensor, Tensor]] = []
    running = list(prefixes) if prefixes is not None else None
    forbidden = torch.tensor(FORBIDDEN, device=device)
    for position in range(max_length):
        if rows.numel() == 0:
            break
        step = model.step(previous, state)
        state = step.state
        own = step.log_probs if on_token is None else step.log_probs.clone()
        scores = step.log_probs.index_fill_(1, forbidden, -torch.inf)
        if not repetition.idle:
            scores = repetition.apply(scores, ids[rows, :position], never=(EOS,))
        if running is None:
            chosen = choose(scores, rows)
        else:
            chosen, running = choose_allowed(scores, rows, running, max_length - position - 1)
        of_chosen = own.gather(1, chosen[:, None]).squeeze(1)
        ids[rows, position] = chosen
        log_probs[rows, position] = of_chosen
        if attention and step.attention is not None:
            looked.append((rows, step.attention))
        ended = chosen == EOS
        stopped = ended
        if on_token is not None:
            weights = step.attention if attention else None
            stopped = ended | ~_tell(on_token, rows, chosen, of_chosen, weights, own)
        previous = chosen
        if bool(stopped.any()):
            lengths[rows[stopped]] = position + 1
            kept = (~stopped).nonzero().squeeze(1)
            rows, previous = rows[kept], chosen[kept]
            if kept.numel():
                state = state.reorder(kept)
            if running is not None:
                running = [running[index] for index in kept.tolist()]
    return _hypotheses(ids, log_probs, lengths, looked)


def _tell(
    on_token: OnToken, rows: Tensor, chosen: Tensor, log_probs: Tensor, attention: Tensor | None, own: Tensor
) -> Tensor:
    """[N] whether each hypothesis goes on."""
    triples = zip(rows.tolist(), chosen.tolist(), log_probs.tolist(), strict=True)
    return torch.tensor(
        [
            on_token(Emitted(row, token, value, None if attention is None else attention[index], own[index]))
            for index, (row, token, value) in enumerate(triples)
        ],
        device=chosen.device,
    )


def _hypotheses(
    ids: Tensor, log_probs: Tensor, lengths: Tensor, looked: list[tuple[Tensor, Tensor]]
) -> list[Hypothesis]:
    weights: list[list[Tensor]] = [[] for _ in range(ids.shape[0])]
    for rows, attention in looked:
        for index, row in enumerate(rows.tolist()):
            weights[row].append(attention[index])
    result = []
    for row, length in enumerate(lengths.tolist()):
        tokens = ids[row, :length].tolist()
        each = tuple(log_probs[row, :length].tolist())
        finished = bool(tokens) and tokens[-1] == EOS
        total = sum(each)
        result.append(
            Hypothesis(
                ids=tuple(tokens[:-1] if finished else tokens),
                score=total,
                log_prob=total,
                token_log_probs=each,
                finished=finished,
                attention=torch.stack(weights[row]) if weights[row] else None,
            )
        )
    return result
