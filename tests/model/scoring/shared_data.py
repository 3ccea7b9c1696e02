"""Where benchmark data lies, for tests that check a figure against a published one; it is no part of the product."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared_data(name: str) -> Path:
    """The folder of one corpus; skips the test where it is not on this machine."""
    checkout = Path(__file__).parents[3]
    named = os.environ.get("GLOSSWRIGHT_SHARED")
    for root in [Path(named)] if named else [checkout.parent / "shared", checkout.parent.parent / "shared"]:
        if (root / "data" / name).is_dir():
            return root / "data" / name
    pytest.skip(f"the corpus {name} is not here: set GLOSSWRIGHT_SHARED to a folder with data/{name}")


def lines(path: Path) -> list[str]:
    """The lines of a corpus file; only a line feed ends one."""
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
