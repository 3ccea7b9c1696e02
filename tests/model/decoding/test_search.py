"""Greedy and beam search over a table: small enough that the right answer can be found by trying everything."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from harness.table_model import TableModel, sources  # noqa: E402  (after the check that torch is there)

from glosswright_model.decoding.beam import beam_search  # noqa: E402
from glosswright_model.decoding.greedy import greedy  # noqa: E402
from glosswright_model.decoding.hypothesis import Emitted, Hypothesis, Normalisation  # noqa: E402
from glosswright_model.decoding.repetition import Repetition  # noqa: E402
from glosswright_model.seq2seq.batch import EOS  # noqa: E402

LENGTH = 5


def check_same(found: Hypothesis, expected: Hypothesis) -> None:
    assert found.ids == expected.ids
    assert found.finished == expected.finished
    assert found.token_log_probs == pytest.approx(expected.token_log_probs, abs=1e-5)
    assert found.score == pytest.approx(expected.score, abs=1e-4)


def best_by_enumeration(
    model: TableModel, kind: int, count: int, normalisation: Normalisation
) -> list[tuple[int, ...]]:
    """The best sequences that end within LENGTH tokens, by trying all of them."""
    scored = [(normalisation.score(model.log_prob(kind, ids), len(ids)), ids) for ids in model.sequences(LENGTH)]
    return [ids for _, ids in sorted(scored, reverse=True)[:count]]


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_greedy_is_beam_search_of_width_one(seed: int) -> None:
    """Two implementations of the same search: each checks the other, in a batch with padding."""
    model = TableModel.random(seed)
    batch = sources(1, 2, 3)
    walked = greedy(model, batch, max_length=LENGTH, attention=True)
    searched = beam_search(model, batch, width=1, max_length=LENGTH, attention=True)
    for one, (other,) in zip(walked, searched, strict=True):
        check_same(other, one)
        assert torch.allclose(one.attention, other.attention)
        assert one.attention.shape[0] == len(one.token_log_probs)


@given(seed=st.integers(0, 10_000), alpha=st.sampled_from([0.0, 0.6, 1.0]))
@settings(max_examples=25, deadline=None)
def test_a_wide_beam_finds_what_trying_everything_finds(seed: int, alpha: float) -> None:
    """With room for every sequence nothing may be lost, and the ranking must be equation 14's."""
    model = TableModel.random(seed, vocabulary=6)
    normalisation = Normalisation(length=alpha)
    found = beam_search(
        model, sources(1, 3), width=40, n_best=4, max_length=LENGTH, normalisation=normalisation, exact=True
    )
    for kind, hypotheses in zip((1, 3), found, strict=True):
        expected = best_by_enumeration(model, kind, 4, normalisation)
        assert [(*each.ids, EOS) for each in hypotheses] == expected


