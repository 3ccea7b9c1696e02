"""CodeBLEU: each part by hand, data flow in ten languages, and how far it is from the authors' script."""

from __future__ import annotations

import pytest

from glosswright_model.errors import DataError
from glosswright_model.evaluation.codebleu import code_bleu
from glosswright_model.evaluation.codebleu.data_flow import data_flow
from glosswright_model.evaluation.codebleu.syntax import GRAMMARS, parse_tree, sub_trees, tokens, valid

X_FROM_A = [("var_1", "var_0")]
USE = [("var_0", "var_0")]

FLOWS = [
    ("python", "x = a", X_FROM_A),
    ("python", "x = a\nx", [*X_FROM_A, ("var_1", "var_1")]),
    ("python", "f(x)", []),
    ("python", "def f(a):\n    return a", USE),
    ("python", "def f(a, b=c):\n    pass", [("var_1", "var_0")]),
    ("python", "x, y = a, b", [("var_1", "var_0"), ("var_3", "var_2")]),
    ("python", "x, y = a", [("var_1", "var_0"), ("var_2", "var_0")]),
    ("python", "x = a.name", X_FROM_A),
    ("python", "x = f(name=a)", [("var_1", "var_0"), ("var_1", "var_2")]),
    ("python", "if c:\n    x = 1\nelse:\n    x = 2\nx", [*USE, *USE]),
    ("python", "x = 1\nif c:\n    x = 2\nx", [*USE, *USE]),
    ("python", "while c:\n    x\n    x = 1", USE),
    ("python", "with a as x:\n    pass", X_FROM_A),
    ("python", "if (x := a):\n    pass", X_FROM_A),
    ("python", "d[k] = v", [("var_1", "var_0"), ("var_1", "var_2")]),
    ("javascript", "let x = a; let {y} = x;", [("var_1", "var_0"), ("var_2", "var_1"), ("var_1", "var_1")]),
    ("javascript", "const f = (a) => a;", [("var_1", "var_0"), ("var_1", "var_0"), ("var_0", "var_0")]),
    ("typescript", "function f(a: number) { return a }", USE),
    ("go", "func f(a int) { x := a }", [("var_1", "var_0"), ("var_0", "var_0")]),
    ("rust", "fn f(a: i32) { let x = a; }", [("var_1", "var_0"), ("var_0", "var_0")]),
    ("java", "class A { int f(int a) { return a; } }", USE),
    ("c", "int f(int a) { return a; }", USE),
    ("cpp", "int f(int& a) { auto x = a; }", [("var_1", "var_0"), ("var_0", "var_0")]),
    ("ruby", "x = a\nx += 1", [("var_1", "var_0"), ("var_1", "var_1")]),
]
"""Language, code, and for each value taken: (what takes it, what it is taken from), named in the order of the flow."""


@pytest.mark.parametrize(("language", "code", "flow"), FLOWS)
def test_data_flow(language: str, code: str, flow: list[tuple[str, str]]) -> None:
    """Each construct alone: which occurrence of a variable takes its value from which."""
    assert sorted(data_flow(parse_tree(code, language)).elements()) == sorted(flow)


def test_parts_by_hand() -> None:
    """Two lines with other names: same trees, same flow; 3 of 6, 1 of 5, 0 of 4 and 0 of 3 n-grams, smoothed."""
    found = code_bleu(["x = a\ny = x"], ["q = a\nz = q"], "python")
    assert (found.syntax, found.data_flow) == (100.0, 100.0)
    assert found.ngram == pytest.approx(100 * (3 / 6 * 1 / 5 * 0.1 / 4 * 0.1 / 3) ** 0.25)
    assert found.score == pytest.approx((found.ngram + found.weighted_ngram + 200) / 4)


