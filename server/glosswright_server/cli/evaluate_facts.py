"""What `glosswright eval` writes down of the model and the machine, so that figures can be compared with others."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import glosswright_server
from glosswright_server import __version__
from glosswright_server.engine.source import Ready
from glosswright_server.errors import ModelError
from glosswright_server.machine.model_command import model_command
from glosswright_server.settings import Settings

_PARTS = ("xllamacpp", "torch", "transformers", "tree-sitter", "pyflakes")
_ANSWERING = ("documents", "engine", "generation", "intent", "prompt", "shaping", "verify")


async def card_of(ready: Ready) -> tuple[dict[str, Any], int]:
    """What the model server says of the model, and how many answers it makes at once."""
    try:
        cards = await ready.client.models()
    except ModelError:
        cards = []  # a gateway that offers completions only
    card = next((card for card in cards if card.id == ready.model), cards[0] if len(cards) == 1 else None)
    facts = {key: value for key, value in dataclasses.asdict(card).items() if value} if card is not None else {}
    batch = facts.get("batch")
    return {**facts, "name": ready.model}, batch if isinstance(batch, int) and batch > 0 else 1


def weights_of(settings: Settings) -> str:
    """The name of the local model's file, which says its quantization; "" where it is not known."""
    name = settings.model.name
    if settings.endpoint.url or Path(name).name != name:
        return "" if settings.endpoint.url else Path(name).name
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            model_command("list", "--json"), capture_output=True, text=True, timeout=60, check=False
        )
        paths = [one["path"] for one in json.loads(done.stdout) if one["name"] == name and one["path"]]
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError):
        return ""
    return Path(paths[0]).name if paths else ""


def code_digest() -> str:
    """Which code answers: of two states of a checkout with one version number, figures must not be taken for one."""
    root = Path(glosswright_server.__file__).parent
    whole = hashlib.sha256()
    for path in sorted(path for part in _ANSWERING for path in (root / part).rglob("*.py")):
        whole.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    return whole.hexdigest()[:12]


def machine() -> dict[str, Any]:
    """Platform, processor cores this process may use, and versions of what matters."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = {"glosswright": __version__, "python": platform.python_version()}
    versions.update((name, found) for name in _PARTS if (found := _version(name)))
    return {"platform": platform.platform(), "cores": cores, "versions": versions}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
