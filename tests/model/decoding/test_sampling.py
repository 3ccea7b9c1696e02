"""Sampling and ensembles over a table: the distributions drawn from are compared with those computed here."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from harness.table_model import TableModel, sources  # noqa: E402  (after the check that torch is there)

from glosswright_model.decoding.beam import beam_search  # noqa: E402
from glosswright_model.decoding.ensemble import Ensemble  # noqa: E402
from glosswright_model.decoding.greedy import greedy  # noqa: E402
from glosswright_model.decoding.hypothesis import Normalisation  # noqa: E402
from glosswright_model.decoding.repetition import Repetition  # noqa: E402
from glosswright_model.decoding.sampling import Sampling, sample  # noqa: E402

SCORES = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).log()


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [
        (Sampling(), [0.5, 0.3, 0.15, 0.05]),
        (Sampling(top_k=2), [0.625, 0.375, 0, 0]),
        (Sampling(top_k=9), [0.5, 0.3, 0.15, 0.05]),
        (Sampling(top_p=0.5), [1, 0, 0, 0]),
        (Sampling(top_p=0.51), [0.625, 0.375, 0, 0]),
        (Sampling(top_p=1e-9), [1, 0, 0, 0]),
        (Sampling(top_k=3, top_p=0.8), [0.625, 0.375, 0, 0]),
        (Sampling(temperature=0.5), [0.25 / 0.365, 0.09 / 0.365, 0.0225 / 0.365, 0.0025 / 0.365]),
    ],
)
def test_what_is_drawn_from(sampling: Sampling, expected: list[float]) -> None:
    """Each option by hand; together in the order temperature, top-k, top-p."""
    assert sampling.probabilities(SCORES)[0].tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Sampling(temperature=math.nan),
        lambda: Sampling(temperature=math.inf),
        lambda: Sampling(temperature=-1.0),
        lambda: Sampling(top_p=2.0),
        lambda: Sampling(top_p=math.nan),
        lambda: Sampling(top_k=-1),
        lambda: Normalisation(length=math.nan),
        lambda: Normalisation(coverage=math.inf),
        lambda: Normalisation(offset=-1.0),
        lambda: Repetition(penalty=math.nan),
        lambda: Repetition(penalty=math.inf),
        lambda: Repetition(no_repeat_ngram=-1),
    ],
)
def test_options_that_mean_nothing_are_refused(make: Callable[[], object]) -> None:
    """NaN compares with nothing, so it must not pass for a number in range."""
    with pytest.raises(ValueError, match=r"not|need"):
        make()


@pytest.mark.parametrize("temperature", [1e-3, 1e-6, 1e-300])
def test_next_to_no_temperature_is_greedy(temperature: float) -> None:
    """Quotients that are no numbers any more could not be drawn from."""
    model = TableModel.random(3)
    (drawn,) = sample(model, sources(1), max_length=5, sampling=Sampling(temperature=temperature), seeds=[1])
    (likeliest,) = greedy(model, sources(1), max_length=5)
    assert drawn[0].ids == likeliest.ids


def test_draws_follow_the_distribution() -> None:
    """4,000 draws of one token: each frequency within four standard deviations."""
    model = TableModel.random(5, sharp=1.0)
    (drawn,) = sample(model, sources(1), max_length=1, samples=4000, seeds=list(range(4000)))
    counts = Counter(each.ids for each in drawn)
    scores = model.tables[1, 0, 1].clone()
    scores[[0, 1, 3]] = -torch.inf  # PAD, BOS and UNK are never drawn
    for token, probability in enumerate(scores.softmax(dim=0).tolist()):
        ids = () if token == 2 else (token,)
        deviation = (4000 * probability * (1 - probability)) ** 0.5
        assert abs(counts[ids] - 4000 * probability) <= 4 * deviation + 1e-9


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_a_sample_depends_on_its_seed_alone(seed: int) -> None:
    """Not on the other samples, nor on the other sources of the batch."""
    model = TableModel.random(seed)
    together = sample(model, sources(1, 2), max_length=5, samples=3, seeds=[7, 8, 9])
    for kind, drawn in zip((1, 2), together, strict=True):
        (alone,) = sample(model, sources(kind), max_length=5, samples=1, seeds=[9])
        assert alone[0].ids == drawn[2].ids


def test_temperature_zero_is_greedy() -> None:
    """As the API's `temperature: 0` promises."""
    model = TableModel.random(2)
    drawn = sample(model, sources(1, 2), max_length=5, samples=2, sampling=Sampling(temperature=0))
    walked = greedy(model, sources(1, 2), max_length=5)
    assert [[each.ids for each in row] for row in drawn] == [[each.ids] * 2 for each in walked]


@pytest.mark.parametrize("options", [{"temperature": -1}, {"top_k": -1}, {"top_p": 0}, {"top_p": 1.5}])
def test_senseless_options_are_refused(options: dict[str, float]) -> None:
    """They would draw from something that is no distribution."""
    with pytest.raises(ValueError):
        Sampling(**options)


def test_an_ensemble_averages_probabilities() -> None:
    """Of networks with and without copying, whose distributions differ in width; attention of those that have it."""
    first, second = TableModel.random(1, vocabulary=9), TableModel.random(2, vocabulary=7)
    first.extra = 2  # ids 7 and 8 are copies, which the second network knows nothing of
    second.attention = False
    ensemble = Ensemble([first, second])
    batch = sources(1, 2, extra=2)
    previous = torch.ones(2, dtype=torch.long)
    step = ensemble.step(previous, ensemble.start(batch))
    wide = torch.zeros((2, 9))
    wide[:, :7] = second.step(previous, second.start(batch)).log_probs.exp()
    expected = (first.step(previous, first.start(batch)).log_probs.exp() + wide) / 2
    assert torch.allclose(step.log_probs.exp(), expected, atol=1e-6)
    assert torch.allclose(step.attention, first.step(previous, first.start(batch)).attention)
    assert ensemble.target_size == 7


@given(seed=st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_an_ensemble_of_equals_is_each_of_them(seed: int) -> None:
    """Its state must follow reordering in every search."""
    model = TableModel.random(seed)
    alone = beam_search(model, sources(1, 2, 3), width=3, n_best=3, max_length=5)
    together = beam_search(Ensemble([model, model]), sources(1, 2, 3), width=3, n_best=3, max_length=5)
    assert [[each.ids for each in row] for row in together] == [[each.ids for each in row] for row in alone]


def test_an_ensemble_needs_one_vocabulary() -> None:
    """Averaging probabilities of different tokens would be nonsense without an error."""
    with pytest.raises(ValueError, match=r"\[5, 7\]"):
        Ensemble([TableModel.random(1), TableModel.random(1, vocabulary=5)])
