"""Foreign endpoints state a model's name at best, and the wrong family's control tokens would end up in the code."""

from __future__ import annotations

import pytest

from glosswright_server.prompt.families import family_of


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("Qwen/Qwen2.5-Coder-7B-Instruct", "qwen2.5-coder"),
        ("qwen2.5-coder:1.5b", "qwen2.5-coder"),
        ("codellama:13b-code", "codellama"),
        ("meta-llama/CodeLlama-7b-hf", "codellama"),
        ("bigcode/starcoder2-3b", "starcoder"),
        ("deepseek-ai/deepseek-coder-1.3b-base", "deepseek-coder"),
        ("google/codegemma-2b", "codegemma"),
        ("qwen2.5-7b-instruct", "generic"),
        ("", "generic"),
    ],
)
def test_family_of(model: str, family: str) -> None:
    """Names as hubs, Ollama and file names spell them."""
    assert family_of(model) == family
