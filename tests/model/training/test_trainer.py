"""The loop: it learns, each setting changes what it should, trouble stops it without loss, and kills leave no trace."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from harness.toy_run import FAST, toy_trainer
from harness.toy_seq2seq import TINY, toy_pairs
from safetensors.torch import load_file

from glosswright_model.checkpoint import WEIGHTS_NAME, load_checkpoint
from glosswright_model.data.batching import collate_sources
from glosswright_model.decoding.greedy import greedy
from glosswright_model.errors import CheckpointError, ConfigError, TrainingError
from glosswright_model.seq2seq.build import Network
from glosswright_model.seq2seq.config import NetworkConfig, RnnConfig, TransformerConfig
from glosswright_model.training import trainer as trainer_module
from glosswright_model.training.recording import Kind
from glosswright_model.training.settings import (
    OptimizerSettings,
    SamplingSettings,
    ScheduleSettings,
    TrainingSettings,
)
from glosswright_model.training.trainer import Trainer

pytestmark = pytest.mark.torch

PLAIN = RnnConfig(embedding_size=12, hidden_size=16, dropout=0.0, embedding_dropout=0.0)
TRANSFORMER = TransformerConfig(
    model_size=16, heads=2, feedforward_size=32, encoder_layers=1, decoder_layers=1, dropout=0.0
)


class Listener:
    """Keeps what was recorded, and may meddle after an update."""

    def __init__(self, after: Mapping[int, Any] | None = None) -> None:
        self.rows: list[tuple[str, int, dict[str, float]]] = []
        self._after = after or {}

    def begin(self, update: int, total: int) -> None:
        """See `Recorder`."""

    def advance(self, update: int, tokens: int) -> None:
        """Meddle."""
        if update in self._after:
            self._after[update]()

    def record(self, kind: Kind, update: int, epoch: int, values: Mapping[str, float]) -> None:
        """Keep."""
        self.rows.append((kind, update, dict(values)))

    def close(self) -> None:
        """See `Recorder`."""


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """Of a checkpoint, or of the model a run ended with."""
    inner = folder / "model"
    tensors: dict[str, torch.Tensor] = load_file((inner if inner.is_dir() else folder) / WEIGHTS_NAME)
    return tensors


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor], tolerance: float = 0.0) -> bool:
    """Whether all tensors are equal, to an absolute tolerance."""
    assert one.keys() == other.keys()
    return all(torch.allclose(one[name], other[name], atol=tolerance, rtol=0.0) for name in one)


def test_it_learns_to_copy(tmp_path: Path) -> None:
    """The smoke test of the whole: a tiny network, in seconds, copies what the sentence says, new words included."""
    settings = FAST.model_copy(update={"epochs": 14, "optimizer": OptimizerSettings(learning_rate=1e-2)})
    config = RnnConfig(embedding_size=24, hidden_size=32, dropout=0.1, embedding_dropout=0.1)
    outcome = toy_trainer(tmp_path, settings, config=config, pairs=240).run()
    loaded = load_checkpoint(outcome.model)
    pairs = [*toy_pairs(20, seed=9), *toy_pairs(1, seed=10)]
    sources = [loaded.codec.encode_source(pair.source) for pair in pairs]
    sources.append(loaded.codec.encode_source("set alpha to 4711 please"))  # in no vocabulary
    found = greedy(loaded.network, collate_sources(sources), max_length=8)
    answers = [loaded.codec.decode(one.ids, source.extras) for one, source in zip(found, sources, strict=True)]
    assert answers[-1] == "alpha = 4711"
    assert sum(answer == pair.target for answer, pair in zip(answers, pairs, strict=False)) >= 19
    assert outcome.results["exact_match"] >= 90.0
    assert loaded.about.results == outcome.results


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_run_killed_at_any_moment_ends_with_the_same_weights(tmp_path: Path) -> None:
    """Exact resume, with real SIGKILLs: before the first state, in the middle of an epoch, between the two renames of a
    state, after a validation. Nothing may depend on how often a run was interrupted.
    """
    reference = toy_trainer(tmp_path / "whole").run()
    folder = tmp_path / "killed"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    kills = [(2, 0), (7, 0), (0, 2), (17, 0), (0, 0)]
    for update, replacement in kills:
        session = subprocess.run(
            [sys.executable, "-m", "harness.toy_run", str(folder), str(update), str(replacement)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=100,
        )
        expected = 0 if (update, replacement) == (0, 0) else -signal.SIGKILL
        assert session.returncode == expected, session.stderr
    assert same(weights(folder), weights(tmp_path / "whole"))
    again = toy_trainer(folder).run()
    assert (again.results, again.updates) == (reference.results, reference.updates)
    states = [json.loads((run / "state" / "progress.json").read_text()) for run in (folder, tmp_path / "whole")]
    assert states[0] | {"seconds": 0} == states[1] | {"seconds": 0}


def test_two_runs_are_equal_and_two_seeds_are_not(tmp_path: Path) -> None:
    """What "reproducible" means; without the second half the first would prove nothing."""
    short = FAST.model_copy(update={"epochs": 1})
    for name, settings in (("a", short), ("b", short), ("c", short.model_copy(update={"seed": 2}))):
        toy_trainer(tmp_path / name, settings).run()
    assert same(weights(tmp_path / "a"), weights(tmp_path / "b"))
    assert not same(weights(tmp_path / "a"), weights(tmp_path / "c"))


def one_update(
    folder: Path, config: NetworkConfig = PLAIN, **settings: Any
) -> tuple[dict[str, torch.Tensor], Listener]:
    """The weights after all of eight pairs went into few updates, and what was recorded."""
    listener = Listener()
    base: dict[str, Any] = {"epochs": 1, "batch_size": 8, "metric": "loss", "patience": 0}
    toy_trainer(folder, TrainingSettings(**base | settings), config=config, pairs=8, recorder=listener).run()
    return weights(folder), listener


def test_accumulated_batches_make_the_update_of_one_large_batch(tmp_path: Path) -> None:
    """The loss is a mean over tokens of the whole update, not a mean of means: equal to 1e-6."""
    whole, _ = one_update(tmp_path / "whole")
    accumulated, _ = one_update(tmp_path / "parts", batch_size=3, optimizer=OptimizerSettings(accumulate=3))
    apart, _ = one_update(tmp_path / "apart", batch_size=3)
    assert same(whole, accumulated, 1e-6)
    assert not same(whole, apart, 1e-6)


FEATURES: dict[str, dict[str, Any]] = {
    "label smoothing": {"label_smoothing": 0.2},
    "clipping": {"optimizer": OptimizerSettings(clip_norm=1e-6)},
    "weight decay": {"optimizer": OptimizerSettings(weight_decay=0.5)},
    "learning rate": {"optimizer": OptimizerSettings(learning_rate=1e-4)},
    "warm-up": {"schedule": ScheduleSettings(warmup=10)},
    "scheduled sampling": {"scheduled_sampling": SamplingSettings(most=1.0, span=1, begin=0, kind="exponential")},
    "bf16": {"precision": "bf16"},
}


@pytest.mark.parametrize("feature", FEATURES)
def test_each_setting_changes_the_update(tmp_path: Path, feature: str) -> None:
    """A setting that is read and then ignored is worse than none."""
    plain, _ = one_update(tmp_path / "plain", epochs=2)
    changed, _ = one_update(tmp_path / "changed", epochs=2, **FEATURES[feature])
    assert not same(plain, changed)
    assert all(bool(torch.isfinite(tensor).all()) for tensor in changed.values())


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_lower_precision_trains_nearly_the_same_model(tmp_path: Path, precision: str) -> None:
    """Autocast must neither lose the gradient nor the weights: a loss within 5 % of fp32's after thirty updates."""
    losses = []
    for name in ("fp32", precision):
        config = TRANSFORMER if precision == "fp16" else PLAIN  # a CPU has no recurrent networks in fp16
        _, listener = one_update(tmp_path / name, config, precision=name, epochs=30)
        losses.append([values["loss"] for kind, _, values in listener.rows if kind == "validation"][-1])
    assert losses[1] == pytest.approx(losses[0], rel=0.05)


