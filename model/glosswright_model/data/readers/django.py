"""The Django corpus: 18,805 lines of Django's source with an English description of each (Oda et al. 2015).

Two forms: the distributed one (`all.anno`, `all.code`), and a canonical one in a folder `canonical/` with
`train|dev|test.src|.tgt`, where string literals are slots (`_STR:0_`) and code is normalised through the syntax tree,
as TRANX does (Yin and Neubig 2018, section 3.1): token lists joined by single spaces. The split is by order of rows,
16000/1000/1805, as in every published table.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from glosswright_model.data.pairs import Pair, Provenance, Split
from glosswright_model.data.readers.lines import read_lines
from glosswright_model.data.readers.parallel import read_parallel
from glosswright_model.errors import DataError

ROWS: dict[Split, range] = {
    "train": range(16000),
    "dev": range(16000, 17000),
    "test": range(17000, 18805),
}
"""Rows of `all.anno` and `all.code` in each part."""

LICENCE = "MIT AND BSD-3-Clause"
"""Of the descriptions, and of Django's lines."""


def read_django(folder: Path, split: Split, *, raw: bool = False) -> Iterator[Pair]:
    """One part of the corpus, in the canonical form, or `raw` as distributed. Raises DataError."""
    canonical = folder / "canonical" if (folder / "canonical").is_dir() else folder
    if not raw:
        source, target = canonical / f"{split}.src", canonical / f"{split}.tgt"
        if not source.is_file():
            raise DataError(f"{source} is missing: give the folder of the Django corpus that has `canonical/` in it")
        yield from read_parallel(source, target, split=split, licence=LICENCE)
        return
    rows, number = ROWS[split], ROWS[split].start
    sources, targets = (islice(read_lines(folder / name), rows.start, rows.stop) for name in ("all.anno", "all.code"))
    for number, (source_line, target_line) in enumerate(zip(sources, targets, strict=False), start=rows.start + 1):
        yield Pair(
            source_line.strip(),
            target_line.strip(),
            provenance=Provenance("all.code", number, "django/django"),
            licence=LICENCE,
            split=split,
        )
    if number != rows.stop:
        raise DataError(f"{folder}: `all.anno` and `all.code` end at row {number}; the Django corpus has 18805 rows")
