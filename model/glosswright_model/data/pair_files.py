"""Files of pairs, written: JSON lines or Parquet by the file's ending; an old file survives whatever goes wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from glosswright_model.data.pairs import Pair
from glosswright_model.errors import DataError

_ROWS = 10_000
"""Rows of a Parquet row group."""
_TEXTS = ("source", "target", "kind", "language", "split", "licence", "path", "repository", "commit", "context")


def write_pairs(path: Path, pairs: Iterable[Pair]) -> int:
    """Write a file as a whole; the number of pairs. Raises DataError (ending, no space, no right to write)."""
    if path.suffix not in (".jsonl", ".parquet"):
        raise DataError(f"{path} must end in .jsonl or .parquet")
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        count = _write_parquet(partial, pairs) if path.suffix == ".parquet" else _write_lines(partial, pairs)
        partial.replace(path)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}; what was there is untouched") from error
    finally:
        partial.unlink(missing_ok=True)
    return count


def _write_lines(path: Path, pairs: Iterable[Pair]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for pair in pairs:
            file.write(to_line(pair))
            count += 1
    return count


def to_line(pair: Pair) -> str:
    """A pair as one line of JSON."""
    return json.dumps(pair.to_json(), ensure_ascii=False).encode("utf-8", "replace").decode() + "\n"


def _write_parquet(path: Path, pairs: Iterable[Pair]) -> int:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise DataError("Parquet needs pyarrow: pip install 'glosswright[train]'") from error
    schema = pyarrow.schema([*((name, pyarrow.string()) for name in _TEXTS), ("line", pyarrow.int64())])
    count = 0
    with pyarrow.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        rows: list[dict[str, Any]] = []
        for pair in pairs:
            rows.append(json.loads(to_line(pair)))
            count += 1
            if len(rows) == _ROWS:
                writer.write_batch(pyarrow.RecordBatch.from_pylist(rows, schema=schema))
                rows = []
        if rows:
            writer.write_batch(pyarrow.RecordBatch.from_pylist(rows, schema=schema))
    return count
