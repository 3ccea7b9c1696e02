"""A GGUF model that fits in a megabyte and whose every answer is known: a token depends on the one before alone."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CONTROL = ("<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|file_sep|>")
WIDTH = 288
"""Embedding size: one place for each token of the vocabulary, and a multiple of the number of heads."""
CYCLE = b"abcdefghijklmnopqrstuvwxyz" + "é🙂".encode() + b"\n"
"""After each byte comes the next one, and after the last the first."""
F32, F16 = 0, 1


def bytes_to_letters() -> dict[int, str]:
    """The printable letter that stands for each byte in byte-level vocabularies."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters = {byte: chr(byte) for byte in printable}
    others = [byte for byte in range(256) if byte not in letters]
    return letters | {byte: chr(256 + at) for at, byte in enumerate(others)}


LETTERS = [letter for _, letter in sorted(bytes_to_letters().items())]
VOCABULARY = [*LETTERS, *CONTROL]


def following(token: int) -> Iterable[int]:
    """The tokens that are (equally) likely after `token`."""
    if token < 256 and token in CYCLE:
        return (CYCLE[(CYCLE.index(token) + 1) % len(CYCLE)],)
    return {
        ord("0"): (VOCABULARY.index("<|endoftext|>"),),
        ord("1"): (VOCABULARY.index("<|file_sep|>"),),
        ord("2"): tuple(b"3456"),
        **{digit: (ord("2"),) for digit in b"3456"},
    }.get(token, (ord("a"),))


@dataclass
class Tensor:
    name: str
    shape: tuple[int, ...]
    kind: int
    data: bytes
    offset: int | None = None
    """Said in the file instead of the true one."""


@dataclass
class Gguf:
    """A GGUF file in parts, each of which a test can spoil before it is written."""

    metadata: dict[str, Any] = field(default_factory=dict)
    tensors: list[Tensor] = field(default_factory=list)
    magic: bytes = b"GGUF"
    version: int = 3
    tensor_count: int | None = None
    key_count: int | None = None
    keep: int | None = None
    """Bytes kept of the whole."""

    def to_bytes(self) -> bytes:
        counts = (
            len(self.tensors) if self.tensor_count is None else self.tensor_count,
            len(self.metadata) if self.key_count is None else self.key_count,
        )
        head = bytearray(self.magic + struct.pack("<IQQ", self.version, *counts))
        for key, value in self.metadata.items():
            head += text(key) + encode(value)
        offset = 0
        for tensor in self.tensors:
            head += text(tensor.name) + struct.pack(f"<I{len(tensor.shape)}q", len(tensor.shape), *tensor.shape)
            head += struct.pack("<IQ", tensor.kind, offset if tensor.offset is None else tensor.offset)
            offset += padded(len(tensor.data))
        head += bytes(padded(len(head)) - len(head))
        for tensor in self.tensors:
            head += tensor.data + bytes(padded(len(tensor.data)) - len(tensor.data))
        return bytes(head[: self.keep])

    def write(self, path: Path) -> Path:
        path.write_bytes(self.to_bytes())
        return path


def text(value: str) -> bytes:
    encoded = value.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def padded(size: int) -> int:
    return -(-size // 32) * 32


def encode(value: Any) -> bytes:
    """A metadata value with its type: str, bool, int (32 bits), float, a list of one of these, or bytes as they are."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, list):
        # Lists of numbers are signed: llama.cpp wants the token types so.
        kind = struct.pack("<I", 5) if isinstance(value[0], int) else encode(value[0])[:4]
        items = b"".join(encode(item)[4:] for item in value)
        return struct.pack("<I", 9) + kind + struct.pack("<Q", len(value)) + items
    if isinstance(value, str):
        return struct.pack("<I", 8) + text(value)
    if isinstance(value, bool):
        return struct.pack("<I?", 7, value)
    return struct.pack("<If", 6, value) if isinstance(value, float) else struct.pack("<II", 4, value)


def chain_model() -> Gguf:
    """A llama network whose attention and feed-forward parts are zero, so that embedding and output decide alone."""
    size = len(VOCABULARY)
    embedding, output = bytearray(4 * WIDTH * size), bytearray(4 * WIDTH * size)
    for token in range(size):
        struct.pack_into("<f", embedding, 4 * (token * WIDTH + token), 1.0)
        for follower in following(token):
            struct.pack_into("<f", output, 4 * (follower * WIDTH + token), 1.0)
    ones = struct.pack("<f", 1.0) * WIDTH

    def zeros(name: str, columns: int, rows: int) -> Tensor:
        return Tensor(f"blk.0.{name}.weight", (columns, rows), F16, bytes(2 * columns * rows))

    return Gguf(
        metadata={
            "general.architecture": "llama",
            "general.name": "Tiny Qwen2.5-Coder Chain",
            "llama.context_length": 512,
            "llama.embedding_length": WIDTH,
            "llama.block_count": 1,
            "llama.feed_forward_length": 32,
            "llama.attention.head_count": 4,
            "llama.attention.head_count_kv": 4,
            "llama.attention.layer_norm_rms_epsilon": 1e-6,
            "llama.rope.dimension_count": WIDTH // 4,
            "llama.vocab_size": size,
            "tokenizer.ggml.model": "gpt2",
            "tokenizer.ggml.pre": "qwen2",
            "tokenizer.ggml.tokens": list(VOCABULARY),
            "tokenizer.ggml.token_type": [3 if token in CONTROL else 1 for token in VOCABULARY],
            "tokenizer.ggml.merges": ["Ġ Ġ"],
            "tokenizer.ggml.eos_token_id": VOCABULARY.index("<|endoftext|>"),
            "tokenizer.ggml.add_bos_token": False,
        },
        tensors=[
            Tensor("token_embd.weight", (WIDTH, size), F32, bytes(embedding)),
            Tensor("output_norm.weight", (WIDTH,), F32, ones),
            Tensor("output.weight", (WIDTH, size), F32, bytes(output)),
            Tensor("blk.0.attn_norm.weight", (WIDTH,), F32, ones),
            Tensor("blk.0.ffn_norm.weight", (WIDTH,), F32, ones),
            *(zeros(name, WIDTH, WIDTH) for name in ("attn_q", "attn_k", "attn_v", "attn_output")),
            zeros("ffn_gate", WIDTH, 32),
            zeros("ffn_up", WIDTH, 32),
            zeros("ffn_down", 32, WIDTH),
        ],
    )


@pytest.fixture
def chain() -> Gguf:
    """The tiny model in parts, to be spoiled."""
    return chain_model()


@pytest.fixture(scope="session")
def chain_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model as a file."""
    return chain_model().write(tmp_path_factory.mktemp("gguf") / "chain.gguf")


@pytest.fixture
def after() -> Callable[[str, int], str]:
    """What the tiny model writes after a text, in that many characters."""

    def answer(prompt: str, count: int) -> str:
        whole = CYCLE.decode()
        start = (whole.index(prompt[-1]) + 1) if prompt[-1] in whole else 0
        return "".join(whole[(start + at) % len(whole)] for at in range(count))

    return answer
