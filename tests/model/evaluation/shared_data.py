"""Where benchmark data lies, for tests that check a figure against a published one; it is no part of the product."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared_data(name: str) -> Path:
    """The folder of one corpus; skips the test where it is not on this machine."""
    root = Path(os.environ.get("GLOSSWRIGHT_SHARED") or Path(__file__).parents[4] / "shared")
    folder = root / "data" / name
    if not folder.is_dir():
        pytest.skip(f"the corpus {name} is not on this machine: put it there or set GLOSSWRIGHT_SHARED")
    return folder


def lines(path: Path) -> list[str]:
    """The lines of a corpus file; only a line feed ends one."""
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
