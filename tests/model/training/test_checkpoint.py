"""Checkpoint folders: what is written comes back, what was tampered with does not, and the old one survives trouble."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from harness.toy_seq2seq import ABOUT, TINY, toy_checkpoint, toy_codec, toy_network
from safetensors.torch import load_file, save_file

from glosswright_model import atomic_folder
from glosswright_model.checkpoint import (
    CONFIG_NAME,
    WEIGHTS_NAME,
    check_checkpoint,
    is_checkpoint,
    load_checkpoint,
    own_tensors,
    save_checkpoint,
    sha256,
)
from glosswright_model.errors import CheckpointError
from glosswright_model.seq2seq.config import RnnConfig

pytestmark = pytest.mark.torch


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    """The point of it all: the same weights, vocabulary, configuration and purpose."""
    network = toy_checkpoint(tmp_path / "model")
    loaded = load_checkpoint(tmp_path / "model")
    assert loaded.config == TINY
    assert loaded.about == ABOUT
    assert loaded.codec.encode_source("set alpha to 7").words == ("set", "alpha", "to", "7")
    assert not loaded.network.training
    expected = network.state_dict()
    assert loaded.network.state_dict().keys() == expected.keys()
    assert all(torch.equal(value, expected[name]) for name, value in loaded.network.state_dict().items())


def test_tied_weights_are_stored_once_and_stay_tied(tmp_path: Path) -> None:
    """A tied output is one tensor on disk; two copies could drift apart when the checkpoint is tuned."""
    config = replace(TINY, tie_output=True)
    codec = toy_codec()
    network = toy_network(codec, config)
    save_checkpoint(tmp_path / "model", network, config, codec, ABOUT)
    assert len(load_file(tmp_path / "model" / WEIGHTS_NAME)) == len(network.state_dict()) - 1
    loaded = load_checkpoint(tmp_path / "model").network
    assert loaded.output.weight is loaded.decoder.embedding.table.weight
    assert torch.equal(loaded.output.weight, network.output.weight)


def test_half_precision_halves_the_file_and_loads_as_float32(tmp_path: Path) -> None:
    """The shipped checkpoint is stored so; a network computes in float32 all the same."""
    codec = toy_codec()
    network = toy_network(codec)
    for weights in ("float32", "float16"):
        save_checkpoint(tmp_path / weights, network, TINY, codec, ABOUT, weights=weights)  # type: ignore[arg-type]  # both are
    sizes = [(tmp_path / weights / WEIGHTS_NAME).stat().st_size for weights in ("float16", "float32")]
    assert sizes[0] < 0.7 * sizes[1]
    for name, value in load_checkpoint(tmp_path / "float16").network.state_dict().items():
        assert value.dtype == torch.float32
        assert torch.allclose(value, network.state_dict()[name], atol=1e-3)


def test_weights_that_are_no_numbers_are_not_written(tmp_path: Path) -> None:
    """A run whose weights exploded must not replace the last good checkpoint."""
    network = toy_checkpoint(tmp_path / "model")
    before = sha256(tmp_path / "model" / WEIGHTS_NAME)
    with torch.no_grad():
        network.output.bias[0] = float("nan")
    with pytest.raises(CheckpointError, match="no float32 numbers"):
        save_checkpoint(tmp_path / "model", network, TINY, toy_codec(), ABOUT)
    assert sha256(tmp_path / "model" / WEIGHTS_NAME) == before
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def _config(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def tamper(folder: Path) -> None:
        document = json.loads((folder / CONFIG_NAME).read_text())
        change(document)
        (folder / CONFIG_NAME).write_text(json.dumps(document))

    return tamper


def _weights(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], None]:
    """Changed weights with the right hash: made by hand, not by accident."""

    def tamper(folder: Path) -> None:
        tensors = load_file(folder / WEIGHTS_NAME)
        change(tensors)
        save_file(tensors, folder / WEIGHTS_NAME)
        _rehash(folder)

    return tamper


def _rehash(folder: Path) -> None:
    _config(lambda document: document["files"].update({WEIGHTS_NAME: sha256(folder / WEIGHTS_NAME)}))(folder)


def _cut_off(folder: Path) -> None:
    path = folder / WEIGHTS_NAME
    path.write_bytes(path.read_bytes()[:-100])


def _cut_off_by_hand(folder: Path) -> None:
    _cut_off(folder)
    _rehash(folder)


def _another_word(folder: Path) -> None:
    path = folder / "words.json"
    path.write_text(path.read_text().replace("alpha", "alphb"))


def _huge_config(folder: Path) -> None:
    with (folder / CONFIG_NAME).open("a") as file:
        file.write(" " * 1_000_001)


TAMPERED: dict[str, tuple[Callable[[Path], object], str]] = {
    "no config": (lambda folder: (folder / CONFIG_NAME).unlink(), "is no checkpoint"),
    "config no JSON": (lambda folder: (folder / CONFIG_NAME).write_text('{"format"'), "is no JSON"),
    "config a list": (lambda folder: (folder / CONFIG_NAME).write_text("[]"), "is no checkpoint of glosswright"),
    "config deep": (lambda folder: (folder / CONFIG_NAME).write_text("[" * 100_000), "is no JSON"),
    "config huge": (_huge_config, "larger than a configuration"),
    "other format": (_config(lambda document: document.update(format="pickle")), "is no checkpoint of glosswright"),
    "newer version": (_config(lambda document: document.update(version=2)), "update glosswright"),
    "older version": (_config(lambda document: document.update(version=0)), "train it again"),
    "other architecture": (
        _config(lambda document: document["network"].update(architecture="mamba")),
        "architecture: 'mamba' is unknown",
    ),
    "other cell": (_config(lambda document: document["network"].update(cell="gru")), "have shape|belong to another"),
    "network unknown field": (_config(lambda document: document["network"].update(depth=3)), "depth: no such field"),
    "no network": (_config(lambda document: document.pop("network")), "has no 'network'"),
    "hostile width": (_config(lambda document: document["network"].update(hidden_size=10**9)), "above the 1000000"),
    "hostile width below the bound": (
        _config(lambda document: document["network"].update(hidden_size=900_000)),
        "have shape",
    ),
    "hostile layers": (_config(lambda document: document["network"].update(encoder_layers=10**6)), "above the 256"),
    "hostile vocabulary": (_config(lambda document: document.update(source_size=10**12)), "no size of a vocabulary"),
    "other vocabulary": (_config(lambda document: document.update(source_size=99)), "says otherwise"),
    "other codec": (_config(lambda document: document.update(codec="runes")), "codec 'runes' is unknown"),
    "no purpose": (_config(lambda document: document["about"].update(unit="poem")), "what it was trained for"),
    "file outside": (_config(lambda document: document["files"].update({"../x": "0"})), "no plain file"),
    "no hash of the weights": (_config(lambda document: document["files"].pop(WEIGHTS_NAME)), "does not name"),
    "tokenizer changed": (_another_word, r"words.json is not the one it was saved with \(SHA-256\)"),
    "tokenizer gone": (lambda folder: (folder / "words.json").unlink(), "words.json is missing"),
    "weights gone": (lambda folder: (folder / WEIGHTS_NAME).unlink(), "model.safetensors is missing"),
    "weights cut off": (_cut_off, "SHA-256"),
    "weights cut off, hash renewed": (_cut_off_by_hand, "damaged or cut off"),
    "tensor missing": (_weights(lambda tensors: tensors.pop("output.bias")), "lack output.bias"),
    "tensor extra": (_weights(lambda tensors: tensors.update(spy=torch.zeros(2))), "have spy"),
    "tensor of another shape": (
        _weights(lambda tensors: tensors.update({"output.bias": torch.zeros(3)})),
        "output.bias have shape",
    ),
    "tensor not a number": (
        _weights(lambda tensors: tensors.update({"output.bias": tensors["output.bias"] + float("inf")})),
        "no numbers",
    ),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_a_bad_checkpoint_is_refused_in_words(tmp_path: Path, case: str) -> None:
    """Someone else's folder may be anything: the message must name the folder and what is wrong."""
    toy_checkpoint(tmp_path / "model")
    tamper, message = TAMPERED[case]
    tamper(tmp_path / "model")
    with pytest.raises(CheckpointError, match=message) as caught:
        load_checkpoint(tmp_path / "model")
    assert str(tmp_path / "model") in str(caught.value)
    if case not in ("tensor missing", "tensor not a number"):  # it may be tied; that takes loading
        with pytest.raises(CheckpointError, match=message):
            check_checkpoint(tmp_path / "model")


