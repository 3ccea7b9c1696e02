"""The networks that come with the package: checkpoint folders that need no download. Names and facts only.

Nothing here loads one (`backends.seq2seq_backend`) or checks its files (`checkpoint`): a package can be trusted as much
as the program in it.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "checkpoints"
_LONGEST_HEADER = 10_000_000


@dataclass(frozen=True, slots=True)
class Shipped:
    """One network of the package."""

    name: str
    path: Path
    title: str
    """What it does, in a few words."""
    licence: str
    parameters: int
    """0 where the weights' file does not say."""
    size: int
    """Bytes of all its files."""


def shipped_networks(folder: Path | None = None) -> tuple[Shipped, ...]:
    """All of them, by name; from another folder where one is given. A folder that is no checkpoint is left out."""
    folder = folder or FOLDER
    if not folder.is_dir():
        return ()
    found = (_read(path) for path in sorted(folder.iterdir()) if (path / "config.json").is_file())
    return tuple(each for each in found if each is not None)


def find_shipped(name: str, folder: Path | None = None) -> Shipped | None:
    """The one of that name, whatever its case."""
    return next((each for each in shipped_networks(folder) if each.name.casefold() == name.casefold()), None)


def checkpoint_folder(path: Path) -> Path:
    """The folder itself; where there is none, that of the network of this name which comes with the package."""
    network = None if path.exists() else find_shipped(str(path))
    return path if network is None else network.path


def _read(path: Path) -> Shipped | None:
    try:
        about = json.loads((path / "config.json").read_text(encoding="utf-8"))["about"]
        asked = "docstring" if about["unit"] == "function" else "comment"
        return Shipped(
            name=path.name,
            path=path,
            title=f"{asked} to {about['unit']} in {about['language']}, trained here",
            licence=str(about["licence"]),
            parameters=_parameters(path / "model.safetensors"),
            size=sum(file.stat().st_size for file in path.iterdir() if file.is_file()),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _parameters(path: Path) -> int:
    """Numbers in a safetensors file, by its header: 8 bytes of its length, then JSON with the shapes."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > _LONGEST_HEADER:
            return 0
        header = json.loads(file.read(length))
    return sum(math.prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")
