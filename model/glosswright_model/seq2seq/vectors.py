"""Pretrained word vectors into an embedding: the text format of word2vec and GloVe, or NumPy's .npz. No pickle.

Only words of the vocabulary are kept in memory. Nothing is downloaded.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from glosswright_model.errors import DataError


def initialise_embedding(table: nn.Embedding, words: Sequence[str], path: Path) -> int:
    """Overwrite the rows of those words that the file has a vector for; the others keep what they have.

    Vectors are scaled so that their mean length is that of the rows they replace: a network is initialised for features
    of a certain size.

    Args:
        table: [V, D]
        words: what each of the V ids stands for; "" for special ids, which keep their row.
        path: "*.npz" with the arrays `words` [n] (text) and `vectors` [n, D], else text: a line for each word, the word
            and D numbers with single spaces between them; a first line with two numbers (rows, features) is skipped,
            and so are words with spaces in them, of which GloVe's largest file has some.

    Returns:
        How many words were found.

    Raises:
        DataError: a file that cannot be read, is damaged, has other dimensions, or none of the words.
    """
    if len(words) != table.num_embeddings:
        raise ValueError(f"{len(words)} words for an embedding of {table.num_embeddings}")
    places: dict[str, int] = {word: number for number, word in enumerate(words) if word}
    found: dict[int, np.ndarray] = {}
    try:
        for word, vector in _npz(path) if path.suffix == ".npz" else _text(path, places, table.embedding_dim):
            if word in places and places[word] not in found:
                if vector.shape != (table.embedding_dim,):
                    raise DataError(
                        f"{path.name}: vectors of {vector.size} features, but the embedding has {table.embedding_dim}; "
                        "change the embedding's size or take other vectors"
                    )
                if not np.isfinite(vector).all():
                    raise DataError(f"{path.name}: the vector of {word!r} holds numbers that are not finite")
                found[places[word]] = vector
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as problem:
        raise DataError(f"{path.name}: cannot be read as word vectors: {problem}") from problem
    if not found:
        raise DataError(f"{path.name}: has none of the vocabulary's {len(places)} words; is it of another language?")
    rows = torch.tensor(sorted(found))
    vectors = torch.from_numpy(np.stack([found[int(row)] for row in rows])).to(table.weight)  # [n, D]
    with torch.no_grad():
        length = table.weight[rows].norm(dim=1).mean() / vectors.norm(dim=1).mean().clamp_min(1e-12)
        table.weight[rows] = vectors * length
    return len(found)


def _npz(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    with path.open("rb") as file:
        arrays = np.load(file, allow_pickle=False)
        if isinstance(arrays, np.ndarray):
            raise DataError(f"{path.name}: holds a single array; `numpy.savez` writes `words` and `vectors` together")
        words, vectors = arrays["words"], arrays["vectors"]
    if words.dtype.kind != "U" or vectors.ndim != 2 or len(words) != len(vectors) or vectors.dtype.kind != "f":
        raise DataError(f"{path.name}: `words` must be n texts, and `vectors` n rows of floating-point numbers")
    yield from zip(words.tolist(), vectors.astype(np.float32), strict=True)


def _text(path: Path, wanted: dict[str, int], features: int) -> Iterator[tuple[str, np.ndarray]]:
    with path.open(encoding="utf-8", errors="strict") as lines:
        for number, line in enumerate(lines, start=1):
            word, _, rest = line.rstrip("\n").partition(" ")
            if word not in wanted or (number == 1 and len(rest.split()) == 1):
                continue
            fields = rest.split()
            if (vector := _numbers(fields)) is not None:
                yield word, vector
            elif len(fields) <= features or _numbers(fields[-features:]) is None:
                raise DataError(f"{path.name}: line {number} holds something that is no number")


def _numbers(fields: Sequence[str]) -> np.ndarray | None:
    try:
        return np.array(fields, dtype=np.float32)
    except ValueError:
        return None
