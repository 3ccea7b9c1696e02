"""From what the user typed (a catalogue name, a GGUF file, a model folder) to the path of a model.

It only looks: nothing is downloaded, opened or hashed. Whether a file really is a model is for the back end to say.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from glosswright_model.errors import UnknownModel
from glosswright_model.weights.catalogue import ModelEntry, catalogue, find_entry
from glosswright_model.weights.shipped import find_shipped, shipped_networks
from glosswright_model.weights.store import Files


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """Where a model is, or will be once it is pulled."""

    path: Path
    """A GGUF file, a folder in the layout of transformers, or a checkpoint folder of ours."""
    entry: ModelEntry | None
    """None for a path of the user's own, and for what comes with the package: there is nothing to pull."""
    family: str | None
    """Prompt family of the catalogue; None for a path: the back end infers it from the file."""
    present: bool
    """False: `pull(entry)` must come first. A file that is there but not verified is not present."""


def resolve(name_or_path: str | Path, *, cache_dir: Path | None = None) -> ResolvedModel:
    """Find the model that is meant. A catalogue name wins over a file of the same name in the working directory.

    Raises UnknownModel with the nearest names, or with what is wrong with the path.
    """
    text = str(name_or_path).strip()
    entry = find_entry(text)
    if entry is not None:
        files = Files.of(entry, cache_dir)
        return ResolvedModel(files.final, entry, entry.family, files.verified())
    network = find_shipped(text)
    if network is not None:
        return ResolvedModel(network.path, None, None, True)
    path = Path(text).expanduser()
    if text and path.is_file():
        if path.suffix.lower() != ".gguf":
            raise UnknownModel(f"{path} is not a GGUF file; give a .gguf file or a folder that transformers can read.")
        return ResolvedModel(path.absolute(), None, None, True)
    if text and path.is_dir():
        if not any((path / name).is_file() for name in ("config.json", "adapter_config.json")):
            raise UnknownModel(f"{path} is not a model folder: it has no config.json.")
        return ResolvedModel(path.absolute(), None, None, True)
    if path.suffix.lower() == ".gguf" or len(path.parts) > 1:
        raise UnknownModel(f"There is no file {path}. {_names()}")
    raise UnknownModel(f"No model is called {text!r}. {_suggestion(text)}{_names()}")


def _suggestion(text: str) -> str:
    near = difflib.get_close_matches(text.casefold(), [entry.name for entry in catalogue()], n=2, cutoff=0.5)
    return f"Did you mean {' or '.join(near)}? " if near else ""


def _names() -> str:
    names = [entry.name for entry in catalogue() if not entry.fixture] + [
        network.name for network in shipped_networks()
    ]
    return f"Known models: {', '.join(names)}."
