"""One YAML file for each experiment: read, checked to the last key, and the text pipeline and network it describes.

Promise: a file that passes is understood completely. An unknown key is refused with the nearest known one, a value of
the wrong kind with what it should be; nothing is converted silently. Training itself is `trainer`'s.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError

from glosswright_model.checkpoint import Unit
from glosswright_model.errors import ConfigError
from glosswright_model.seq2seq.config import (
    NetworkConfig,
    RnnConfig,
    TransformerConfig,
    config_from_dict,
    positions_of,
)
from glosswright_model.training.settings import Positive, Settings, TrainingSettings, TuneSettings

MAX_CONFIG_BYTES = 1_000_000
METRICS = ("exact_match", "bleu", "loss")
"""What validation measures."""


class DataSettings(Settings):
    """Which corpus; see `data.readers.read_corpus` for the names."""

    corpus: str
    path: str
    """Its folder or file, from where the command runs; `--data` overrides it."""
    context: bool = False
    """Whether the code before a target, such as a function's signature, is part of the question."""
    train: tuple[str, ...] = ("train",)
    """Parts that are trained on."""
    dev: str = "dev"
    """The part that decides which checkpoint is best."""
    source_limit: Positive = 256
    """Tokens of a source; what is longer is cut."""
    target_limit: Positive = 256
    """Tokens of a target; pairs with a longer one are left out."""


class VectorSettings(Settings):
    """Pretrained word vectors that embeddings begin with; see `seq2seq.vectors` for the formats. For word codecs."""

    source: str | None = None
    """A file for the words of sources."""
    target: str | None = None
    """A file for the words of targets."""


class DecodingSettings(Settings):
    """How validation decodes: greedily."""

    max_length: Positive = 128
    """Tokens after which an answer is cut."""
    batch_size: Positive = 128


class RecordSettings(Settings):
    """Who listens to the run, besides `log.jsonl` and the progress bar."""

    tensorboard: bool = False
    wandb_project: str | None = None
    """Name of a Weights & Biases project; needs the package `wandb` and an account there."""


class Experiment(Settings):
    """A configuration file."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    unit: Unit = "statement"
    """What the model answers a comment with."""
    language: str = "python"
    licence: str = "unknown"
    """Under which its weights may be passed on, as its data allows."""
    protocol: str = "plain"
    """How validation compares code; see `evaluation.protocols`."""
    start_from: str | None = None
    """A checkpoint whose weights and vocabulary the run starts with, for tuning what was trained before."""
    data: DataSettings
    codec: dict[str, Any] = Field(default_factory=lambda: {"kind": "word"})
    """kind: word or bpe, and the options of that codec."""
    network: dict[str, Any] = Field(default_factory=lambda: {"architecture": "rnn"})
    """architecture: rnn or transformer, and the fields of `RnnConfig` or `TransformerConfig`."""
    vectors: VectorSettings = VectorSettings()
    augment: dict[str, Any] = Field(default_factory=dict)
    """Augmentation of the training pairs; see `data.augment`."""
    training: TrainingSettings = TrainingSettings()
    tune: TuneSettings = TuneSettings()
    decoding: DecodingSettings = DecodingSettings()
    record: RecordSettings = RecordSettings()

    def network_config(self) -> NetworkConfig:
        """The network's configuration. Raises ConfigError, naming the field."""
        kinds: dict[str, type] = {"rnn": RnnConfig, "transformer": TransformerConfig}
        kind = kinds.get(str(self.network.get("architecture")))
        if kind is not None:
            known = ["architecture", *(field.name for field in dataclasses.fields(kind))]
            refuse_unknown(self.network, known, "network")
        try:
            return config_from_dict(self.network)
        except ConfigError as error:
            raise ConfigError(f"network.{error}") from error


