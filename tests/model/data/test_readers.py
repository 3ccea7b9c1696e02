"""Corpora come out as they were measured on: every row, in order, and a file that is broken is named with its line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glosswright_model.data.pairs import Pair, Provenance
from glosswright_model.data.readers import read_corpus, read_lines, read_pairs, read_parallel
from glosswright_model.data.readers.code_docstring import docstring_text, flatten, unflatten
from glosswright_model.errors import DataError

ODD = "form feed \f, next line \x85, line separator \u2028, carriage return \r inside"


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_only_line_feeds_end_a_line(tmp_path: Path) -> None:
    """Universal newlines would shift every later line against its partner."""
    assert list(read_lines(write(tmp_path / "a", f"\ufeff{ODD}\nsecond\r\nlast"))) == [ODD, "second", "last"]


def test_parallel_files_of_different_length_are_refused(tmp_path: Path) -> None:
    """A missing line means that some pair before it is wrong too; nobody can tell which."""
    left, right = write(tmp_path / "a", "one\ntwo\n"), write(tmp_path / "b", "1\n")
    with pytest.raises(DataError, match="b has only 1 lines"):
        list(read_parallel(left, right))


def test_django_raw_is_split_by_rows(tmp_path: Path) -> None:
    """The published split: 16000, 1000 and 1805 rows in order; a shorter file is another corpus."""
    for name in ("all.anno", "all.code"):
        write(tmp_path / name, "".join(f" {name} {row} \n" for row in range(18805)))
    parts = {part: list(read_corpus("django-raw", tmp_path, part)) for part in ("train", "dev", "test")}
    assert {part: len(pairs) for part, pairs in parts.items()} == {"train": 16000, "dev": 1000, "test": 1805}
    first = parts["test"][0]
    assert (first.source, first.target, first.split) == ("all.anno 17000", "all.code 17000", "test")
    assert first.provenance.line == 17001
    write(tmp_path / "all.code", "x\n" * 18804)
    with pytest.raises(DataError, match="18805 rows"):
        list(read_corpus("django-raw", tmp_path, "test"))


def test_conala_prefers_the_rewritten_intent_and_keeps_questions_together(tmp_path: Path) -> None:
    """Published tables use the rewritten intent; a question's answers in both parts would leak."""
    rows = [
        {"intent": "Old?", "rewritten_intent": f"new {row}", "snippet": "x ", "question_id": row // 3}
        for row in range(300)
    ]
    rows.append({"intent": "as\nasked", "rewritten_intent": None, "snippet": "y", "question_id": 500})
    write(tmp_path / "conala-train.json", json.dumps(rows))
    train, dev = (list(read_corpus("conala", tmp_path, part)) for part in ("train", "dev"))
    assert len(train) + len(dev) == 301
    assert dev
    assert not {pair.provenance.repository for pair in train} & {pair.provenance.repository for pair in dev}
    sources = {pair.source for pair in [*train, *dev]}
    assert {"new 0", "as asked"} <= sources
    assert "Old?" not in sources


def test_conala_mined_pairs_do_not_hold_dev(tmp_path: Path, shared_data: Path) -> None:
    """They do as published, under other titles: early stopping would be judged by what was trained on."""
    folder = shared_data / "conala"
    dev, mined = ({"".join(pair.target.split()) for pair in read_corpus("conala", folder, p)} for p in ("dev", "mined"))
    assert not dev & mined
    alone = tmp_path / "mined.jsonl"
    alone.write_bytes((folder / "mined-small.decontaminated.jsonl").read_bytes())
    assert sum(1 for _ in read_corpus("conala", alone, "mined")) == 10104


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (" DCSP if a: DCNL DCSP  DCSP return b DCNL DCSP c()", "if a:\n    return b\nc()"),
        (" DCSP x = 'two DCSP words'", "x = 'two words'"),
        ("@a DCNL def f(x):", "@a\ndef f(x):"),
    ],
)
def test_code_docstring_lines_become_code(line: str, code: str) -> None:
    """The corpus writes line ends and indentation as words."""
    assert unflatten(line) == code


