"""The models that could be asked on this machine, with what a person needs to choose one. Fetches nothing."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from glosswright_server.machine.model_package import run_json
from glosswright_server.machine.speeds import Speeds
from glosswright_server.settings import Settings


async def models(settings: Settings, speeds: Speeds) -> list[dict[str, Any]]:
    """The catalogue, and last a model of the user's own, as JSON (see docs/protocol-extensions.md). Raises
    LaunchError."""
    rows = await run_json("list", "--json")
    measured = await asyncio.to_thread(speeds.all)
    local = not settings.endpoint.url
    found = [_model(row, settings.model.name if local else "") for row in rows if isinstance(row, dict)]
    if local and settings.model.name not in {model["name"] for model in found}:
        found.append(await asyncio.to_thread(_own, settings.model.name))
    for model in found:
        speed = measured.get(model["name"])
        model["speed"] = speed.as_json() if speed is not None else None
    return found


def _model(row: dict[str, Any], current: str) -> dict[str, Any]:
    name = str(row.get("name", ""))
    return {
        "name": name,
        "title": str(row.get("title", name)),
        "parameters": row.get("parameters"),
        "licence": str(row.get("licence", "")),
        "sizeBytes": row.get("size_bytes"),
        "default": row.get("default") is True,
        "installed": row.get("installed") is True,
        "current": name == current,
    }


def _own(name: str) -> dict[str, Any]:
    path = Path(name).expanduser()
    try:
        size = path.stat().st_size if path.is_file() else None
        there = path.exists()
    except OSError:
        size, there = None, False
    return {
        "name": name,
        "title": os.path.basename(name) or name,
        "parameters": None,
        "licence": "",
        "sizeBytes": size,
        "default": False,
        "installed": there,
        "current": True,
    }
