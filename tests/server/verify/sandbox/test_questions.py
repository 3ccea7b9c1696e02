"""What is asked and what is kept outside, for both languages. Tables; nothing runs."""

from __future__ import annotations

import time

import pytest

from glosswright_server.intent.contract import Example, ExampleKind
from glosswright_server.verify.sandbox.questions import constant, python_question
from glosswright_server.verify.sandbox.scripts import literal, script_question, show_script
from glosswright_server.verify.sandbox.values import describe, show


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("1", "1"), ("-1.5", "-1.5"), ("'a' 'b'", "'ab'"), ("[1, (2,)]", "[1, (2,)]"), ("{}", "{}"), ("set()",
        "set()"),
        ("frozenset({1})", "frozenset({1})"), ("frozenset()", "frozenset()"), ("10**9 + 7", "1000000007"), ("inf",
        "inf"),
        ("float('-inf')", "-inf"), ("math.tau", "6.283185307179586"), ("[0] * 3", "[0, 0, 0]"), ("3 * 'ab'",
        "'ababab'"),
        ("not True", "False"), ("~1", "-2"), ("1 + 2j", "(1+2j)"), ("dict()", "{}"), ("{'a': [1]}", "{'a': [1]}"),
        ("7 % 4", "3"),
        ("\n[1,\n 2]\n", "[1, 2]"), ("set([1])", "{1}"), ("b'x'", "b'x'"), ("None", "None"),
    ],
)  # fmt: skip
def test_constant(source: str, shown: str) -> None:
    """What can be known without the code is known without it."""
    found = constant(source)
    assert found is not None
    assert show(found) == shown


@pytest.mark.parametrize(
    "source",
    [
        "", "x", "f(1)", "Point(1, 2)", "[1, ..., 9]", "...", "<object>", "math.sqrt(2)", "1 / 0",
        "'%999999999d' % 1", "{**a}",
        "2 ** 10**9", "10**9 * [0]", "[0] * 10**9", "'a' * 10**10", "-'a'", "(1", "\0", "(" * 10_000, "set(1)",
        "float('x')",
        "math.foo", "{[]: 1}", "9**9**9", "2**100000 * 2**100000", "frozenset(1, 2)", "True and x",
    ],
)  # fmt: skip
def test_not_constant(source: str) -> None:
    """Anything else is not, and finding out takes no time: documentation is anybody's text."""
    started = time.monotonic()
    assert constant(source) is None
    assert time.monotonic() - started < 2


def asked(expression: str, expected: str = "", kind: str = "value") -> Example:
    """An example."""
    return Example(expression=expression, expected=expected, kind=ExampleKind(kind))


@pytest.mark.parametrize(
    ("example", "last", "wanted", "inside"),
    [
        (asked("f(1)", "2"), "f(1)", 2, ""),
        (asked("f(1)", "Point(1)"), "f(1)", None, "Point(1)"),
        (asked("f(1)", "<Point>"), "f(1)", None, ""),
        (asked("f(1)", "[1, ..., 3]"), "f(1)", None, ""),
        (asked("f(1) == 2", "True"), "f(1)", 2, ""),
        (asked("f(1) == 2", "", "holds"), "f(1)", 2, ""),
        (asked("assert f(1) == 2", "", "holds"), "f(1)", 2, ""),
        (asked("2 == f(1)", "", "holds"), "f(1)", 2, ""),
        (asked("f(1) is None", "", "holds"), "f(1)", None, ""),
        (asked("f(1) == g(2)", "", "holds"), "f(1)", None, "g(2)"),
        (asked("f(1) > 2", "", "holds"), "f(1)", 2, ""),
        (asked("2 < f(1)", "", "holds"), "f(1)", 2, ""),
        (asked("f(1) in [1, 2]", "", "holds"), "f(1)", [1, 2], ""),
        (asked("1 in f(1)", "", "holds"), "1 in f(1)", None, ""),
        (asked("f(1) > g(1)", "", "holds"), "f(1) > g(1)", None, ""),
        (asked("abs(f(1) - 2.5) < 1e-6", "", "holds"), "f(1)", (2.5, 1e-6), ""),
        (asked("abs(2.5 - f(1)) <= 1e-6", "", "holds"), "f(1)", (2.5, 1e-6), ""),
        (asked("abs(f(1) - g(1)) < 1e-6", "", "holds"), "abs(f(1) - g(1))", 1e-6, ""),
        (asked("f(1) == 2 == 2", "", "holds"), "f(1) == 2 == 2", None, ""),
        (asked("x = 1; f(x)", "2"), "f(x)", 2, ""),
        (asked("for x in y:\n    print(x)", "1", "prints"), "", None, ""),
        (asked("f(", "2"), "f(", 2, ""),
    ],
)
def test_python_question(example: Example, last: str, wanted: object, inside: str) -> None:
    """The expected value stays outside wherever it can."""
    question = python_question(example)
    assert (question.last, question.inside) == (last, inside)
    if wanted is not None or "is None" in example.expression:
        assert question.wanted == describe(wanted)
    else:
        assert question.wanted is None


