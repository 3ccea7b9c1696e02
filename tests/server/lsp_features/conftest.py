"""A language server for each test, in this process."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest

from .support import Wire


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    """The server; settings change the level of its logger, which is put back."""
    logger = logging.getLogger("glosswright_server")
    level = logger.level
    made = Wire()
    yield made
    await made.aclose()
    logger.setLevel(level)
