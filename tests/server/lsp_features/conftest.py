"""A language server for each test, in this process."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .support import Wire


@pytest.fixture
async def wire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Wire]:
    """The server; settings change the level of its logger, which is put back. Answers of trust and counts stay in the
    test."""
    monkeypatch.setenv("GLOSSWRIGHT_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("GLOSSWRIGHT_DATA_DIR", str(tmp_path / "data"))
    logger = logging.getLogger("glosswright_server")
    level = logger.level
    made = Wire()
    yield made
    await made.aclose()
    logger.setLevel(level)
