"""Training towards a reward: drawing, policy gradient, minimum risk, and the game of two networks, on toys."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from harness.toy_run import FAST, toy_trainer
from harness.toy_seq2seq import TINY, toy_codec, toy_network, toy_pairs

from glosswright_model.data.batching import Batch, collate, encode_pairs
from glosswright_model.errors import ConfigError
from glosswright_model.seq2seq.batch import BOS, EOS, PAD, Target
from glosswright_model.seq2seq.build import Network, build_discriminator
from glosswright_model.seq2seq.config import DiscriminatorConfig, RnnConfig
from glosswright_model.training.adversarial import Adversarial
from glosswright_model.training.drawing import Drawn, draw, repeated, roll_out
from glosswright_model.training.policy import Method, MinimumRisk, SelfCritical, answers, first_of_equals

pytestmark = pytest.mark.torch

SMALL = DiscriminatorConfig(embedding_size=12, filters=8, widths=(1, 2, 3), dropout=0.0, embedding_dropout=0.0)
STEADY = RnnConfig(embedding_size=12, hidden_size=16, dropout=0.0, embedding_dropout=0.0)


def toy_batch(count: int = 16, seed: int = 1) -> Batch:
    """Pairs of the toy corpus."""
    return collate(encode_pairs(toy_codec(), toy_pairs(count, seed)).examples)


def adversary(**options: float) -> Adversarial:
    """With its first weights."""
    codec = toy_codec()
    torch.manual_seed(3)
    discriminator = build_discriminator(SMALL, codec.source_size, codec.target_size)
    return Adversarial(discriminator, **{"weight": 0.5, "max_length": 6, "learning_rate": 1e-2} | options)  # type: ignore[arg-type]  # named numbers


def test_what_is_drawn_is_a_target() -> None:
    """BOS first, at most one EOS, padding behind it, never longer than the limit, nothing that cannot be copied."""
    batch = toy_batch()
    ids = draw(toy_network(toy_codec()), repeated(batch.source, 20), 5).ids
    assert ids.size(1) <= 6
    assert bool((ids == EOS).any())
    for place, row in enumerate(ids.tolist()):
        extras = batch.extras[place // 20]
        assert row[0] == BOS
        end = row.index(EOS) if EOS in row else len(row)
        assert set(row[end + 1 :]) <= {PAD}
        assert not {PAD, BOS} & set(row[1:end])
        assert max(row) < toy_codec().target_size + len(extras)


def test_draws_follow_the_distribution() -> None:
    """First tokens of 4000 draws against the network's own probabilities, within five standard errors."""
    network = toy_network(toy_codec()).eval()
    batch = toy_batch(1)
    step = network.step(torch.tensor([BOS]), network.start(batch.source))
    expected = step.log_probs[0].exp()
    expected[[PAD, BOS]] = 0.0
    expected = expected / expected.sum()
    torch.manual_seed(0)
    first = draw(network, repeated(batch.source, 4000), 3).ids[:, 1]
    found = torch.bincount(first, minlength=len(expected)) / 4000
    error = (expected * (1 - expected) / 4000).sqrt()
    assert bool(((found - expected).abs() <= 5 * error + 1e-6).all())


def test_a_roll_out_keeps_its_prefix() -> None:
    """What a token is worth is judged by answers that really begin with it; ended ones stay as they are."""
    network = toy_network(toy_codec())
    batch = toy_batch()
    drawn = draw(network, batch.source, 6)
    assert len(drawn.states) == drawn.ids.size(1) - 1
    for place in range(1, drawn.ids.size(1) - 1):
        prefix = drawn.ids[:, : place + 1]
        ends = roll_out(network, drawn.states[place], prefix, 6)
        assert torch.equal(ends[:, : place + 1], prefix)
        over = (prefix == EOS).any(dim=1)
        assert all(
            not row or row == expected
            for row, expected in zip(
                [tuple(r) if o else () for r, o in zip(answers(ends), over, strict=True)],
                answers(drawn.ids),
                strict=True,
            )
        )


def test_equal_answers_count_once() -> None:
    """Otherwise the distribution over candidates would depend on how often one was drawn."""
    found = [(1, 2), (3,), (1, 2), (3,), (3,), (4,)]
    assert first_of_equals(found, 3).tolist() == [[True, True, False], [True, False, True]]


