"""The tree's own promises: code point offsets, ranges, strings, incremental parsing, and giving up in time."""

from __future__ import annotations

import pytest

from glosswright_server.intent import LANGUAGES, parse, tree
from glosswright_server.intent.lines import indent_unit, line_above, line_at, line_below, line_end_of

PYTHON, JAVASCRIPT, SQL = LANGUAGES["python"], LANGUAGES["javascript"], LANGUAGES["sql"]


@pytest.mark.parametrize("name", ["f", "函数", "größe", "имя", "x1"])
def test_offsets_behind_other_scripts(name: str) -> None:
    """A Chinese identifier or an emoji before a node must not shift it."""
    text = f"s = '🎉，\ud800'\ndef {name}(x):\n    return x  # 返回\n"
    parsed = parse(text, PYTHON)
    function = next(parsed.find(0, len(text), lambda node: node.type == "function_definition"))
    assert parsed.text_of(function) == f"def {name}(x):\n    return x  # 返回"
    assert not parsed.has_error(0, len(text))
    comment = parsed.enclosing(text.index("返"), {"comment"})
    assert comment is not None
    assert parsed.text_of(comment) == "# 返回"


def test_foreign_punctuation_in_code_is_an_error() -> None:
    """A full-width comma between arguments is a mistake in Python, and must not pass for a letter."""
    text = "ok(1)\nf(a，b)\nok(2)\n"
    parsed = parse(text, PYTHON)
    assert parsed.has_error(6, 12)
    assert not parsed.has_error(0, 4)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (PYTHON, "f('a|b')"),
        (PYTHON, "f('a|"),
        (JAVASCRIPT, "f(`a|b`)"),
        (SQL, "SELECT 'a|b';"),
    ],
)
def test_in_string(language: object, text: str) -> None:
    """Between the quotes."""
    offset = text.index("|")
    parsed = parse(text.replace("|", ""), language)  # type: ignore[arg-type]  # parametrize loses the type
    unfinished = not text.endswith((")", ";"))
    assert parsed.in_string(offset) is not unfinished


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (PYTHON, "|'ab'"),
        (PYTHON, "'ab'|"),
        (PYTHON, "f'{a|}'"),
        (JAVASCRIPT, "`${a|}`"),
        (SQL, "SELECT 1|2;"),
        (LANGUAGES["lua"], "x = 'a|'"),
        (PYTHON, "|"),
    ],
)
def test_not_in_string(language: object, text: str) -> None:
    """Beside the quotes, in code inside a string, in a number, and where there is no grammar."""
    offset = text.index("|")
    assert not parse(text.replace("|", ""), language).in_string(offset)  # type: ignore[arg-type]  # as above


def test_an_old_tree_is_reused_or_ignored() -> None:
    """The same text costs nothing; another language's tree is no help and no harm."""
    first = parse("x = 1\n", PYTHON)
    assert parse("x = 1\n", PYTHON, first) is first
    second = parse("x = 12\n", PYTHON, first)
    assert second.root is not None
    assert second.root.end_byte == 7
    assert first.root is not None
    assert first.root.end_byte == 6
    assert parse("x = 1\n", JAVASCRIPT, first).language is JAVASCRIPT


def test_a_parse_that_takes_too_long_is_given_up_and_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hopeless file costs its time-out once in a while, not at each keystroke."""
    monkeypatch.setattr(tree, "MAX_PARSE_S", -1.0)
    text = "x = 1\n" * 2_000
    late = parse(text, PYTHON)
    assert late.root is None
    assert late.node_at(0) is None
    assert not late.has_error(0, 10)
    assert not list(late.find(0, 10, lambda _: True))
    monkeypatch.undo()
    resting = parse(text + "y", PYTHON, late)
    assert resting.root is None
    for _ in range(60):
        resting = parse(resting.text + "y", PYTHON, resting)
    assert resting.root is not None


def test_too_long_to_parse() -> None:
    """Above the limit there is a tree without a root."""
    assert parse("x" * (tree.MAX_PARSED + 1), PYTHON).root is None


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines(end: str) -> None:
    """The three line ends of LSP, and U+2028 is none of them."""
    text = f"a\u2028b{end}{end}c"
    first = line_at(text, 1)
    second = line_below(text, first)
    assert text[first.start : first.end] == "a\u2028b"
    assert second is not None
    assert second.start == second.end
    third = line_below(text, second)
    assert third is not None
    assert text[third.start : third.end] == "c"
    assert line_below(text, third) is None
    assert line_above(text, third) == second
    assert line_above(text, second) == first
    assert line_above(text, first) is None
    assert [line_end_of(text, one.start) for one in (first, second, third)] == [end] * 3
    assert line_end_of("x", 1) == "\n"


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("a\n  b\n    c\nd\n  e\n", "  "),
        ("a\n\tb\n", "\t"),
        ("a\n   b\n", "   "),
        ("a\nb\n", "????"),
        ("/*\n * x\n */\na\n    b\n", "    "),
        ("a\n            b\n", "????"),
        ("a\r\n    b\r\n", "    "),
    ],
)
def test_indent_unit(text: str, unit: str) -> None:
    """A file's own habit, or the default when it shows none; the margin of a block comment is no indentation."""
    assert indent_unit(text, 0, "????") == unit


def test_a_very_long_line() -> None:
    """The end of a line far away is found as well."""
    assert line_at("x" * 5_000 + "\r\ny", 3) == (0, 5_000)
