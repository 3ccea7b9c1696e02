"""What this machine offers a model server, and how fast it is: plain data for `doctor`, which prints it.

It looks and does not judge: no advice, no download. Only `measure` loads anything large.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import secrets
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from glosswright_model import __version__
from glosswright_model.backends.base import Backend, GenerationRequest
from glosswright_model.errors import ServingError
from glosswright_model.serving.control import connect
from glosswright_model.serving.state_file import ServerState

ENGINES = {"llama.cpp": ("xllamacpp",), "transformers": ("torch", "transformers", "safetensors")}
BENCH_TOKENS = 64
BENCH_TIMEOUT_S = 300.0
BENCH_PROMPT = '''"""Statistics over measurements that arrive one at a time."""

import math


class RunningStatistics:
    """Count, mean and variance of a stream of numbers, without keeping them."""

    def __init__(self):
        self.count = 0
        self.mean = 0.0
        self.sum_of_squares = 0.0

    def add(self, value):
        """Take one more number into account (Welford's method)."""
        self.count += 1
        delta = value - self.mean
        self.mean += delta / self.count
        self.sum_of_squares += delta * (value - self.mean)

    def merge(self, other):
        """Take all numbers of another instance into account."""
'''


def examine(weights_folder: Path) -> dict[str, Any]:
    """Versions, engines, devices, memory and disk. Sizes in bytes."""
    memory = psutil.virtual_memory()
    engines = [engine_report(name, packages) for name, packages in ENGINES.items()]
    return {
        "version": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "backends": engines,
        "devices": [_cpu(), *_gpus()],
        "memory": {"total_bytes": memory.total, "available_bytes": memory.available},
        "disk": {"folder": str(weights_folder), "free_bytes": _free_bytes(weights_folder)},
    }


def engine_report(name: str, packages: tuple[str, ...]) -> dict[str, Any]:
    """Whether a back end's packages are installed, and which; nothing is imported."""
    versions = {package: _version(package) for package in packages}
    missing = [package for package, version in versions.items() if version is None]
    return {"name": name, "installed": not missing, "versions": versions, "missing": missing}


def measure(backend: Backend) -> dict[str, Any]:
    """Prefill and decode speed of a loaded back end, in tokens per second."""
    request = GenerationRequest(prompt=_fresh_prompt(), max_tokens=BENCH_TOKENS)
    started = time.monotonic()
    finish = backend.generate(request, lambda delta: True)
    return _speeds(
        backend.info.model,
        prompt_tokens=finish.prompt_tokens - finish.cached_tokens,
        completion_tokens=finish.completion_tokens,
        prefill_s=finish.prefill_s,
        decode_s=finish.decode_s,
        total_s=time.monotonic() - started,
    )


def measure_server(state: ServerState) -> dict[str, Any]:
    """The same through the running server, its queue included in `total_s`. Raises ServingError when it refuses."""
    import httpx

    started = time.monotonic()
    body = {"prompt": _fresh_prompt(), "max_tokens": BENCH_TOKENS}
    try:
        with connect(state, BENCH_TIMEOUT_S) as client:
            response = client.post("/v1/completions", json=body)
            answer = response.json()
    except (httpx.HTTPError, ValueError) as error:
        raise ServingError("The model server did not answer the benchmark: see its log.") from error
    if response.status_code != 200:
        raise ServingError(f"The model server refused the benchmark: {answer['error']['message']}")
    usage, extension = answer["usage"], answer["glosswright"]
    return _speeds(
        answer["model"],
        prompt_tokens=usage["prompt_tokens"] - usage["prompt_tokens_details"]["cached_tokens"],
        completion_tokens=usage["completion_tokens"],
        prefill_s=extension["prefill_s"],
        decode_s=extension["decode_s"],
        total_s=time.monotonic() - started,
    )


def _fresh_prompt() -> str:
    """One that no prefix cache holds: it differs from the first token on."""
    return f"# {secrets.token_hex(8)}\n{BENCH_PROMPT}"


def _speeds(
    model: str, *, prompt_tokens: int, completion_tokens: int, prefill_s: float, decode_s: float, total_s: float
) -> dict[str, Any]:
    return {
        "model": model,
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "prefill_tokens_per_s": round(prompt_tokens / prefill_s, 2) if prefill_s > 0 else None,
        "decode_tokens_per_s": round(completion_tokens / decode_s, 2) if decode_s > 0 else None,
        "total_s": round(total_s, 3),
    }


def _version(package: str) -> str | None:
    if importlib.util.find_spec(package) is None:
        return None
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # importable, but not installed as a distribution
        return "unknown"


def _cpu() -> dict[str, Any]:
    usable = len(os.sched_getaffinity(0)) if sys.platform == "linux" else psutil.cpu_count()
    return {
        "name": "cpu",
        "description": platform.processor() or platform.machine(),
        "cores": psutil.cpu_count(logical=False),
        "usable_threads": usable,
    }


def _gpus() -> list[dict[str, Any]]:
    """As torch sees them, if it is installed: that takes seconds to import, which `doctor` may take."""
    if importlib.util.find_spec("torch") is None:
        return []
    import torch

    found = [
        {
            "name": f"cuda:{index}",
            "description": torch.cuda.get_device_name(index),
            "memory_bytes": torch.cuda.get_device_properties(index).total_memory,
        }
        for index in range(torch.cuda.device_count())
    ]
    if torch.backends.mps.is_available():
        found.append({"name": "mps", "description": "Apple GPU"})
    return found


def _free_bytes(folder: Path) -> int | None:
    for place in (folder, *folder.parents):
        if place.is_dir():
            return shutil.disk_usage(place).free
    return None
