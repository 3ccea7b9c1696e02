"""Lines of corpora as Python: completed where they are parts of statements, equal where their code is."""

from __future__ import annotations

import pytest

from glosswright_model.data.python_words import join
from glosswright_model.evaluation.python_text import from_canonical, normal_form, parse

from .shared_data import lines, shared_data

PARTS = [
    "x = 1",
    "return x",
    "yield x",
    "if x:",
    "  if x:  ",
    "elif x:",
    "else:",
    "else: # otherwise",
    "try:",
    "try:\n    x()",
    "except (A, B) as e:",
    "finally:",
    "for a, b in c:\n    if a:",
    "while True:",
    "with a as b, c as d:",
    "async def f(x: int = {1: 2}) -> None:",
    "class A(B):",
    "@a.b(c)",
    "match x:\n    case 1:",
    "case 1:",
    "x = '\\d'",
]
NOT_PYTHON = ["", "   ", "x = (", "print 'a'", "if x", "else", "foo bar", "}", "x = '\0'", "(" * 5000, "x:y:z:"]


@pytest.mark.parametrize("text", PARTS)
def test_parts_of_statements_parse(text: str) -> None:
    """A model trained on lines answers with lines: a header without its block is right, not broken."""
    assert parse(text) is not None


@pytest.mark.parametrize("text", NOT_PYTHON)
def test_what_is_no_python_does_not(text: str) -> None:
    """Completing must not make everything parse, nor may any text make the parser fail."""
    assert parse(text) is None


@pytest.mark.parametrize(
    ("canonical", "source"),
    [
        ("result = [ ' ∅ ' ]", "result = ['']"),
        ("x = ' a▁b ' . join ( y )", "x = 'a b'.join(y)"),
        ("if x : ⏎ ⇥ pass ⏎ ⇤ else : ⏎ ⇥ pass ⏎ ⇤", "if x:\n    pass\nelse:\n    pass"),
        ('x = " a b " ⏎ y = 1', 'x = "a b"\ny = 1'),
        ("f ( ' open", "f ( ' open"),
        ("x = ' '", "x = ' '"),
        ("f(' a ')", "f(' a ')"),
        ("x = 1e-05 * - 2 . real", "x = 1e-05 * -2 .real"),
        ("if x:\n    f('a  b')", "if x:\n    f('a  b')"),
    ],
)
def test_canonical_form(canonical: str, source: str) -> None:
    """Strings, blanks and blocks come back from tokens, and a model's nonsense gives nonsense instead of a failure."""
    assert from_canonical(canonical) == source


@pytest.mark.parametrize(
    ("one", "other"),
    [("f(a, b)", "f( a,b )"), ('x = "a"', "x = 'a'"), ("x = (1)", "x = 1"), ("if x:", "if x:\n    pass")],
)
def test_equal_code_has_one_normal_form(one: str, other: str) -> None:
    """Exact match compares code, not spelling."""
    assert normal_form(one) == normal_form(other)


@pytest.mark.parametrize(
    ("one", "other"), [("f(a, b)", "f(b, a)"), ("x = 'a'", "x = 'A'"), ("f(", "f"), ("f (", "g (")]
)
def test_different_code_has_not(one: str, other: str) -> None:
    """And nothing beyond spelling is forgiven."""
    assert normal_form(one) != normal_form(other)


@pytest.mark.parametrize("split", ["dev", "test"])
def test_source_and_canonical_form_are_told_apart(split: str) -> None:
    """Some codecs decode to one, some to the other: an answer that is right must be right in both."""
    targets = lines(shared_data("django") / "canonical" / f"{split}.tgt")
    sources = [join(text.split()) for text in targets]
    differ = [text for text, source in zip(targets, sources, strict=True) if from_canonical(source) != source]
    assert [text for text, source in zip(targets, sources, strict=True) if from_canonical(text) != source] == []
    assert differ == []


@pytest.mark.parametrize("split", ["dev", "test"])
def test_every_target_of_django_is_python(split: str) -> None:
    """If the references did not parse, a parse rate over this corpus would measure our reader instead of a model."""
    targets = lines(shared_data("django") / "canonical" / f"{split}.tgt")
    assert [text for text in targets if parse(from_canonical(text)) is None] == []
