"""Comments in words: what code needs can be copied, in any script, and Chinese words come without jieba's habits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glosswright_model.data.comment_words import cut_comment, cut_comment_jieba
from glosswright_model.data.readers import read_corpus
from glosswright_model.data.word_schemes import cut_dotted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("call foo.bar(x, y)", "call foo . bar ( x , y )"),
        ("django.conf [ django . conf ] imported", "django . conf imported"),
        ("the i-th element, don't stop", "the i - th element , don 't stop"),
        ("x >= 3.5 and y**2 != 0x1F", "x >= 3.5 and y ** 2 != 0x1F"),
        ("把列表 numbers 排序", "把 列 表 numbers 排 序"),
        ("リストをsortする", "リ ス ト を sort す る"),
        ("हिन्दी में", "हिन्दी में"),
        ("напиши функцию", "напиши функцию"),
        ("f1_score _private __init__", "f1_score _private __init__"),
        ("string _STR:0_. next", "string _STR:0_ . next"),
        ("", ""),
    ],
)
def test_words(text: str, words: str) -> None:
    """One line for each kind of text that the vocabulary must meet in the same form every time."""
    cut = cut_comment(text)
    assert " ".join(cut.words) == words
    assert cut.copies == cut.words


def test_strings_become_slots_that_write_the_string() -> None:
    """The network learns what to do with a string, whatever is in it; equal strings are one slot."""
    cut = cut_comment("split 'a b' by \", \" then join 'a b' with “é”, it's done")
    assert [word for word in cut.words if word.startswith("_STR")] == ["_STR:0_", "_STR:1_", "_STR:0_", "_STR:2_"]
    copies = dict(zip(cut.words, cut.copies, strict=True))
    assert (copies["_STR:0_"], copies["_STR:1_"], copies["_STR:2_"]) == ("a▁b", ",▁", "é")
    assert "'s" in cut.words


def test_code_in_backticks_can_be_copied_either_way() -> None:
    """`Very Good` is a string's content and `a.b` is code: only the answer shows which."""
    cut = cut_comment("put `very good` into `x` and `a.b` and `f()`")
    pairs = list(zip(cut.words, cut.copies, strict=True))
    assert ("_STR:0_", "very▁good") in pairs
    assert ("_STR:1_", "a.b") in pairs
    assert {"very", "good", "x", "a", "b", "f"} <= set(cut.words)
    assert "_STR:2_" not in cut.words


def test_slots_that_stand_already_are_kept_apart_from_quotes() -> None:
    """A canonical text has its slots; numbering new ones would mix them up."""
    assert "_STR:1_" not in cut_comment("string _STR:0_ and 'x'").words


@given(st.text())
def test_any_text_is_cut_and_only_space_is_lost(text: str) -> None:
    """Whatever people write; nothing but white space and quotes may vanish."""
    cut = cut_comment(text)
    assert len(cut.words) == len(cut.copies)
    assert all(cut.words)
    if not set(text) & set("'\"“[") and "_STR" not in text:
        assert "".join(cut.words) == "".join(text.split())


def test_the_canonical_corpus_stays_as_it_is(shared_data: Path) -> None:
    """A model trained on it is asked in the same words, but for sentences that the corpus runs together."""
    pairs = list(read_corpus("django", shared_data / "django", "test"))
    same = sum(cut_dotted(pair.source).words == cut_comment(pair.source).words for pair in pairs)
    assert same / len(pairs) > 0.9


def test_chinese_in_words() -> None:
    """Words carry the meaning that characters alone do not."""
    pytest.importorskip("jieba", reason="Chinese words need jieba: pip install 'glosswright[train]'")
    assert cut_comment_jieba("打开文件 f 并读取所有行").words == ["打开", "文件", "f", "并", "读取", "所有", "行"]


def test_jieba_leaves_no_trace(tmp_path: Path) -> None:
    """It would keep its dictionary in a shared folder that others can write, and log to stderr."""
    pytest.importorskip("jieba", reason="Chinese words need jieba: pip install 'glosswright[train]'")
    (tmp_path / "jieba.cache").write_bytes(b"planted")
    code = "from glosswright_model.data.chinese import cut_chinese; print(cut_chinese('读取文件'))"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        env={"TMPDIR": str(tmp_path), "PYTHONIOENCODING": "utf-8"},
        check=True,
    )
    assert run.stdout.strip() == "['读取', '文件']"
    assert run.stderr == ""
    assert [path.name for path in tmp_path.iterdir()] == ["jieba.cache"]
    assert (tmp_path / "jieba.cache").read_bytes() == b"planted"