LONG, DEEP = "0x" + "f" * 5000, "1+" * 500 + "1"


@pytest.mark.parametrize("part", [LONG, DEEP, f"[{LONG}]", "-" * 400 + "1"], ids=["long", "deep", "inside", "signs"])
@pytest.mark.parametrize("form", ["f(1) == {}", "assert f({}) == 1", "f(1) < {}", "abs(f(1) - {}) < 1", "f(1) in [{}]"])
def test_too_much_to_write_down(part: str, form: str) -> None:
    """A number or a sum that Python reads but does not write again is asked for as it stands."""
    question = python_question(asked(form.format(part), "", "holds"))
    assert "f(" in question.last
    assert python_question(asked(f"x = {part}\nf(x)", "1")).last == "f(x)"


@pytest.mark.parametrize(
    ("expression", "relation", "against"),
    [
        ("abs(f(1) - 3) < 1", "near <", ""),
        ("abs(f(1) - 3) <= 1", "near <=", ""),
        ("f(1) == 2", "", "2"),
        ("2 == f(1)", "", "2"),
        ("f(1) is True", "", ""),
        ("f(1) is not True", "is not", ""),
    ],
)
def test_relation(expression: str, relation: str, against: str) -> None:
    """What a comparison promises is what is asked: `<` is not `<=`, and only `==` is a matter of the object's class."""
    question = python_question(asked(expression, "", "holds"))
    assert (question.relation, question.against) == (relation, against)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("1", "1"), ("-1.5e3", "-1500"), ("0x1F", "31"), ("1_000", "1000"), ("'it\\'s'", '"it\'s"'),
        ('"a\\u0041\\x41\\n"', '"aAA\\n"'),
        ("`x`", '"x"'), ("[1, [2,], ]", "[1, [2]]"),
        ("{a: 1, 'b-c': [true], 3: null}", '{a: 1, "b-c": [true], "3": null}'),
        ("undefined", "undefined"), ("NaN", "NaN"), ("-Infinity", "-Infinity"), ("12n", "12n"), ("{}", "{}"),
        (" [ ] ", "[]"),
        ("0b11", "3"), (".5", "0.5"), ("false", "false"), ("'\\u{1F600}'", '"😀"'), ("'\\ud83d\\ude00'", '"😀"'),
    ],
)  # fmt: skip
def test_literal(source: str, shown: str) -> None:
    """JavaScript's literals, quotes of either kind."""
    found = literal(source)
    assert found is not None
    assert show_script(found) == shown


@pytest.mark.parametrize(
    "source",
    ["", "x", "f(1)", "[1", "[,]", "{a}", "{a 1}", "{a: 1", "1 2", "new Map()", "`${x}`", "'a", "[1}",
    "{__proto__: 1}", "1 + 1",
     "[" * 5000, "{[a]: 1}", "a: 1", "/x/", "{-a: 1}", "{:1}"],
)  # fmt: skip
def test_no_literal(source: str) -> None:
    """Anything else is compared inside."""
    assert literal(source) is None


@pytest.mark.parametrize(
    ("example", "last", "inside", "shown"),
    [
        (asked("f(1);", "[1]"), "f(1)", "", "[1]"),
        (asked("f(1)", "new Map()"), "f(1)", "new Map()", None),
        (asked("f(1) === 2", "true"), "f(1)", "", "2"),
        (asked("'===' === f(1)", "", "holds"), "f(1)", "", '"==="'),
        (asked("console.assert(f(1) == 2)", "", "holds"), "f(1)", "", "2"),
        (asked("f(1) === g(2)", "", "holds"), "f(1)", "g(2)", None),
        (asked("f(1) && g(2) === 3", "", "holds"), "f(1) && g(2) === 3", "", None),
        (asked("[1].map(x => x === 1)", "", "holds"), "[1].map(x => x === 1)", "", None),
        (asked("f() !== 1", "", "holds"), "f() !== 1", "", None),
    ],
)
def test_script_question(example: Example, last: str, inside: str, shown: str | None) -> None:
    """The same for JavaScript."""
    question = script_question(example)
    assert (question.last, question.inside) == (last, inside)
    assert (question.wanted and question.show(question.wanted)) == shown


def test_shown_as_javascript_does() -> None:
    """Values without a literal have a form too."""
    assert show_script(("m", ("f", 1.0), ("s", "a"))) == 'Map {1 => "a"}'
    assert show_script(("S", ("f", 1.0))) == "Set {1}"
    assert show_script(("o", "C", "C {}")) == "C {}"
    assert show_script(("x", "size")) == "a value too large to compare"
