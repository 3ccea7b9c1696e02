"""`glosswright model train`: one configuration file to one checkpoint folder, begun or gone on with.

Here the parts meet: corpora and text pipelines from `data`, networks from `seq2seq`, greedy search from `decoding`,
what is right from `evaluation`, and the loop from `training`, none of which know each other's business.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from glosswright_model.errors import CheckpointError, ConfigError, DataError

if TYPE_CHECKING:
    import torch

    from glosswright_model.commands import AddCommand
    from glosswright_model.seq2seq.build import Network
    from glosswright_model.training.config import Experiment
    from glosswright_model.training.distributed import World
    from glosswright_model.training.policy import Method, Reward
    from glosswright_model.training.preparation import Prepared
    from glosswright_model.training.recording import Recorder
    from glosswright_model.training.trainer import Evaluate, Outcome

CONFIG_COPY = "config.yaml"


def register(add: AddCommand) -> None:
    """Declare the command."""
    train = add("train", run, "Train a comment-to-code model from a configuration file.")
    train.add_argument("config", type=Path, metavar="CONFIG", help="a YAML file, or the name of one that comes along")
    train.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="changes", help="override a key")
    train.add_argument("--data", metavar="PATH", help="where the corpus lies (the same as --set data.path=PATH)")
    train.add_argument("--out", type=Path, metavar="FOLDER", help="the run's folder (default: runs/NAME)")
    train.add_argument("--resume", action="store_true", help="go on with a run that was interrupted")
    train.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where to compute")


def run(options: argparse.Namespace) -> int:
    """Train; returns 0. Raises ModelPackageError with a sentence for the user."""
    from glosswright_model.training.config import read_experiment
    from glosswright_model.training.distributed import join_world
    from glosswright_model.training.memory import want_of_memory_named

    changes = list(options.changes)
    if options.data is not None:
        changes.append(f"data.path={_quoted(options.data)}")
    experiment = read_experiment(find_config(options.config), changes)
    folder = options.out or Path("runs") / experiment.name
    if (folder / "state").exists() and not options.resume:
        raise ConfigError(f"{folder} holds a run already: go on with it by --resume, or choose another --out.")
    advice = " for this network and its batches: lower the sizes in network, or training.batch_size."
    with want_of_memory_named(advice), join_world(options.device) as world:
        outcome = _train(experiment, folder, world)
    if world.first:
        from glosswright_model.training.recording import described

        minutes = outcome.seconds / 60
        print(f"{outcome.model}: {described(outcome.results)}; {outcome.updates} updates, {minutes:.0f} min.")
        print(f"Serve it with: glosswright model serve --model {outcome.model}")
    return 0


def find_config(path: Path) -> Path:
    """The file itself, or the configuration of that name that comes with Glosswright. Raises ConfigError."""
    if path.is_file():
        return path
    own = Path(__file__).parents[2] / "configs"
    packaged = Path(__file__).parents[1] / "configs"
    for folder in (packaged, own):
        for candidate in (folder / path.name, folder / f"{path.name}.yaml"):
            if candidate.is_file():
                return candidate
    names = sorted(file.stem for folder in (packaged, own) if folder.is_dir() for file in folder.glob("*.yaml"))
    raise ConfigError(f"There is no configuration {path}; give a file, or one of {', '.join(names)}.")


def _train(experiment: Experiment, folder: Path, world: World) -> Outcome:
    from glosswright_model.checkpoint import save_checkpoint
    from glosswright_model.evaluation.protocols import find_protocol
    from glosswright_model.training.preparation import prepare
    from glosswright_model.training.trainer import Run, Trainer

    find_protocol(experiment.protocol)  # says what is wrong before the work begins
    _check_language(experiment.language)
    prepared = prepare(experiment)
    if world.first:
        _keep_config(experiment, folder)
        print(
            f"{prepared.training_pairs} training pairs ({prepared.left_out} left out, {prepared.unreachable} with an "
            f"unreachable word), {len(prepared.dev)} to validate; vocabularies of {prepared.codec.source_size} and "
            f"{prepared.codec.target_size}; {sum(p.numel() for p in prepared.network.parameters())} parameters.",
            file=sys.stderr,
        )

    def save(place: Path, network: Network, results: Mapping[str, float]) -> None:
        about = replace(prepared.about, results=results)
        save_checkpoint(place, network, prepared.config, prepared.codec, about)

    recorder = _recorder(experiment, folder) if world.first else _silent()
    run = Run(
        network=prepared.network,
        batches=prepared.batches,
        validation=prepared.validation,
        evaluate=_evaluator(experiment, prepared, world.device),
        save=save,
        fingerprint=prepared.fingerprint,
        folder=folder,
        method=_method(experiment, prepared),
    )
    try:
        return Trainer(run, experiment.training, world, recorder).run()
    except KeyboardInterrupt:
        print(
            f"The run in {folder} stays as it was saved last; the same command with --resume goes on.", file=sys.stderr
        )
        raise
    finally:
        recorder.close()
        if world.first:
            _draw(folder)


def _check_language(name: str) -> None:
    """A model is asked about files of its language alone, by the name editors have for it. Raises ConfigError."""
    from glosswright_model.data.mining.languages import LANGUAGES, find_language

    try:
        editors = find_language(name).key
    except DataError:
        return  # none that is mined, but a corpus may hold any
    if name not in LANGUAGES:
        raise ConfigError(f"language: editors call {name} {editors!r}; use that, or the model will never be asked.")


def _evaluator(experiment: Experiment, prepared: Prepared, device: torch.device) -> Evaluate:
    """Greedy answers for the validation pairs, scored in the experiment's protocol; percentages."""
    from glosswright_model.data.batching import collate_sources
    from glosswright_model.decoding.greedy import greedy
    from glosswright_model.evaluation.protocols import find_protocol
    from glosswright_model.evaluation.scores import bleu_score, exact_match_score, judge_all

    protocol, codec, pairs = find_protocol(experiment.protocol), prepared.codec, prepared.dev
    sources = [codec.encode_source(pair.source) for pair in pairs]
    order = sorted(range(len(pairs)), key=lambda place: len(sources[place].ids))
    size = experiment.decoding.batch_size

    def evaluate(network: Network) -> Mapping[str, float]:
        answers = [""] * len(pairs)
        for begin in range(0, len(order), size):
            places = order[begin : begin + size]
            source = collate_sources([sources[place] for place in places]).to(device)
            for place, found in zip(
                places, greedy(network, source, max_length=experiment.decoding.max_length), strict=True
            ):
                answers[place] = codec.decode(found.ids, sources[place].extras)
        scores = judge_all(protocol, answers, [pair.target for pair in pairs])
        return {"exact_match": exact_match_score(scores), "bleu": bleu_score(protocol, scores)}

    return evaluate


