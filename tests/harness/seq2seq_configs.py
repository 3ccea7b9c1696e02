"""Small configurations of every architecture, for tests that hold for all of them."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

from glosswright_model.seq2seq.config import NetworkConfig, RnnConfig, TransformerConfig

SMALL_RNN: dict[str, Any] = {"embedding_size": 8, "hidden_size": 12, "encoder_layers": 2, "decoder_layers": 2}
SMALL_TRANSFORMER: dict[str, Any] = {
    "model_size": 8,
    "heads": 2,
    "feedforward_size": 16,
    "encoder_layers": 2,
    "decoder_layers": 2,
}


def small_rnn(**options: Any) -> RnnConfig:
    """Two layers of 12 features."""
    return RnnConfig(**{**SMALL_RNN, **options})


def small_transformer(**options: Any) -> TransformerConfig:
    """Two layers of 8 features."""
    return TransformerConfig(**{**SMALL_TRANSFORMER, **options})


def architectures() -> dict[str, NetworkConfig]:
    """Name -> configuration: every combination of the options that change what a network computes."""
    found: dict[str, NetworkConfig] = {}
    onoff = (False, True)
    for cell, attention, feeding, coverage, copy in itertools.product(
        ("lstm", "gru", "rnn"), ("bahdanau", "dot", "general", "concat"), onoff, onoff, onoff
    ):
        if attention == "bahdanau" and feeding:
            continue
        name = "-".join([cell, attention, *["feeding"] * feeding, *["coverage"] * coverage, *["copy"] * copy])
        found[name] = small_rnn(cell=cell, attention=attention, input_feeding=feeding, coverage=coverage, copy=copy)
    for pre_norm, positions, copying in itertools.product(
        onoff, ("sinusoidal", "learned"), ("none", "own", "attention")
    ):
        name = f"transformer-{'pre' if pre_norm else 'post'}-{positions}-copy-{copying}"
        copy_from = {} if copying == "none" else {"copy_from": copying}
        found[name] = small_transformer(
            pre_norm=pre_norm, positions=positions, copy=copying != "none", copy_layer=0, **copy_from
        )
    for name in ("lstm-general-copy", "lstm-concat-feeding-coverage-copy", "transformer-pre-sinusoidal-copy-own"):
        found[f"{name}-fed"] = dataclasses.replace(found[name], copy_feeding=True)
    return found


def few() -> dict[str, NetworkConfig]:
    """Name -> configuration: those that between them run every branch, for slower tests."""
    names = (
        "lstm-general-copy",
        "lstm-general-feeding-copy",
        "gru-bahdanau-coverage-copy",
        "lstm-concat-feeding-coverage-copy",
        "rnn-dot",
        "transformer-pre-sinusoidal-copy-own",
        "transformer-post-learned-copy-attention",
        "transformer-pre-learned-copy-none",
        "lstm-general-copy-fed",
        "transformer-pre-sinusoidal-copy-own-fed",
    )
    return {name: architectures()[name] for name in names}
