"""Every editor names languages its own way; and a grammar that is not installed must cost features, not the server."""

from __future__ import annotations

import pytest

from glosswright_server.intent import LANGUAGES, PLAIN, Trigger, language_for, parse, read_intent
from glosswright_server.intent.languages import BlockStyle, Grammar, Language, load_grammar


@pytest.mark.parametrize(
    ("language_id", "uri", "key"),
    [
        ("python", "", "python"),
        ("Python", "file:///a.txt", "python"),
        ("javascriptreact", "", "javascript"),
        ("typescriptreact", "file:///a.ts", "tsx"),
        ("shellscript", "", "bash"),
        ("sh", "", "bash"),
        ("cpp", "", "cpp"),
        ("objective-c", "", "objective-c"),
        ("", "file:///home/me/a.rs", "rust"),
        ("plain", "file:///home/me/a.rs", "rust"),
        ("unheard-of", "file:///C:/src/A.JAVA", "java"),
        ("unheard-of", "C:\\src\\Makefile", "makefile"),
        ("unheard-of", "file:///a/b.py/c", "plain"),
        ("", "untitled:Untitled-1", "plain"),
        ("", "vscode-notebook-cell:/a.py#W0sZmlsZQ", "python"),
        ("", "git:/a.go?ref=HEAD", "go"),
        ("", "file:///home/me/.bashrc", "bash"),
        ("emacs-lisp", "", "elisp"),
        ("markdown", "", "text"),
        ("", "", "plain"),
    ],
)
def test_language_for(language_id: str, uri: str, key: str) -> None:
    """The id wins, then the file's name, then "plain"."""
    assert language_for(language_id, uri).key == key


def test_ids_and_endings_are_unique() -> None:
    """Two languages with one id would make the answer depend on their order."""
    for names in ("ids", "extensions"):
        every = [name for language in LANGUAGES.values() for name in getattr(language, names)]
        assert len(every) == len(set(every))
        assert all(name == name.lower() for name in every)
    assert not {i for language in LANGUAGES.values() for i in language.ids} & set(LANGUAGES)


@pytest.mark.parametrize("language", [one for one in LANGUAGES.values() if one.grammar], ids=lambda one: one.key)
def test_grammars_know_the_names(language: Language) -> None:
    """A new grammar version that renames a node would silently switch features off."""
    assert language.grammar is not None
    grammar = load_grammar(language.grammar)
    assert grammar is not None
    for kind in ("comments", "functions", "strings"):
        for name in getattr(language.grammar, kind):
            assert grammar.id_for_node_kind(name, True) is not None, name
    if language.grammar.functions:
        assert grammar.field_id_for_name("body") is not None
        assert language.style is not BlockStyle.NONE


@pytest.mark.parametrize("module", ["tree_sitter_of_nowhere", "json"])
def test_a_missing_grammar_falls_back_to_lines(module: str) -> None:
    """A wheel that is absent or of another make: comments still work."""
    grammar = Grammar(module=module, functions=frozenset(), strings=frozenset())
    assert load_grammar(grammar) is None
    language = Language(key="x", name="X", line_comments=("#",), style=BlockStyle.BRACES, grammar=grammar)
    assert parse("x", language).root is None
    assert read_intent("# sort the list\n", 16, language, trigger=Trigger.AUTOMATIC).kind.value == "comment"


def test_plain_is_the_last_resort() -> None:
    """`PLAIN` is listed, so that `LANGUAGES[intent.language]` always works."""
    assert LANGUAGES["plain"] is PLAIN
