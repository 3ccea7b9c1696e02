"""BLEU: against figures worked out by hand, against nltk's, and against published scores from published outputs."""

from __future__ import annotations

import pytest

from glosswright_model.evaluation.bleu import Counts, corpus_bleu, sentence_bleu
from glosswright_model.evaluation.tokens import conala_tokens, moses_tokens

from .shared_data import lines, shared_data

BY_NLTK = [
    ("x = y", "x = y", 100.0),
    ("x", "x", 100.0),
    ("x y", "x", 84.089642),
    ("x", "x y", 30.93485),
    ("a b c", "a b c", 100.0),
    ("a b c d e", "a b c d e f", 81.873075),
    ("a c b d", "a b c d", 22.59005),
    ("foo . bar ( x )", "foo . baz ( x )", 37.991784),
    ("q", "x", 0.0),
    ("", "x", 0.0),
    ("return x . y ( z , w )", "return x . y ( z )", 61.047358),
    ("x =", "x = y", 51.002946),
    ("a b a b a b", "a b c d", 16.233396),
]
"""Of nltk 3.10.4: `sentence_bleu` with method 3 and the weights of Yin and Neubig."""


@pytest.mark.parametrize(("hypothesis", "reference", "score"), BY_NLTK)
def test_sentence_bleu_is_that_of_nltk(hypothesis: str, reference: str, score: float) -> None:
    """The Django figures are means of nltk's sentence scores, whose treatment of short code is peculiar."""
    assert sentence_bleu(Counts.of(hypothesis.split(), reference.split())) == pytest.approx(score, abs=1e-6)


def test_matches_are_clipped() -> None:
    """The example of Papineni et al. 2002: a repeated word counts as often as the reference has it, 2 of 7."""
    counts = Counts.of(["the", "the", "the", "the", "the", "the", "the"], ["the", "cat", "is", "on", "the", "mat"])
    assert counts.matches == (2, 0, 0, 0)
    assert counts.totals == (7, 6, 5, 4)


def test_corpus_bleu_by_hand() -> None:
    """Sums over the corpus come before quotients: 7/8, 4/6, 2/4, 1/2, and a penalty of e^(1 - 9/8)."""
    found = corpus_bleu([["a", "b", "c", "d"], ["a", "x", "c", "d"]], [["a", "b", "c", "d"], ["a", "b", "c", "d", "e"]])
    assert found.counts.matches == (7, 4, 2, 1)
    assert found.counts.totals == (8, 6, 4, 2)
    assert found.brevity_penalty == pytest.approx(2.718281828459045 ** (1 - 9 / 8))
    product: float = 7 / 8 * 4 / 6 * 2 / 4 * 1 / 2
    assert found.score == pytest.approx(100 * found.brevity_penalty * product**0.25)
    assert found.text == "54.54, 87.5/66.7/50.0/50.0 (BP=0.882, ratio=0.889)"


@pytest.mark.parametrize("hypotheses", [[[], []], [["q"], ["q"]]])
def test_nothing_in_common_scores_nothing(hypotheses: list[list[str]]) -> None:
    """A model that has learned nothing yet gets a figure, not a division by zero."""
    assert corpus_bleu(hypotheses, [["a"], ["b"]]).score == 0.0


def test_conala_tokens() -> None:
    """Each rule of the official tokeniser once: punctuation apart, camel case cut, underscores whole, quotes alike."""
    assert conala_tokens("df.sortValues(by='a_b',\n  x=\"C3PO\")") == (
        ["df", ".", "sort", "Values", "(", "by", "=", "`", "a_b", "`", ",", "x", "=", "`", "C3PO", "`", ")"]
    )


@pytest.mark.parametrize(("system", "score"), [("baseline", 10.24), ("backtransl", 10.90)])
def test_published_scores_come_out_of_published_outputs(system: str, score: float) -> None:
    """The outputs of Barone and Sennrich (2017) must score what their table says, or no score of ours counts."""
    folder = shared_data("code-docstring")
    outputs = [line.split() for line in lines(folder / f"nmt.decldesc2bodies.{system}.test.output")]
    references = [moses_tokens(line) for line in lines(folder / "data_ps.bodies.test")]
    found = corpus_bleu(outputs, references)
    assert round(found.score, 2) == score
    assert found.brevity_penalty < 0.52  # half of each score is lost to short outputs: why reports show the penalty
