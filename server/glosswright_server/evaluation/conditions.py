"""All that answers and judgements depend on, by name, and a digest: where it is the same, results go together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from glosswright_server import __version__
from glosswright_server.errors import UsageError
from glosswright_server.evaluation.mode import Mode
from glosswright_server.settings import Settings, describe, merge

_NO_MATTER = ("logLevel", "endpoint.apiKeyEnv", "endpoint.apiKeyCommand")
"""Settings that change no answer, or that nobody wants written down."""

Conditions = Mapping[str, Any]
"""Names and JSON values."""


def settings_for(base: Settings, mode: Mode, assignments: Sequence[str]) -> Settings:
    """`base` with the mode's settings and then each `name=value` laid over. Raises UsageError."""
    settings, _ = merge(base, mode.sent, allow_restricted=True)
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not name:
            raise UsageError(f"{assignment!r} is not NAME=VALUE, for example candidates.count=4.")
        try:
            sent = json.loads(value)
        except ValueError:
            sent = value  # a bare word is a string
        settings, problems = merge(settings, {name: sent}, allow_restricted=True)
        if problems:
            raise UsageError(problems[0])
    return settings


def changed(settings: Settings) -> dict[str, Any]:
    """The settings that differ from the defaults, by dotted name."""
    defaults = {one.path: one.default for one in describe()}
    return {one.path: one.default for one in describe(base=settings) if one.default != defaults[one.path]}


def answering(mode: Mode, settings: Settings, **others: Any) -> Conditions:
    """What answers depend on, the model's own behaviour apart: mode, version, every setting, and `others`."""
    every = {one.path: one.default for one in describe(base=settings) if one.path not in _NO_MATTER}
    return {"mode": mode.value, "version": __version__, **others, **every}


def digest(conditions: Conditions) -> str:
    """The same for the same conditions."""
    return hashlib.sha256(json.dumps(conditions, sort_keys=True).encode()).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """SHA-256 of a file. Raises UsageError."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
