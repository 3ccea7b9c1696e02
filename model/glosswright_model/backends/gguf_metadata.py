"""What a GGUF file says about its network and vocabulary, held against what llama.cpp merely asserts.

An assertion in llama.cpp ends the process. Each rule here stands for one that was found by loading mutated files; the
file's layout is `gguf_check`'s business, and whatever llama.cpp reports as an error of its own is left to it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_MIN_CONTEXT_LENGTH = 32
"""Tokens. Shorter contexts break llama.cpp's batching, and no model for code has one."""
_MAX_CONTEXT_LENGTH = 1 << 31
_MAX_LAYERS = 512  # LLAMA_MAX_LAYERS
_MAX_EXPERTS = 1 << 10
_MAX_WIDTH = 1 << 24
_TOKENIZERS = frozenset({"llama", "gpt2", "bert", "t5", "rwkv", "plamo2", "gemma4"})
_ROPE_SCALINGS = frozenset({"none", "linear", "yarn", "longrope"})


def flaw(metadata: Mapping[str, Any]) -> str | None:
    """What is wrong with the metadata, as the end of a sentence; None when nothing is."""
    architecture = metadata.get("general.architecture")
    if not isinstance(architecture, str) or not architecture:
        return "it does not say which architecture it is"
    return _network(metadata, architecture) or _vocabulary(metadata)


def _network(metadata: Mapping[str, Any], architecture: str) -> str | None:
    for key, least, most in (
        ("context_length", _MIN_CONTEXT_LENGTH, _MAX_CONTEXT_LENGTH),
        ("block_count", 1, _MAX_LAYERS),
        ("embedding_length", 1, _MAX_WIDTH),
    ):
        if not _is_count(metadata.get(f"{architecture}.{key}"), least, most):
            return f"{architecture}.{key} is missing or out of bounds"
    # One number, or one for each layer. Zero for all means a division by zero.
    for key in ("attention.head_count", "attention.head_count_kv"):
        value = metadata.get(f"{architecture}.{key}", 1)
        if value == 0 or not all(_is_count(count, 0, 1 << 16) for count in _several(value)):
            return f"{architecture}.{key} is out of bounds"
    for key, value in metadata.items():
        if key.endswith("epsilon") and not (isinstance(value, float) and math.isfinite(value) and value >= 0):
            return f"{key[:80]} is out of bounds"
    experts = metadata.get(f"{architecture}.expert_count", 0)
    if not _is_count(experts, 0, _MAX_EXPERTS):
        return f"{architecture}.expert_count is out of bounds"
    used = _several(metadata.get(f"{architecture}.expert_used_count", 0))
    if not all(_is_count(count, 1 if experts else 0, experts) for count in used):
        return f"{architecture}.expert_used_count is out of bounds"
    if not _is_one_of(metadata.get(f"{architecture}.rope.scaling.type", "none"), _ROPE_SCALINGS):
        return f"{architecture}.rope.scaling.type is unknown"
    return None


def _vocabulary(metadata: Mapping[str, Any]) -> str | None:
    kind = metadata.get("tokenizer.ggml.model")
    if not _is_one_of(kind, _TOKENIZERS):
        return "its tokenizer is missing or unknown"
    tokens = metadata.get("tokenizer.ggml.tokens")
    if not isinstance(tokens, list) or not tokens or not isinstance(tokens[0], str):
        return "it carries no vocabulary"
    named = [token for token in tokens if token]  # llama.cpp gives the nameless ones names
    if len(set(named)) != len(named):
        return "its vocabulary holds a token twice"
    for companion in ("token_type", "scores"):
        values = metadata.get(f"tokenizer.ggml.{companion}")
        if values is not None and (not isinstance(values, list) or len(values) != len(tokens)):
            return f"its vocabulary has {len(tokens)} tokens but another number of {companion} entries"
    if kind == "gemma4" and not _is_count(metadata.get("tokenizer.ggml.bos_token_id"), 0, len(tokens) - 1):
        return "its tokenizer needs a beginning-of-text token and has none"
    return None


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_count(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_one_of(value: Any, names: frozenset[str]) -> bool:
    return isinstance(value, str) and value in names
