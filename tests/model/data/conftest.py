"""Where the tests of data preparation find published corpora, which are no part of the product."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of published corpora: `GLOSSWRIGHT_SHARED`/data, or `shared/data` beside the checkout."""
    checkout = Path(__file__).parents[3]
    named = os.environ.get("GLOSSWRIGHT_SHARED")
    for folder in [Path(named)] if named else [checkout.parent / "shared", checkout.parent.parent / "shared"]:
        if (folder / "data").is_dir():
            return folder / "data"
    pytest.skip("published corpora are not here: set GLOSSWRIGHT_SHARED to a folder with data/django and so on")
