"""CodeBLEU on the grammars that the language server has."""

from glosswright_model.evaluation.codebleu.score import CodeBleu, CodeCounts, code_bleu, code_bleu_of

__all__ = ["CodeBleu", "CodeCounts", "code_bleu", "code_bleu_of"]
