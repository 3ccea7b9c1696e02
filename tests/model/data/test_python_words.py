"""Python through words: the same tree comes back, the canonical corpus is understood, and nothing makes it fail."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glosswright_model.data.python_words import cut, join
from glosswright_model.data.readers import read_corpus


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("return SafeText( s )", "return SafeText ( s )"),
        ("x = 'hello world'", "x = ' hello▁world '"),
        ('x = "it\'s"', 'x = " it\'s "'),
        ("x = ''", "x = ' ∅ '"),
        ("x = b'a b'", "x = b' a▁b '"),
        ("if a:\n    b()\nc()", "if a : ⏎ ⇥ b ( ) ⏎ ⇤ c ( )"),
        ("x = 1  # a comment", "x = 1"),
        ("x = f'a {b} c'", "x = f' a▁{b}▁c '"),
    ],
)
def test_the_form(code: str, words: str) -> None:
    """The form is a contract: a checkpoint's vocabulary stands on it."""
    assert " ".join(cut(code)) == words
    assert ast.dump(ast.parse(join(cut(code)))) == ast.dump(ast.parse(code))


HOUSE = sorted(Path(__file__).parents[3].joinpath("model", "glosswright_model").rglob("*.py"))


@pytest.mark.parametrize("path", HOUSE[::7], ids=lambda path: path.name)
def test_real_modules_come_back(path: Path) -> None:
    """Decorators, nested f-strings, docstrings, matrices of operators: our own code holds most of the language."""
    code = path.read_text(encoding="utf-8")
    assert ast.dump(ast.parse(join(cut(code)))) == ast.dump(ast.parse(code))


@given(st.text(), st.sampled_from(["x = {!r}", "f({!a})", "x = {!r}.join(y)"]))
def test_any_string_comes_back(content: str, frame: str) -> None:
    """The signs for spaces and emptiness may be in the string itself, and so may quotes, line ends and NUL."""
    content = content.encode("utf-8", "replace").decode()
    code = frame.format(content)
    assert ast.dump(ast.parse(join(cut(code)))) == ast.dump(ast.parse(code))


@given(
    st.text()
    | st.lists(st.sampled_from(["⏎", "⇥", "⇤", "'", '"', "▁", "∅", "x", "if", ":", "f'", "(", "\\"])).map(" ".join)
)
def test_nothing_makes_it_fail(text: str) -> None:
    """Networks write nonsense, and people half statements."""
    join(text.split(" "))
    join(cut(text))


def test_a_string_copied_between_other_quotes_stays_one() -> None:
    """The network chooses the quotes, and a person's text may hold them."""
    assert ast.literal_eval(join(["'", "it's", "'"])) == "it's"
    assert ast.literal_eval(join(["'", "it\\'s", "'"])) == "it's"


def test_the_canonical_corpus_becomes_code(shared_data: Path) -> None:
    """So that a model trained on it can be served. Two of its 1,805 test lines are no Python in any form."""
    pairs = list(read_corpus("django", shared_data / "django", "test"))
    parsed = same = 0
    for pair in pairs:
        code = join(pair.target.split(" "))
        try:
            ast.parse(code)
        except SyntaxError:
            continue
        parsed += 1
        same += " ".join(cut(code)) == pair.target
    assert parsed >= 1803
    assert same / len(pairs) > 0.95  # the rest differs in parentheses that Python's own writer sets otherwise
