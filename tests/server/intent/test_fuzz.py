"""Whatever people type, and wherever the cursor is, an intent comes back and its offsets fit the document."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glosswright_server.intent import LANGUAGES, Intent, Language, Trigger, actions_at, parse, read_intent
from glosswright_server.intent.read import WINDOW
from glosswright_server.intent.tree import MAX_PARSE_S, MAX_PARSED, stand_in

PARSED = [language for language in LANGUAGES.values() if language.grammar is not None]
PIECES = [
    *("def f(x):", "class A:", "async ", "pass", "...", "raise NotImplementedError", "@overload", "lambda x: "),
    *("function f() {", "const g = () => {", "fn h() -> i32 {", "func k() {", "int m(int a) {", "def r", "end", "}"),
    *("# add two numbers", "// sort the list", "-- all users", "/* block ", "*/", "/** doc", '"""', "'''", "# TODO"),
    *("#!/bin/sh", "# noqa", "// eslint-disable", "#", "//", "--", "x = 1", "return x", "if y:", "todo!()", ";"),
    *("\n", "\r\n", "\r", "\t", "    ", "  ", " ", "(", ")", "[", "{", '"', "'", "`", "${", "\\", ":", "\0"),
    *(
        "读取文件",
        "並べ替え",
        "отсортировать",
        "größte",
        "🎉",
        "👩‍👩‍👧",
        "\u200b",
        "\u202e",
        "\u2028",
        "\ufeff",
        "，",
        "\ud800",
    ),
]
documents = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(st.characters(), max_size=4)), max_size=30).map("".join),
)


def check(text: str, intent: Intent) -> None:
    assert 0 <= intent.start <= intent.end <= len(text)
    assert not intent.lead.strip()
    assert not intent.tail.strip()
    assert not intent.indent.strip(" \t\u200b\ufeff\u3000\u00a0\f\v")
    if intent.lead and intent.lead[0] not in " \t":
        assert intent.lead.endswith(intent.indent)
    if not intent.wanted:
        assert intent.start == intent.end
    assert intent.why


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    text=documents,
    offset=st.integers(-5, 400),
    language=st.sampled_from(sorted(LANGUAGES)),
    trigger=st.sampled_from(Trigger),
)
def test_any_text_and_offset(text: str, offset: int, language: str, trigger: Trigger) -> None:
    """An exception here would be a dead keystroke in the editor."""
    check(text, read_intent(text, offset, LANGUAGES[language], trigger=trigger))


@settings(max_examples=200, deadline=None)
@given(text=documents, start=st.integers(-5, 400), end=st.integers(-5, 400), language=st.sampled_from(PARSED))
def test_any_selection(text: str, start: int, end: int, language: Language) -> None:
    """Code actions are asked for at each move of the cursor."""
    for intent in actions_at(text, start, end, language):
        check(text, intent)
        assert intent.wanted


@settings(max_examples=200, deadline=None)
@given(text=documents)
def test_offsets_of_nodes_are_code_points(text: str) -> None:
    """The stand-in given to the parser has one ASCII byte per code point, so no mapping is needed."""
    source = stand_in(text)
    assert len(source) == len(text)
    assert source.isascii()
    for byte, character in zip(source, text, strict=True):
        if character.isascii() and character not in "\0\r":
            assert chr(byte) == character


@settings(max_examples=200, deadline=None)
@given(
    before=documents,
    at=st.integers(0, 100),
    removed=st.integers(0, 20),
    added=documents,
    language=st.sampled_from(PARSED),
)
def test_incremental_parsing_equals_parsing_anew(
    before: str, at: int, removed: int, added: str, language: Language
) -> None:
    """An old tree is an optimisation: it must never change what is read."""
    after = before[:at] + added + before[at + removed :]
    fresh, reused = parse(after, language), parse(after, language, parse(before, language))
    assert reused.text == after
    if reused.root is not None and fresh.root is not None and not fresh.root.has_error:
        assert str(reused.root) == str(fresh.root)
    # Where the text is broken, error recovery may differ; what was asked for must still be an answer.
    check(after, read_intent(after, at, language, tree=reused))


def _junk(length: int) -> str:
    return ("({[\"'`#/*\n\t ;:abc\\<>=你" * (length // 20 + 1))[:length]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('def f():\n    """' + "\n    line of a docstring" * 5_000 + '\n    """\n', id="docstring"),
        pytest.param("# a line of a comment\n" * 8_000, id="comment"),
        pytest.param("def f():\n" + "\n" * 50_000, id="blank lines"),
        pytest.param("x = [" + "1, " * 90_000 + "]", id="one long line"),
        pytest.param("(" * 20_000, id="deep nesting"),
        pytest.param("# a" + " " * 100_000 + "b", id="white space in a comment"),
        pytest.param("# " + "-" * 100_000 + "x", id="a ruler that is none"),
        pytest.param("// x: " + "a " * 50_000, id="words that might be a type"),
        pytest.param("/*" + "\n" * 100_000 + "author*/", id="a blank comment"),
        pytest.param("-- " + "=- " * 30_000 + "#", id="many rulers"),
        pytest.param(_junk(60_000), id="junk"),
        pytest.param("# sort the list\n" * (MAX_PARSED // 10), id="too long to parse"),
        pytest.param("x" * (MAX_PARSED * 2), id="one huge word"),
        pytest.param("读" * (MAX_PARSED - 10), id="ideographs"),
    ],
)
@pytest.mark.parametrize("key", ["python", "typescript", "lua"])
def test_time_is_bounded(text: str, key: str) -> None:
    """One odd file must not stop the server: a parse is given up in time, and nothing else takes quadratic time."""
    tree = parse(text, LANGUAGES[key])
    for offset in (0, len(text) // 2, len(text)):
        started = time.thread_time()
        check(text, read_intent(text, offset, LANGUAGES[key], trigger=Trigger.EXPLICIT, tree=tree))
        actions_at(text, offset, offset + 500, LANGUAGES[key], tree)
        assert time.thread_time() - started < 2 * MAX_PARSE_S + 0.5


def test_a_window_of_a_huge_document_reads_the_same() -> None:
    """Beyond `MAX_PARSED` only the neighbourhood is read, and offsets still are those of the whole document."""
    filler = "def g(x):\n    return x\n\n\n" * (MAX_PARSED // 20)
    piece = 'def mean(xs):\n    """Return the mean."""\n    pass\n\n\n'
    text = filler + piece + filler
    cursor = len(filler) + piece.index("pass")
    assert len(text) > 2 * WINDOW + len(piece)
    intent = read_intent(text, cursor, LANGUAGES["python"])
    assert (intent.kind.value, text[intent.start : intent.end]) == ("body", "pass")
    assert [text[i.start : i.end] for i in actions_at(text, cursor, cursor, LANGUAGES["python"])] == ["pass"]


def test_a_binary_document() -> None:
    """An executable opened by mistake is not a program text."""
    intent = read_intent("\x7fELF\0\0# sort the list", 22, LANGUAGES["python"], trigger=Trigger.EXPLICIT)
    assert not intent.wanted
    assert actions_at("\0# sort the list", 3, 9, LANGUAGES["python"]) == ()
