"""The way of docs/training.md, whole: a source tree is mined, a model is trained on it, and it can be measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from glosswright_model.checkpoint import load_checkpoint
from glosswright_model.cli import EXIT_OK, main

pytestmark = [pytest.mark.torch, pytest.mark.slow]

SOURCE = '''\
"""Counters of one shop."""


def stock_of_{name}(shelf):
    # look up how many {name} lie on the shelf
    count = shelf["{name}"]
    # tell the number of {name} to whoever asks
    print("{name}", count)
    return count
'''
NAMES = (
    "apples",
    "pears",
    "plums",
    "quinces",
    "cherries",
    "medlars",
    "figs",
    "dates",
    "limes",
    "grapes",
    "melons",
    "kiwis",
)


def test_a_source_tree_becomes_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each step takes what the one before it wrote, with the shipped configuration made small."""
    tree = tmp_path / "shop"
    tree.mkdir()
    for name in NAMES:
        (tree / f"{name}.py").write_text(SOURCE.replace("{name}", name))
    pairs, run = tmp_path / "pairs.jsonl", tmp_path / "run"
    assert (
        main(["mine", str(tree), "--kind", "statement", "--dev", "0.2", "--test", "0.2", "--out", str(pairs)])
        == EXIT_OK
    )
    small = ["network.hidden_size=16", "network.embedding_size=16", "training.epochs=2"]
    changes = [part for change in small for part in ("--set", change)]
    assert (
        main(["train", "own-repository", "--data", str(pairs), "--out", str(run), "--device", "cpu", *changes])
        == EXIT_OK
    )
    assert load_checkpoint(run / "model").about.unit == "statement"
    capsys.readouterr()
    assert main(["eval", str(run / "model"), "--data", str(pairs), "--corpus", "pairs", "--json"]) == EXIT_OK
    assert json.loads(capsys.readouterr().out)
