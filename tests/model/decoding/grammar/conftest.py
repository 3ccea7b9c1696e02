"""Where published corpora may lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def django() -> Path:
    """The folder of the Django corpus, which is no part of the product."""
    beside = Path(__file__).resolve().parents[5] / "shared"
    folder = Path(os.environ.get("GLOSSWRIGHT_SHARED", beside)) / "data" / "django"
    if not (folder / "canonical" / "train.tgt").is_file():
        pytest.skip(
            f"the Django corpus is not in {folder}; set GLOSSWRIGHT_SHARED to the folder that holds data/django"
        )
    return folder
