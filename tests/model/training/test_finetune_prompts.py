"""Prompts for tuning, in every language that is mined: joined with their answers they must be code of that language."""

from __future__ import annotations

from pathlib import Path

import pytest
import tree_sitter

from glosswright_model.data.mining.extract import extract
from glosswright_model.data.mining.further_languages import FURTHER_LANGUAGES
from glosswright_model.data.mining.languages import LANGUAGES, load_grammar
from glosswright_model.data.pairs import Pair
from glosswright_model.training.finetune_prompts import prompt_and_answer

CASES = Path(__file__).parents[1] / "data/mining/cases"
AROUND = {
    "csharp": "class Cart\n{{\n{}\n}}\n",
    "kotlin": "class Cart {{\n{}\n}}\n",
    "nix": "{{\n{}\n}}\n",
    "objective-c": "@implementation Cart\n{}\n@end\n",
    "php": "<?php\nclass Cart\n{{\n{}\n}}\n",
    "scala": "class Cart {{\n{}\n}}\n",
    "swift": "class Cart {{\n{}\n}}\n",
    "zig": "const Cart = struct {{\n{}\n}};\n",
}
"""Where methods stand."""
ELSEWHERE = ("static int", "member", "[int] Size")
"""Signatures that do not stand there: a function of C, and methods of F# and PowerShell."""


@pytest.mark.parametrize("language", [language.key for language in FURTHER_LANGUAGES])
def test_prompt_and_answer_are_code(language: str) -> None:
    """Signs of comments, ends of bodies: a model that is tuned on those of another language writes neither."""
    pytest.importorskip(LANGUAGES[language].module, reason="comes with pip install 'glosswright[train]'")
    (source,) = (path for path in CASES.glob(f"{language}.*") if path.suffix != ".expected")
    parser = tree_sitter.Parser(load_grammar(language))
    found = [one for one in extract(source.read_bytes(), language).found if one.kind != "function"]
    assert found
    for one in found:
        prompt, answer = prompt_and_answer(Pair(one.source, one.target, one.kind, language, context=one.context))
        head = "<?php\n" if language == "php" else ""
        node = parser.parse(f"{head}{prompt}".encode()).root_node.descendant_for_byte_range(len(head), len(head) + 1)
        kinds = {node.type} | ({node.parent.type} if node.parent else set())
        assert kinds & LANGUAGES[language].comments, prompt
        if one.kind == "body" and not one.context.startswith(ELSEWHERE):
            code = AROUND.get(language, "{}").format(prompt + answer)
            assert not parser.parse(code.encode()).root_node.has_error, code
