"""Read the head of a GGUF file and refuse what llama.cpp should never see.

llama.cpp is C++ that trusts much of the file it maps: a truncated or forged one can end the whole process. So every
count, length, offset and size is checked here first, in Python, against the bytes that are really there; and the
metadata that the back end needs (name, context length, vocabulary) is read on the way. Deliberately not here: the
tensors' contents and whether the network makes sense; llama.cpp reports those itself.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Little-endian versions 2 and 3 are read.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glosswright_model.errors import ModelLoadError

from .gguf_metadata import flaw

_MAX_KEYS = 1 << 16
_MAX_TENSORS = 1 << 16
_MAX_KEY_BYTES = 1 << 16
_MAX_TENSOR_NAME_BYTES = 63  # GGML_MAX_NAME, less the terminating zero
_MAX_DIMENSIONS = 4  # GGML_MAX_DIMS
_DEFAULT_ALIGNMENT = 32

_SCALARS: dict[int, str] = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY, _UINT32 = 8, 9, 4

# ggml's tensor types for weights: id → (elements per block, bytes per block), from the type traits in ggml.c. Its
# integer types and the two that only results have are left out: as weights they end llama.cpp with an assertion or
# worse.
_TENSOR_TYPES: dict[int, tuple[int, int]] = {
    0: (1, 4),  # F32
    1: (1, 2),  # F16
    2: (32, 18),  # Q4_0
    3: (32, 20),  # Q4_1
    6: (32, 22),  # Q5_0
    7: (32, 24),  # Q5_1
    8: (32, 34),  # Q8_0
    10: (256, 84),  # Q2_K
    11: (256, 110),  # Q3_K
    12: (256, 144),  # Q4_K
    13: (256, 176),  # Q5_K
    14: (256, 210),  # Q6_K
    16: (256, 66),  # IQ2_XXS
    17: (256, 74),  # IQ2_XS
    18: (256, 98),  # IQ3_XXS
    19: (256, 50),  # IQ1_S
    20: (32, 18),  # IQ4_NL
    21: (256, 110),  # IQ3_S
    22: (256, 82),  # IQ2_S
    23: (256, 136),  # IQ4_XS
    29: (256, 56),  # IQ1_M
    30: (1, 2),  # BF16
    34: (256, 54),  # TQ1_0
    35: (256, 66),  # TQ2_0
    39: (32, 17),  # MXFP4
    40: (64, 36),  # NVFP4
    41: (128, 18),  # Q1_0
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufInfo:
    """What the head of a well-formed GGUF file says."""

    architecture: str
    name: str
    """`general.name`, or "" where the file gives none."""
    context_length: int
    """Tokens the model was trained for."""
    tokens: frozenset[str]
    """The vocabulary."""
    tensor_bytes: int
    """Size of all weights, in bytes."""
    tensor_count: int


def check_gguf(path: Path) -> GgufInfo:
    """Check the whole head of the file and return what it says. Raises ModelLoadError, which names the reason."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Reader(data, path.name).read()
    except FileNotFoundError:
        raise ModelLoadError(f"{path.name} does not exist") from None
    except (OSError, ValueError) as error:  # ValueError: an empty file cannot be mapped
        raise ModelLoadError(f"{path.name} cannot be read: {error}") from None


