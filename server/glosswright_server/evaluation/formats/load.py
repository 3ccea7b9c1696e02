"""Files of problems: JSON lines, plain or gzipped, or one JSON array; the format is told by the fields of the rows.

Each row is read by the function of its format. A row that cannot be read ends the run before the model is asked, with
the file and the line.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from glosswright_server.errors import UsageError
from glosswright_server.evaluation.formats import FORMATS
from glosswright_server.evaluation.formats.evalplus import evalplus
from glosswright_server.evaluation.formats.humaneval import humaneval, humaneval_xl
from glosswright_server.evaluation.formats.mbpp import mbpp
from glosswright_server.evaluation.formats.multipl_e import multipl_e
from glosswright_server.evaluation.formats.row import Row
from glosswright_server.evaluation.problem import Problem


def load(path: Path, *, format: str = "auto", show_tests: bool = False) -> list[Problem]:
    """Every problem of a file, in its order. `show_tests` puts MBPP's asserts into the document. Raises UsageError."""
    readers: Mapping[str, Callable[[Row], Problem]] = {
        "humaneval": humaneval,
        "humaneval+": evalplus,
        "humaneval-xl": humaneval_xl,
        "mbpp": partial(mbpp, show_tests=show_tests),
        "multipl-e": multipl_e,
    }
    problems: dict[str, Problem] = {}
    for row in _rows(path):
        problem = readers[_format_of(row) if format == "auto" else format](row)
        if problem.id in problems:
            raise row.error(f"there is a problem {problem.id!r} above already.")
        problems[problem.id] = problem
    if not problems:
        raise UsageError(f"{path} holds no problems.")
    return list(problems.values())


def _format_of(row: Row) -> str:
    """The format that a row's fields say. Raises UsageError."""
    if "base_input" in row and "plus_input" in row:
        return "humaneval+"
    if "tests" in row and "name" in row:
        return "multipl-e"
    if "test_list" in row:
        return "mbpp"
    if "test" in row and "entry_point" in row:
        return "humaneval-xl" if "natural_language" in row or "language" in row else "humaneval"
    raise row.error(f"these fields belong to no known format ({', '.join(FORMATS)}); say which with --format.")


def _rows(path: Path) -> Iterator[Row]:
    text = _text(path)
    if text.lstrip().startswith("["):
        yield from _array(path, text)
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _row(_parsed(line, f"{path}:{number}"), f"{path}:{number}")


def _array(path: Path, text: str) -> Iterator[Row]:
    for number, value in enumerate(_parsed(text, str(path)), start=1):
        yield _row(value, f"{path}, problem {number}")


def _parsed(text: str, place: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "it is nested too deeply"
        raise UsageError(f"{place}: this is not JSON: {reason}.") from None


def _row(value: object, place: str) -> Row:
    if not isinstance(value, dict):
        raise UsageError(f"{place}: a problem must be a JSON object.")
    return Row(value, place)


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        return data.decode("utf-8-sig")
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise UsageError(f"{path} is not a whole gzip file.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text.") from None
