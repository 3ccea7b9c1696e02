"""Asking for another model must not cost anybody the one that runs, unless the other can be had."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from glosswright_server.errors import LaunchError
from glosswright_server.generation.launch_options import LaunchOptions
from glosswright_server.generation.launcher import LocalModelServer

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize("name", ["no-such-model", "/etc/hostname"])
async def test_a_mistyped_model_leaves_the_running_one_alone(
    model: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The name is checked before the server that other windows use is told to end."""
    server = model(rules=[])
    for variable, value in server.env.items():
        monkeypatch.setenv(variable, value)
    before = server.state
    launcher = LocalModelServer(LaunchOptions(model=name, model_is_explicit=True))
    try:
        with pytest.raises(LaunchError, match="left alone"):
            await asyncio.wait_for(launcher.ensure_ready(), 30)
    finally:
        await launcher.aclose()
    assert server.state == before