def likes_short(pair: int, ids: tuple[int, ...], extras: tuple[str, ...]) -> float:
    """A reward with a known best answer: nothing at all."""
    return 1.0 / (1 + len(ids))


def mean_reward(network: Network) -> float:
    """Of drawn answers."""
    torch.manual_seed(0)
    found = answers(draw(network, repeated(toy_batch().source, 8), 6).ids)
    return sum(likes_short(0, ids, ()) for ids in found) / len(found)


METHODS: Mapping[str, Method] = {
    "reinforce": SelfCritical(likes_short, weight=1.0, max_length=6),
    "minimum risk": MinimumRisk(likes_short, weight=1.0, max_length=6, samples=6, alpha=1.0),
}


@pytest.mark.parametrize("name", METHODS)
def test_a_known_reward_rises(name: str) -> None:
    """Policy gradient and minimum risk alone, without maximum likelihood, on a task whose best answer is known."""
    torch.manual_seed(1)
    network = toy_network(toy_codec(), STEADY)
    before = mean_reward(network)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-2)
    batch = toy_batch()
    for update in range(35):
        pull = METHODS[name].pull(network, batch, update)
        optimizer.zero_grad()
        (pull.total / batch.target_tokens).backward()
        optimizer.step()
    assert before < 0.3
    assert mean_reward(network) > 0.75


def test_the_policy_gradient_is_that_of_the_expected_reward() -> None:
    """Against the exact gradient, for answers of one token, whose expected reward can be written out."""
    network = toy_network(toy_codec(), STEADY).eval()
    batch = toy_batch(1)
    worth = torch.linspace(0.0, 1.0, toy_codec().target_size + batch.source.extra)

    def reward(pair: int, ids: tuple[int, ...], extras: tuple[str, ...]) -> float:
        return float(worth[ids[0]]) if ids else float(worth[EOS])

    bias = network.output.bias
    chances = network.step(torch.tensor([BOS]), network.start(batch.source)).log_probs[0].exp()
    (exact,) = torch.autograd.grad((chances * worth).sum(), bias)
    many = collate([encode_pairs(toy_codec(), toy_pairs(1, 1)).examples[0]] * 8000)
    torch.manual_seed(5)
    pull = SelfCritical(reward, weight=1.0, max_length=1).pull(network, many, 0)
    (found,) = torch.autograd.grad(-pull.total / 8000, bias)
    kept = [token for token in range(len(bias)) if token not in (PAD, BOS)]  # which are never drawn
    cosine = torch.nn.functional.cosine_similarity(exact[kept], found[kept], dim=0)
    assert float(cosine) > 0.95
    assert float(found[kept].norm() / exact[kept].norm()) == pytest.approx(1.0, abs=0.15)


def test_minimum_risk_of_equal_rewards_pulls_nowhere() -> None:
    """Where every answer is worth the same there is nothing to learn: the gradient is zero."""
    network = toy_network(toy_codec(), STEADY)
    method = MinimumRisk(lambda pair, ids, extras: 0.5, weight=1.0, max_length=6, samples=3)
    pull = method.pull(network, toy_batch(), 0)
    pull.total.backward()
    assert pull.values["risk"] == pytest.approx(0.5, abs=1e-6)
    assert max(float(p.grad.abs().max()) for p in network.parameters() if p.grad is not None) < 1e-5


@pytest.mark.parametrize("kind", ["convolutional", "recurrent"])
def test_the_discriminator_learns_to_tell(kind: str) -> None:
    """An untrained network's answers are easily told from people's, also for pairs that were not seen."""
    codec = toy_codec()
    torch.manual_seed(2)
    config = DiscriminatorConfig(kind=kind, embedding_size=12, filters=8, widths=(1, 2), hidden_size=8, dropout=0.0)  # type: ignore[arg-type]  # both kinds
    player = Adversarial(
        build_discriminator(config, codec.source_size, codec.target_size), weight=0.5, max_length=6, learning_rate=1e-2
    )
    network = toy_network(codec)
    for seed in range(40):
        batch = toy_batch(16, seed)
        player.teach(batch.source, batch.target, Target(draw(network, batch.source, 6).ids))
    fresh = toy_batch(32, 99)
    real = player.verdicts(fresh.source, fresh.target)
    drawn = player.verdicts(fresh.source, Target(draw(network, fresh.source, 6).ids))
    assert float((real > 0.5).float().mean()) > 0.9
    assert float((drawn < 0.5).float().mean()) > 0.9


