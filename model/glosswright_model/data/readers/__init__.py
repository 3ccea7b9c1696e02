"""Readers of corpora: published ones in the form they are distributed in, two parallel files, and our own JSON lines.

Each reader yields pairs in the order of the file and raises DataError naming the file, the line and what to do. They
check form, not content: what a corpus repeats or gets wrong is part of what published figures were measured on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from glosswright_model.data.pairs import SPLITS, Pair, Split
from glosswright_model.data.readers.code_docstring import read_code_docstring
from glosswright_model.data.readers.conala import CONALA_PARTS, read_conala
from glosswright_model.data.readers.django import read_django
from glosswright_model.data.readers.lines import read_lines
from glosswright_model.data.readers.own import read_pairs
from glosswright_model.data.readers.parallel import read_parallel
from glosswright_model.errors import DataError

__all__ = [
    "CONALA_PARTS",
    "CORPORA",
    "read_code_docstring",
    "read_conala",
    "read_corpus",
    "read_django",
    "read_lines",
    "read_pairs",
    "read_parallel",
]


def read_corpus(corpus: str, path: Path, part: str) -> Iterator[Pair]:
    """The pairs of one part of a corpus, as configurations name them.

    corpus: "django", "django-raw", "conala", "code-docstring", "parallel" (a folder with `train.src`, `train.tgt` and
    so on) or "pairs" (a file of our own: JSON lines or Parquet).
    part: "train", "dev" or "test"; for CoNaLa also "mined" and "api".
    Raises DataError for an unknown corpus or part, and whatever its reader raises.
    """
    reader = CORPORA.get(corpus)
    if reader is None:
        raise DataError(f"there is no corpus {corpus!r}; choose one of {', '.join(CORPORA)}")
    return reader(path, part)


def _split(part: str) -> Split:
    for split in SPLITS:
        if split == part:
            return split
    raise DataError(f"there is no part {part!r}; choose one of {', '.join(SPLITS)}")


CORPORA: dict[str, Callable[[Path, str], Iterator[Pair]]] = {
    "django": lambda path, part: read_django(path, _split(part)),
    "django-raw": lambda path, part: read_django(path, _split(part), raw=True),
    "conala": read_conala,
    "code-docstring": lambda path, part: read_code_docstring(path, _split(part)),
    "parallel": lambda path, part: read_parallel(path / f"{part}.src", path / f"{part}.tgt", split=_split(part)),
    "pairs": lambda path, part: (pair for pair in read_pairs(path) if pair.split == _split(part)),
}