def test_fp16_for_a_recurrent_network_on_a_cpu_is_refused(tmp_path: Path) -> None:
    """The engine fails there with a message about primitives; say before training what to use instead."""
    with pytest.raises(ConfigError, match="use bf16 or fp32"):
        one_update(tmp_path, precision="fp16")


def spoiled(folder: Path, *, after: int, by: float) -> Trainer:
    """A trainer whose network gets such weights after an update."""
    poison = Listener()
    trainer = toy_trainer(folder, recorder=poison)
    network: Network = trainer._run.network

    def spoil() -> None:
        with torch.no_grad():
            network.output.weight[5] = by

    poison._after = {after: spoil}
    return trainer


def test_a_loss_that_is_no_number_stops_the_run(tmp_path: Path) -> None:
    """Trained further, every weight would be lost. The message names the batch; the last good checkpoint is whole."""
    trainer = spoiled(tmp_path, after=11, by=math.nan)
    with pytest.raises(
        TrainingError, match=r"loss of update 12 is no number: epoch 2, batch 4, training pairs \d+, \d+"
    ):
        trainer.run()
    load_checkpoint(tmp_path / "checkpoints" / "update-0000008")
    healthy = toy_trainer(tmp_path)
    assert healthy.progress.update == 9
    assert math.isfinite(healthy.run().results["loss"])


