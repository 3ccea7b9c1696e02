"""What a LoRA fine-tuning run is told: a YAML file, flags, or both; flags win."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from glosswright_model.data.pairs import PairKind
from glosswright_model.errors import ConfigError
from glosswright_model.training.config import first_problem, parsed_yaml
from glosswright_model.training.settings import Count, OptimizerSettings, Positive, Settings, Share

MAX_CONFIG_BYTES = 1_000_000


class LoraSettings(Settings):
    """Low-rank adapters (Hu et al. 2022, arXiv 2106.09685): W becomes W + (alpha / rank) B A, with A and B trained."""

    rank: Positive = 16
    alpha: Positive = 32
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.05
    """On what goes into A."""
    targets: tuple[str, ...] = ()
    """Names of the linear layers that get an adapter; none given: all but the output layer."""


class AdapterOptimizerSettings(OptimizerSettings):
    """As for whole networks, with defaults for adapters; each stays whichever other setting is given."""

    learning_rate: Annotated[float, Field(gt=0.0, le=10.0)] = 2e-4
    beta2: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.999
    accumulate: Positive = 4


class FinetuneSettings(Settings):
    """A configuration file."""

    model: str
    """Folder of a model in the Hugging Face format, or a hub id."""
    data: str
    """A file of pairs, as `glosswright model mine` writes it."""
    kinds: tuple[PairKind, ...] = ("statement", "body", "function")
    languages: tuple[str, ...] = ()
    """LSP identifiers; none given: all."""
    seed: Count = 1
    epochs: Positive = 2
    batch_size: Positive = 4
    """Pairs that are computed at once; the optimizer sees `optimizer.accumulate` times as many."""
    max_tokens: Annotated[int, Field(ge=8, le=1_000_000)] = 1024
    """Of prompt and answer together. Longer prompts lose their beginning; longer answers are left out."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Of the frozen weights; auto: bf16 on a GPU, fp32 without. Adapters are trained in fp32."""
    gradient_checkpointing: bool = False
    """Compute activations twice and keep them once: half more time, far less memory."""
    warmup: Share = 0.03
    """Share of the updates over which the learning rate rises; then it falls along a cosine."""
    save_every: Count = 100
    """Updates between two saved states, from which a killed run goes on; 0: after each epoch only."""
    lora: LoraSettings = LoraSettings()
    optimizer: AdapterOptimizerSettings = AdapterOptimizerSettings()


def finetune_settings(config: Path | None, flags: Mapping[str, Any]) -> FinetuneSettings:
    """Settings of a file with flags laid over them. Raises ConfigError, naming the key.

    flags: by dotted keys; those that are None say nothing.
    """
    document = _read(config) if config else {}
    for name, value in flags.items():
        if value is not None:
            _set(document, name, value)
    for name, flag in (("model", "--model"), ("data", "--data")):
        if name not in document:
            raise ConfigError(f"Say with {flag} which {name} to use, or in the configuration file.")
    where = str(config) if config else "the command line"
    try:
        return FinetuneSettings.model_validate_json(json.dumps(document))
    except ValidationError as error:
        raise ConfigError(f"{where}: {first_problem(error, FinetuneSettings)}") from error
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where} holds something that is no text, number, list or mapping ({error}).") from error


def _set(document: dict[str, Any], name: str, value: Any) -> None:
    section, _, rest = name.partition(".")
    if not rest:
        document[section] = value
        return
    inner = document.setdefault(section, {})
    if not isinstance(inner, dict):
        raise ConfigError(f"{section} must hold keys and values.")
    _set(inner, rest, value)


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"The configuration {path} cannot be read ({error.strerror}).") from error
    document = parsed_yaml(raw, str(path)) if len(raw) <= MAX_CONFIG_BYTES else None
    if not isinstance(document, dict):
        raise ConfigError(f"{path} is no configuration: it must hold keys and values.")
    return document