def read_experiment(path: Path, changes: Sequence[str] = ()) -> Experiment:
    """A configuration file with `key=value` changes laid over it; keys are dotted, values are YAML.

    Raises ConfigError, naming the key and what it may be.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"The configuration {path} cannot be read ({error.strerror}).") from error
    if len(raw) > MAX_CONFIG_BYTES:
        raise ConfigError(f"{path} is larger than a configuration can be.")
    document = parsed_yaml(raw, str(path))
    if not isinstance(document, dict):
        raise ConfigError(f"{path} is no configuration: it must hold keys and values.")
    for change in changes:
        _lay_over(document, change)
    return experiment_from(document, str(path))


def experiment_from(document: Mapping[str, Any], where: str) -> Experiment:
    """Check a document; `where` names it in messages. Raises ConfigError."""
    try:
        experiment = Experiment.model_validate_json(json.dumps(document))
    except ValidationError as error:
        raise ConfigError(f"{where}: {first_problem(error, Experiment)}") from error
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where} holds something that is no text, number, list or mapping ({error}).") from error
    _check_positions(experiment, where)
    if (metric := experiment.training.metric) not in METRICS:
        raise ConfigError(f"{where}: training.metric is one of {', '.join(METRICS)}, not {metric!r}.")
    if (
        experiment.augment
        and experiment.tune.method in ("reinforce", "minimum_risk")
        and experiment.tune.reward != "parse"
    ):
        raise ConfigError(
            f"{where}: tune.reward {experiment.tune.reward} compares with the pair as it stands in the corpus; leave "
            "augment out, or use the reward parse."
        )
    return experiment


def _check_positions(experiment: Experiment, where: str) -> None:
    """Else the first pair that is too long ends the run, whenever it comes."""
    if (positions := positions_of(experiment.network_config())) is None:
        return
    needed = {
        "data.source_limit": experiment.data.source_limit,
        "codec.source_limit": experiment.codec.get("source_limit", 1),
        "data.target_limit, and one for the beginning,": experiment.data.target_limit + 1,
        "decoding.max_length": experiment.decoding.max_length,
        "tune.max_length": experiment.tune.max_length if experiment.tune.method != "none" else 1,
    }
    for name, tokens in needed.items():
        if isinstance(tokens, int) and tokens > positions:
            raise ConfigError(f"{where}: network.max_positions is {positions}, but {name} needs {tokens}.")


def refuse_unknown(section: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Raise ConfigError for a key that is not known, with the nearest one that is."""
    known = list(known)
    for key in section:
        if key not in known:
            raise ConfigError(f"{where}.{key} is no setting; {_nearest(key, known)}")


def first_problem(error: ValidationError, kind: type[Settings]) -> str:
    """What is wrong with a document for settings of this kind, and where."""
    problem = error.errors(include_url=False)[0]
    place = [part for part in problem["loc"] if isinstance(part, str)]
    key = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        return f"{key} is no setting; {_nearest(place[-1], _known_at(kind, place[:-1]))}"
    if problem["type"] == "missing":
        return f"{key} is missing."
    return f"{key}: {problem['msg']} (it is {problem['input']!r})."


def _known_at(kind: type[Settings], place: Sequence[str]) -> list[str]:
    model: Any = kind
    for name in place:
        model = model.model_fields[name].annotation
    return list(model.model_fields)


def _nearest(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(known))}."


def _lay_over(document: dict[str, Any], change: str) -> None:
    key, equals, text = change.partition("=")
    if not equals or not all(key.split(".")):
        raise ConfigError(f"--set takes key=value, as in --set training.epochs=3, not {change!r}.")
    *path, last = key.split(".")
    section = document
    for name in path:
        inner = section.setdefault(name, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"--set {change}: {name} holds a value, not settings.")
        section = inner
    section[last] = parsed_yaml(text.encode(), f"--set {change}")


class _Loader(yaml.SafeLoader):
    """YAML 1.1 as PyYAML reads it, but with the numbers of YAML 1.2: `1e-3` is one."""


_Loader.yaml_implicit_resolvers = {
    first: list(resolvers) for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(?:[0-9]+|[0-9]*\.[0-9]+)[eE][-+]?[0-9]+$"), list("-+.0123456789")
)


def parsed_yaml(raw: bytes, where: str) -> Any:
    """What a YAML text holds. Raises ConfigError, naming the line."""
    try:
        return yaml.load(raw, Loader=_Loader)  # noqa: S506  # a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark is not None else ""
        raise ConfigError(f"{where} is no YAML{line}: {getattr(error, 'problem', None) or error}") from error
