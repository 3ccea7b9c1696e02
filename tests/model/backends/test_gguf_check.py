"""GGUF files that are broken by accident or on purpose: refused with a reason, and never a crash."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from glosswright_model.backends.gguf_check import check_gguf
from glosswright_model.errors import ModelLoadError

HUGE = 1 << 62
U64 = struct.Struct("<Q").pack


def list_of(element: int, count: int) -> bytes:
    """The head of a metadata list that claims `count` elements and has none."""
    return struct.pack("<IIQ", 9, element, count)


def put(key: str, value: Any) -> Callable[[Any], None]:
    return lambda file: file.metadata.__setitem__(key, value)


def drop(key: str) -> Callable[[Any], None]:
    return lambda file: file.metadata.pop(key)


def give(**fields: Any) -> Callable[[Any], None]:
    def spoil(file: Any) -> None:
        for name, value in fields.items():
            setattr(file, name, value)

    return spoil


def tensor(**fields: Any) -> Callable[[Any], None]:
    """Spoil the second tensor."""

    def spoil(file: Any) -> None:
        for name, value in fields.items():
            setattr(file.tensors[1], name, value)

    return spoil


HOSTILE: dict[str, tuple[Callable[[Any], None], str]] = {
    "other magic": (give(magic=b"GGML"), "not a GGUF file"),
    "version 1": (give(version=1), "version"),
    "big-endian": (give(version=0x03000000), "byte order"),
    "no tensors": (give(tensor_count=0), "0 tensors"),
    "huge tensor count": (give(tensor_count=HUGE), "tensors"),
    "one tensor too many": (give(tensor_count=13), "usable|incomplete"),
    "huge key count": (give(key_count=HUGE), "metadata entries"),
    "one key too many": (give(key_count=99), "usable|incomplete"),
    "one key too few": (give(key_count=5), "usable|incomplete"),
    "empty key": (put("", 1), "empty or given twice"),
    "unknown type": (put("x", struct.pack("<I", 77)), "type 77"),
    "huge string": (put("x", struct.pack("<I", 8) + U64(HUGE)), "claims"),
    "string of 2^64-1 bytes": (put("x", struct.pack("<I", 8) + U64(2**64 - 1)), "claims"),
    "huge list of strings": (put("x", list_of(8, HUGE)), "strings"),
    "huge list of numbers": (put("x", list_of(4, 2**63)), "numbers"),
    "nested list": (put("x", list_of(9, 1)), "nested"),
    "alignment 0": (put("general.alignment", 0), "alignment"),
    "alignment 3": (put("general.alignment", 3), "alignment"),
    "alignment as a string": (put("general.alignment", "32"), "alignment"),
    "alignment as a byte": (put("general.alignment", struct.pack("<IB", 0, 32)), "alignment"),
    "no architecture": (drop("general.architecture"), "architecture"),
    "architecture as a number": (put("general.architecture", 7), "architecture"),
    "part of several": (put("split.count", 3), "one part of several"),
    "no context length": (drop("llama.context_length"), "context_length"),
    "negative context length": (put("llama.context_length", struct.pack("<Ii", 5, -1)), "context_length"),
    "too many layers": (put("llama.block_count", 4096), "block_count"),
    "no embedding": (put("llama.embedding_length", 0), "embedding_length"),
    "no heads": (put("llama.attention.head_count", 0), "head_count"),
    "context of one token": (put("llama.context_length", 1), "context_length"),
    "negative epsilon": (put("llama.attention.layer_norm_rms_epsilon", -1.0), "epsilon"),
    "epsilon not a number": (put("llama.attention.layer_norm_rms_epsilon", float("nan")), "epsilon"),
    "experts without use": (put("llama.expert_count", 8), "expert_used_count"),
    "more experts used than there are": (put("llama.expert_used_count", 2), "expert_used_count"),
    "too many experts": (put("llama.expert_count", 100_000), "expert_count"),
    "unknown position scaling": (put("llama.rope.scaling.type", "bogus"), "scaling"),
    "position scaling as a list": (put("llama.rope.scaling.type", [1]), "scaling"),
    "tokenizer as a list": (put("tokenizer.ggml.model", ["gpt2"]), "tokenizer"),
    "no tokenizer": (put("tokenizer.ggml.model", "none"), "tokenizer"),
    "tokenizer without beginning": (put("tokenizer.ggml.model", "gemma4"), "beginning-of-text"),
    "token twice": (put("tokenizer.ggml.tokens", ["a"] * 262), "twice"),
    "weights as integers": (tensor(kind=26), "tensor type 26"),
    "no vocabulary": (drop("tokenizer.ggml.tokens"), "vocabulary"),
    "vocabulary of numbers": (put("tokenizer.ggml.tokens", [1, 2, 3]), "vocabulary"),
    "token types too short": (put("tokenizer.ggml.token_type", [1, 1]), "token_type"),
    "long tensor name": (tensor(name="x" * 64), "claims"),
    "tensor name twice": (tensor(name="token_embd.weight"), "given twice"),
    "no tensor name": (tensor(name=""), "given twice"),
    "no dimensions": (tensor(shape=()), "0 dimensions"),
    "nine dimensions": (tensor(shape=(1,) * 9), "9 dimensions"),
    "negative dimension": (tensor(shape=(-288,)), "negative"),
    "empty dimension": (tensor(shape=(288, 0)), "negative"),
    "product that wraps around": (tensor(shape=(1 << 32, 1 << 32, 1)), "shape"),
    "unknown tensor type": (tensor(kind=5), "tensor type 5"),
    "row that is no block": (tensor(kind=8, shape=(100,)), "shape"),
    "offset outside": (tensor(offset=HUGE), "lies at"),
    "offset into another tensor": (tensor(offset=0), "lies at"),
    "tensor larger than the file": (tensor(shape=(288, 1 << 30)), "lies at|incomplete"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_refuses(name: str, chain: Any, tmp_path: Path) -> None:
    """Each count, length and offset is checked against the bytes that are there; the message says what is wrong."""
    spoil, reason = HOSTILE[name]
    spoil(chain)
    with pytest.raises(ModelLoadError, match=reason) as refused:
        check_gguf(chain.write(tmp_path / "m.gguf"))
    assert str(refused.value).startswith("m.gguf ")


def test_reads_a_sound_file(chain_file: Path) -> None:
    """The back end learns the name, the context length and the vocabulary from here."""
    info = check_gguf(chain_file)
    assert (info.architecture, info.name, info.context_length) == ("llama", "Tiny Qwen2.5-Coder Chain", 512)
    assert "<|fim_middle|>" in info.tokens
    assert info.tensor_count == 12
    assert info.tensor_bytes == pytest.approx(chain_file.stat().st_size, rel=0.05)


def test_refuses_every_truncation(chain: Any, tmp_path: Path) -> None:
    """A download that broke off can end anywhere."""
    whole = chain.to_bytes()
    ends = [*range(0, 400, 7), *range(400, len(whole) - 1, len(whole) // 150), len(whole) - 1]
    path = tmp_path / "m.gguf"
    for end in ends:
        path.write_bytes(whole[:end])
        with pytest.raises(ModelLoadError):
            check_gguf(path)


def test_survives_flipped_bytes(chain: Any, tmp_path: Path) -> None:
    """A flipped byte in the head is either harmless or refused: no other exception, no endless loop."""
    whole = bytearray(chain.to_bytes())
    path = tmp_path / "m.gguf"
    refused = 0
    for at in range(4, 9000, 23):
        flipped = bytearray(whole)
        flipped[at] ^= 0xFF
        path.write_bytes(flipped)
        try:
            check_gguf(path)
        except ModelLoadError:
            refused += 1
    assert refused > 50


def test_unreadable_paths(tmp_path: Path) -> None:
    """A path that is missing, empty or a folder is named, not traced."""
    (tmp_path / "empty.gguf").touch()
    for name, reason in (("none.gguf", "does not exist"), ("empty.gguf", "cannot be read"), (".", "cannot be read")):
        with pytest.raises(ModelLoadError, match=reason):
            check_gguf(tmp_path / name)


@pytest.mark.llamacpp
def test_no_hostile_file_ends_the_process(chain: Any, tmp_path: Path) -> None:
    """The proof in a process of its own: every hostile file becomes a ModelLoadError, then a sound one still loads."""
    pytest.importorskip("xllamacpp")
    from copy import deepcopy

    paths = []
    for number, (spoil, _) in enumerate(HOSTILE.values()):
        spoiled = deepcopy(chain)
        spoil(spoiled)
        paths.append(spoiled.write(tmp_path / f"{number}.gguf"))
    whole = chain.to_bytes()
    for end in (3, 24, 500, 9000, len(whole) // 2, len(whole) - 1):
        paths.append(tmp_path / f"cut{end}.gguf")
        paths[-1].write_bytes(whole[:end])
    sound = chain.write(tmp_path / "sound.gguf")
    program = """
import sys
from pathlib import Path
from glosswright_model.backends.llamacpp import LlamaCppBackend
from glosswright_model.errors import ModelLoadError
refused = 0
for path in sys.argv[2:]:
    try:
        LlamaCppBackend.load(Path(path), model_name="m", threads=1).close()
    except ModelLoadError:
        refused += 1
LlamaCppBackend.load(Path(sys.argv[1]), model_name="m", threads=1).close()
print("refused", refused)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(sound), *map(str, paths)], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout.strip()) == (0, f"refused {len(paths)}"), done.stderr[-500:]