def test_no_space_leaves_the_old_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is the likeliest trouble of a long run, and must cost nothing that was there before."""
    toy_checkpoint(tmp_path / "model")
    before = sha256(tmp_path / "model" / WEIGHTS_NAME)

    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic_folder, "_reach_disk", full)
    with pytest.raises(CheckpointError, match=r"the disk is full\. What was there before is still there"):
        toy_checkpoint(tmp_path / "model")
    assert sha256(tmp_path / "model" / WEIGHTS_NAME) == before
    load_checkpoint(tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_death_between_the_renames_loses_nothing(tmp_path: Path) -> None:
    """The one moment at which the folder has no name: the next reader puts the old one back."""
    toy_checkpoint(tmp_path / "model")
    (tmp_path / "model").rename(tmp_path / ".model.old")
    assert load_checkpoint(tmp_path / "model").about == ABOUT
    assert not (tmp_path / ".model.old").exists()


def test_what_a_killed_writer_left_is_cleared(tmp_path: Path) -> None:
    """A run that is killed and resumed again and again must not fill the disk."""
    toy_checkpoint(tmp_path / "model")
    for name in (".model.new-12ab34cd", ".other.new-12ab34cd"):
        (tmp_path / name).mkdir()
        (tmp_path / name / WEIGHTS_NAME).write_text("half of it")
    toy_checkpoint(tmp_path / "model")
    assert {path.name for path in tmp_path.iterdir()} == {"model", ".other.new-12ab34cd"}
    load_checkpoint(tmp_path / "model")


def test_another_folder_is_not_overwritten(tmp_path: Path) -> None:
    """A mistyped --out must not delete someone's files."""
    (tmp_path / "thesis.tex").write_text("years of work")
    for place in (tmp_path, tmp_path / "thesis.tex"):
        with pytest.raises(CheckpointError, match="no checkpoint"):
            save_checkpoint(place, toy_network(toy_codec()), TINY, toy_codec(), ABOUT)
    (tmp_path / CONFIG_NAME).write_text('{"model_type": "qwen2"}')  # many things have a file of this name
    with pytest.raises(CheckpointError, match="no checkpoint"):
        save_checkpoint(tmp_path, toy_network(toy_codec()), TINY, toy_codec(), ABOUT)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_a_checkpoint_is_told_from_other_model_folders(tmp_path: Path) -> None:
    """Serving decides by this which back end a folder is for."""
    toy_checkpoint(tmp_path / "ours")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / CONFIG_NAME).write_text('{"model_type": "qwen2"}')
    assert [is_checkpoint(tmp_path / name) for name in ("ours", "other", "nothing")] == [True, False, False]


def test_every_tensor_has_one_name() -> None:
    """`own_tensors` is what is saved: all that the network has, once."""
    network = toy_network(toy_codec(), RnnConfig(embedding_size=8, hidden_size=8, tie_output=True))
    own = own_tensors(network)
    assert sum(tensor.numel() for tensor in own.values()) == sum(p.numel() for p in network.parameters())
