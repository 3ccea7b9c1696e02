"""What is installed, which model and back end would run, how fast they are, what to change: as one JSON object.

The model package is asked in a process of its own (`glosswright model doctor --json`); speed is measured through the
whole path, over the same client as in the editor. Nothing is printed here.
"""

from __future__ import annotations

import asyncio
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from glosswright_server import __version__
from glosswright_server.engine.source import ModelSource
from glosswright_server.errors import GlosswrightError
from glosswright_server.generation.completions import CompletionRequest
from glosswright_server.intent.languages import LANGUAGES, load_grammar
from glosswright_server.machine.model_package import run_json
from glosswright_server.machine.speeds import Speed, Speeds
from glosswright_server.settings import Settings

SLOW_DECODE = 5.0
"""Tokens per second below which ghost text comes too late to be of use."""
_PROBE_TOKENS = 24
_PARTS = ("pygls", "lsprotocol", "tree-sitter", "xllamacpp", "torch", "transformers", "starlette", "huggingface-hub")


async def examine(settings: Settings, *, measure: bool) -> dict[str, Any]:
    """The whole report as JSON."""
    report: dict[str, Any] = {
        "version": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in _PARTS},
        "grammars": sorted(
            language.name for language in LANGUAGES.values() if language.grammar and load_grammar(language.grammar)
        ),
        "endpoint": settings.endpoint.url or "local",
        "model": settings.endpoint.model or settings.model.name,
        "problems": [],
        "advice": [],
    }
    if not settings.endpoint.url:
        report["models"] = await _ask_model_package()
        _judge_installation(report, settings)
    # A look at the machine must not fetch half a gigabyte.
    if measure and not report["problems"] and (settings.endpoint.url or _is_here(report, settings.model.name)):
        try:
            report["speed"] = await _measure(settings)
        except GlosswrightError as error:
            report["problems"].append(str(error))
        else:
            _judge_speed(report)
            speed = report["speed"]
            await asyncio.to_thread(
                Speeds().remember,
                speed["model"],
                Speed(speed["decode_tokens_per_s"], speed["prefill_tokens_per_s"], speed["device"]),
            )
    return report


def as_text(report: dict[str, Any]) -> str:
    """The report for people, as plain text."""
    lines = [
        f"Glosswright {report['version']}, Python {report['python']}, {report['platform']}",
        "Packages: " + ", ".join(f"{name} {found or 'missing'}" for name, found in report["packages"].items()),
        "Grammars: " + (", ".join(report["grammars"]) or "none"),
        f"Endpoint: {report['endpoint']}",
        f"Model: {report['model']}",
    ]
    if speed := report.get("speed"):
        lines.append(f"Back end: {speed['backend']} on {speed['device']}")
        lines.append(f"Speed: {in_words(speed)}")
    lines += [f"✗ {problem}" for problem in report["problems"]]
    lines += [f"→ {advice}" for advice in report["advice"]]
    if not report["problems"]:
        lines.append("✓ Code can be generated.")
    return "\n".join(lines)


def in_words(speed: dict[str, Any]) -> str:
    """What was measured, on one line."""
    return (
        f"prompt {speed['prefill_tokens_per_s']:.0f} tokens/s, code {speed['decode_tokens_per_s']:.1f} tokens/s, "
        f"first token after {speed['first_token_s']:.2f} s"
    )


def _judge_installation(report: dict[str, Any], settings: Settings) -> None:
    found, packages = report["models"], report["packages"]
    if "error" in found:
        report["problems"].append(found["error"])
        return
    if found.get("server", {}).get("running"):
        return  # whatever is installed here, there is a server to ask
    if packages["xllamacpp"] is None and packages["torch"] is None:
        report["problems"].append("No back end is installed; run: pip install 'glosswright[llamacpp]'")
    name = settings.model.name
    if not _is_here(report, name):
        report["advice"].append(
            f"`{name}` is not on this machine yet: it is fetched when it is first needed, "
            f"or now with: glosswright model pull {name}"
        )


def _is_here(report: dict[str, Any], name: str) -> bool:
    """Whether the model can be asked without a download."""
    found = report["models"]
    if found.get("server", {}).get("running") or Path(name).expanduser().exists():
        return True
    return any(weights.get("name") == name for weights in found.get("weights", ()))


def _judge_speed(report: dict[str, Any]) -> None:
    speed = report["speed"]
    if speed["decode_tokens_per_s"] < SLOW_DECODE:
        report["advice"].append(
            "Code comes slowly. Close what else keeps the processor busy, take a smaller model "
            "(`glosswright model list`), or set `endpoint.url` to a machine with a GPU."
        )


async def _measure(settings: Settings) -> dict[str, Any]:
    """Tokens per second of the prompt and of the code, through the client that the editor's requests use."""
    source = ModelSource(settings)
    try:
        ready = await source.acquire()
        cards = await ready.client.models()
        card = next((card for card in cards if card.id == ready.model), None)
        # New text each time, or the model server would take it from its prefix cache.
        filler = "".join(f"value_{time.time_ns() + i} = {i} * {i}\n" for i in range(12))
        started = time.monotonic()
        first = last = 0.0
        pieces = prompt_tokens = 0
        request = CompletionRequest(prompt=filler, max_tokens=_PROBE_TOKENS)
        async with ready.client.stream(request) as chunks:
            async for chunk in chunks:
                if chunk.text:
                    last = time.monotonic()
                    first = first or last
                    pieces += 1
                if chunk.usage is not None:
                    prompt_tokens = chunk.usage.prompt_tokens
        prefill_s = max(first - started, 1e-6)
        return {
            "model": ready.model,
            "backend": (card.backend if card else None) or "unknown",
            "device": (card.device if card else None) or "unknown",
            "prompt_tokens": prompt_tokens,
            "first_token_s": round(prefill_s, 3),
            "prefill_tokens_per_s": round(prompt_tokens / prefill_s, 1),
            "decode_tokens_per_s": round((pieces - 1) / (last - first), 2) if pieces > 1 and last > first else 0.0,
        }
    finally:
        await source.aclose()


async def _ask_model_package() -> dict[str, Any]:
    try:
        found = await run_json("doctor", "--json", timeout_s=120)
    except GlosswrightError:
        found = None
    if isinstance(found, dict):
        return found
    return {"error": "The model package does not run; reinstall with: pip install 'glosswright[llamacpp]'"}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
