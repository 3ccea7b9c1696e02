"""Tasks: the corpus is recognised, what was seen in training is known, and the floor is what looking up gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from glosswright_model.data.pairs import Pair
from glosswright_model.errors import DataError
from glosswright_model.evaluation.results import System, score_system
from glosswright_model.evaluation.retrieval import Retriever, retrieve, words
from glosswright_model.evaluation.task import Task, guess_corpus, open_task

from .corpora import PAIRS, TEST, write_corpus
from .shared_data import shared_data


def test_a_small_task(tmp_path: Path) -> None:
    """The pair that training has too is told apart, and one of two look-ups is right by chance of the corpus."""
    task = open_task(write_corpus(tmp_path / "c"))
    assert (task.corpus, task.part, task.protocol.name) == ("django", "test", "django")
    assert task.references == tuple(target for _, target in TEST)
    assert task.unseen == (1, 2)
    assert task.language == "python"
    assert task.floor() == [PAIRS[0][1], PAIRS[3][1], PAIRS[0][1]]
    assert open_task(tmp_path / "c", limit=1).unseen == ()


def test_unseen_pairs_are_scored_apart(tmp_path: Path) -> None:
    """A system that knows the training part by heart looks good on all pairs, and is nothing on the others."""
    task = open_task(write_corpus(tmp_path))
    result = score_system(task, System(name="by heart", outputs=(TEST[0][1], "pass", "pass")))
    assert result.scores.exact_match.value == pytest.approx(100 / 3)
    assert result.unseen is not None
    assert (result.unseen.pairs, result.unseen.exact_match.value) == (2, 0.0)
    better = score_system(task, System(name="better", outputs=task.references), result)
    assert better.against_first is not None
    assert better.against_first["exact match"].difference == pytest.approx(200 / 3)


def test_the_training_part_has_no_floor(tmp_path: Path) -> None:
    """Every pair is its own nearest neighbour there."""
    task = open_task(write_corpus(tmp_path), part="train")
    assert task.floor() is None
    assert score_system(task, System(name="x", outputs=task.references)).unseen is None


@pytest.mark.parametrize(
    ("file", "corpus"),
    [
        ("canonical/test.src", "django"),
        ("all.anno", "django-raw"),
        ("conala-test.json", "conala"),
        ("data_ps.bodies.test", "code-docstring"),
        ("test.src", "parallel"),
    ],
)
def test_a_corpus_is_told_by_its_files(file: str, corpus: str, tmp_path: Path) -> None:
    """Nobody should have to name what the folder says."""
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.touch()
    assert guess_corpus(tmp_path) == corpus


def test_what_is_no_corpus_is_said(tmp_path: Path) -> None:
    """Each with what to do."""
    with pytest.raises(DataError, match="is not there"):
        guess_corpus(tmp_path / "missing")
    with pytest.raises(DataError, match=r"name it by --corpus \(django"):
        guess_corpus(tmp_path)
    (tmp_path / "mined.jsonl").write_text("", encoding="utf-8")
    assert guess_corpus(tmp_path / "mined.jsonl") == "pairs"
    with pytest.raises(DataError, match="no pairs in its part 'test'"):
        open_task(tmp_path / "mined.jsonl")


def test_nearest_by_rare_words() -> None:
    """A rare word weighs more than a frequent one, and of equals the first is taken."""
    retriever = Retriever(["sort the list", "the list of the names", "reverse the list", "reverse the list"])
    assert retriever.nearest("please reverse it") == 2
    assert retriever.nearest("sort") == 0
    assert retriever.nearest("nothing in common") == 0
    assert words("Sort `myList`!") == ["sort", "`", "mylist", "`", "!"]
    with pytest.raises(DataError, match="nothing to look up"):
        retrieve([], [], ["x"])


def test_django_splits_as_published() -> None:
    """1,805 test pairs, 1,542 of them unseen: figures on another split could not be compared."""
    task = open_task(shared_data("django"))
    assert (len(task.pairs), len(task.unseen)) == (1805, 1542)


def test_looking_up_scores_above_published_systems_on_conala() -> None:
    """BLEU of the nearest training pair, without any learning; the corpus's own seq2seq baseline has 10.6."""
    task = open_task(shared_data("conala"))
    answers = task.floor()
    assert answers is not None
    assert len(answers) == 500
    result = score_system(task, System(name="floor", outputs=tuple(answers)), samples=10)
    assert 14.5 < result.scores.bleu.value < 17


def test_code_docstring_is_scored_in_its_published_form() -> None:
    """A body of a model is brought into the corpus's form; the reference itself must then score full marks."""
    task = open_task(shared_data("code-docstring"), limit=50)
    outputs = tuple(task.protocol.written(pair.target) for pair in task.pairs)
    result = score_system(task, System(name="references", outputs=outputs), samples=10)
    assert result.scores.bleu.value > 90  # blanks inside strings are lost: see the corpus's reader
    assert result.scores.corpus_bleu.length_ratio == pytest.approx(1, abs=0.05)


def test_language_is_that_of_the_pairs(tmp_path: Path) -> None:
    """The parse rate must ask the right grammar."""
    task = open_task(write_corpus(tmp_path))
    bash = tuple(Pair(pair.source, "ls | wc -l", language="shellscript") for pair in task.pairs)
    other = Task("pairs", "test", open_task(tmp_path, protocol="plain").protocol, bash, ("ls",) * 3, (), ())
    result = score_system(other, System(name="bash", outputs=("ls | wc -l", "if", "ls")))
    assert result.scores.parse_rate is not None
    assert result.scores.parse_rate.value == pytest.approx(200 / 3)
