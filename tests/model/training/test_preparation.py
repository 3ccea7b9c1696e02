"""A configuration becomes what it says: augmentation reaches the batches, and only those for training."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="preparing a run builds a network: pip install 'glosswright[torch]'")

from glosswright_model.data.pair_files import write_pairs
from glosswright_model.data.pairs import Pair
from glosswright_model.errors import DataError
from glosswright_model.training.config import Experiment
from glosswright_model.training.preparation import Prepared, prepare

pytestmark = pytest.mark.torch


def run(folder: Path, augment: dict[str, float]) -> Prepared:
    pairs = [
        Pair(f"get the value of item_{number} from the list", f"item_{number} = values [ {number} ]", split=split)
        for number in range(6)
        for split in ("train", "dev")
    ]
    write_pairs(folder / "pairs.jsonl", pairs)
    network = {"architecture": "rnn", "embedding_size": 8, "hidden_size": 8}
    return prepare(
        Experiment.model_validate(
            {
                "name": "test",
                "data": {"corpus": "pairs", "path": str(folder / "pairs.jsonl")},
                "network": network,
                "augment": augment,
            }
        )
    )


def test_augmentation_reaches_the_training_batches(tmp_path: Path) -> None:
    """Each epoch other examples, one for each pair; validation stays as it is; another run, so another fingerprint."""
    plain, augmented = run(tmp_path, {}), run(tmp_path, {"rename": 1, "noise": 1})
    assert plain.batches.examples(0) == plain.batches.examples(1)
    first, second = augmented.batches.examples(0), augmented.batches.examples(1)
    assert len(first) == len(second) == len(plain.batches.examples(0))
    assert first != second
    assert augmented.validation == plain.validation
    assert augmented.fingerprint != plain.fingerprint


def test_a_slip_in_the_options_is_named(tmp_path: Path) -> None:
    """A configuration with a slip must not train something else."""
    with pytest.raises(DataError, match="renam"):
        run(tmp_path, {"renam": 1})