@given(seed=st.integers(0, 10_000), width=st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_neighbours_in_the_batch_change_nothing(seed: int, width: int) -> None:
    """Sources leave the batch as they finish; a mix-up of rows would show here."""
    model = TableModel.random(seed)
    together = beam_search(
        model, sources(1, 2, 3), width=width, n_best=width, max_length=LENGTH, attention=True,
        normalisation=Normalisation(length=0.6, coverage=0.2),
    )  # fmt: skip
    batch = sources(1, 2, 3)
    for row, expected in enumerate(together):
        alone = type(batch)(batch.ids[row : row + 1], batch.lengths[row : row + 1], batch.copies[row : row + 1])
        found = beam_search(
            model, alone, width=width, n_best=width, max_length=LENGTH, attention=True,
            normalisation=Normalisation(length=0.6, coverage=0.2),
        )[0]  # fmt: skip
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            check_same(one, other)
            assert torch.allclose(one.attention, other.attention)


@given(seed=st.integers(0, 10_000), width=st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_n_best_lists_are_distinct_ranked_and_scored_right(seed: int, width: int) -> None:
    """What a caller relies on when it takes the second best."""
    model = TableModel.random(seed)
    normalisation = Normalisation(length=0.8)
    for kind in (1, 2):
        (found,) = beam_search(
            model, sources(kind), width=width, n_best=width, max_length=LENGTH, normalisation=normalisation
        )
        assert 1 <= len(found) <= width
        ended = [each for each in found if each.finished]
        assert found[: len(ended)] == ended
        assert all(one.score >= other.score for one, other in pairwise(ended))
        assert len({(each.ids, each.finished) for each in found}) == len(found)
        for each in found:
            ids = (*each.ids, EOS) if each.finished else each.ids
            assert each.log_prob == pytest.approx(model.log_prob(kind, ids), abs=1e-4)
            assert each.score == pytest.approx(normalisation.score(each.log_prob, len(ids)), abs=1e-4)


def test_finished_hypotheses_leave_the_batch() -> None:
    """Speed: a step costs what the running hypotheses cost."""
    tables = torch.full((4, 6, 7, 7), -5.0)
    tables[:, :, :, 4] = 5.0
    for kind, end in ((1, 1), (2, 3), (3, 5)):
        tables[kind, end, :, EOS] = 20.0
    model = TableModel(tables)
    found = greedy(model, sources(1, 2, 3), max_length=9)
    assert [len(each.ids) for each in found] == [1, 3, 5]
    assert model.rows == [3, 3, 2, 2, 1, 1]
    model.rows.clear()
    beam_search(model, sources(1, 2, 3), width=2, max_length=9)
    assert model.rows == [3, 6, 4, 4, 2, 2]


def test_the_length_limit_cuts_and_says_so() -> None:
    """A hypothesis that never ends comes back, marked as not finished."""
    tables = torch.zeros((4, 6, 7, 7))
    tables[..., EOS] = -30.0
    model = TableModel(tables)
    for each in (
        greedy(model, sources(1), max_length=4)[0],
        beam_search(model, sources(1), width=3, max_length=4)[0][0],
    ):
        assert not each.finished
        assert len(each.ids) == len(each.token_log_probs) == 4


def test_coverage_prefers_what_looks_everywhere() -> None:
    """beta must count unseen source tokens against a hypothesis: here the likelier one looks at one token only."""

    class Looking(TableModel):
        def step(self, previous, state):  # type: ignore[no-untyped-def]  # as the base class
            step = super().step(previous, state)
            step.attention[:] = torch.tensor([1.0, 0.0])
            step.attention[previous == 5] = torch.tensor([0.0, 1.0])
            return step

    tables = torch.full((4, 3, 7, 7), -20.0)
    tables[:, 0, :, 4], tables[:, 0, :, 5] = 0.5, 0.0  # 4 is likelier than 5
    tables[:, 1:, :, EOS] = 10.0
    model = Looking(tables)
    for beta, first in ((0.0, 4), (0.2, 5)):
        normalisation = Normalisation(coverage=beta)
        (found,) = beam_search(
            model, sources(1, length=2), width=2, n_best=2, max_length=4, normalisation=normalisation
        )
        assert found[0].ids == (first,)


def test_coverage_needs_attention() -> None:
    """Better an error than a weight that silently does nothing."""
    model = TableModel.random(1, vocabulary=7)
    model.attention = False
    with pytest.raises(ValueError, match="attention"):
        beam_search(model, sources(1), width=2, max_length=3, normalisation=Normalisation(coverage=0.1))


def test_equation_14_by_hand() -> None:
    """lp(7) with alpha 0.6 is (12 / 6)^0.6; coverage counts log(min(sum, 1)) of each token."""
    normalisation = Normalisation(length=0.6, coverage=0.2)
    assert normalisation.length_penalty(7) == pytest.approx(2**0.6)
    expected = -3.0 / 2**0.6 + 0.2 * math.log(0.5)
    assert normalisation.score(-3.0, 7, math.log(0.5)) == pytest.approx(expected)
    assert Normalisation(length=1.0, offset=0.0).length_penalty(7) == pytest.approx(7.0)


def test_repetition_is_held_down() -> None:
    """A table that repeats one token for ever, with a second choice: the ban takes the second, the penalty too."""
    tables = torch.full((4, 6, 7, 7), -20.0)
    tables[..., 4], tables[..., 5], tables[..., 6] = 3.0, 2.0, 1.0
    model = TableModel(tables)
    plain = greedy(model, sources(1), max_length=5)[0]
    assert plain.ids == (4, 4, 4, 4, 4)
    banned = greedy(model, sources(1), max_length=5, repetition=Repetition(no_repeat_ngram=2))[0]
    assert banned.ids == (4, 4, 5, 4, 6)
    options = {"max_length": 5, "repetition": Repetition(no_repeat_ngram=2)}
    check_same(beam_search(model, sources(1), width=1, **options)[0][0], banned)
    penalised = greedy(model, sources(1), max_length=4, repetition=Repetition(penalty=9.0))[0]
    assert penalised.ids[:3] == (4, 5, 6)
    assert penalised.token_log_probs[1] == pytest.approx(float(model.tables[1, 1, 4, 5]))  # the model's own


def test_each_token_can_be_watched_and_stopped() -> None:
    """Streaming: what is told is what comes back, and a row that is told to stop computes no further token."""
    model = TableModel.random(3)
    seen: list[Emitted] = []

    def watch(emitted: Emitted) -> bool:
        seen.append(emitted)
        return not (emitted.row == 1 and sum(each.row == 1 for each in seen) == 2)

    found = greedy(model, sources(1, 2, 3), max_length=LENGTH, attention=True, on_token=watch)
    assert len(found[1].token_log_probs) <= 2
    for row, hypothesis in enumerate(found):
        ids = (*hypothesis.ids, EOS) if hypothesis.finished else hypothesis.ids
        assert tuple(each.token for each in seen if each.row == row) == ids
        assert torch.equal(torch.stack([each.attention for each in seen if each.row == row]), hypothesis.attention)


def test_a_search_can_be_stopped() -> None:
    """A cancelled request: what there is comes back, and no further step is taken."""
    model = TableModel.random(4)
    left = iter([True, True, False])
    (found,) = beam_search(model, sources(1), width=3, n_best=3, max_length=LENGTH, go_on=lambda: next(left))
    assert len(model.rows) == 2
    assert found
    assert beam_search(model, sources(1), width=3, max_length=LENGTH, go_on=lambda: False)[0][0].ids == ()


@pytest.mark.parametrize("options", [{"width": 0, "max_length": 3}, {"width": 2, "max_length": 0}])
def test_senseless_options_are_refused(options: dict[str, int]) -> None:
    """A search of no width would return nothing without an error."""
    with pytest.raises(ValueError):
        beam_search(TableModel.random(1), sources(1), **options)
