"""Our own files of pairs: JSON lines or Parquet, as `glosswright model mine` writes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from glosswright_model.data.pairs import Pair
from glosswright_model.data.readers.lines import read_json_lines
from glosswright_model.errors import DataError


def read_pairs(path: Path) -> Iterator[Pair]:
    """The pairs of a file, one at a time; Parquet by its suffix `.parquet`. Raises DataError naming the row."""
    for number, row in _parquet(path) if path.suffix == ".parquet" else read_json_lines(path):
        yield _pair(row, path, number)


def _pair(row: object, path: Path, number: int) -> Pair:
    try:
        return Pair.from_json(row)
    except DataError as error:
        raise DataError(f"{path}, row {number}: {error}") from error


def _parquet(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise DataError("Parquet needs pyarrow: pip install 'glosswright[train]'") from error
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            rows = (row for batch in file.iter_batches() for row in batch.to_pylist())
            for number, row in enumerate(rows, start=1):
                yield number, {name: value for name, value in row.items() if value is not None}
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"{path} cannot be read as Parquet: {str(error).splitlines()[0]}") from error