def _method(experiment: Experiment, prepared: Prepared) -> Method | None:
    """What else moves the network, with the reward that evaluation gives."""
    from glosswright_model.training.adversarial import Adversarial
    from glosswright_model.training.policy import MinimumRisk, SelfCritical
    from glosswright_model.training.preparation import build_adversary

    tune = experiment.tune
    if tune.method == "none":
        return None
    if tune.method == "adversarial":
        return Adversarial(
            build_adversary(experiment, prepared.codec),
            weight=tune.weight,
            max_length=tune.max_length,
            rollouts=tune.rollouts,
            begin=tune.begin,
            learning_rate=tune.learning_rate,
        )
    reward = _reward(experiment, prepared)
    if tune.method == "reinforce":
        return SelfCritical(reward, weight=tune.weight, max_length=tune.max_length)
    return MinimumRisk(reward, weight=tune.weight, max_length=tune.max_length, samples=tune.samples, alpha=tune.alpha)


def _reward(experiment: Experiment, prepared: Prepared) -> Reward:
    """From 0 to 1: what the protocol says of an answer."""
    from glosswright_model.data.codec import Codec
    from glosswright_model.evaluation.protocols import find_protocol
    from glosswright_model.evaluation.python_text import parse
    from glosswright_model.evaluation.scores import judge

    protocol, kind, pairs = find_protocol(experiment.protocol), experiment.tune.reward, prepared.train
    codec: Codec = prepared.codec

    def reward(pair: int, ids: tuple[int, ...], extras: tuple[str, ...]) -> float:
        answer = codec.decode(ids, extras)
        if kind == "parse":
            return float(parse(protocol.code(answer)) is not None)
        score = judge(protocol, answer, pairs[pair].target)
        return float(score.exact) if kind == "exact_match" else score.bleu / 100.0

    return reward


def _recorder(experiment: Experiment, folder: Path) -> Recorder:
    from rich.console import Console

    from glosswright_model.training.recording import (
        Bar,
        Lines,
        LogFile,
        Recorders,
        TensorBoard,
        WeightsAndBiases,
    )

    console = Console(stderr=True)
    recorders: list[Recorder] = [LogFile(folder), Bar(console) if console.is_terminal else Lines(console)]
    if experiment.record.tensorboard:
        recorders.append(TensorBoard(folder))
    if experiment.record.wandb_project is not None:
        settings = experiment.model_dump(mode="json")
        recorders.append(WeightsAndBiases(experiment.record.wandb_project, experiment.name, settings))
    return Recorders(recorders)


def _silent() -> Recorder:
    from glosswright_model.training.recording import Recorders

    return Recorders()


def _keep_config(experiment: Experiment, folder: Path) -> None:
    """Everything that was decided, defaults included, beside what comes of it."""
    import yaml

    from glosswright_model.atomic_folder import replace_text

    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(experiment.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        replace_text(folder / CONFIG_COPY, text)
    except OSError as error:
        raise CheckpointError(f"The run's folder {folder} cannot be written ({error.strerror}).") from error


def _draw(folder: Path) -> None:
    """Curves are worth a warning, not a failed run."""
    from glosswright_model.training.curves import draw_curves

    try:
        draw_curves(folder)
    except (OSError, ImportError) as error:
        print(f"The curves could not be drawn: {error}", file=sys.stderr)


def _quoted(text: str) -> str:
    """A text as YAML, whatever is in it."""
    return json.dumps(text)
