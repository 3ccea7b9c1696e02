"""What is taken out of source files: one file of cases for each language, with its expected pairs beside it."""

from __future__ import annotations

import importlib.util
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("tree_sitter")

from glosswright_model.data.mining.extract import ExtractOptions, Found, extract
from glosswright_model.data.mining.further_languages import FURTHER_LANGUAGES
from glosswright_model.data.mining.languages import LANGUAGES, find_language, language_of, load_grammar
from glosswright_model.data.mining.prose import comment_text, summary, unwanted
from glosswright_model.errors import DataError

CASES = Path(__file__).parent / "cases"


INSTALLED = [key for key, language in LANGUAGES.items() if importlib.util.find_spec(language.module)]


def shown(found: Found) -> str:
    context = f" [{found.context}]" if found.context else ""
    return f"{found.line} {found.kind}{context}: {found.source} => {found.target}".replace("\n", "|")


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language(language: str) -> None:
    """Comment → statements, docstring → body and docstring → function in every language that is mined."""
    if LANGUAGES[language] in FURTHER_LANGUAGES:
        pytest.importorskip(LANGUAGES[language].module, reason="comes with pip install 'glosswright[train]'")
    (source,) = (path for path in CASES.glob(f"{language}.*") if path.suffix != ".expected")
    found = extract(source.read_bytes(), language).found
    assert "\n".join(map(shown, found)) == (CASES / f"{language}.expected").read_text(encoding="utf-8").rstrip("\n")
    assert language_of(source, source.read_bytes()) is LANGUAGES[language]


def test_docstrings_may_be_taken_whole() -> None:
    """Large models can use the parameters' descriptions; small ones are better off with the summary."""
    code = b'def f(a):\n    """Add one to it.\n\n    Args:\n        a: what\n    """\n    return a + 1\n'
    whole = extract(code, "python", ExtractOptions(whole_docstrings=True, kinds=frozenset({"body"})))
    assert [(one.source, one.kind) for one in whole.found] == [("Add one to it.\n\nArgs:\n    a: what", "body")]


def test_a_docstring_is_never_in_its_target() -> None:
    """Else the model would learn to copy the question."""
    code = b'def f(a):\n    """Add one to it."""\n    return a + 1\n'
    assert all("Add one" not in one.target for one in extract(code, "python").found)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("# far from any of it\n\nx = 1\n", "apart"),
        ("# x\nx = 1\n", "short"),
        ("# TODO make this much better\nx = 1\n", "note"),
        ("# type: ignore this line here\nx = 1\n", "tool"),
        ("# see https://a.b/c/1234567890/?q=1&r=2#4 or so\nx = 1\n", "no-prose"),
        ("# total = compute(first, second)\nx = 1\n", "code"),
        ("# Copyright 2020 of some people\nx = 1\n", "licence"),
        ("# this one is wrong here\nx = = 1\n", "errors"),
        ("# a rather long list here\nx = [\n" + "1,\n" * 9 + "]\n", "long-code"),
        ("# what we need for it\nimport os\n", "no-statement"),
        ("def f():\n    # nothing left to do here\n    return\n", "no-statement"),
        ('def f():\n    """Does nothing at all."""\n', "no-body"),
    ],
)
def test_what_is_left_out_is_counted(code: str, reason: str) -> None:
    """A person must be able to see why a comment gave no pair."""
    extraction = extract(code.encode(), "python")
    assert extraction.found == []
    assert extraction.left_out[reason] == 1


def test_strings_of_several_lines_keep_their_lines() -> None:
    """Dedenting must not change what the code means."""
    code = b'def f():\n    # the text of the help\n    x = """a\n  b\n        c"""\n'
    (found,) = extract(code, "python").found
    assert found.target == 'x = """a\n  b\n    c"""' or found.target == 'x = """a\n  b\n        c"""'


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")), st.data())
def test_nothing_makes_it_fail(source: bytes, data: st.DataObject) -> None:
    """Half-written files, binary rubbish, any language."""
    extract(source, data.draw(st.sampled_from(sorted(INSTALLED))))


def test_every_grammar_has_the_nodes_it_is_asked_for() -> None:
    """A grammar that renames a node would silently give fewer pairs."""
    for language in map(LANGUAGES.__getitem__, INSTALLED):
        grammar = load_grammar(language.key)
        kinds = {grammar.node_kind_for_id(number) for number in range(grammar.node_kind_count)}
        named = {
            name
            for part in fields(language)
            if part.name not in ("key", "module", "factory", "extensions", "aliases", "words", "docs_inside")
            and isinstance(names := getattr(language, part.name), (frozenset, tuple))
            for name in names
        }
        assert named - kinds == set(), language.key


def test_languages_by_other_names() -> None:
    """People write "bash" and "c++"."""
    assert find_language("Bash").key == "shellscript"
    assert find_language("c++").key == "cpp"
    assert find_language("C#").key == "csharp"
    assert find_language("fortran-modern").key == "fortran"
    with pytest.raises(DataError, match="no language"):
        find_language("klingon")


@pytest.mark.parametrize(
    ("comments", "text"),
    [
        (["# one", "#two", "#    three"], "one\ntwo\n   three"),
        (["/* one\n * two\n */"], "one\ntwo"),
        (["/** one */"], "one"),
        (["/// one", "//! two"], "one\ntwo"),
        (["-- one", "----------"], "one"),
        (["#########", "# one", "#########"], "one"),
        (["=begin\none\n=end"], "one"),
        (["--[[ one ]]"], "one"),
        (["--[==[\n  one\n  two\n]==]"], "one\ntwo"),
        (["---one", "-- two"], "one\ntwo"),
        (["-- | one", "--   two"], "one\ntwo"),
        (["{- one -}"], "one"),
        (["{-| one\n    two\n-}"], "one\ntwo"),
        (["(* one *)"], "one"),
        (["(** one\n * two *)"], "one\ntwo"),
        (["#= one =#"], "one"),
        (["#==== one"], "==== one"),
        (["<# one #>"], "one"),
        (["<#\n.SYNOPSIS\n    one\n.PARAMETER X\n    two\n#>"], "one\n.PARAMETER X\n    two"),
        (["#| one |#"], "one"),
        (["% one\n% two"], "one\ntwo"),
        (["%% one"], "one"),
        (["%{\none\n%}"], "one"),
        (["## one"], "one"),
        (["!> one", "!! two"], "one\ntwo"),
        ([";;; one", ";; two"], "one\ntwo"),
        (["/// <summary>", '/// one <see cref="T:Two"/>', "/// </summary>"], "one Two"),
    ],
)
def test_signs_of_comments_are_taken_off(comments: list[str], text: str) -> None:
    """Networks should learn what people mean, not how they draw boxes."""
    assert comment_text(comments) == text


@pytest.mark.parametrize(
    "text",
    ["把列表按降序排序", "リストを並べ替える", "сортировать список чисел", "Export the data as text", "sort by size"],
)
def test_prose_in_any_language_is_wanted(text: str) -> None:
    """Comments are written in every script, and words of tools are words too."""
    assert unwanted(text, "python") == ""


def test_a_summary_ends_where_parameters_begin() -> None:
    """One sentence is what people write above code."""
    assert summary("Add it\nall.\n@param a x") == summary("Add it\nall.\n\nMore.") == "Add it all."
