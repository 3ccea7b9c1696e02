"""A run over the toy corpus, small enough for tests; as a script, one session of it that may be killed on the way.

`python -m harness.toy_run FOLDER KILL_AT KILL_IN` trains in FOLDER and sends itself SIGKILL after update KILL_AT, or in
the middle of the KILL_IN-th replacement of a folder (0: never).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from harness.toy_seq2seq import ABOUT, TINY, toy_codec, toy_network, toy_pairs

from glosswright_model import atomic_folder
from glosswright_model.checkpoint import save_checkpoint
from glosswright_model.data.batching import Batches, BatchOptions, collate, encode_pairs
from glosswright_model.decoding.greedy import greedy
from glosswright_model.seq2seq.build import Network
from glosswright_model.seq2seq.config import NetworkConfig
from glosswright_model.training.distributed import World
from glosswright_model.training.recording import Kind, Recorder, Recorders
from glosswright_model.training.settings import OptimizerSettings, ScheduleSettings, TrainingSettings
from glosswright_model.training.trainer import Evaluate, Run, Trainer

ALONE = World(0, 1, torch.device("cpu"))
FAST = TrainingSettings(
    epochs=3,
    batch_size=8,
    metric="exact_match",
    save_every=3,
    keep_best=2,
    optimizer=OptimizerSettings(learning_rate=5e-3),
    schedule=ScheduleSettings(kind="cosine", warmup=4),
)


def toy_trainer(
    folder: Path,
    settings: TrainingSettings = FAST,
    *,
    config: NetworkConfig = TINY,
    pairs: int = 60,
    recorder: Recorder | None = None,
    evaluate: Evaluate | None = None,
    **changes: Any,
) -> Trainer:
    """A trainer in a folder; `changes` are fields of `Run`."""
    codec = toy_codec()
    torch.manual_seed(7)
    network = toy_network(codec, config)
    train, dev = encode_pairs(codec, toy_pairs(pairs, 1)), encode_pairs(codec, toy_pairs(12, 2))

    def exact_match(network: Network) -> Mapping[str, float]:
        batch = collate(dev.examples)
        found = greedy(network, batch.source, max_length=8)
        right = sum(one.ids == example.target for one, example in zip(found, dev.examples, strict=True))
        return {"exact_match": 100 * right / len(found)}

    def save(place: Path, network: Network, results: Mapping[str, float]) -> None:
        save_checkpoint(place, network, config, codec, replace(ABOUT, results=results))

    run = Run(
        network=network,
        batches=Batches(train.examples, BatchOptions(size=settings.batch_size, seed=settings.seed)),
        validation=dev.examples,
        evaluate=evaluate or exact_match,
        save=save,
        fingerprint="toy",
        folder=folder,
    )
    return Trainer(replace(run, **changes), settings, ALONE, recorder or Recorders())


class Killer:
    """A recorder that ends the process after an update, as the kernel would for want of memory."""

    def __init__(self, update: int) -> None:
        self._update = update

    def begin(self, update: int, total: int) -> None:
        """Nothing yet."""

    def advance(self, update: int, tokens: int) -> None:
        """Now, perhaps."""
        if update == self._update:
            os.kill(os.getpid(), signal.SIGKILL)

    def record(self, kind: Kind, update: int, epoch: int, values: Mapping[str, float]) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def _kill_between_renames(number: int) -> None:
    """SIGKILL when the old folder has been moved away and the new one has not its name yet."""
    before = Path.rename
    seen = 0

    def rename(path: Path, target: Path) -> Path:
        nonlocal seen
        result = before(path, target)
        if path.name == "state":
            seen += 1
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)
        return result

    assert atomic_folder.Path is Path
    Path.rename = rename  # type: ignore[assignment,method-assign]  # this process is about to die


if __name__ == "__main__":
    torch.set_num_threads(1)
    if int(sys.argv[3]):
        _kill_between_renames(int(sys.argv[3]))
    toy_trainer(Path(sys.argv[1]), recorder=Killer(int(sys.argv[2]))).run()
