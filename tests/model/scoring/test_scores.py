"""Summing up: each figure of a small corpus worked out by hand, and the two Django means told apart."""

from __future__ import annotations

import pytest

from glosswright_model.errors import DataError
from glosswright_model.evaluation.protocols import PROTOCOLS, Protocol, find_protocol
from glosswright_model.evaluation.python_text import from_canonical
from glosswright_model.evaluation.scores import bleu_score, compare, exact_match_score, judge_all, summed_up

REFERENCES = ["x = [ ' _STR:0_ ' ]", "if x : ⏎ ⇥ pass ⏎ ⇤", "return self . name", "y = f ( x )"]
ANSWERS = ['x = [ " _STR:0_ " ]', "if y : ⏎ ⇥ pass ⏎ ⇤", "return self . name", "y = f ( x"]


def test_figures_of_a_small_corpus() -> None:
    """Two of four right (quotation marks do not count), three of four parse, 21 of 23 tokens in place."""
    protocol = find_protocol("django")
    pairs = judge_all(protocol, ANSWERS, REFERENCES)
    assert [pair.exact for pair in pairs] == [True, False, True, False]
    assert [pair.parses for pair in pairs] == [True, True, True, False]
    scores = summed_up(protocol, pairs)
    assert scores.exact_match.value == 50.0
    assert scores.exact_match.interval.low == pytest.approx(15.0, abs=0.05)
    assert scores.parse_rate is not None
    assert scores.parse_rate.value == 75.0
    assert scores.token_accuracy == pytest.approx(100 * 21 / 23)
    assert scores.bleu.value == pytest.approx(sum(pair.bleu for pair in pairs) / 4)
    assert scores.bleu.value == pytest.approx(bleu_score(protocol, pairs))
    assert scores.bleu.interval.low < scores.bleu.value < scores.bleu.interval.high
    assert scores.corpus_bleu.score != pytest.approx(scores.bleu.value)
    assert exact_match_score(pairs) == 50.0


def test_each_text_is_put_together_once() -> None:
    """Five measures ask for it, and a parser works on it: the larger part of what scoring Django took."""
    from_canonical.cache_clear()
    judge_all(find_protocol("django"), ANSWERS, REFERENCES, codebleu=True)
    assert from_canonical.cache_info().misses == len({*ANSWERS, *REFERENCES})


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.name)
def test_references_score_100_in_every_protocol(protocol: Protocol) -> None:
    """Whatever a protocol does to text, it must do to both sides."""
    scores = summed_up(protocol, judge_all(protocol, REFERENCES, REFERENCES))
    assert (scores.exact_match.value, scores.token_accuracy) == (100.0, 100.0)
    assert scores.bleu.value == pytest.approx(100.0)
    assert scores.corpus_bleu.score == pytest.approx(100.0)


def test_answers_that_are_tokens_already() -> None:
    """Published outputs come tokenised; cutting them again would change what they score."""
    protocol = find_protocol("code-docstring")
    [pair] = judge_all(protocol, ["x = &quot; a &quot;"], ['x = "a"'], tokenised=True)
    assert pair.exact
    assert pair.parses is None
    [pair] = judge_all(protocol, ["x = &quot; a &quot;"], ['x = "a"'])
    assert not pair.exact


def test_two_systems_are_compared() -> None:
    """The first is right wherever the second is, and once more."""
    protocol = find_protocol("conala")
    references = [f"f_{n}({n})" for n in range(40)]
    worse = [text if n % 2 else "g()" for n, text in enumerate(references)]
    better = ["f_0(0)", *worse[1:]]
    found = compare(protocol, judge_all(protocol, better, references), judge_all(protocol, worse, references))
    assert found["exact match"].difference == pytest.approx(2.5)
    assert found["BLEU"].difference > 0


def test_bad_input_is_named() -> None:
    """A file of outputs that lost a line, a corpus without lines and a misspelt protocol each get a sentence."""
    protocol = find_protocol("plain")
    with pytest.raises(DataError, match="1 answers for 2 references"):
        judge_all(protocol, ["a"], ["a", "b"])
    with pytest.raises(DataError, match="corpus is empty"):
        summed_up(protocol, [])
    with pytest.raises(DataError, match="no protocol 'bleu'; there are django, conala"):
        find_protocol("bleu")
