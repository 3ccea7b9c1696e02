"""Attention of the recurrent decoder, against sums written out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from glosswright_model.seq2seq.attention import AdditiveScore, MultiplicativeScore, Score, attend

STATES = torch.tensor([[[1.0, 2.0]]])  # [1, 1, 2]: one decoder state
ENCODED = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [5.0, 5.0]]])  # [1, 3, 2]: two source tokens and padding
MASK = torch.tensor([[True, True, False]])


def test_dot_by_hand() -> None:
    """s = (1, 2): scores 1 and 2; weights 1 / (1 + e) and e / (1 + e); the padding's score of 15 counts for nothing."""
    score = MultiplicativeScore(2, 2, general=False)
    scores = score(STATES, score.keys(ENCODED))
    assert scores.tolist() == [[[1.0, 2.0, 15.0]]]
    weights, context = attend(scores, MASK, ENCODED)
    first = 1 / (1 + math.e)
    assert weights[0, 0].tolist() == pytest.approx([first, 1 - first, 0.0])
    assert context[0, 0].tolist() == pytest.approx([first, 1 - first])


def test_general_by_hand() -> None:
    """W = ((0, 1), (2, 0)): W h_1 = (0, 2), W h_2 = (1, 0), so that s . W h is 4 and 1."""
    score = MultiplicativeScore(2, 2, general=True)
    with torch.no_grad():
        score.transform.weight.copy_(torch.tensor([[0.0, 1.0], [2.0, 0.0]]))
    assert score(STATES, score.keys(ENCODED))[0, 0, :2].tolist() == [4.0, 1.0]


def test_additive_by_hand() -> None:
    """v . tanh(W s + U h + b) with W = ((1, 0), (0, 1)), U = ((2, 0), (0, 3)), b = (0, -1), v = (1, 10)."""
    score = AdditiveScore(2, 2)
    with torch.no_grad():
        score.query.weight.copy_(torch.eye(2))
        score.key.weight.copy_(torch.diag(torch.tensor([2.0, 3.0])))
        score.key.bias.copy_(torch.tensor([0.0, -1.0]))
        score.energy.weight.copy_(torch.tensor([[1.0, 10.0]]))
    expected = [math.tanh(1 + 2) + 10 * math.tanh(2 - 1), math.tanh(1) + 10 * math.tanh(2 + 3 - 1)]
    assert score(STATES, score.keys(ENCODED))[0, 0, :2].tolist() == pytest.approx(expected)


@pytest.mark.parametrize(
    "score",
    [MultiplicativeScore(2, 2, general=True, coverage=True), AdditiveScore(2, 2, coverage=True)],
    ids=["multiplicative", "additive"],
)
def test_coverage_is_one_more_term(score: Score) -> None:
    """See et al. 2017, eq. 11: tokens that were looked at get another score, others keep theirs."""
    with torch.no_grad():
        for name, weight in score.named_parameters():
            if name.startswith("seen"):
                weight.fill_(-0.5)
    keys = score.keys(ENCODED)
    fresh = score(STATES, keys, torch.zeros(1, 1, 3))
    seen = score(STATES, keys, torch.tensor([[[0.0, 0.8, 0.0]]]))
    assert torch.equal(fresh, score(STATES, keys))
    assert torch.equal(fresh[..., [0, 2]], seen[..., [0, 2]])
    assert fresh[0, 0, 1] != seen[0, 0, 1]
    if isinstance(score, MultiplicativeScore):
        torch.testing.assert_close(seen[0, 0, 1], fresh[0, 0, 1] - 0.4)
    else:
        assert isinstance(score, AdditiveScore)
        total = score.query(STATES)[0, 0] + keys[0, 1] - 0.4
        torch.testing.assert_close(seen[0, 0, 1], score.energy(torch.tanh(total))[0])


def test_rows_sum_to_one_and_padding_gets_nothing() -> None:
    """Whatever the scores, huge ones too."""
    mask = torch.arange(5) < torch.tensor([[5], [1], [3]])
    weights, _ = attend(1e4 * torch.randn(3, 4, 5), mask, torch.randn(3, 5, 2))
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 4))
    assert (weights.transpose(1, 2)[~mask] == 0).all()
