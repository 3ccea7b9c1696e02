"""The supervised loop: batches in, checkpoints out, and a state on disk from which a killed run goes on exactly.

One update is `accumulate` batches, each shared out among the processes. The loop knows networks by their losses and
quality by a function it is handed; it reads no text, decodes nothing and draws nothing. A run lives in one folder:
`state/` (to go on), `checkpoints/` (the best and the last), `model/` (the result).
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch.nn.parallel import DistributedDataParallel

from glosswright_model.data.batching import Batches, Example, collate, in_order
from glosswright_model.errors import ConfigError, TrainingError
from glosswright_model.seq2seq.build import Network
from glosswright_model.seq2seq.scheduled_sampling import mixed_inputs
from glosswright_model.training.averaging import average_checkpoints
from glosswright_model.training.distributed import World
from glosswright_model.training.optimization import build_optimizer, build_scaler
from glosswright_model.training.policy import Method
from glosswright_model.training.recording import Recorder
from glosswright_model.training.schedules import Plateau, Schedule, ScheduledSampling
from glosswright_model.training.seeds import seed_of
from glosswright_model.training.settings import TrainingSettings
from glosswright_model.training.state import Kept, Progress, load_state, save_state

RECORD_EVERY = 20
"""Updates between two records of the training loss."""
PAIRS_NAMED = 8
SMALLEST_LOSS_SCALE = 1e-3

Evaluate = Callable[[Network], Mapping[str, float]]
Save = Callable[[Path, Network, Mapping[str, float]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is trained, on what, and where it goes."""

    network: Network
    batches: Batches
    validation: Sequence[Example]
    """What the validation loss is computed on; may be empty when another metric decides."""
    evaluate: Evaluate
    """Metrics of a network by name, larger is better. Called in the first process only, in evaluation mode."""
    save: Save
    """Writes a checkpoint folder with the results of validation."""
    fingerprint: str
    """Of everything that decides the outcome: a state with another one is not resumed."""
    folder: Path
    method: Method | None = None
    """What else moves the network, besides maximum likelihood."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    model: Path
    """The checkpoint folder to use."""
    results: Mapping[str, float]
    """What validation says about it."""
    averaged: int
    """Of how many checkpoints it is the mean; 1: it is the best one itself."""
    updates: int
    seconds: float
    """Spent training and validating, all sessions together."""


class Trainer:
    """One run, from its beginning or from its last saved state."""

    def __init__(self, run: Run, settings: TrainingSettings, world: World, recorder: Recorder) -> None:
        """Nothing is written yet. Raises CheckpointError where the folder has the state of another run, ConfigError
        where this device cannot compute in the precision asked for.
        """
        recurrent = any(isinstance(module, torch.nn.RNNBase) for module in run.network.modules())
        if settings.precision == "fp16" and world.device.type == "cpu" and recurrent:
            raise ConfigError("training.precision: no CPU trains recurrent networks in fp16; use bf16 or fp32.")
        self._run, self._settings, self._world, self._recorder = run, settings, world, recorder
        self._network = run.network.to(world.device)
        self._optimizer = build_optimizer(self._network, settings.optimizer)
        self._scaler = build_scaler(settings.precision, world.device)
        self._parts = {"network": (self._network, self._optimizer)} | (dict(run.method.parts()) if run.method else {})
        for module, _ in self._parts.values():
            module.to(world.device)
        if run.method is not None and world.size > 1:
            raise ConfigError("tune.method: it trains in one process only; start it without torchrun.")
        loaded = load_state(run.folder / "state", self._parts, run.fingerprint)
        self._progress = loaded or Progress(run.fingerprint, plateau=self._fresh_plateau())
        if self._scaler is not None and self._progress.loss_scale:
            self._scaler.load_state_dict(
                {
                    **self._scaler.state_dict(),
                    "scale": self._progress.loss_scale,
                    "_growth_tracker": self._progress.loss_scale_growth,
                }
            )
        self._parallel: Any = DistributedDataParallel(self._network) if world.size > 1 else self._network
        per_epoch = math.ceil(len(run.batches.plan(0)) / settings.optimizer.accumulate)
        self._total = min(per_epoch * settings.epochs, settings.max_updates or per_epoch * settings.epochs)
        self._schedule = Schedule(
            kind=settings.schedule.kind,
            warmup=settings.schedule.warmup,
            total=self._total,
            floor=settings.schedule.floor,
        )
        self._sampling = ScheduledSampling(**settings.scheduled_sampling.model_dump())
        self._pulled: Mapping[str, float] = {}
        self._began = time.monotonic() - self._progress.seconds

    @property
    def progress(self) -> Progress:
        """How far the run is."""
        return self._progress

    def run(self) -> Outcome:
        """Train to the end. Raises TrainingError (a loss that is no number, too little memory on a GPU) and
        CheckpointError (no space); the last good state and checkpoints are there then, and the run can be resumed.
        """
        self._recorder.begin(self._progress.update, self._total)
        try:
            while not self._over():
                self._epoch()
            return self._finish()
        except torch.OutOfMemoryError as error:
            raise TrainingError(
                f"The GPU's memory did not hold update {self._progress.update + 1}: lower training.batch_size, and "
                "raise training.optimizer.accumulate by as much to train the same model."
            ) from error

    def _over(self) -> bool:
        tired = 0 < self._settings.patience <= self._progress.without_gain
        return self._progress.epoch >= self._settings.epochs or self._progress.update >= self._total or tired

    def _epoch(self) -> None:
        """What is left of an epoch."""
        progress, settings = self._progress, self._settings
        examples = self._run.batches.examples(progress.epoch)
        plan = self._run.batches.plan(progress.epoch)
        step = settings.optimizer.accumulate
        groups = [plan[begin : begin + step] for begin in range(0, len(plan), step)]
        for group in groups[progress.position :]:
            self._update([[examples[place] for place in places] for places in group])
            progress.update += 1
            progress.position += 1
            ended = progress.position == len(groups)
            if ended:
                progress.epoch, progress.position = progress.epoch + 1, 0
            due = progress.update % settings.validate_every == 0 if settings.validate_every else ended
            due = due or progress.update == self._total
            if due:
                self._validate()
            if due or ended or (settings.save_every and progress.update % settings.save_every == 0):
                self._save_state()
            if self._over():
                return

    def _update(self, batches: Sequence[Sequence[Example]]) -> None:
        """One step of the optimizer on all tokens of the batches, padding excluded."""
        progress, settings, world = self._progress, self._settings, self._world
        torch.manual_seed(seed_of(settings.seed, "update", progress.update, world.rank))
        rate = settings.optimizer.learning_rate * self._schedule.share(progress.update) * progress.plateau.share
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        tokens = sum(len(example.target) + 1 for batch in batches for example in batch)
        self._network.train()
        self._optimizer.zero_grad(set_to_none=True)
        loss = nll = 0.0
        for number, batch in enumerate(batches):
            last = number == len(batches) - 1
            with nullcontext() if last or world.size == 1 else self._parallel.no_sync():
                part_loss, part_nll = self._backward(batch, tokens)
            loss, nll = loss + part_loss, nll + part_nll
        loss, nll = world.total(loss, nll)
        norm = self._step(settings.optimizer.clip_norm) if math.isfinite(loss) else math.nan
        if not math.isfinite(norm) and (self._scaler is None or self._scaler_gave_up(loss)):
            raise self._no_number(batches, "loss" if not math.isfinite(loss) else "gradient")
        self._recorder.advance(progress.update + 1, tokens)
        if (progress.update + 1) % RECORD_EVERY == 0:
            values = {
                **self._pulled,
                "loss": loss / tokens,
                "nll": nll / tokens,
                "learning_rate": rate,
                "gradient_norm": norm,
            }
            self._recorder.record("train", progress.update + 1, progress.epoch, values)

    def _backward(self, batch: Sequence[Example], tokens: int) -> tuple[float, float]:
        """Add this process's share of a batch to the gradients; the sums of its loss and negative log-likelihood."""
        world = self._world
        share = batch[world.rank :: world.size]
        weight = 1.0 if share else 0.0  # a process without a share must still take part in the exchange of gradients
        mine = collate(share or batch[:1])
        mine = replace(mine, source=mine.source.to(world.device), target=mine.target.to(world.device))
        source, target = mine.source, mine.target
        with self._autocast():
            inputs = None
            if (sampled := self._sampling.share(self._progress.update)) > 0.0:
                inputs = mixed_inputs(self._network, source, target, sampled)
            losses = self._parallel(source, target, label_smoothing=self._settings.label_smoothing, inputs=inputs)
        total = losses.objective.float().sum() * weight
        if (method := self._run.method) is not None:
            pull = method.pull(self._network, mine, self._progress.update)
            total = (1.0 - method.weight) * total + method.weight * pull.total
            self._pulled = pull.values
        # DistributedDataParallel takes the mean over processes; the gradient wanted is that of the mean over tokens.
        scaled = total * (world.size / tokens)
        (scaled if self._scaler is None else self._scaler.scale(scaled)).backward()
        return float(total.detach()), -weight * float(losses.log_probs.detach().float().sum())

    def _step(self, clip_norm: float) -> float:
        """Let the optimizer step; the norm of the gradients. Nothing is changed where it is no number."""
        if self._scaler is not None:
            self._scaler.unscale_(self._optimizer)
        parameters = [parameter for parameter in self._network.parameters() if parameter.grad is not None]
        norm = float(torch.nn.utils.clip_grad_norm_(parameters, clip_norm or math.inf))
        if self._scaler is not None:
            self._scaler.step(self._optimizer)
            self._scaler.update()
        elif math.isfinite(norm):
            self._optimizer.step()
        return norm

    def _scaler_gave_up(self, loss: float) -> bool:
        """fp16: an infinite gradient means a scale too large, which the scaler lowers; up to a point."""
        return not math.isfinite(loss) or self._scaler.get_scale() < SMALLEST_LOSS_SCALE

    def _autocast(self) -> Any:
        kinds = {"bf16": torch.bfloat16, "fp16": torch.float16}
        if self._settings.precision == "fp32":
            return nullcontext()
        return torch.autocast(self._world.device.type, kinds[self._settings.precision])

    def _validate(self) -> None:
        """Measure, keep the checkpoint if it is one of the best or last, and see whether it is time to slow down."""
        progress, settings = self._progress, self._settings
        metric = loss = math.nan
        if self._world.first:
            results = self._measure(self._network)
            metric, loss = self._deciding(results), results.get("loss", 0.0)
            if not math.isfinite(loss):
                raise TrainingError(
                    f"The validation loss is no number after update {progress.update}. {self._way_on()}"
                )
            self._run.save(self._checkpoint(progress.update), self._network, results)
            self._recorder.record("validation", progress.update, progress.epoch, results)
        metric, loss = self._world.from_first(metric, loss)
        progress.kept.append(Kept(progress.update, metric, loss))
        best = progress.best
        progress.without_gain = 0 if best and best.update == progress.update else progress.without_gain + 1
        progress.plateau = progress.plateau.after(metric, settings.schedule.floor)
        if settings.schedule.kind != "plateau":
            progress.plateau = self._fresh_plateau()
        ranked = sorted(progress.kept, key=lambda kept: kept.rank)[: settings.keep_best]
        newest = progress.kept[-settings.keep_last :]
        progress.kept = [kept for kept in progress.kept if kept in ranked or kept in newest]

    def _measure(self, network: Network) -> dict[str, float]:
        network.eval()
        torch.manual_seed(seed_of(self._settings.seed, "validation"))
        with torch.inference_mode(), self._autocast():
            results = dict(self._run.evaluate(network))
            if self._run.validation:
                results["loss"] = validation_loss(network, self._run.validation, self._world.device)
        return results

    def _deciding(self, results: Mapping[str, float]) -> float:
        """The metric that decides, larger is better."""
        name = self._settings.metric
        if name not in results:
            raise TrainingError(f"Validation has no metric {name!r}; it has {', '.join(sorted(results))}.")
        value = -results[name] if name == "loss" else results[name]
        if not math.isfinite(value):
            raise TrainingError(f"The validation metric {name} is no number after update {self._progress.update}.")
        return value

    def _rank(self, results: Mapping[str, float]) -> tuple[float, float]:
        """The better comes first; of equals by the metric that with the lower loss, as among checkpoints."""
        return -self._deciding(results), results.get("loss", 0.0)

    def _save_state(self) -> None:
        for name, value in self._network.named_parameters():
            if not bool(torch.isfinite(value).all()):  # a gradient can be finite, and the step with it not
                raise TrainingError(
                    f"The weights {name} are no numbers any more after update {self._progress.update}. {self._way_on()}"
                )
        self._progress.seconds = time.monotonic() - self._began
        if self._scaler is not None:
            state = self._scaler.state_dict()
            self._progress.loss_scale = float(state["scale"])
            self._progress.loss_scale_growth = int(state["_growth_tracker"])
        if self._world.first:
            save_state(self._run.folder / "state", self._progress, self._parts)
            self._drop_checkpoints()

    def _drop_checkpoints(self) -> None:
        """Only after a state that no longer needs them is on disk."""
        wanted = {self._checkpoint(kept.update).name for kept in self._progress.kept}
        folder = self._run.folder / "checkpoints"
        if folder.is_dir():
            for path in folder.iterdir():
                if path.name.startswith("update-") and path.name not in wanted:
                    shutil.rmtree(path, ignore_errors=True)

    def _finish(self) -> Outcome:
        """Take the best checkpoint, or the mean of those kept if validation likes it better."""
        progress, settings = self._progress, self._settings
        model = self._run.folder / "model"
        best = progress.best
        if best is None:
            raise TrainingError("The run ended before its first validation: lower validate_every, or train longer.")
        averaged, results = 1, {}
        if self._world.first:
            ranked = sorted(progress.kept, key=lambda kept: kept.rank)
            chosen = (
                ranked[: settings.keep_best] if settings.average == "best" else progress.kept[-settings.keep_last :]
            )
            average_checkpoints([self._checkpoint(best.update)], self._network)
            results = self._measure(self._network)
            if settings.average != "none" and len(chosen) > 1:
                average_checkpoints([self._checkpoint(kept.update) for kept in chosen], self._network)
                mean = self._measure(self._network)
                if self._rank(mean) <= self._rank(results):
                    averaged, results = len(chosen), mean
                else:
                    average_checkpoints([self._checkpoint(best.update)], self._network)
            self._run.save(model, self._network, results)
            self._recorder.record("result", progress.update, progress.epoch, results)
        self._world.wait()
        return Outcome(model, results, averaged, progress.update, progress.seconds)

    def _checkpoint(self, update: int) -> Path:
        return self._run.folder / "checkpoints" / f"update-{update:07d}"

    def _fresh_plateau(self) -> Plateau:
        return Plateau(factor=self._settings.schedule.factor, patience=self._settings.schedule.patience)

    def _no_number(self, batches: Sequence[Sequence[Example]], what: str) -> TrainingError:
        pairs = [example.pair for batch in batches for example in batch]
        named = ", ".join(map(str, pairs[:PAIRS_NAMED])) + (", …" if len(pairs) > PAIRS_NAMED else "")
        first = self._progress.position * self._settings.optimizer.accumulate
        return TrainingError(
            f"The {what} of update {self._progress.update + 1} is no number: epoch {self._progress.epoch + 1}, batch "
            f"{first + 1}, training pairs {named} (counted from 0). {self._way_on(', or without these pairs')}"
        )

    def _way_on(self, otherwise: str = "") -> str:
        """The same run would come to the same end: a state is only ever resumed with the same settings and data."""
        best = self._progress.best
        if best is None:
            return f"Training stopped before the first checkpoint: begin anew with a lower learning_rate{otherwise}."
        return (
            f"Training stopped; the best checkpoint so far is {self._checkpoint(best.update)}: begin a new run with it "
            f"(start_from) and a lower learning_rate{otherwise}."
        )


def validation_loss(network: Network, examples: Sequence[Example], device: torch.device, size: int = 64) -> float:
    """Mean negative log-likelihood per target token in nats, EOS included, of a network in evaluation mode."""
    total, tokens = 0.0, 0
    with torch.inference_mode():
        for batch in in_order(examples, size):
            losses = network(batch.source.to(device), batch.target.to(device))
            total -= float(losses.log_probs.float().sum())
            tokens += batch.target_tokens
    return total / tokens