def test_weights_that_are_no_numbers_are_not_saved(tmp_path: Path) -> None:
    """The last update before a save can spoil them; a state that holds them could never be resumed."""
    trainer = spoiled(tmp_path, after=9, by=math.inf)
    with pytest.raises(TrainingError, match=r"no numbers any more after update 9\..*update-0000008: begin a new run"):
        trainer.run()
    healthy = toy_trainer(tmp_path)
    assert healthy.progress.update == 8
    assert math.isfinite(healthy.run().results["loss"])


def test_a_validation_loss_that_is_no_number_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever decides: such a network is none that one would want to go on from, or keep."""
    real, calls = trainer_module.validation_loss, iter(range(99))
    monkeypatch.setattr(
        trainer_module, "validation_loss", lambda *given: math.nan if next(calls) == 1 else real(*given)
    )
    with pytest.raises(TrainingError, match=r"validation loss is no number after update 16\..*update-0000008: begin"):
        toy_trainer(tmp_path).run()
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["update-0000008"]
    healthy = toy_trainer(tmp_path)
    assert healthy.progress.update < 16
    assert math.isfinite(healthy.run().results["loss"])


def test_too_little_memory_says_what_to_change(tmp_path: Path) -> None:
    """The engine's own message speaks of allocators; the settings that help have names."""

    def full() -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(TrainingError, match=r"lower training.batch_size, and raise training.optimizer.accumulate"):
        toy_trainer(tmp_path, recorder=Listener({2: full})).run()


def test_a_full_disk_stops_the_run_and_it_goes_on_later(tmp_path: Path) -> None:
    """The user frees space and resumes; the outcome is that of a run without trouble."""
    toy_trainer(tmp_path / "whole").run()
    saves = 0

    def full(place: Path, network: Network, results: Mapping[str, float]) -> None:
        nonlocal saves
        saves += 1
        if saves == 2:
            raise CheckpointError("the disk is full")
        good(place, network, results)

    first = toy_trainer(tmp_path / "full")
    good = first._run.save
    with pytest.raises(CheckpointError, match="full"):
        toy_trainer(tmp_path / "full", save=full).run()
    toy_trainer(tmp_path / "full").run()
    assert same(weights(tmp_path / "full"), weights(tmp_path / "whole"))


def test_it_stops_when_the_metric_no_longer_rises(tmp_path: Path) -> None:
    """Early stopping on what the user cares about; the best checkpoint is the result, not the last."""
    metrics = iter([10.0, 30.0, 20.0, 25.0, 30.0, 5.0])

    def evaluate(network: Network) -> Mapping[str, float]:
        return {"exact_match": next(metrics)}

    settings = FAST.model_copy(update={"epochs": 50, "patience": 2, "average": "none"})
    listener = Listener()
    outcome = toy_trainer(tmp_path, settings, evaluate=evaluate, recorder=listener).run()
    assert [update for kind, update, _ in listener.rows if kind == "validation"] == [8, 16, 24, 32]
    assert same(weights(tmp_path), weights(tmp_path / "checkpoints" / "update-0000016"))
    assert outcome.updates == 32


def test_the_loss_decides_while_nothing_is_right(tmp_path: Path) -> None:
    """On little data no answer may be right for many epochs: the run must neither end there nor keep its beginning."""
    losses = iter([3.0, 2.0, 1.0, 0.5, 0.7, 0.6, 0.5])

    def evaluate(network: Network) -> Mapping[str, float]:
        return {"exact_match": 0.0, "loss": next(losses)}

    settings = FAST.model_copy(update={"epochs": 50, "patience": 2, "average": "none"})
    toy_trainer(tmp_path, settings, evaluate=evaluate, validation=[]).run()
    assert same(weights(tmp_path), weights(tmp_path / "checkpoints" / "update-0000032"))


