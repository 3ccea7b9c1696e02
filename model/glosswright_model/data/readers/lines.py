"""Lines of a corpus file, plain or JSON: UTF-8, ended by a line feed and by nothing else.

Corpora hold form feeds and Unicode line separators inside lines, so that reading them with universal newlines shifts
every later line against its partner.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from glosswright_model.errors import DataError


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a file without their ends, one at a time. Raises DataError (no file, not UTF-8: on which line)."""
    number = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                yield line.rstrip(b"\n").removesuffix(b"\r").decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}, line {number}, is not UTF-8; convert the file first") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error


def read_json_lines(path: Path) -> Iterator[tuple[int, object]]:
    """Number and value of each line that is not blank. Raises DataError naming the line that is not JSON."""
    number = 0
    try:
        for number, line in enumerate(read_lines(path), start=1):
            if line.strip():
                yield number, json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}, line {number}, is not JSON: each line holds one value") from error
