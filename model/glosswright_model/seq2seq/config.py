"""What a network is built from: one frozen configuration for each architecture, checked, to and from plain values.

A configuration is the part of a checkpoint that says which weights to expect. It never enters a network: `build`
unpacks it. Vocabulary sizes are not part of it; they come from the text pipeline.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import ClassVar, Literal, TypeVar

from glosswright_model.errors import ConfigError

Cell = Literal["lstm", "gru", "rnn"]
RnnAttention = Literal["bahdanau", "dot", "general", "concat"]
Positions = Literal["sinusoidal", "learned"]
CopySource = Literal["attention", "own"]
DiscriminatorKind = Literal["convolutional", "recurrent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RnnConfig:
    """A recurrent encoder-decoder with attention."""

    architecture: ClassVar[str] = "rnn"

    cell: Cell = "lstm"
    """Recurrent unit of encoder and decoder: "lstm", "gru", or "rnn" (Elman's, with tanh)."""
    embedding_size: int = 256
    """Features of a token."""
    hidden_size: int = 256
    """Features of the decoder's state; a bidirectional encoder has half of them in each direction."""
    encoder_layers: int = 1
    """Recurrent layers of the encoder."""
    decoder_layers: int = 1
    """Recurrent layers of the decoder."""
    bidirectional: bool = True
    """Read the source in both directions; needs an even `hidden_size`."""
    attention: RnnAttention = "general"
    """"dot", "general" or "concat" (Luong et al. 2015): look at the source after the recurrent step. "bahdanau"
    (Bahdanau et al. 2015): look before it, with the additive score, and feed what was seen into the step."""
    input_feeding: bool = False
    """Feed the attentional state of each step into the next (Luong et al. 2015, section 3.3); steps run one by one."""
    copy: bool = True
    """Copy source tokens by their attention weight (pointer-generator, See et al. 2017)."""
    copy_feeding: bool = False
    """Feed the encoded source positions that the last token may have been copied from (CopyNet, Gu et al. 2016)."""
    coverage: bool = False
    """Let attention know what it has looked at already, and add the coverage loss (See et al. 2017)."""
    coverage_weight: float = 1.0
    """Weight of the coverage loss in the objective."""
    tie_output: bool = False
    """Use the target embedding as output projection (Press & Wolf 2017)."""
    tie_embeddings: bool = False
    """One embedding for source and target; both vocabularies must have the same size."""
    dropout: float = 0.3
    """Share of features dropped between recurrent layers and before the output projection."""
    embedding_dropout: float = 0.3
    """Share of features of each embedded token dropped."""
    recurrent_dropout: float = 0.0
    """Share of hidden-to-hidden weights dropped, the same for a whole batch (DropConnect, Merity et al. 2018)."""
    word_dropout: float = 0.0
    """Share of input tokens replaced by the unknown token."""
    variational: bool = False
    """One dropout mask for all positions of a sequence (Gal & Ghahramani 2016) instead of one for each position."""

    def __post_init__(self) -> None:
        _check(self)
        _check_copying(self)
        if self.bidirectional and self.hidden_size % 2:
            raise ConfigError(f"hidden_size: {self.hidden_size} is odd; a bidirectional encoder halves it")
        if self.attention == "bahdanau" and self.input_feeding:
            raise ConfigError('input_feeding: attention "bahdanau" feeds what it saw into the step already; use false')


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerConfig:
    """A Transformer encoder-decoder (Vaswani et al. 2017)."""

    architecture: ClassVar[str] = "transformer"

    model_size: int = 256
    """Features of a position, in embeddings and between layers."""
    heads: int = 4
    """Attention heads; a divisor of `model_size`."""
    feedforward_size: int = 1024
    """Features inside the feed-forward part of a layer."""
    encoder_layers: int = 3
    """Layers of the encoder."""
    decoder_layers: int = 3
    """Layers of the decoder."""
    pre_norm: bool = True
    """Normalise before each part of a layer (Xiong et al. 2020) instead of after it."""
    positions: Positions = "sinusoidal"
    """Where a token stands: fixed waves, or a trained vector for each position."""
    max_positions: int = 512
    """Longest source or target in tokens, with trained positions."""
    copy: bool = True
    """Copy source tokens (pointer-generator, See et al. 2017)."""
    copy_feeding: bool = False
    """Feed the encoded source positions that the last token may have been copied from (CopyNet, Gu et al. 2016)."""
    copy_from: CopySource = "own"
    """Weights for copying: "own" trains one attention head for it behind the last layer; "attention" averages the
    cross-attention heads of the layer `copy_layer`."""
    copy_layer: int = -1
    """Decoder layer whose cross-attention explains, and copies where `copy_from` is "attention"; -1 is the last."""
    tie_output: bool = True
    """Use the target embedding as output projection (Press & Wolf 2017)."""
    tie_embeddings: bool = False
    """One embedding for source and target; both vocabularies must have the same size."""
    dropout: float = 0.1
    """Share of features dropped behind embeddings and at the end of each part of a layer."""
    attention_dropout: float = 0.0
    """Share of attention weights dropped."""
    activation_dropout: float = 0.0
    """Share of features dropped inside the feed-forward part."""
    layer_dropout: float = 0.0
    """Share of layers left out in a training step (LayerDrop, Fan et al. 2020)."""
    word_dropout: float = 0.0
    """Share of input tokens replaced by the unknown token."""

    def __post_init__(self) -> None:
        _check(self)
        _check_copying(self)
        if self.model_size % self.heads:
            raise ConfigError(f"heads: {self.heads} does not divide model_size {self.model_size}")
        if self.model_size % 2 and self.positions == "sinusoidal":
            raise ConfigError(f"model_size: {self.model_size} is odd; sinusoidal positions need pairs of features")
        if not -self.decoder_layers <= self.copy_layer < self.decoder_layers:
            raise ConfigError(f"copy_layer: {self.copy_layer} is none of the {self.decoder_layers} decoder layers")


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscriminatorConfig:
    """A discriminator for adversarial training."""

    kind: DiscriminatorKind = "convolutional"
    """"convolutional" (Kim 2014) or "recurrent"."""
    embedding_size: int = 64
    """Features of a token."""
    filters: int = 64
    """Filters of each window width; convolutional only."""
    widths: tuple[int, ...] = (1, 2, 3, 4, 5)
    """Window widths in tokens; convolutional only."""
    hidden_size: int = 64
    """Features of each direction's state; recurrent only."""
    layers: int = 1
    """Recurrent layers; recurrent only."""
    dropout: float = 0.25
    """Share of features dropped before the verdict."""
    embedding_dropout: float = 0.1
    """Share of features of each embedded token dropped."""

    def __post_init__(self) -> None:
        _check(self)
        if type(self.widths) is not tuple or not self.widths or any(type(w) is not int or w < 1 for w in self.widths):
            raise ConfigError(f"widths: {self.widths!r} is not a list of numbers from 1")


NetworkConfig = RnnConfig | TransformerConfig
_ARCHITECTURES: Mapping[str, type[RnnConfig] | type[TransformerConfig]] = types.MappingProxyType(
    {"rnn": RnnConfig, "transformer": TransformerConfig}
)


def config_to_dict(config: NetworkConfig) -> dict[str, object]:
    """Plain values for JSON or YAML, with the architecture's name under "architecture"."""
    return {"architecture": config.architecture, **asdict(config)}


def positions_of(config: NetworkConfig) -> int | None:
    """Tokens of the longest source or target that a network can read; None where there is no end to it."""
    return config.max_positions if isinstance(config, TransformerConfig) and config.positions == "learned" else None


def config_from_dict(values: Mapping[str, object]) -> NetworkConfig:
    """The configuration that `config_to_dict` or a person wrote; what is left out keeps its default.

    Raises:
        ConfigError: an unknown architecture or field, or a value that its field cannot have.
    """
    name = values.get("architecture")
    if not isinstance(name, str) or name not in _ARCHITECTURES:
        raise ConfigError(f"architecture: {name!r} is unknown; choose one of {', '.join(sorted(_ARCHITECTURES))}")
    rest = {key: value for key, value in values.items() if key != "architecture"}
    return dataclass_from_dict(_ARCHITECTURES[name], rest)


Config = TypeVar("Config")


def dataclass_from_dict(kind: type[Config], values: Mapping[str, object]) -> Config:
    """A configuration dataclass from plain values; it checks them itself.

    Raises:
        ConfigError: a key that is no field, a field without default left out, or what the dataclass refuses.
    """
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]  # every caller hands a dataclass
    for key in values:
        if key not in known:
            raise ConfigError(f"{key}: no such field; the fields are {', '.join(sorted(known))}")
    for name, field in known.items():
        if name not in values and field.default is MISSING and field.default_factory is MISSING:
            raise ConfigError(f"{name}: is missing")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


