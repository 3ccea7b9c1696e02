"""Calls like those of the examples: other inputs that the function should be able to answer."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import pytest

from glosswright_server.intent.contract import Example, ExampleKind
from glosswright_server.verify.variations import MOST, constants_of, variations


def calls(
    *expressions: str, target: str = "f", constants: tuple[str | int, ...] = (), most: int = MOST
) -> tuple[str, ...]:
    return variations([Example(expression=one, expected="0") for one in expressions], target, constants, most)


def arguments(*expressions: str, constants: tuple[str | int, ...] = ()) -> list[list[Any]]:
    """The arguments of each call."""
    found = [ast.parse(one, mode="eval").body for one in calls(*expressions, constants=constants)]
    return [[ast.literal_eval(part) for part in one.args] for one in found if isinstance(one, ast.Call)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("f([1, 2, 3])", ["f([])", "f([1, 2])", "f([2, 3])", "f([3, 2, 1])", "f([1])", "f([1, 2, 3, 1, 2, 3])"]),
        ("f('ab')", ["f('')", "f('a')", "f('b')", "f('ba')", "f('abab')"]),
        ("f('one two')", ["f('two one')", "f('two')"]),
        ("f(3)", ["f(0)", "f(1)", "f(2)", "f(4)", "f(10)"]),
        ("f(-3)", ["f(0)", "f(3)", "f(-4)"]),
        ("f(1.5)", ["f(2.5)", "f(3.0)"]),
        ("f(True)", ["f(False)"]),
        ("f((1, 'a'))", ["f((2, 'a'))", "f((1, ''))"]),
        ("f({'a': 1})", ["f({})", "f({'a': 2})"]),
        ("f({1, 2})", ["f({1})"]),
        ("f([[1], [2]])", ["f([[], [2]])", "f([[1]])"]),
        ("f(1, x=2)", ["f(2, x=2)", "f(1, x=3)"]),
        ("list(f([1]))", ["list(f([]))"]),
        ("Thing().f('a')", ["Thing().f('')"]),
        ("f('a') == 0", []),
    ],
)  # fmt: skip
def test_what_is_asked(expression: str, expected: list[str]) -> None:
    """Empty, shorter, longer, reordered, doubled, boundary values; in the expression that the example uses."""
    assert set(expected) <= set(calls(expression))


@pytest.mark.parametrize(
    ("expressions", "holds"),
    [
        (["f(3)", "f(10)"], lambda x: type(x) is int and x >= 0),
        (["f([1, 2, 5])", "f([3, 4, 9])"], lambda x: x == sorted(x)),
        (["f((1, 2))", "f((3, 4))"], lambda x: len(x) == 2),
        (["f('abc')", "f('b')"], lambda x: set(x) <= set("abc")),
        (["f([1.5])"], lambda x: all(type(one) is float for one in x)),
        (["f(['a', 'b'])"], lambda x: all(type(one) is str for one in x)),
    ],
)
def test_what_is_kept(expressions: list[str], holds: Callable[[Any], bool]) -> None:
    """What the examples have in common may be a condition: an input that breaks it tells nothing."""
    found = arguments(*expressions)
    assert len(found) > 3
    assert all(holds(one) for (one,) in found), [one for (one,) in found if not holds(one)]


def test_lists_that_go_together() -> None:
    """Two arguments that are as long as each other in every example stay so."""
    found = arguments("f([1, 2, 3], [4, 5, 6])", "f([1], [2])")
    assert found
    assert all(len(one) == len(other) for one, other in found)
    assert {len(one) for one, _ in found} > {1, 3}


def test_constants_of_the_code() -> None:
    """What a program looks for is what it should be asked about; its marks may stand for those of the examples."""
    constants = constants_of("def f(s):\n    return s.count('.') + s.count('!') + (100 if s in 'aeiou' else 10 ** 9)\n")
    assert set(constants) == {".", "!", 100, 10, 9, *"aeiou"}
    assert ["I am! You."] not in arguments("f('I am. You.')")
    texts = {one for (one,) in arguments("f('I am. You.')", constants=constants)}
    assert {"I am! You!", "I am. You.!", "I am. You.a"} <= texts
    assert {99, 100, 101} <= {one for (one,) in arguments("f(3)", constants=constants)}
    assert constants_of("def f(:") == ()


def test_no_more_than_wanted_and_none_twice() -> None:
    """A bound on the work; and the same examples give the same calls, or verdicts would change by themselves."""
    found = calls("f([1, 2, 3], 'abc')", "f([4], 'd')")
    assert len(found) == len(set(found)) == MOST
    assert not {"f([1, 2, 3], 'abc')", "f([4], 'd')"} & set(found)
    assert found == calls("f([1, 2, 3], 'abc')", "f([4], 'd')")
    assert calls("f(1)", most=3) == calls("f(1)")[:3]


@pytest.mark.parametrize(
    "example",
    [
        Example(expression="f()", expected="1"),
        Example(expression="f(x)", expected="1"),
        Example(expression="f(f(1))", expected="1"),
        Example(expression="g(1)", expected="1"),
        Example(expression="f(1", expected="1"),
        Example(expression="f(*[1])", expected="1"),
        Example(expression="f(1)", expected="1", setup="import sys"),
        Example(expression="x = 1\nf(1)", expected="1"),
        Example(expression="f(-1)", expected="ValueError", kind=ExampleKind.RAISES),
        Example(expression="f(" + "[" * 300 + "]" * 300 + ")", expected="1"),
    ],
)  # fmt: skip
def test_examples_that_cannot_be_varied(example: Example) -> None:
    """Nothing is made up about names, several calls, lines before, or inputs that are meant to be refused."""
    assert variations([example], "f") == ()


def test_huge_arguments_are_left_alone() -> None:
    """Doubling what is large already would only cost time."""
    assert all(len(one) < 2100 for one in calls("f('" + "ab" * 700 + "')"))
