"""One row of a benchmark file: its fields with their types checked, and messages that name the file and the line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glosswright_server.errors import UsageError


@dataclass(frozen=True, slots=True)
class Row:
    """A JSON object and where it stood."""

    fields: Mapping[str, Any]
    place: str
    """`file:line`, for messages."""

    def __contains__(self, name: str) -> bool:
        return self.fields.get(name) is not None

    def text(self, name: str, default: str | None = None) -> str:
        """A string. Raises UsageError when it is missing (and there is no default) or something else."""
        value = self.fields.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise self.wrong(name, "a string")
        return value

    def name(self, name: str) -> str:
        """A name or number that tells rows apart, as text. Raises UsageError."""
        value = self.fields.get(name)
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise self.wrong(name, "a string or a number")
        return str(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings; empty when it is missing. Raises UsageError for anything else."""
        value = self.fields.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(name, "a list of strings")
        return tuple(value)

    def items(self, name: str) -> list[Any]:
        """A list of anything. Raises UsageError."""
        value = self.fields.get(name)
        if not isinstance(value, list):
            raise self.wrong(name, "a list")
        return value

    def number(self, name: str, default: float) -> float:
        """A number. Raises UsageError when it is something else."""
        value = self.fields.get(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.wrong(name, "a number")
        return float(value)

    def wrong(self, name: str, wanted: str) -> UsageError:
        """What is wrong with a field, as an error to raise."""
        if self.fields.get(name) is None:
            return UsageError(f"{self.place}: the field `{name}` is missing.")
        return UsageError(f"{self.place}: the field `{name}` must be {wanted}.")

    def error(self, message: str) -> UsageError:
        """Something wrong with the row as a whole, as an error to raise."""
        return UsageError(f"{self.place}: {message}")
