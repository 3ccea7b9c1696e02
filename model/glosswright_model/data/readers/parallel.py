"""Any parallel corpus of two files: line n of the one belongs to line n of the other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from glosswright_model.data.pairs import Pair, PairKind, Provenance, Split
from glosswright_model.data.readers.lines import read_lines
from glosswright_model.errors import DataError


def read_parallel(
    source: Path,
    target: Path,
    *,
    split: Split = "train",
    kind: PairKind = "statement",
    language: str = "python",
    licence: str = "",
) -> Iterator[Pair]:
    """The pairs of two files of equal length. Raises DataError where one is longer, on reaching the end."""
    for number, (left, right) in enumerate(zip_longest(read_lines(source), read_lines(target)), start=1):
        if left is None or right is None:
            shorter = source if left is None else target
            raise DataError(f"{shorter} has only {number - 1} lines, fewer than its partner; line n must belong to n")
        yield Pair(left, right, kind, language, Provenance(target.name, number), licence, split)
