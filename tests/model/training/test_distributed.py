"""Several processes train the model that one would: real ones, started by torchrun, that talk through gloo."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from harness.toy_seq2seq import toy_corpus
from safetensors.torch import load_file

pytestmark = [pytest.mark.torch, pytest.mark.slow, pytest.mark.timeout(600)]

CONFIG = {
    "name": "toy",
    "data": {"corpus": "parallel", "path": ""},
    "network": {
        "architecture": "rnn",
        "embedding_size": 12,
        "hidden_size": 16,
        "dropout": 0.0,
        "embedding_dropout": 0.0,
    },
    "training": {
        "epochs": 2,
        "batch_size": 7,
        "label_smoothing": 0.1,
        "metric": "loss",
        "optimizer": {"accumulate": 2, "learning_rate": 5e-3},
    },
}


def test_two_processes_train_the_model_of_one(tmp_path: Path) -> None:
    """Equal to 1e-5 after two epochs with uneven shares: 50 pairs in batches of 7, the last with one pair, two batches
    an update, so that one process has nothing to do in the end. Dropout is off: each process draws its own.
    """
    corpus = toy_corpus(tmp_path / "corpus", train=50)
    config = tmp_path / "toy.yaml"
    config.write_text(yaml.safe_dump(CONFIG))
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    for name, launcher in (("one", []), ("two", torchrun)):
        command = [*launcher, "-m", "glosswright_model", "train", str(config), "--data", str(corpus)]
        done = subprocess.run(
            [sys.executable, *command, "--out", str(tmp_path / name), "--device", "cpu"],
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=250,
        )
        assert done.returncode == 0, done.stderr
    one, two = (load_file(tmp_path / name / "model" / "model.safetensors") for name in ("one", "two"))
    assert one.keys() == two.keys()
    differences = {name: float((one[name] - two[name]).abs().max()) for name in one}
    assert max(differences.values()) < 1e-5, differences
    first = load_file(tmp_path / "two" / "checkpoints" / "update-0000004" / "model.safetensors")
    assert not all(torch.equal(first[name], two[name]) for name in two)  # it did train
