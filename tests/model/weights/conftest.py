"""Fixtures of the weights tests: no test here may see the user's cache, hub, index or mirror."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import glosswright_model.weights  # noqa: F401  # loads the module that is looked up below


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, and an environment in which nothing outside this machine can be asked."""
    monkeypatch.setenv("GLOSSWRIGHT_CACHE_DIR", str(tmp_path / "cache"))
    for variable in ("GLOSSWRIGHT_WEIGHTS_MIRROR", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # the discard port: refused at once
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    # By its full name: the package re-exports the function `pull`, which hides the module of that name.
    monkeypatch.setattr(sys.modules["glosswright_model.weights.pull"], "RETRY_AFTER_S", 0.01)
    return tmp_path / "cache" / "weights"
