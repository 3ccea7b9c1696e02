"""A configuration becomes what it says: augmentation reaches the batches, and only those for training."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="preparing a run builds a network: pip install 'glosswright[torch]'")

from glosswright_model.data.pair_files import write_pairs
from glosswright_model.data.pairs import Pair
from glosswright_model.errors import ConfigError, DataError
from glosswright_model.training.config import Experiment
from glosswright_model.training.preparation import Prepared, prepare

pytestmark = pytest.mark.torch


def run(folder: Path, augment: dict[str, float], **more: object) -> Prepared:
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
                **more,
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


def test_embeddings_begin_with_pretrained_vectors(tmp_path: Path) -> None:
    """Words in the file get its direction, the others their usual first weights; other vectors, another fingerprint."""
    file = tmp_path / "vectors.txt"
    file.write_text("value 1 0 0 0 0 0 0 0\nlist 0 2 0 0 0 0 0 0\n", encoding="utf-8")
    plain = run(tmp_path, {})
    prepared = run(tmp_path, {}, vectors={"source": str(file)})
    codec = prepared.codec
    table = prepared.network.encoder.embedding.table.weight.detach()
    places = dict(zip(("value", "list", "get"), codec.encode_source("value list get").ids, strict=True))
    assert table[places["value"]].count_nonzero() == 1
    assert table[places["list"], 1] == 2 * table[places["value"], 0] > 0
    assert table[places["get"]].equal(plain.network.encoder.embedding.table.weight[places["get"]])
    assert plain.network.decoder.embedding.table.weight.equal(prepared.network.decoder.embedding.table.weight)
    file.write_text("value 1 1 0 0 0 0 0 0\n", encoding="utf-8")
    again = run(tmp_path, {}, vectors={"source": str(file)})
    assert len({plain.fingerprint, prepared.fingerprint, again.fingerprint}) == 3


def test_vectors_are_for_words(tmp_path: Path) -> None:
    """A file that is not there, and a codec without words, are named before anything is trained."""
    with pytest.raises(DataError, match=r"missing\.txt"):
        run(tmp_path, {}, vectors={"target": str(tmp_path / "missing.txt")})
    with pytest.raises(ConfigError, match=r"codec\.kind"):
        run(tmp_path, {}, vectors={"source": "some.txt"}, codec={"kind": "bpe", "size": 300})
