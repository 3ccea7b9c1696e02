"""A checkpoint folder: a network with its text pipeline, written and read (docs/decisions/0018-seq2seq.md).

`config.json` says what the folder is: format, version, the network's configuration, the codec's kind, both vocabulary
sizes, what it was trained for, and the SHA-256 of every other file. `model.safetensors` has the weights; the codec's
files lie beside it. A folder is written whole or not at all, and one that is replaced survives until the new one is
complete. Reading believes nothing: hashes come first, then shapes, and memory is taken last. The state of a training
run (optimizer, position) is not part of a checkpoint: that is `training.state`'s.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from glosswright_model import __version__
from glosswright_model.atomic_folder import finish_replacement, replaced_folder
from glosswright_model.data.codec import Codec
from glosswright_model.data.codecs import CODECS, load_codec
from glosswright_model.errors import CheckpointError, ConfigError, DataError
from glosswright_model.seq2seq.build import Network, build
from glosswright_model.seq2seq.config import NetworkConfig, config_from_dict, config_to_dict, positions_of

FORMAT = "glosswright-seq2seq"
VERSION = 1
CONFIG_NAME = "config.json"
WEIGHTS_NAME = "model.safetensors"

MAX_CONFIG_BYTES = 1_000_000
MAX_CODEC_FILE_BYTES = 64_000_000
MAX_CODEC_FILES = 16
MAX_FEATURES = 1_000_000
"""No size in a network's configuration is above it; in the end the weights file must really hold what it says."""
MAX_LAYERS = 256
BYTES_OF_A_HASH_READ = 1 << 20

Unit = Literal["statement", "function"]
UNITS: tuple[Unit, ...] = ("statement", "function")
WeightType = Literal["float32", "float16", "bfloat16"]
WEIGHT_TYPES: Mapping[str, torch.dtype] = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a checkpoint is for, and where it comes from."""

    name: str
    """Of the experiment."""
    unit: Unit
    """What it answers a comment with: one statement, or a function's body."""
    language: str
    """The language of the code, by the name the language server has for it: "python"."""
    data: tuple[str, ...] = ()
    """Names of the corpora it was trained on."""
    licence: str = "unknown"
    """Under which its weights may be passed on: SPDX identifier, or words."""
    context: bool = False
    """Whether its sources begin with the code that stands before the target; see `data.pairs.Pair.with_context`."""
    results: Mapping[str, float] = field(default_factory=dict)
    """What validation found, by the name of the metric."""
    version: str = __version__
    """Of Glosswright, when it was trained."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A checkpoint in memory; the network is in evaluation mode."""

    network: Network
    codec: Codec
    about: About
    config: NetworkConfig

    def answer_limit(self, wanted: int) -> int:
        """Tokens that an answer may have, EOS included: as many as wanted, if the network has positions for them."""
        return min(wanted, positions_of(self.config) or wanted)