def check_types(config: object) -> None:
    """Refuse a field whose value is not of its annotated type (int, float, bool, str, Literal).

    A whole number is taken for a float: people write 0 for 0.0.

    Raises:
        ConfigError: naming the field, what it is and what it may be.
    """
    hints = typing.get_type_hints(type(config))
    for field in fields(config):  # type: ignore[arg-type]  # every caller hands a dataclass
        value, hint = getattr(config, field.name), hints[field.name]
        if typing.get_origin(hint) is Literal:
            if value not in typing.get_args(hint):
                allowed = ", ".join(str(choice) for choice in typing.get_args(hint))
                raise ConfigError(f"{field.name}: {value!r} is unknown; choose one of {allowed}")
        elif hint is float:
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ConfigError(f"{field.name}: {value!r} is no number")
            object.__setattr__(config, field.name, float(value))
        elif hint in (int, bool, str) and type(value) is not hint:
            raise ConfigError(f"{field.name}: {value!r} is not of type {hint.__name__}")


def _check(config: NetworkConfig | DiscriminatorConfig) -> None:
    """Types, and the ranges that follow from a field's kind: sizes and counts from 1, shares in [0, 1)."""
    check_types(config)
    for field in fields(config):
        value = getattr(config, field.name)
        if field.name.endswith("dropout") and not 0.0 <= value < 1.0:
            raise ConfigError(f"{field.name}: {value} is not a share; use a number from 0 to below 1")
        if type(value) is int and field.name != "copy_layer" and value < 1:
            raise ConfigError(f"{field.name}: {value} is too small; use at least 1")
        if field.name == "coverage_weight" and not 0.0 <= value < float("inf"):
            raise ConfigError(f"{field.name}: {value} is no weight; use a number from 0")


def _check_copying(config: NetworkConfig) -> None:
    """What is fed must be copied first."""
    if config.copy_feeding and not config.copy:
        raise ConfigError("copy_feeding: nothing is copied; use copy: true as well, or copy_feeding: false")
