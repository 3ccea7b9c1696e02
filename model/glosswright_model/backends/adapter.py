"""LoRA adapter folders in peft's format: where the base model is, and the base model with the adapter in it.

Only safetensors are read, and only LoRA: an adapter from elsewhere cannot bring code along. The adapter is added to the
base weights in memory, so that an adapted model is as fast as its base.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from glosswright_model.errors import BackendMissing, ModelLoadError

CONFIG_NAME, WEIGHTS_NAME = "adapter_config.json", "adapter_model.safetensors"


def is_adapter(path: str | Path) -> bool:
    """Whether a folder holds an adapter and no whole model."""
    folder = Path(path)
    return (folder / CONFIG_NAME).is_file() and not (folder / "config.json").is_file()


def base_of(folder: Path) -> str:
    """The base model of an adapter: a folder, or a hub id. Raises ModelLoadError (damaged, not LoRA, no base)."""
    try:
        config = json.loads((folder / CONFIG_NAME).read_text(encoding="utf-8"))
        kind, base = config["peft_type"], config["base_model_name_or_path"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelLoadError(f"{folder.name} has a damaged {CONFIG_NAME}") from error
    if kind != "LORA":
        raise ModelLoadError(f"{folder.name} is an adapter of the kind {kind}; only LORA is read")
    if not isinstance(base, str) or not base:
        raise ModelLoadError(f"{folder.name} does not say which base model it belongs to")
    if not (folder / WEIGHTS_NAME).is_file():
        raise ModelLoadError(f"{folder.name} has no {WEIGHTS_NAME}; adapters in other formats are not read")
    near = (folder / base).resolve()
    if (near / "config.json").is_file():
        return str(near)
    if Path(base).is_absolute() or base.startswith(".") or base.count("/") > 1:
        raise ModelLoadError(
            f"the base model of {folder.name} is not at {base}; correct base_model_name_or_path in its {CONFIG_NAME}"
        )
    return base


def with_adapter(model: Any, folder: Path) -> Any:
    """The base model with the adapter's weights added to its own. Raises BackendMissing, or whatever peft raises."""
    try:
        from peft import PeftModel
    except ImportError as error:
        raise BackendMissing("an adapter needs peft: pip install 'glosswright[train]'") from error
    with quiet_peft():
        return PeftModel.from_pretrained(model, str(folder), is_trainable=False).merge_and_unload(safe_merge=True)


@contextmanager
def quiet_peft() -> Iterator[None]:
    """peft and transformers deprecate each other's names all the time; that is no news for a user."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning)
        yield
