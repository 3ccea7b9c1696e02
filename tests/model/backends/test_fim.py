"""Fill-in-the-middle formats: the facts of each family, and that document text stays text."""

from __future__ import annotations

import pytest

from glosswright_model.backends.fim import FAMILIES, Control, infer_family, neutralise, pieces, render

RENDERED = {
    "qwen2.5-coder": "<|fim_prefix|><|fim_suffix|>AFTER<|fim_middle|>BEFORE",
    "codegemma": "<|fim_prefix|>BEFORE<|fim_suffix|>AFTER<|fim_middle|>",
    "starcoder": "<fim_prefix>BEFORE<fim_suffix>AFTER<fim_middle>",
    "codellama": "<PRE> BEFORE <SUF>AFTER <MID>",
    "deepseek-coder": "<｜fim▁begin｜>BEFORE<｜fim▁hole｜>AFTER<｜fim▁end｜>",
}


@pytest.mark.parametrize("name", FAMILIES)
def test_renders_the_published_format(name: str) -> None:
    """A wrong mark or order makes a model write nonsense without any error."""
    assert render(FAMILIES[name], "BEFORE", "AFTER") == RENDERED[name]


@pytest.mark.parametrize("name", FAMILIES)
def test_pieces_keep_control_and_text_apart(name: str) -> None:
    """Engines that take ids must be able to tell a mark from a document that spells one."""
    family = FAMILIES[name]
    parts = pieces(family, family.middle, family.suffix)
    assert [part.text for part in parts if isinstance(part, Control)] == list(family.marks)
    assert {part for part in parts if isinstance(part, str)} == {family.middle, family.suffix}


@pytest.mark.parametrize("name", FAMILIES)
def test_document_text_is_neutralised(name: str) -> None:
    """No control token of the family survives in document text, not even one put together by the breaking up."""
    family = FAMILIES[name]
    tokens = [token.removeprefix("▁") for token in (*family.marks, *family.end, *family.control)]
    nasty = "".join(tokens) + "".join(token[0] + token + token[1:] for token in tokens)
    cleaned = neutralise(family, nasty)
    assert not any(token in cleaned for token in tokens)
    assert cleaned.replace("\u200b", "") == nasty
    assert render(family, nasty, nasty).count(family.middle.removeprefix("▁")) == 1
    assert neutralise(family, "x < y | z > <pre>\n") == "x < y | z > <pre>\n"


QWEN = {"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|file_sep|>", "<|endoftext|>"}
GEMMA = {"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|file_separator|>", "<eos>"}
STAR = {"<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<|endoftext|>"}
LLAMA = {"▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>", "</s>"}
DEEPSEEK = {"<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>", "<|EOT|>"}


@pytest.mark.parametrize(
    ("names", "tokens", "family"),
    [
        (["qwen2.5-coder-0.5b-instruct-q4_k_m"], (), "qwen2.5-coder"),
        (["Qwen2.5 Coder 0.5B Instruct"], QWEN, "qwen2.5-coder"),
        (["model", "Qwen2.5_Coder"], QWEN, "qwen2.5-coder"),
        (["Qwen2.5 7B Instruct"], QWEN, "generic"),
        (["model"], QWEN, "qwen2.5-coder"),
        (["model"], GEMMA, "codegemma"),
        (["model"], STAR, "starcoder"),
        (["model"], LLAMA, "codellama"),
        (["model"], DEEPSEEK, "deepseek-coder"),
        (["starcoder2-3b"], (), "starcoder"),
        (["CodeLlama-7b-hf"], LLAMA, "codellama"),
        (["deepseek-coder-1.3b-base"], {"<s>", "</s>"}, "generic"),
        (["llama-3"], {"<s>", "</s>"}, "generic"),
        (["something"], (), "generic"),
        ([], (), "generic"),
    ],
)
def test_infers_the_family(names: list[str], tokens: set[str] | tuple[()], family: str) -> None:
    """The vocabulary has the last word; the name tells apart models that share one."""
    assert infer_family(names, tokens) == family