def save_checkpoint(
    folder: Path,
    network: torch.nn.Module,
    config: NetworkConfig,
    codec: Codec,
    about: About,
    *,
    weights: WeightType = "float32",
) -> None:
    """Write a checkpoint folder; one that was there is replaced when the new one is complete.

    weights: what floating-point numbers are stored as. Raises CheckpointError: no space, no permission, a folder with
    something else in it, or weights that are no numbers; what was there before is still there then.
    """
    if folder.exists() and not is_checkpoint(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise CheckpointError(f"{folder} is, or holds, something that is no checkpoint; choose another folder.")
    with replaced_folder(folder) as fresh:
        tensors = {name: _stored(tensor, WEIGHT_TYPES[weights]) for name, tensor in own_tensors(network).items()}
        for name, tensor in tensors.items():
            if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                raise CheckpointError(
                    f"The weights {name} hold values that are no {weights} numbers; nothing was written."
                )
        save_file(tensors, fresh / WEIGHTS_NAME, metadata={"format": "pt"})
        files = [fresh / WEIGHTS_NAME, *codec.save(fresh)]
        document = {
            "format": FORMAT,
            "version": VERSION,
            "network": config_to_dict(config),
            "codec": codec.kind,
            "source_size": codec.source_size,
            "target_size": codec.target_size,
            "about": asdict(about),
            "files": {file.name: sha256(file) for file in files},
        }
        (fresh / CONFIG_NAME).write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        # safetensors lets nobody but the owner read; whoever may read the rest may read the weights.
        (fresh / WEIGHTS_NAME).chmod((fresh / CONFIG_NAME).stat().st_mode)


def load_checkpoint(folder: Path) -> Loaded:
    """Read a checkpoint folder on the CPU, weights as float32.

    Raises CheckpointError, naming the folder and what is wrong with it: missing, of another format or version, another
    architecture, damaged or changed files, or weights that do not fit the configuration.
    """
    finish_replacement(folder)
    with _named(folder):
        config, about, codec = _read_small_parts(folder)
        network = _load_network(folder / WEIGHTS_NAME, config, codec)
    return Loaded(network.eval(), codec, about, config)


def check_checkpoint(folder: Path) -> None:
    """See whether `load_checkpoint` would read a folder, up to the values of the weights. Raises CheckpointError."""
    finish_replacement(folder)
    with _named(folder):
        config, _, codec = _read_small_parts(folder)
        _compare_shapes(folder / WEIGHTS_NAME, config, codec)


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder claims to be a checkpoint of this format, of whatever version; nothing is loaded."""
    try:
        read_config(folder, any_version=True)
    except CheckpointError:
        return False
    return True


def read_config(folder: Path, *, any_version: bool = False) -> dict[str, Any]:
    """What `config.json` of a checkpoint says, checked for format and version. Raises CheckpointError."""
    path = folder / CONFIG_NAME
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise CheckpointError(f"{folder} is no checkpoint: {CONFIG_NAME} cannot be read ({error.strerror}).") from error
    if len(raw) > MAX_CONFIG_BYTES:
        raise CheckpointError(f"{path} is larger than a configuration can be.")
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} is damaged: it is no JSON. Copy or train the checkpoint again.") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise CheckpointError(f"{folder} is no checkpoint of glosswright: {path.name} does not say so.")
    if document.get("version") != VERSION and not any_version:
        found = document.get("version")
        advice = "update glosswright" if isinstance(found, int) and found > VERSION else "train it again"
        raise CheckpointError(
            f"{folder} has version {found!r} of the checkpoint format; this glosswright reads {VERSION}: {advice}."
        )
    return document


def own_tensors(network: torch.nn.Module) -> dict[str, Tensor]:
    """The persistent tensors of a network by name; of tied ones only the first name."""
    seen: set[tuple[int, torch.Size]] = set()
    own = {}
    for name, tensor in network.state_dict().items():
        key = (tensor.data_ptr(), tensor.shape)
        if key not in seen or tensor.numel() == 0:
            seen.add(key)
            own[name] = tensor
    return own


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file, on the CPU. Raises CheckpointError where it is damaged."""
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a dictionary
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is damaged or cut off ({error}).") from error


def set_tensors(network: torch.nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Copy tensors, by the names `own_tensors` gives them, into a network. Raises CheckpointError on any mismatch."""
    own = own_tensors(network)
    if own.keys() != tensors.keys():
        raise CheckpointError(_difference(own.keys() - tensors.keys(), tensors.keys() - own.keys()))
    for name, tensor in own.items():
        if tensor.shape != tensors[name].shape:
            raise CheckpointError(_shapes(name, tensor.shape, tensors[name].shape))
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(tensors[name])


def sha256(path: Path) -> str:
    """Of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BYTES_OF_A_HASH_READ):
            digest.update(block)
    return digest.hexdigest()


class _Wrong(Exception):
    """What is wrong with a checkpoint, as the end of a sentence."""


@contextmanager
def _named(folder: Path) -> Iterator[None]:
    """What is wrong, as a CheckpointError with the folder in it."""
    try:
        yield
    except (ConfigError, DataError, _Wrong) as error:
        raise CheckpointError(f"The checkpoint {folder} cannot be used: {error}") from error
    except OSError as error:
        raise CheckpointError(f"The checkpoint {folder} cannot be read ({error.strerror or error}).") from error


def _read_small_parts(folder: Path) -> tuple[NetworkConfig, About, Codec]:
    """All but the weights, whose hash is looked at too."""
    document = read_config(folder)
    config = config_from_dict(_mapping(document, "network"))
    _refuse_hostile_sizes(config, document)
    about = _about(_mapping(document, "about"))
    _check_files(folder, document)
    return config, about, _load_codec(folder, document)


def _compare_shapes(path: Path, config: NetworkConfig, codec: Codec) -> None:
    """Names and shapes, before any memory of the network's size is taken."""
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            found = {name: torch.Size(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise _Wrong(f"{path.name} is damaged or cut off ({error}). Copy the checkpoint again.") from error
    with torch.device("meta"):
        plan = build(config, codec.source_size, codec.target_size)
    expected = {name: tensor.shape for name, tensor in plan.state_dict().items()}
    if extra := found.keys() - expected.keys():
        raise _Wrong(_difference(set(), extra))
    for name in found:
        if found[name] != expected[name]:
            raise _Wrong(_shapes(name, expected[name], found[name]))
    # What is not in the file may be tied to what is; a meta tensor has no address that could tell.
    largest = max((shape.numel() for shape in found.values()), default=0)
    for name in expected.keys() - found.keys():
        if expected[name].numel() > largest:
            raise _Wrong(_difference({name}, set()))


def _load_network(path: Path, config: NetworkConfig, codec: Codec) -> Network:
    _compare_shapes(path, config, codec)
    with torch.random.fork_rng(devices=[]):  # the weights drawn here are replaced at once
        network = build(config, codec.source_size, codec.target_size)
    try:
        set_tensors(network, read_tensors(path))
    except CheckpointError as error:
        raise _Wrong(str(error)) from error
    for name, tensor in own_tensors(network).items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise _Wrong(f"the weights {name} hold values that are no numbers.")
    return network


def _load_codec(folder: Path, document: Mapping[str, Any]) -> Codec:
    kind = document.get("codec")
    if kind not in CODECS:
        raise _Wrong(f"its codec {kind!r} is unknown; this glosswright has {', '.join(CODECS)}.")
    codec = load_codec(kind, folder)
    sizes = (codec.source_size, codec.target_size)
    if sizes != (document.get("source_size"), document.get("target_size")):
        raise _Wrong(f"its vocabularies have {sizes[0]} and {sizes[1]} tokens, {CONFIG_NAME} says otherwise.")
    return codec


def _check_files(folder: Path, document: Mapping[str, Any]) -> None:
    files = _mapping(document, "files")
    if WEIGHTS_NAME not in files or len(files) > MAX_CODEC_FILES:
        raise _Wrong(f"{CONFIG_NAME} does not name {WEIGHTS_NAME} and the files of the codec.")
    for name, expected in files.items():
        path = folder / name
        if not name or name in (".", "..", CONFIG_NAME) or "/" in name or "\\" in name or path.is_symlink():
            raise _Wrong(f"{CONFIG_NAME} names {name!r}, which is no plain file of the folder.")
        if not path.is_file():
            raise _Wrong(f"the file {name} is missing.")
        if name != WEIGHTS_NAME and path.stat().st_size > MAX_CODEC_FILE_BYTES:
            raise _Wrong(f"the file {name} is larger than a vocabulary can be.")
        if sha256(path) != expected:
            raise _Wrong(f"the file {name} is not the one it was saved with (SHA-256). Copy the checkpoint again.")


def _refuse_hostile_sizes(config: NetworkConfig, document: Mapping[str, Any]) -> None:
    """Sizes that no network here has, before anything is built from them."""
    for key in ("source_size", "target_size"):
        value = document.get(key)
        if type(value) is not int or not 4 <= value <= 100 * MAX_FEATURES:
            raise _Wrong(f"{key} is {value!r}, which is no size of a vocabulary.")
    for key, value in config_to_dict(config).items():
        most = MAX_LAYERS if key.endswith("layers") else MAX_FEATURES
        if type(value) is int and value > most:
            raise _Wrong(f"{key} is {value}, above the {most} that a checkpoint may have.")


def _about(values: Mapping[str, Any]) -> About:
    texts = {key: values.get(key) for key in ("name", "unit", "language", "licence", "version")}
    data, results, context = values.get("data", []), values.get("results", {}), values.get("context", False)
    if (
        not all(isinstance(text, str) for text in texts.values())
        or texts["unit"] not in UNITS
        or not isinstance(context, bool)
        or not (isinstance(data, list) and all(isinstance(name, str) for name in data))
        or not (isinstance(results, dict) and all(isinstance(value, int | float) for value in results.values()))
    ):
        raise _Wrong(f'"about" in {CONFIG_NAME} does not say what it was trained for.')
    return About(data=tuple(data), results=results, context=context, **texts)  # type: ignore[arg-type]  # checked just above


def _mapping(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key)
    if not isinstance(value, dict):
        raise _Wrong(f"{CONFIG_NAME} has no {key!r}.")
    return value


def _stored(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    tensor = tensor.detach().to("cpu")
    return (tensor.to(dtype) if tensor.is_floating_point() else tensor).contiguous().clone()


def _difference(missing: set[str], extra: set[str]) -> str:
    parts = [f"{word} {', '.join(sorted(names)[:3])}" for word, names in (("lack", missing), ("have", extra)) if names]
    return f"the weights {' and '.join(parts)}: they belong to another network."


def _shapes(name: str, expected: torch.Size, found: torch.Size) -> str:
    return f"the weights {name} have shape {tuple(found)} instead of {tuple(expected)}."