def test_flatten_gives_the_form_that_is_scored() -> None:
    """Our models write plain code; the metric is computed on the corpus's form."""
    assert flatten("if a:\n    return b\n\nc()", depth=1).split() == (
        ["DCSP", "if", "a:", "DCNL", "DCSP", "DCSP", "return", "b", "DCNL", "DCSP", "c()"]
    )
    assert docstring_text("'''Do it. DCNL  DCSP  Twice.'''") == "Do it.\n    Twice."


Breaker = Callable[[Path], Path]


@pytest.mark.parametrize(
    ("corpus", "content", "message"),
    [
        ("pairs", b'{"source": "a", "target": "b"}\n{"source": 3, "target": "b"}\n', "row 2.*source"),
        ("pairs", b'{"source": "a", "target"\n', "line 1, is not JSON"),
        ("pairs", b"[" * 100_000, "line 1, is not JSON"),
        ("pairs", b'{"source": "a", "target": "b", "kind": "poem"}\n', "kind"),
        ("pairs", b'{"source": "a", "target": "b", "line": true}\n', "line"),
        ("pairs", b"\n\xff\xfe\n", "line 2, is not UTF-8"),
        ("conala", b"{}", "not a list"),
        ("conala", b'[{"intent": "a"}]', "row 1"),
        ("conala", b"[", "not JSON"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, corpus: str, content: bytes, message: str) -> None:
    """A person must find the line in a file of a million."""
    with pytest.raises(DataError, match=message) as caught:
        list(read_corpus(corpus, write(tmp_path / "file.json", content), "train"))
    assert "file.json" in str(caught.value)


@pytest.mark.parametrize(
    ("corpus", "part"),
    [("django", "train"), ("django", "dave"), ("code-docstring", "dev"), ("poems", "train"), ("conala", "dave")],
)
def test_what_is_not_there_is_said(tmp_path: Path, corpus: str, part: str) -> None:
    """A wrong name or folder is the usual first mistake."""
    with pytest.raises(DataError):
        list(read_corpus(corpus, tmp_path, part))


texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(
    st.builds(
        Pair,
        source=texts,
        target=texts,
        kind=st.sampled_from(["statement", "body", "function"]),
        provenance=st.builds(Provenance, path=texts, line=st.integers(0, 2**40)),
        licence=texts,
        split=st.sampled_from(["train", "dev", "test"]),
        context=texts,
    )
)
def test_a_pair_survives_its_json(pair: Pair) -> None:
    """A mined file is kept and read again, whatever the code holds."""
    assert Pair.from_json(json.loads(json.dumps(pair.to_json()))) == pair


def test_own_files_are_read_by_their_split(tmp_path: Path) -> None:
    """One file holds all three parts; a part must not hold another's pairs."""
    rows = [Pair("a", "b", split="train"), Pair("c", "d", split="test")]
    file = write(tmp_path / "x.jsonl", "\n\n".join(json.dumps(row.to_json()) for row in rows))
    assert list(read_pairs(file)) == rows
    assert list(read_corpus("pairs", file, "test")) == rows[1:]


@pytest.mark.parametrize(
    ("corpus", "folder", "parts"),
    [
        ("django", "django", {"train": 16000, "dev": 1000, "test": 1805}),
        ("django-raw", "django", {"train": 16000, "dev": 1000, "test": 1805}),
        ("conala", "conala", {"test": 500, "mined": 9917, "api": 12958}),
        ("code-docstring", "code-docstring", {"dev": 2000, "test": 2000}),
    ],
)
def test_published_corpora_have_their_published_size(
    shared_data: Path, corpus: str, folder: str, parts: dict[str, int]
) -> None:
    """Figures are comparable only on the same rows."""
    assert {part: sum(1 for _ in read_corpus(corpus, shared_data / folder, part)) for part in parts} == parts


def test_code_docstring_bodies_are_python(shared_data: Path) -> None:
    """Shows that the corpus's form is undone rightly; it is Python 2 in part, which does not parse today."""
    import ast

    pairs = list(read_corpus("code-docstring", shared_data / "code-docstring", "test"))
    parsed = 0
    for pair in pairs:
        body = "\n".join("    " + line for line in pair.target.split("\n"))
        try:
            ast.parse(f"{pair.context}\n{body}")
        except SyntaxError:
            continue
        parsed += 1
    assert parsed / len(pairs) > 0.85
