"""Copying: the mixture by hand, and what must hold for any of them."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glosswright_model.seq2seq.batch import PAD, Source
from glosswright_model.seq2seq.memory import Memory
from glosswright_model.seq2seq.pointer import IMPOSSIBLE, Copyable, extended_log_probs, gold_log_probs

V = 6


def copyable(rows: list[list[int]], extra: int) -> Copyable:
    """Of sources whose tokens are all real."""
    copies = torch.tensor(rows)
    ids = torch.full_like(copies, 4)
    source = Source(ids, torch.full((len(rows),), copies.size(1)), copies, extra)
    return Copyable.of(source, torch.ones_like(copies, dtype=torch.bool))


def test_by_hand() -> None:
    """See et al. 2017, eq. 9, with g = 0.75: a token of both, one behind the vocabulary, one of neither."""
    generated = torch.tensor([[0.1, 0.1, 0.1, 0.1, 0.4, 0.2]]).log()
    what = copyable([[4, 6, PAD, 6]], extra=2)
    weights = torch.tensor([[0.2, 0.3, 0.0, 0.5]])
    gate = torch.tensor([math.log(3.0)])  # sigmoid: 0.75
    log_probs, copied = extended_log_probs(generated, gate, weights, what)
    third = 0.75 * 0.1
    expected = [third, third, third, third, 0.75 * 0.4 + 0.25 * 0.2, 0.75 * 0.2, 0.25 * 0.8, 0.0]
    assert log_probs.exp()[0].tolist() == pytest.approx(expected)
    assert copied[0].tolist() == pytest.approx([0.05, 0.075, 0.0, 0.125])


def test_nothing_to_copy_leaves_the_generator() -> None:
    """A source of which nothing may be copied is one for a network without copying, whatever its gate says."""
    generated = torch.log_softmax(torch.randn(1, V), dim=-1)
    what = copyable([[PAD, PAD]], extra=1)
    log_probs, copied = extended_log_probs(generated, torch.tensor([-5.0]), torch.tensor([[0.5, 0.5]]), what)
    torch.testing.assert_close(log_probs[:, :V], generated)
    assert log_probs[0, V] == -math.inf
    assert not copied.any()


def test_weights_lie_on_copyable_tokens_alone() -> None:
    """What attention spends on other tokens is shared out, so that nothing of the distribution is lost."""
    what = copyable([[4, PAD, 5]], extra=0)
    attention = torch.tensor([[[0.2, 0.6, 0.2], [0.3, 0.1, 0.6]]])
    expected = torch.tensor([[[0.5, 0.0, 0.5], [1 / 3, 0.0, 2 / 3]]])
    torch.testing.assert_close(what.renormalise(attention), expected)
    torch.testing.assert_close(what.renormalise(attention[:, 0]), expected[:, 0])


def test_reads_where_a_token_may_have_been_copied_from() -> None:
    """CopyNet's selective read: the mean of all places of the token, and nothing for tokens of no place."""
    what = copyable([[4, 6, PAD, 6]], extra=2)
    encoded = torch.tensor([[[1.0, 0.0], [0.0, 2.0], [9.0, 9.0], [4.0, 4.0]]])
    memory = Memory(encoded, (), torch.ones(1, 4, dtype=torch.bool), what)
    read = memory.read(torch.tensor([[1, 4, 6, 5, PAD]]))
    assert read[0].tolist() == [[0.0, 0.0], [1.0, 0.0], [2.0, 3.0], [0.0, 0.0], [0.0, 0.0]]


def test_a_gold_token_that_nothing_can_write_costs_a_finite_amount() -> None:
    """One wrong pair must not end a run with NaN weights; and its gradient is a number too."""
    what = copyable([[4, 5]], extra=1)
    gate = torch.tensor([[0.3]], requires_grad=True)
    generated = torch.tensor([[IMPOSSIBLE]])
    log_prob = gold_log_probs(generated, gate, torch.tensor([[[0.5, 0.5]]]), torch.tensor([[V]]), what)
    assert log_prob.item() == pytest.approx(IMPOSSIBLE)
    log_prob.backward()
    assert gate.grad is not None
    assert torch.isfinite(gate.grad).all()


@st.composite
def mixtures(draw: st.DrawFn) -> dict[str, Any]:
    """Sources with repeated, unknown and uncopyable tokens, extreme gates and extreme scores."""
    rows = draw(st.integers(1, 3))
    length = draw(st.integers(1, 5))
    extra = draw(st.integers(0, 2))
    ids = st.one_of(st.just(PAD), st.integers(4, V + extra - 1))
    scores = st.floats(-60, 60, width=32)
    return {
        "copies": draw(st.lists(st.lists(ids, min_size=length, max_size=length), min_size=rows, max_size=rows)),
        "extra": extra,
        "gates": draw(st.lists(scores, min_size=rows, max_size=rows)),
        "logits": draw(st.lists(st.lists(scores, min_size=V, max_size=V), min_size=rows, max_size=rows)),
        "scores": draw(st.lists(st.lists(scores, min_size=length, max_size=length), min_size=rows, max_size=rows)),
    }


@given(mixtures())
@settings(deadline=None, max_examples=60)
def test_is_a_distribution_and_gold_is_part_of_it(mixture: dict[str, Any]) -> None:
    """Rows sum to one (to 1e-5), and the short way to a gold token's probability is the long way (to 1e-4)."""
    what = copyable(mixture["copies"], mixture["extra"])
    generated = torch.log_softmax(torch.tensor(mixture["logits"]), dim=-1)
    gate = torch.tensor(mixture["gates"])
    scores = torch.tensor(mixture["scores"]).masked_fill(~what.mask, -math.inf)
    weights = torch.softmax(scores, dim=-1)
    log_probs, copied = extended_log_probs(generated, gate, weights, what)
    torch.testing.assert_close(log_probs.exp().sum(-1), torch.ones(len(gate)), atol=1e-5, rtol=0)
    assert (copied >= 0).all()
    assert not copied[what.ids == PAD].any()
    for token in range(V + mixture["extra"]):
        gold = torch.full((len(gate), 1), token)
        alone = generated[:, token : token + 1] if token < V else torch.full((len(gate), 1), IMPOSSIBLE)
        short = gold_log_probs(alone, gate[:, None], weights[:, None, :], gold, what)[:, 0]
        floor = log_probs[:, token].clamp_min(IMPOSSIBLE)
        finite = floor > IMPOSSIBLE + 10  # below it the floor itself is mixed in
        torch.testing.assert_close(short[finite], floor[finite], atol=1e-4, rtol=1e-4)
        assert (short[~finite] < IMPOSSIBLE + 11).all()
