"""Reads a model's prompt family from its name, for endpoints that do not state it. Names only; no network."""

from __future__ import annotations

import re

_FAMILIES = (
    (re.compile(r"qwen.*coder|codeqwen", re.IGNORECASE), "qwen2.5-coder"),
    (re.compile(r"starcoder|santacoder|refact", re.IGNORECASE), "starcoder"),
    (re.compile(r"code-?llama", re.IGNORECASE), "codellama"),
    (re.compile(r"deepseek.*coder", re.IGNORECASE), "deepseek-coder"),
    (re.compile(r"codegemma", re.IGNORECASE), "codegemma"),
)


def family_of(model: str) -> str:
    """The family of a model called `model` ("Qwen/Qwen2.5-Coder-7B-Instruct", "codellama:13b"), else "generic"."""
    return next((family for pattern, family in _FAMILIES if pattern.search(model)), "generic")
