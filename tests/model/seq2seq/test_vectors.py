"""Pretrained vectors: both formats, and every way in which a file can be wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from glosswright_model.errors import DataError
from glosswright_model.seq2seq.vectors import initialise_embedding

WORDS = ["", "", "", "", "return", "value", "list"]
TEXT = "value 3 0\nunheard 9 9\nlist 0 4\n"


def table() -> nn.Embedding:
    """Rows of length 1."""
    embedding = nn.Embedding(len(WORDS), 2)
    with torch.no_grad():
        embedding.weight.copy_(torch.tensor([0.6, 0.8]).expand(len(WORDS), 2))
    return embedding


def write_npz(path: Path, words: object, vectors: object) -> Path:
    """A file as NumPy writes it."""
    np.savez(path, words=np.array(words), vectors=np.array(vectors))
    return path


@pytest.mark.parametrize("kind", ["text", "text with header", "npz"])
def test_replaces_the_rows_of_known_words(tmp_path: Path, kind: str) -> None:
    """Found words get their direction, at the length of the rows replaced (3 and 4 have the mean 3.5); others stay."""
    path = tmp_path / ("vectors.npz" if kind == "npz" else "vectors.txt")
    if kind == "npz":
        write_npz(path, ["value", "unheard", "list"], [[3.0, 0.0], [9.0, 9.0], [0.0, 4.0]])
    else:
        path.write_text(("3 2\n" if kind == "text with header" else "") + TEXT, encoding="utf-8")
    embedding = table()
    assert initialise_embedding(embedding, WORDS, path) == 2
    expected = torch.tensor([[0.6, 0.8]] * 5 + [[3 / 3.5, 0.0], [0.0, 4 / 3.5]])
    torch.testing.assert_close(embedding.weight.detach(), expected)
    assert embedding.weight.requires_grad


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has none of the vocabulary's 3 words"),
        (b"value 1 2 3\n", "vectors of 3 features, but the embedding has 2"),
        (b"list 1 2\nvalue 1 x\n", "line 2 holds something that is no number"),
        (b"value 1 nan\n", "the vector of 'value' holds numbers that are not finite"),
        (b"value 1 \xff\n", "cannot be read as word vectors"),
        (b"value of 1 x\n", "line 1 holds something that is no number"),
    ],
)
def test_refuses_text(tmp_path: Path, content: bytes, said: str) -> None:
    """A wrong file is named, and the embedding keeps what it had."""
    path = tmp_path / "vectors.txt"
    path.write_bytes(content)
    embedding = table()
    with pytest.raises(DataError) as caught:
        initialise_embedding(embedding, WORDS, path)
    assert said in str(caught.value)
    assert "vectors.txt" in str(caught.value)
    assert torch.equal(embedding.weight, table().weight)


def test_words_with_spaces_are_passed_over(tmp_path: Path) -> None:
    """GloVe's file of 840 billion words has "at name@domain.com" beside "at": no reason to refuse it."""
    path = tmp_path / "vectors.txt"
    path.write_text("value added 9 9\nvalue 3 0\nlist of 9 9\n", encoding="utf-8")
    embedding = table()
    assert initialise_embedding(embedding, WORDS, path) == 1
    torch.testing.assert_close(embedding.weight[5].detach(), torch.tensor([1.0, 0.0]))


@pytest.mark.parametrize(
    ("words", "vectors"),
    [
        (["value"], [[1.0, 2.0], [1.0, 2.0]]),
        ([1], [[1.0, 2.0]]),
        (["value"], [1.0]),
        (["value"], [["a", "b"]]),
        (np.array([object()]), [[1.0, 2.0]]),
    ],
    ids=["lengths differ", "words are numbers", "one dimension", "text", "pickled"],
)
def test_refuses_npz(tmp_path: Path, words: object, vectors: object) -> None:
    """Arrays of the wrong kind; objects would need pickle, which runs code."""
    with pytest.raises(DataError, match=r"vectors\.npz"):
        initialise_embedding(table(), WORDS, write_npz(tmp_path / "vectors.npz", words, vectors))


@pytest.mark.parametrize(
    "name",
    ["missing.txt", "missing.npz", "damaged.npz", "other.npz", "empty.npz", "array.npz", "cut.npz", "packed.npz"],
)
def test_refuses_files_that_are_none(tmp_path: Path, name: str) -> None:
    """No file, no zip, a zip without the arrays or with damaged ones, and one array alone."""
    if name == "empty.npz":
        (tmp_path / name).write_bytes(b"")
    if name == "array.npz":
        with (tmp_path / name).open("wb") as file:
            np.save(file, np.zeros((3, 2)))
    if name in ("cut.npz", "packed.npz"):
        save = np.savez if name == "cut.npz" else np.savez_compressed
        save(tmp_path / name, words=np.array(["value"] * 99), vectors=np.random.default_rng(1).normal(size=(99, 2)))
        content = bytearray((tmp_path / name).read_bytes())
        content[len(content) // 4 : len(content) // 2] = bytes(len(content) // 2 - len(content) // 4)
        (tmp_path / name).write_bytes(content)
    if name == "damaged.npz":
        (tmp_path / name).write_bytes(b"PK\x03\x04 and then nothing")
    if name == "other.npz":
        np.savez(tmp_path / name, other=np.zeros(2))
    with pytest.raises(DataError, match=name):
        initialise_embedding(table(), WORDS, tmp_path / name)