class _Reader:
    """A cursor over the mapped file that never reads past its end."""

    def __init__(self, data: mmap.mmap, name: str) -> None:
        self._data = data
        self._size = len(data)
        self._at = 0
        self._name = name

    def read(self) -> GgufInfo:
        if self._take(4) != b"GGUF":
            raise ModelLoadError(f"{self._name} is not a GGUF file")
        version = self._scalar("I")
        if version not in (2, 3):
            raise self._broken(f"its version ({version:#x}) is not 2 or 3, or its byte order is not little-endian")
        n_tensors, n_keys = self._scalar("Q"), self._scalar("Q")
        if not 0 < n_tensors <= _MAX_TENSORS or not 0 < n_keys <= _MAX_KEYS:
            raise self._broken(f"it claims {n_tensors} tensors and {n_keys} metadata entries")
        metadata: dict[str, Any] = {}
        for _ in range(n_keys):
            key = self._string(_MAX_KEY_BYTES)
            if not key or key in metadata:
                raise self._broken("a metadata key is empty or given twice")
            metadata[key] = self._value(key)
        alignment = self._alignment(metadata)
        tensor_bytes = self._tensors(n_tensors, alignment)
        return self._info(metadata, n_tensors, tensor_bytes)

    def _value(self, key: str) -> Any:
        kind = self._scalar("I")
        if kind == _STRING:
            return self._string(self._size)
        if kind in _SCALARS:
            value = self._scalar(_SCALARS[kind])
            # The alignment's type is part of the format: llama.cpp asserts it.
            if key == "general.alignment" and kind != _UINT32:
                raise self._broken("general.alignment is not a 32-bit unsigned number")
            return value
        if kind != _ARRAY:
            raise self._broken(f"the metadata type {kind} is unknown")
        element, count = self._scalar("I"), self._scalar("Q")
        if element == _STRING:
            if count > (self._size - self._at) // 8:
                raise self._broken(f"a list claims {count} strings")
            return [self._string(self._size) for _ in range(count)]
        if element not in _SCALARS:
            raise self._broken(f"a list has the unknown or nested type {element}")
        code = _SCALARS[element]
        if count > (self._size - self._at) // struct.calcsize(code):
            raise self._broken(f"a list claims {count} numbers")
        return list(struct.unpack(f"<{count}{code}", self._take(count * struct.calcsize(code))))

    def _alignment(self, metadata: dict[str, Any]) -> int:
        alignment = metadata.get("general.alignment", _DEFAULT_ALIGNMENT)
        if not isinstance(alignment, int) or not 8 <= alignment <= 1 << 20 or alignment & (alignment - 1):
            raise self._broken(f"its alignment ({alignment!r}) is not a sensible power of two")
        return alignment

    def _tensors(self, count: int, alignment: int) -> int:
        names: set[str] = set()
        end = 0
        for _ in range(count):
            name = self._string(_MAX_TENSOR_NAME_BYTES)
            if not name or name in names:
                raise self._broken("a tensor's name is empty or given twice")
            names.add(name)
            n_dimensions = self._scalar("I")
            if not 1 <= n_dimensions <= _MAX_DIMENSIONS:
                raise self._broken(f"a tensor claims {n_dimensions} dimensions")
            shape = struct.unpack(f"<{n_dimensions}q", self._take(8 * n_dimensions))
            kind, offset = self._scalar("I"), self._scalar("Q")
            size = self._tensor_size(shape, kind)
            # Offsets follow one another without gaps; llama.cpp insists on that, too.
            if offset != end:
                raise self._broken(f"the tensor {name[:40]!r} lies at {offset}, not at {end}")
            end = _padded(offset + size, alignment)
            if offset + size > self._size:
                raise self._truncated()
        start = _padded(self._at, alignment)
        # The padding behind the last tensor may be missing; its bytes may not.
        if start + offset + size > self._size:
            raise self._truncated()
        return end

    def _tensor_size(self, shape: tuple[int, ...], kind: int) -> int:
        if kind not in _TENSOR_TYPES:
            raise self._broken(f"the tensor type {kind} is unknown")
        per_block, block_bytes = _TENSOR_TYPES[kind]
        elements = 1
        for length in shape:
            if length < 1:
                raise self._broken("a tensor has an empty or negative dimension")
            elements *= length  # Python's numbers do not wrap around, llama.cpp's do
        if elements >= 1 << 62 or shape[0] % per_block:
            raise self._broken("a tensor's shape does not fit its type")
        return elements // per_block * block_bytes

    def _info(self, metadata: dict[str, Any], n_tensors: int, tensor_bytes: int) -> GgufInfo:
        if reason := flaw(metadata):
            raise self._broken(reason)
        if metadata.get("split.count", 1) not in (0, 1):
            raise ModelLoadError(f"{self._name} is one part of several; merge them with llama-gguf-split first")
        architecture = metadata["general.architecture"]
        name = metadata.get("general.name")
        return GgufInfo(
            architecture=architecture,
            name=name if isinstance(name, str) else "",
            context_length=metadata[f"{architecture}.context_length"],
            tokens=frozenset(metadata["tokenizer.ggml.tokens"]),
            tensor_bytes=tensor_bytes,
            tensor_count=n_tensors,
        )

    def _string(self, most: int) -> str:
        length = self._scalar("Q")
        if length > min(most, self._size - self._at):
            raise self._broken(f"a string claims {length} bytes")
        return self._take(length).decode("utf-8", errors="replace")

    def _scalar(self, code: str) -> Any:
        (value,) = struct.unpack("<" + code, self._take(struct.calcsize("<" + code)))
        return value

    def _take(self, count: int) -> bytes:
        if count > self._size - self._at:
            raise self._truncated()
        taken = self._data[self._at : self._at + count]
        self._at += count
        return taken

    def _truncated(self) -> ModelLoadError:
        return ModelLoadError(f"{self._name} is incomplete: it ends before its own contents do; fetch it again")

    def _broken(self, reason: str) -> ModelLoadError:
        return ModelLoadError(f"{self._name} is not a usable GGUF file: {reason}")


def _padded(value: int, alignment: int) -> int:
    return -(-value // alignment) * alignment
