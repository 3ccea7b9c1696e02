"""What text pipelines have in common on disk and in configurations: which there are, and options that are checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from glosswright_model.errors import DataError

Options = TypeVar("Options")


def options_from(kind: type[Options], row: Mapping[str, Any], where: object) -> Options:
    """An options dataclass from a JSON or YAML mapping, names and types checked. Raises DataError naming the option."""
    defaults = kind()
    known = {field.name: type(getattr(defaults, field.name)) for field in fields(kind)}  # type: ignore[arg-type]  # a dataclass
    for name, value in row.items():
        if name not in known:
            raise DataError(f"{where}: there is no option {name!r}; choose among {', '.join(known)}")
        if type(value) is not known[name] and (known[name], type(value)) != (float, int):
            raise DataError(f"{where}: {name!r} must be of the type {known[name].__name__}, not {value!r}")
    return kind(**row)


def refuse_below(options: object, where: str, **least: int) -> None:
    """Raise DataError for the first of these options that is under the least that it may be."""
    for name, value in least.items():
        if (found := getattr(options, name)) < value:
            raise DataError(f"{where}: {name!r} must be {value} or more, not {found}")


def read_versioned(path: Path, version: str) -> dict[str, Any]:
    """The JSON object of a codec's file, without its `format`. Raises DataError (missing, damaged, another version)."""
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is damaged: it is not JSON") from error
    if not isinstance(row, dict) or row.pop("format", None) != version:
        raise DataError(f"{path} is not a vocabulary of this version; train again, or use the version that wrote it")
    return row