def test_the_generator_learns_to_pass() -> None:
    """Against a discriminator that has learned and stands still, the verdict on drawn answers rises by the policy
    gradient alone.
    """
    player = adversary(rollouts=2)
    torch.manual_seed(4)
    network = toy_network(toy_codec(), STEADY)
    for seed in range(12):
        batch = toy_batch(16, seed)
        player.teach(batch.source, batch.target, Target(draw(network, batch.source, 6).ids))
    player.teach = lambda *batch: {}  # type: ignore[method-assign]  # stands still
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    verdicts = []
    batch = toy_batch()
    for update in range(25):
        pull = player.pull(network, batch, update)
        verdicts.append(pull.values["reward"])
        optimizer.zero_grad()
        (pull.total / batch.target_tokens).backward()
        optimizer.step()
    assert sum(verdicts[-5:]) / 5 > 2 * sum(verdicts[:3]) / 3 + 0.1


def test_rewards_of_tokens_are_means_of_verdicts_on_ends() -> None:
    """The last token's reward is the verdict on the whole answer; an earlier one's is a mean over different ends."""
    player = adversary(rollouts=3)
    network = toy_network(toy_codec())
    batch = toy_batch()
    drawn: Drawn = draw(network, batch.source, 6)
    rewards = player.rewards(network, batch.source, drawn)
    assert rewards.shape == (16, drawn.ids.size(1) - 1)
    verdicts = player.verdicts(batch.source, Target(drawn.ids))
    ends = (drawn.ids != PAD).sum(dim=1) - 2
    assert torch.allclose(rewards.gather(1, ends[:, None]).squeeze(1), verdicts, atol=1e-6)
    assert not torch.allclose(rewards[:, 0], verdicts)


def test_only_the_discriminator_learns_at_first() -> None:
    """A generator pulled by a discriminator that knows nothing would only be shaken."""
    player = adversary(begin=2)
    network = toy_network(toy_codec())
    pulls = [player.pull(network, toy_batch(), update) for update in range(3)]
    assert [float(pull.total.detach()) == 0.0 for pull in pulls] == [True, True, False]
    assert all(math.isfinite(pull.values["discriminator_loss"]) for pull in pulls)


def test_a_game_goes_on_exactly(tmp_path: Path) -> None:
    """Both players and both optimizers belong to the state: interrupted or not, the same two networks come out."""
    settings = FAST.model_copy(update={"epochs": 1, "save_every": 2})

    class Stop(Exception):
        """The run ends here."""

    class Interrupting:
        """Ends a run after an update."""

        def begin(self, update: int, total: int) -> None:
            """See `Recorder`."""

        def advance(self, update: int, tokens: int) -> None:
            """Now."""
            if update == 5:
                raise Stop

        def record(self, kind: str, update: int, epoch: int, values: Mapping[str, float]) -> None:
            """See `Recorder`."""

        def close(self) -> None:
            """See `Recorder`."""

    players = [adversary(rollouts=1) for _ in range(3)]
    whole = toy_trainer(tmp_path / "whole", settings, config=TINY, method=players[0], pairs=56)
    whole.run()
    with pytest.raises(Stop):
        toy_trainer(tmp_path / "cut", settings, config=TINY, method=players[1], pairs=56, recorder=Interrupting()).run()
    resumed = toy_trainer(tmp_path / "cut", settings, config=TINY, method=players[2], pairs=56)
    assert resumed.progress.update == 4
    resumed.run()
    for one, other in ((players[0].discriminator, players[2].discriminator), (whole._network, resumed._network)):
        assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_wrong_settings_of_a_discriminator_are_named(tmp_path: Path) -> None:
    """As strictly as everything else."""
    from glosswright_model.training.config import experiment_from
    from glosswright_model.training.preparation import build_adversary

    for values, message in (
        ({"fliters": 3}, r"tune.discriminator.fliters is no setting; did you mean filters\?"),
        ({"widths": [0]}, "tune.discriminator.widths"),
    ):
        document = {
            "name": "toy",
            "data": {"corpus": "parallel", "path": "x"},
            "tune": {"method": "adversarial", "discriminator": values},
        }
        with pytest.raises(ConfigError, match=message):
            build_adversary(experiment_from(document, "toy"), toy_codec())
