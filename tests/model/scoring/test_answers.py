"""Decoding a corpus: order, batches and search do not get into each other's way."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from glosswright_model.checkpoint import load_checkpoint
from glosswright_model.errors import DataError
from glosswright_model.evaluation.answers import Search, answer_all
from glosswright_model.evaluation.outputs import read_outputs, write_outputs
from glosswright_model.evaluation.pictures import draw_attention

from .corpora import PAIRS, write_checkpoint

SOURCES = [source for source, _ in PAIRS] + ["", "words that nobody knows " * 20]


@pytest.mark.parametrize("beam", [1, 3])
def test_answers_do_not_depend_on_batches(beam: int, tmp_path: Path) -> None:
    """Batches go by length; each answer must come back to its own source, the same as alone."""
    loaded = load_checkpoint(write_checkpoint(tmp_path / "c"))
    done: list[int] = []
    search = Search(beam=beam, max_length=12, batch_size=3)
    together = answer_all(loaded.network, loaded.codec, SOURCES, search, progress=done.append)
    assert done == [3, 3, 1]
    assert len(together.answers) == len(SOURCES)
    for source, answer in zip(SOURCES, together.answers, strict=True):
        [alone] = answer_all(loaded.network, loaded.codec, [source], search).answers
        assert (answer.text, answer.tokens) == (alone.text, alone.tokens)
        assert answer.log_prob == pytest.approx(alone.log_prob, abs=1e-4)
    assert together.seconds > 0


def test_attention_comes_with_tokens(tmp_path: Path) -> None:
    """One row for each token and the end, one column for each word, each row a distribution; and a picture of it."""
    loaded = load_checkpoint(write_checkpoint(tmp_path / "c"))
    search = Search(max_length=9, attention=True)
    for answer in answer_all(loaded.network, loaded.codec, SOURCES[:2], search).answers:
        assert answer.attention is not None
        rows = len(answer.tokens) + answer.finished
        assert answer.attention.shape[0] == rows
        torch.testing.assert_close(answer.attention.sum(dim=1), torch.ones(rows))
        picture = tmp_path / "attention.png"
        draw_attention(picture, answer, title="costs $5 and $6")
        assert picture.read_bytes().startswith(b"\x89PNG")
    [plain] = answer_all(loaded.network, loaded.codec, ["x"], Search(max_length=2)).answers
    with pytest.raises(DataError, match="no attention"):
        draw_attention(tmp_path / "none.png", plain)


@pytest.mark.parametrize("beam", [1, 3])
def test_no_token_comes_twice(beam: int, tmp_path: Path) -> None:
    """A network that has learned nothing repeats itself, unless it is forbidden."""
    loaded = load_checkpoint(write_checkpoint(tmp_path / "c"))

    def most_of_one(no_repeat: int) -> int:
        search = Search(beam=beam, max_length=12, no_repeat_ngram=no_repeat)
        answers = answer_all(loaded.network, loaded.codec, SOURCES, search).answers
        return max(answer.tokens.count(token) for answer in answers for token in answer.tokens)

    assert most_of_one(0) > 1
    assert most_of_one(1) == 1


def test_words_of_a_search() -> None:
    """What a report calls it."""
    assert Search().text == "greedy"
    search = Search(beam=5, length_normalisation=0.6, coverage_normalisation=0.2)
    assert search.text == "beam 5, length 0.6, coverage 0.2"
    assert Search(length_normalisation=0.6, no_repeat_ngram=3).text == "greedy, no 3 tokens twice"


def test_outputs_are_read_back(tmp_path: Path) -> None:
    """Answers of several lines survive; plain files and strings are taken as well."""
    answers = ["if x:\n    y()", "", 'a "b" ü \u2028 c']
    write_outputs(tmp_path / "a.jsonl", answers, [-1.0, -2.5, 0.0])
    assert read_outputs(tmp_path / "a.jsonl") == answers
    (tmp_path / "b.jsonl").write_text('"x"\n{"answer": "y"}\n', encoding="utf-8")
    assert read_outputs(tmp_path / "b.jsonl") == ["x", "y"]
    (tmp_path / "c.txt").write_text("x = 1\n\ny", encoding="utf-8")
    assert read_outputs(tmp_path / "c.txt") == ["x = 1", "", "y"]


def test_a_row_without_an_answer_is_named(tmp_path: Path) -> None:
    """Skipping it would shift all later answers to other pairs."""
    (tmp_path / "a.jsonl").write_text('{"answer": "x"}\n{"text": "y"}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.jsonl, line 2"):
        read_outputs(tmp_path / "a.jsonl")
    with pytest.raises(DataError, match="cannot be written"):
        write_outputs(tmp_path / "missing" / "a.jsonl", ["x"])
