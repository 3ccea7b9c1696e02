"""Configurations: what a person writes is either understood whole or refused with the field's name."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from harness.seq2seq_configs import architectures

from glosswright_model.errors import ConfigError
from glosswright_model.seq2seq.config import (
    DiscriminatorConfig,
    NetworkConfig,
    RnnConfig,
    TransformerConfig,
    config_from_dict,
    config_to_dict,
    dataclass_from_dict,
)


@pytest.mark.parametrize("config", [pytest.param(config, id=name) for name, config in architectures().items()])
def test_survives_json(config: NetworkConfig) -> None:
    """A checkpoint's config.json must give back the network it was saved from."""
    assert config_from_dict(json.loads(json.dumps(config_to_dict(config)))) == config


def test_discriminator_survives_json() -> None:
    """Its window widths become a list in JSON, and must come back as they were."""
    config = DiscriminatorConfig(widths=(1, 3), filters=7)
    assert dataclass_from_dict(DiscriminatorConfig, json.loads(json.dumps(dataclasses.asdict(config)))) == config


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "architecture: None is unknown; choose one of rnn, transformer"),
        ({"architecture": "gpt"}, "architecture: 'gpt'"),
        ({"architecture": ["rnn"]}, "architecture:"),
        ({"architecture": "rnn", "hidden": 3}, "hidden: no such field; the fields are attention,"),
        ({"architecture": "rnn", "hidden_size": "3"}, "hidden_size: '3' is not of type int"),
        ({"architecture": "rnn", "hidden_size": True}, "hidden_size: True is not of type int"),
        ({"architecture": "rnn", "hidden_size": 0}, "hidden_size: 0 is too small"),
        ({"architecture": "rnn", "hidden_size": 5}, "hidden_size: 5 is odd"),
        ({"architecture": "rnn", "dropout": 1.0}, "dropout: 1.0 is not a share"),
        ({"architecture": "rnn", "dropout": float("nan")}, "dropout: nan is not a share"),
        ({"architecture": "rnn", "dropout": "0.1"}, "dropout: '0.1' is no number"),
        ({"architecture": "rnn", "copy": 1}, "copy: 1 is not of type bool"),
        ({"architecture": "rnn", "cell": "LSTM"}, "cell: 'LSTM' is unknown; choose one of lstm, gru, rnn"),
        ({"architecture": "rnn", "coverage_weight": -1.0}, "coverage_weight: -1.0"),
        ({"architecture": "rnn", "attention": "bahdanau", "input_feeding": True}, "input_feeding:"),
        ({"architecture": "rnn", "copy": False, "copy_feeding": True}, "copy_feeding: nothing is copied"),
        ({"architecture": "transformer", "copy": False, "copy_feeding": True}, "copy_feeding: nothing is copied"),
        ({"architecture": "transformer", "heads": 3}, "heads: 3 does not divide model_size 256"),
        ({"architecture": "transformer", "copy_layer": 3}, "copy_layer: 3 is none of the 3"),
        ({"architecture": "transformer", "copy_layer": -4}, "copy_layer: -4 is none of the 3"),
        ({"architecture": "transformer", "model_size": 15, "heads": 3}, "model_size: 15 is odd"),
    ],
)
def test_refuses(values: dict[str, Any], said: str) -> None:
    """A typing error in an experiment's YAML must not train the wrong network for hours."""
    with pytest.raises(ConfigError) as caught:
        config_from_dict(values)
    assert said in str(caught.value)


@pytest.mark.parametrize("widths", [(), (0,), (1.5,), 3])
def test_refuses_window_widths(widths: Any) -> None:
    """Widths that no convolution can have."""
    with pytest.raises(ConfigError, match=r"^widths: "):
        DiscriminatorConfig(widths=widths)


def test_whole_numbers_are_shares_too() -> None:
    """YAML writes 0.0 as 0."""
    assert config_from_dict({"architecture": "rnn", "dropout": 0}) == RnnConfig(dropout=0)


def test_left_out_fields_keep_their_defaults() -> None:
    """A YAML file names what differs, and no more."""
    assert config_from_dict({"architecture": "transformer"}) == TransformerConfig()