def test_keywords_weigh_five_times() -> None:
    """`return` right and `x` wrong: 1 of 2 tokens, and 5 of 6 when keywords are minded."""
    found = code_bleu(["return x"], ["return y"], "python")
    rest = (0.1 / 1) ** 3
    assert found.ngram == pytest.approx(100 * (1 / 2 * rest) ** 0.25)
    assert found.weighted_ngram == pytest.approx(100 * (5 / 6 * rest) ** 0.25)


def test_trees_match_as_often_as_they_are_there() -> None:
    """Section 3.2 of the paper clips: one call in the answer is not two of the reference."""
    found = code_bleu(["f(a)"], ["f(a)\nf(a)"], "python")
    # reference: module, 2 statements, 2 calls, 2 argument lists; the answer has one of each of the last three
    assert found.syntax == pytest.approx(100 * 3 / 7)


def test_without_any_flow_the_rest_counts() -> None:
    """Where no reference has data flow, its match is undefined; counting it as 0 or 1 would shift every score."""
    found = code_bleu(["f(a)"], ["f(b)"], "python")
    assert found.data_flow is None
    assert found.score == pytest.approx((found.ngram + found.weighted_ngram + found.syntax) / 3)


@pytest.mark.parametrize("language", GRAMMARS)
def test_every_grammar_can_be_loaded(language: str) -> None:
    """A renamed grammar package would otherwise be found by the first user of that language."""
    assert code_bleu(["a"], ["a"], language).syntax in (0.0, 100.0)


def test_keywords_are_what_the_grammar_spells_out() -> None:
    """No list of keywords to keep: names, literals and operators are none of them."""
    found = tokens(parse_tree("def f(x):\n    return x is None or 'if' # for", "python"))
    assert [token.text for token in found if token.keyword] == ["def", "return", "is", "None", "or"]
    assert "'if'" in [token.text for token in found]


@pytest.mark.parametrize(
    ("code", "language", "good"),
    [
        ("else:", "python", True),
        ("x = (", "python", False),
        ("if (x) { y(); }", "javascript", True),
        ("if (x { y(); }", "javascript", False),
        ("ls -l | wc -l", "shellscript", True),
        ("  ", "go", False),
    ],
)
def test_what_parses(code: str, language: str, good: bool) -> None:
    """The parse rate must tell valid from broken in every language, and nothing at all is not valid."""
    assert valid(code, language) is good


def test_hostile_depth_and_unknown_language() -> None:
    """Ten thousand brackets are compared as far as can be walked; a language without grammar is named."""
    deep = "(" * 10_000 + "x" + ")" * 10_000
    assert code_bleu([deep], ["x = a"], "javascript").score >= 0.0
    assert sub_trees(parse_tree("", "python")).total() == 0
    with pytest.raises(DataError, match="no grammar for 'cobol'"):
        code_bleu(["x"], ["x"], "cobol")


def test_beside_the_authors_script() -> None:
    """The package `codebleu` 0.7.0, made from the authors' script, on the same three pairs.

    BLEU must be the same. Trees are here too (nothing matches twice). It weighs n-grams by recall where the paper says
    precision, and takes a variable's sources for one item where we take each alone, so these parts are only near.
    """
    references = [
        "def f ( a , b ) :\n    c = a + b\n    return c",
        "for x in y :\n    if x is None :\n        continue\n    total += x",
        "with open ( path ) as file :\n    data = file . read ( )",
    ]
    answers = [
        "def f ( a , b ) :\n    return a + b",
        "for x in y :\n    if x :\n        total += x",
        "with open ( path ) as file :\n    data = file . readlines ( )",
    ]
    found = code_bleu(answers, references, "python")
    assert found.ngram == pytest.approx(66.14199628122036)
    assert found.syntax == pytest.approx(58.06451612903226)
    assert found.weighted_ngram == pytest.approx(64.2464637097795, abs=3)
    assert found.data_flow == pytest.approx(86.66666666666667, abs=10)
    assert found.score == pytest.approx(68.7799106966747, abs=3)