def test_the_mean_of_checkpoints_is_taken_when_it_is_better(tmp_path: Path) -> None:
    """Averaging is decided by validation, and is what it says: the mean of the kept weights."""

    def run(name: str, last: list[float]) -> Path:
        metrics = iter([10.0, 12.0, 11.0, *last])
        settings = FAST.model_copy(update={"patience": 0})
        toy_trainer(tmp_path / name, settings, evaluate=lambda network: {"exact_match": next(metrics)}).run()
        return tmp_path / name

    better = run("better", [12.0, 13.0])
    kept = [weights(better / "checkpoints" / f"update-{update:07d}") for update in (16, 24)]
    mean = {name: (kept[0][name] + kept[1][name]) / 2 for name in kept[0]}
    assert same(weights(better), mean, 1e-6)
    worse = run("worse", [12.0, 11.0])
    assert same(weights(worse), weights(worse / "checkpoints" / "update-0000016"))
    assert sorted(path.name for path in (worse / "checkpoints").iterdir()) == ["update-0000016", "update-0000024"]


def test_a_mean_that_is_only_as_good_needs_no_larger_loss(tmp_path: Path) -> None:
    """While nothing is right all metrics are equal, and the mean over a run that still learns is worse than its end."""
    losses = iter([3.0, 2.0, 1.0, 1.0, 2.5])

    def evaluate(network: Network) -> Mapping[str, float]:
        return {"exact_match": 0.0, "loss": next(losses)}

    outcome = toy_trainer(tmp_path, FAST, evaluate=evaluate, validation=[]).run()
    assert outcome.results["loss"] == 1.0
    assert outcome.averaged == 1
    assert same(weights(tmp_path), weights(tmp_path / "checkpoints" / "update-0000024"))


def test_a_plateau_lowers_the_rate(tmp_path: Path) -> None:
    """The schedule that depends on validation must reach the optimizer."""
    rates: list[float] = []
    settings = FAST.model_copy(
        update={"schedule": ScheduleSettings(kind="plateau", factor=0.1), "epochs": 2, "patience": 0}
    )
    trainer = toy_trainer(
        tmp_path,
        settings,
        evaluate=lambda network: {"exact_match": 1.0},
        recorder=Listener({n: lambda: rates.append(trainer._optimizer.param_groups[0]["lr"]) for n in range(1, 17)}),
    )
    trainer.run()
    assert rates == pytest.approx([5e-3] * 16)
    more = toy_trainer(
        tmp_path / "more", settings.model_copy(update={"epochs": 3}), evaluate=lambda n: {"exact_match": 1.0}
    )
    more.run()
    assert more._optimizer.param_groups[0]["lr"] == pytest.approx(5e-4)


def test_a_state_of_another_run_is_refused(tmp_path: Path) -> None:
    """Resuming with other settings or data would end with weights that no configuration explains."""
    toy_trainer(tmp_path, FAST.model_copy(update={"epochs": 1})).run()
    with pytest.raises(CheckpointError, match="other settings or data"):
        toy_trainer(tmp_path, fingerprint="another")


@pytest.mark.parametrize("name", ["progress.json", "network-optimizer.safetensors", "network.safetensors"])
def test_a_damaged_state_is_refused(tmp_path: Path, name: str) -> None:
    """Half a state must not silently become a fresh run over someone's old one."""
    toy_trainer(tmp_path, FAST.model_copy(update={"epochs": 1})).run()
    path = tmp_path / "state" / name
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CheckpointError, match="damaged"):
        toy_trainer(tmp_path)


def test_it_ends_after_so_many_updates(tmp_path: Path) -> None:
    """A budget in updates, in the middle of an epoch: measured, saved, and not gone beyond when it is resumed."""
    settings = FAST.model_copy(update={"max_updates": 10})
    listener = Listener()
    assert toy_trainer(tmp_path, settings, recorder=listener).run().updates == 10
    assert [update for kind, update, _ in listener.rows if kind == "validation"] == [8, 10]
    assert toy_trainer(tmp_path, settings).run().updates == 10


def test_a_metric_that_does_not_exist_is_named(tmp_path: Path) -> None:
    """The configuration says `metric: blue`: say which there are, at the first validation."""
    with pytest.raises(TrainingError, match="no metric 'blue'; it has exact_match, loss"):
        toy_trainer(tmp_path, FAST.model_copy(update={"metric": "blue"})).run()


def test_dropout_is_off_while_validating(tmp_path: Path) -> None:
    """A metric taken with dropout would be noise."""
    seen: list[bool] = []

    def evaluate(network: Network) -> Mapping[str, float]:
        seen.append(network.training)
        return {"exact_match": 1.0}

    toy_trainer(tmp_path, FAST.model_copy(update={"epochs": 1}), evaluate=evaluate, config=TINY).run()
    assert seen
    assert not any(seen)
