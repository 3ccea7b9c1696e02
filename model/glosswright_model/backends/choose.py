"""Which engine runs a given model here, and why; and the one function that loads it.

Promise: the choice is explained in one sentence, and what is missing is named with the command that installs it.
Deliberately not here: where model files come from (`weights`) and when they are loaded (`serving`). No engine is
imported until `load` needs it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from glosswright_model.errors import BackendMissing, ModelLoadError

from .adapter import is_adapter
from .base import Backend

BackendName = Literal["llama.cpp", "transformers", "seq2seq"]

_NEEDS: dict[BackendName, tuple[tuple[str, ...], str]] = {
    "llama.cpp": (("xllamacpp",), "llamacpp"),
    "transformers": (("torch", "transformers", "safetensors"), "torch"),
    "seq2seq": (("torch", "safetensors"), "torch"),
}
"""What each engine imports, and the extra that installs it."""
_LONGEST_CONFIG = 1_000_001
_NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")


@dataclass(frozen=True, slots=True)
class Choice:
    """The engine for a model."""

    backend: BackendName
    device: str
    """What the engine is expected to run on: "cpu", "cuda", "mps", or "auto" where the engine decides while loading."""
    why: str
    """One sentence for `status` and `doctor`."""


def choose(model_path: str | os.PathLike[str], requested: str = "auto") -> Choice:
    """The engine for the file, folder or hub id `model_path`; `requested` is "auto" or the name of a back end.

    Raises BackendMissing when the engine's package is not installed, ModelLoadError when the model is of a kind that no
    engine here, or not the requested one, can read.
    """
    kind, what = _kind(model_path)
    if requested not in ("auto", *_NEEDS):
        raise ModelLoadError(f"there is no back end {requested!r}: use auto, {', '.join(_NEEDS)}")
    if requested not in ("auto", kind):
        raise ModelLoadError(f"{requested} cannot read {Path(model_path).name}, which is {what}; {kind} can")
    packages, extra = _NEEDS[kind]
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        raise BackendMissing(f"{kind} is not installed, and {what} needs it: pip install 'glosswright[{extra}]'")
    asked = ", as the settings ask" if requested != "auto" else ""
    if kind == "llama.cpp":
        return Choice(kind, "auto", f"The model is {what}, which llama.cpp runs{asked}.")
    if kind == "seq2seq":
        return Choice(kind, "cpu", f"The model is {what}, which is small enough for the processor{asked}.")
    device, reason = _accelerator()
    return Choice(kind, device, f"The model is {what}, which transformers runs on {device}, since {reason}{asked}.")


def load(
    model_path: str | os.PathLike[str],
    *,
    model_name: str,
    family: str | None = None,
    backend: str = "auto",
    context_length: int | None = None,
    slots: int | None = None,
    threads: int | None = None,
) -> Backend:
    """Load a model with the engine that suits it. Takes seconds; see `choose` for the errors.

    `family` overrides what is inferred from the model; `context_length` is in tokens; `slots` is the number of requests
    that may generate at once (transformers always has one); `threads` counts CPU threads.
    """
    choice = choose(model_path, backend)
    if choice.backend == "llama.cpp":
        from .llamacpp import LlamaCppBackend

        return LlamaCppBackend.load(
            Path(model_path),
            model_name=model_name,
            family=family,
            context_length=context_length,
            slots=slots,
            threads=threads,
            why=choice.why,
        )
    if choice.backend == "seq2seq":
        from .seq2seq_backend import Seq2SeqBackend

        return Seq2SeqBackend.load(
            Path(model_path), model_name=model_name, context_length=context_length, threads=threads, why=choice.why
        )
    from .transformers_backend import TransformersBackend

    return TransformersBackend.load(
        str(model_path),
        model_name=model_name,
        family=family,
        context_length=context_length,
        threads=threads,
        why=choice.why,
    )


def _kind(model_path: str | os.PathLike[str]) -> tuple[BackendName, str]:
    path = Path(model_path)
    if path.is_file():
        with path.open("rb") as file:
            if file.read(4) == b"GGUF" or path.suffix.lower() == ".gguf":
                return "llama.cpp", "a GGUF file"
        raise ModelLoadError(f"{path.name} is neither a GGUF file nor a model folder")
    if path.is_dir():
        if (path / "config.json").is_file():
            if _configuration(path / "config.json").get("format") == "glosswright-seq2seq":
                return "seq2seq", "a network trained with glosswright"
            return "transformers", "a folder in the Hugging Face format"
        if is_adapter(path):
            return "transformers", "a LoRA adapter"
        raise ModelLoadError(f"the folder {path.name} holds no config.json, so it is not a model")
    name = os.fspath(model_path)
    if name.lower().endswith(".gguf") or path.is_absolute() or name.count("/") != 1 or name.startswith((".", "~")):
        raise ModelLoadError(f"{path.name} does not exist")
    return "transformers", "a model on the Hugging Face hub"


def _configuration(config: Path) -> dict[str, Any]:
    """What a folder's configuration says. Raises ModelLoadError where no engine could read it either."""
    try:
        with config.open("rb") as file:
            document = json.loads(file.read(_LONGEST_CONFIG))
    except OSError as error:
        raise ModelLoadError(f"{config} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise ModelLoadError(f"{config} is damaged: it holds no JSON object; copy the model again")
    return document


def _accelerator() -> tuple[str, str]:
    """What torch will probably find, without the seconds that importing it takes; the loader looks again."""
    if shutil.which("nvidia-smi") or _NVIDIA_DRIVER.exists():
        return "cuda", "an NVIDIA GPU is present"
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return "mps", "this is an Apple GPU machine"
    return "cpu", "no GPU was found"
