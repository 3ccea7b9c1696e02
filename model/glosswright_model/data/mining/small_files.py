"""Small text files that tell about source files: licences, package metadata, what git keeps. Missing ones are empty."""

from __future__ import annotations

from pathlib import Path

_MAX_BYTES = 4 * 1024 * 1024


def read_small(path: Path) -> str:
    """The beginning of a file as text, whatever it is in; "" where it cannot be read."""
    try:
        if not path.is_file():
            return ""  # opening a pipe would block for ever
        with path.open("rb") as file:
            return file.read(_MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
