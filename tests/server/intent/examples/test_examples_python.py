"""Which examples are read from Python documentation, and which words are left alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from glosswright_server.intent.contract import Example, ExampleKind
from glosswright_server.intent.docs.examples import find_examples
from glosswright_server.intent.docs.examples_scan import MAX_EXAMPLES
from glosswright_server.intent.docs.read import read_contract

# text | what is found, as a person would say it, "; " between two; "" for nothing; "?" for one unreadable example.
# The function is `f`, its parameter `x`.
FOUND = [
    # arrows and signs
    ("f(1) -> 3", "f(1) == 3"),
    ("f(1) => 3", "f(1) == 3"),
    ("f(1) ==> 3", "f(1) == 3"),
    ("f(1) → 3", "f(1) == 3"),
    ("f(1) ➞ 'a'", "f(1) == 'a'"),
    ("f(1) == 3", "f(1) == 3"),
    ("f(1) = 3", "f(1) == 3"),
    ("f( [1,2] )==[2,1]", "f( [1,2] ) == [2,1]"),
    ("f(1) -> -1.5", "f(1) == -1.5"),
    ("f('') -> set()", "f('') == set()"),
    ("f(1) -> {'a': [1, (2, 3)]}", "f(1) == {'a': [1, (2, 3)]}"),
    ("f(0) => true", "f(0) == True"),
    ("f(0) -> returns None", "f(0) == None"),
    ("f(1) -> 10 - 4 - 1 = 5", "f(1) == 5"),
    ("f(1) ->\n    [1, 2]", "f(1) == [1, 2]"),
    ("f([1,\n   2]) == [\n 3,\n 4]", "f([1, 2]) == [ 3, 4]"),
    ("f(1)\n# => 3", "f(1) == 3"),
    ("f(1)  # => 3", "f(1) == 3"),
    ("f(1)  # 3", "f(1) == 3"),
    ("f(1)  # returns [3] (one of them)", "f(1) == [3]"),
    ("f(1) -> [3]  # and why", "f(1) == [3]"),
    ("total = f(1)  # 3", "f(1) == 3"),
    ("print(f(1))  # [1,2]", "print(f(1)) prints [1, 2]"),
    ("print(f(1))  # 'a'", "f(1) == 'a'"),
    # what the call is part of
    ("round(f(1), 2) == 0.5", "round(f(1), 2) == 0.5"),
    ("f(1)[0] == 2", "f(1)[0] == 2"),
    ("f(f(1)) == 2", "f(f(1)) == 2"),
    ("-f(1) == 2", "-f(1) == 2"),
    ("f(Point(1)).x -> 3", "f(Point(1)).x == 3"),
    ("f(x=3) == 9", "f(x=3) == 9"),
    ("f(lambda y: y) == 1", "f(lambda y: y) == 1"),
    # words
    ("f(1, 2) returns 3.", "f(1, 2) == 3"),
    ("f(1) should return [1, 2], because it says so", "f(1) == [1, 2]"),
    ("f(1) should be 2", "f(1) == 2"),
    ("f(1) is 2;", "f(1) == 2"),
    ("f(1) evaluates to 'a b'.", "f(1) == 'a b'"),
    ("f(1) returns the list [1]", "f(1) == [1]"),
    ("`f(1)` returns `3`", "f(1) == 3"),
    ("- f(1) -> 2\n* f(2) -> 3\n3. f(3) -> 4", "f(1) == 2; f(2) == 3; f(3) == 4"),
    ("f(1) == 2, f(3) == 4", "f(1) == 2; f(3) == 4"),
    ("f(1) => 3 and f(2) => 4", "f(1) == 3; f(2) == 4"),
    ("f(2) == 4 because 2 * 2 is", "f(2) == 4"),
    ("f(1) -> 'No' (it starts with a digit)", "f(1) == 'No'"),
    ("the call f(1) equals 2 - the rest is dropped", "f(1) == 2"),
    # Chinese
    ("f(1) 返回 3", "f(1) == 3"),
    ("例如 f(1) 得到 3。", "f(1) == 3"),
    ("f（1，2）的结果为 3", "f(1,2) == 3"),
    ("f(1)，结果为“abc”", 'f(1) == "abc"'),
    ("调用f(3)返回6", "f(3) == 6"),
    ("f(1) 应返回 [1, 2]。", "f(1) == [1, 2]"),
    ("例：f([1,2,3]) = 6；f([]) = 0", "f([1,2,3]) == 6; f([]) == 0"),
    ("f(2) → 4，因为 2*2", "f(2) == 4"),
    # errors
    ("f(-1) raises ValueError", "f(-1) raises ValueError"),
    ("f(-1) should raise a `TypeError`.", "f(-1) raises TypeError"),
    ("f(-1) -> KeyError", "f(-1) raises KeyError"),
    ("f(-1)  # raises ValueError: negative", "f(-1) raises ValueError"),
    ("f(-1) 抛出 ValueError", "f(-1) raises ValueError"),
    ("f(0) 应抛出异常 ZeroDivisionError", "f(0) raises ZeroDivisionError"),
    # assertions
    ("assert f(1) == 3", "f(1) == 3"),
    ("assert f(1) == 3, 'a message'", "f(1) == 3"),
    ("assert 3 == f(1)", "f(1) == 3"),
    ("assert not f(0)", "not f(0)"),
    ("assert f(1)", "f(1)"),
    ("assert abs(f(1) - 2) < 1e-6", "abs(f(1) - 2) < 1e-6"),
    ("assert f([1,\n  2]) == [\n  3]", "f([1, 2]) == [ 3]"),
    ("assert f(1) => 3", "f(1) == 3"),
    ("result = f(1)\nassert result == 3", "result == 3"),
    # without a call
    ("For x = [1,2,3], the result should be 6", "f([1,2,3]) == 6"),
    ("for x = 5 the output should be 'a'.", "f(5) == 'a'"),
    ("If x = 0, return 1.", "f(0) == 1"),
    ("对于 x = 3，结果应为 9", "f(3) == 9"),
    ("当 x = 0 时返回 1", "f(0) == 1"),
    ("Input: 3\nOutput: (1, 2)\nExplanation: two of them", "f(3) == (1, 2)"),
    ("Input: x = [1, 2] -> Output: 3", "f([1, 2]) == 3"),
    ("Input: f(3)\nOutput: 4", "f(3) == 4"),
    ("Input: -1\nOutput: ValueError", "f(-1) raises ValueError"),
    ("输入: [1, 2]\n输出: 3", "f([1, 2]) == 3"),
    ("[1,2,3] -> 6", "f([1,2,3]) == 6"),
    ("例如: [1, 2] → 3", "f([1, 2]) == 3"),
    ('Examples:\n  1. "ab" => "ba"', 'f("ab") == "ba"'),
    # defined above
    ("s = [1, 2]\nf(s) -> 3", "f(s) == 3"),
    # prose, signatures, formulas: not an example
    ("returns -> the list", ""),
    ("x == y means equal", ""),
    ("f(x: int) -> int", ""),
    ("f(x) -> int", ""),
    ("f() -> int", ""),
    ("f(1) -> list", ""),
    ("def f(x) -> 3", ""),
    ("f(n) = f(n - 1) + 1", ""),
    ("f(...) -> 3", ""),
    ("f(*args) == 3", ""),
    ("a -> b mapping", ""),
    ("1 -> 2 -> 3", ""),
    ("Steps:\n1 -> 2", ""),
    ("Input: a list of numbers. Output: the sum", ""),
    ("runs in O(n log n) -> f(x) is fast", ""),
    ("f(1) is 4 times f(2)", ""),
    ("f(1) returns 3 items", ""),
    ("f(1) returns a list", ""),
    ("f(1) is not 3", ""),
    ("f(1) should not return 3", ""),
    ("f(2) returns True when 2 is even", ""),
    ("if f(1) == 2 then stop", ""),
    ("如果 f(1) 返回 2", ""),
    ("1 + f(2) == 3", ""),
    ("2 * f(2) == 3", ""),
    ("g(f(1)) == 2", ""),
    ("f(1) == f(2)", "?"),
    ("f(2) == f(1) + 1", "?"),
    ("Wrong: f(3) == 10", ""),
    ("Incorrect:\n- f(3) == 10\n- f(4) == 10\n\nf(3) == 9", "f(3) == 9"),
    ("It is not true that f(3) == 9", ""),
    ("It isn't true that f(3) == 9", ""),
    ("f(3) != 10", ""),
    ("instead of f(3) == 10", ""),
    ("f(3) returns 10 instead of 9", ""),
    ("f(3) == 10  # wrong", ""),
    ("f(3) == 10 (not 9)", ""),
    ("错误: f(3) == 10", ""),
    ("错误示例：f(3) == 10", ""),
    ("错误: f(-1) 抛出 ValueError", "f(-1) raises ValueError"),
    ("Right: f(3) == 9", "f(3) == 9"),
    ("foo(1) -> 3", ""),
    ("self.f(1) -> 3", "?"),
    ("f(1) -> True/False", "?"),
    # there, but not readable
    ("f(1) == 1, 2", "?"),
    ("f(1) -> ('a')", "?"),
    ("f([1, 2 -> 3", "?"),
    ("f((1)  # 3", "?"),
    ("f((1)  # the first", ""),
    ("assert f((1) == 3", "?"),
    ("f(1) -> ''a'", "?"),
    ("f(2) == [1, 2, ...]", "?"),
    ("f(2) == 4 or 5", "?"),
    ("f(10) -> 10%", "?"),
    ("f(3) -> [1] -> sorted", "?"),
    ("f(abc) -> 3", "?"),
    ("await f(1) == 2", "await f(1) == 2"),
    (">>> await f(1)\n2", "await f(1) == 2"),
    ("f(1) -> 2\nf(1) -> 3", "?"),
    # how it is said
    (">>> f(1) > 0\nTrue", "(f(1) > 0) == True"),
    (">>> 2 in f(1)\nTrue", "(2 in f(1)) == True"),
    (">>> f('a < b')\n2", "f('a < b') == 2"),
    (">>> f([1 < 2, 3])\n2", "f([1 < 2, 3]) == 2"),
    # what it should be is computed
    ("f(1) == math.pi", "f(1) == math.pi"),
    ("f(3) == math.factorial(3).", "f(3) == math.factorial(3)"),
    ("f(1) == Color.RED", "f(1) == Color.RED"),
    ("f(1) == Decimal('1.5')  # as text", "f(1) == Decimal('1.5')"),
    ("f(1) == date(2024, 1, 1)", "?"),
    ("f(1) == other.field", "?"),
    ("f(1) == x.field", ""),
    ("f(1) == y.field", ""),
    ("f(1) == the.other thing", ""),
    ("f(1) == len(x)", ""),
    ("f(1) = math.pi", ""),
]


def said(text: str, name: str = "f", parameters: tuple[str, ...] = ("x",), language: str = "python") -> str:
    examples, unreadable = find_examples(text, language, name=name, parameters=parameters)
    return "; ".join([one.text for one in examples] + ["?"] * len(unreadable))


@pytest.mark.parametrize(("text", "expected"), FOUND, ids=[row[0] for row in FOUND])
def test_form(text: str, expected: str) -> None:
    """Each way of writing an example is read; what only looks like one is not, as right code must not look wrong."""
    assert said(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "add(1, 2) -> 3",
        "(1, 2) -> 3",
        "1, 2 -> 3",
        "a = 1, b = 2 -> 3",
        "For b = 2 and a = 1, the answer is 3.",
        "当 a = 1，b = 2 时，结果为 3",
        "Input: a = 1, b = 2\nOutput: 3",
        "Input: 1, 2\nOutput: 3",
    ],
)
def test_two_parameters(text: str) -> None:
    """Values find their parameters by name or by position."""
    assert said(text, "add", ("a", "b")) == "add(1, 2) == 3"


@pytest.mark.parametrize(
    "text", ["1 -> 3", "a = 1 -> 3", "(1, 2, 3) -> 3", "For a = 1, the answer is 3", "b=1, c=2 -> 3"]
)
def test_arguments_that_do_not_fit(text: str) -> None:
    """A call is put together only where every parameter gets its value."""
    assert said(text, "add", ("a", "b")) == ""


@pytest.mark.parametrize("text", ["add(1, 2) -> 3", ">>> add(1, 2)\n3"])
def test_method_by_bare_name(text: str) -> None:
    """A method cannot be called by its name alone."""
    assert said(text, "add", ("self", "a", "b")) == "?"


def test_method_of_object() -> None:
    """A method called on a new object of a class of the module can be checked."""
    assert said("Calculator().add(1, 2) -> 3", "add", ("self", "a", "b")) == "Calculator().add(1, 2) == 3"


def test_names_of_the_file() -> None:
    """What the file imports or defines may stand in an example; a parameter, or a single letter, still means any."""
    names = {"date", "LIMIT", "x", "n", "f", "args"}
    found = {
        "f(date(2024, 1, 31)) == date(2024, 2, 1)": True,
        "assert f(date(2024, 1, 31)) == date(2024, 2, 1)": True,
        "f(LIMIT) == 3": True,
        "f(x) == 3": False,
        "f(n) == 3": False,
        "f(args) == 3": False,
    }
    for text, is_found in found.items():
        examples, unreadable = find_examples(text, "python", name="f", parameters=("x",), names=names)
        assert [len(examples), len(unreadable)] == [int(is_found), 0], text


def test_modules_of_computed_values() -> None:
    """They are imported for the example, unless the file gives the name another meaning."""
    [example], _ = find_examples("f(1) == datetime.date(1, 1, 1)", "python", name="f")
    assert example.setup == "import datetime"
    [example], _ = find_examples("f(1) == datetime.date(1, 1, 1)", "python", name="f", names={"datetime"})
    assert example.setup == ""


def test_without_name() -> None:
    """A comment whose function is not known may call any."""
    assert said("twice(1) == 2, half(2) -> 1", "", ()) == "twice(1) == 2; half(2) == 1"


@pytest.mark.parametrize(
    "text",
    [
        ">>> f(2)\n4{}",
        ">>> f(2){}\n4",
        "{}>>> f(2)\n4",
        ">>> {}f(2)\n4",
        "f(2) == 4{}",
        "f(2){} == 4",
        "f{}(2) -> 4",
        "assert f(2) == {}4",
        "It's what it's: {}f(2) -> 4",
    ],
)
@pytest.mark.parametrize("unseen", list("\u00ad\u200b\u200e\u200f\u202a\u202e\u2060\u2069\ufeff\x07"), ids=ascii)
def test_characters_that_nobody_can_see(text: str, unseen: str) -> None:
    """What cannot be seen neither hides an example nor makes right code look wrong."""
    assert said(text.format(unseen)) == "f(2) == 4"


def test_spaces_of_all_kinds() -> None:
    """A space that was pasted from a web page is a space."""
    assert said("f(2)\xa0==\u30004") == "f(2) == 4"


@pytest.mark.parametrize("unseen", ["\u200b", "\u202e"], ids=ascii)
def test_what_stands_between_quotes_is_meant(unseen: str) -> None:
    """An example of cleaning a text up holds just what is to be cleaned up."""
    assert said(f"f('a{unseen}b') == \"ab\"") == f"f('a{unseen}b') == \"ab\""
    assert said(f">>> f(b'' , r'a{unseen}b')\n'ab'") == f"f(b'' , r'a{unseen}b') == 'ab'"


def test_recurrence() -> None:
    """Equations that define a sequence are not examples where a heading announces those."""
    text = "f(1) = 3\nf(n) = f(n - 1) + 2\n\nExamples:\n  f(2) = [3, 5]\n"
    assert said(text) == "f(2) == [3, 5]"


def check(text: str, *expected: Example, unreadable: int = 0) -> None:
    examples, others = find_examples(text, "python", name="f", parameters=("x",))
    assert examples == expected
    assert len(others) == unreadable
    assert all("\n" not in one for one in others)


def example(expression: str, expected: str = "", kind: ExampleKind = ExampleKind.VALUE, **more: Any) -> Example:
    said_so = {
        ExampleKind.VALUE: f"{expression} == {expected}",
        ExampleKind.PRINTS: f"{expression} prints {expected}",
        ExampleKind.RAISES: f"{expression} raises {expected}",
        ExampleKind.HOLDS: expression,
    }
    text = " ".join(said_so[kind].split())
    return replace(Example(expression=expression, expected=expected, kind=kind, text=text), **more)


def test_prompts_share_a_session() -> None:
    """As in doctest, the prompts of one text see each other's names, prose and blank lines between them or not."""
    check(
        ">>> import os\n>>> y = 3\n>>> f(y)\n9\n\nand then\n\n    >>> y += 1\n    >>> f(y + 1)\n    [1,\n     2]\n",
        example("f(y)", "9", setup="import os\ny = 3", line=2),
        example("f(y + 1)", "[1,\n 2]", setup="y += 1", line=8),
    )


def test_other_examples_have_sessions_of_their_own() -> None:
    """An example outside prompts may change what it is given, so the next one starts anew."""
    check(
        ">>> f(1)\n1\n\ns = [1]\nf(s) -> 2\nf(s) -> 2\nf(3) -> 3",
        example("f(1)", "1"),
        example("f(s)", "2", setup="s = [1]", session=1, line=4),
        example("f(3)", "3", session=3, line=6),
    )


def test_answers_of_a_prompt() -> None:
    """A literal is compared as a value; printed text, other values and tracebacks are what they are."""
    check(
        ">>> print(f(1))\na b\n<BLANKLINE>\nc\n>>> f(2)\nPoint(x=1)\n>>> f(3)\ntrue\n>>> f(-1)\n"
        "Traceback (most recent call last):\n    ...\nmodule.BadError: no\n>>> f(5)\n7\nThat was the last.\n",
        example("print(f(1))", "a b\n\nc", ExampleKind.PRINTS),
        example("f(2)", "Point(x=1)", ExampleKind.PRINTS, line=4),
        example("f(3)", "True", line=6),
        example("f(-1)", "BadError", ExampleKind.RAISES, line=8),
        example("f(5)", "7", line=12),
    )


def test_prompts_that_doctest_would_refuse() -> None:
    """Whoever leaves the blank out, or types more of them, or writes only the last line of the traceback, is
    understood all the same."""
    check(
        ">>>f(1)\n2\n>>>   f(2)\n3\n>>>  for i in [3]:\n...      y = i\n>>> f(y)\n4\n>>> f(-1)\nValueError: no\n"
        ">>> f(-2)\nKeyError\n\n>>>>>>> theirs\n",
        example("f(1)", "2"),
        example("f(2)", "3", line=2),
        example("f(y)", "4", setup="for i in [3]:\n    y = i", line=6),
        example("f(-1)", "ValueError", ExampleKind.RAISES, line=8),
        example("f(-2)", "KeyError", ExampleKind.RAISES, line=10),
    )


def test_shortened_answer() -> None:
    """Where the author says so, as doctest wants it, an answer may leave something out."""
    check(
        ">>> f(1)  # doctest: +ELLIPSIS\n[1, ..., 3]\n",
        example("f(1)", "[1, ..., 3]", ExampleKind.PRINTS),
    )


def test_prompts_without_answer() -> None:
    """A comparison says that it holds; a call is made for what it does; a comment may hold the answer."""
    check(
        ">>> f(1) == 2\n>>> not f(0)\n>>> f(1) < 3\n>>> f(9)\n>>> 1 + 1\n>>> f(4)  # 5\n>>> f(6) -> 7\n",
        example("f(1)", "2"),
        example("not f(0)", "", ExampleKind.HOLDS, line=1),
        example("f(1) < 3", "", ExampleKind.HOLDS, line=2),
        example("f(4)", "5", setup="f(9)", line=5),
        example("f(6)", "7", session=1, line=6),
    )


@pytest.mark.parametrize(
    ("text", "unreadable"),
    [
        (">>> f(1)  # doctest: +SKIP\n3", 0),
        (">>> f(1)\n[1, ..., 3]", 1),
        (">>> f(1)\n<object at 0x7f3a00>", 1),
        (">>> f([1, 2\n3", 1),
        (">>> f(unknown)\n3", 1),
        (">>> f(1)\n[1, 2", 1),
        (">>> for i in [1]:\n...     f(i)\n3", 1),
        (">>> f(1); f(2)\n3\n4", 1),
        (">>> f(1); f(2)\n3", 1),
        (">>> x = await f(1)\n>>> x\n3", 2),
        ("\t>>> f(1)\n  2", 1),
        (">>> f(1)\nTraceback (most recent call last):\n", 1),
        (">>> y = unknown\n>>> f(y)\n3", 2),
        (">>>\n>>> # nothing\n", 0),
    ],
)
def test_prompts_that_cannot_be_checked(text: str, unreadable: int) -> None:
    """What cannot be compared is named, what the author skips is not."""
    check(text, unreadable=unreadable)


def test_a_call_for_its_effect_beside_what_it_did() -> None:
    """`sort(xs); xs` shows one value."""
    check(">>> f(x); x\n3".replace("x", "__doc__"), example("__doc__", "3", setup="f(__doc__)"))


def test_why_a_loop_is_no_example() -> None:
    """The reason is in the author's words."""
    _, [why] = find_examples(">>> for i in [1]:\n...     f(i)\n3", "python", name="f")
    assert "a loop cannot be an example" in why


def test_what_is_left_out_is_said() -> None:
    """However many examples there are, none is dropped without a word, and the words stay few."""
    many = "".join(f"f({n}) -> {n}\n" for n in range(MAX_EXAMPLES))
    assert find_examples(many, "python", name="f")[1] == ()
    examples, [more] = find_examples(many + "f(99) -> 1", "python", name="f")
    assert len(examples) == MAX_EXAMPLES
    assert "only 64 examples are checked" in more
    _, unreadable = find_examples("".join(f"f({n}) -> [\n\n" for n in range(9)), "python", name="f")
    assert len(unreadable) == 6
    assert unreadable[-1] == "… and 4 more"
    late = read_contract("f(1) -> 1\n" + "words\n" * 1_200 + "f(2) -> 2", "python", name="f")
    assert [one.text for one in late.examples] == ["f(1) == 1"]
    assert late.unreadable == ("examples below line 1000 (only so much of a text is read)",)


def test_equation_in_a_bracket_keeps_it() -> None:
    """An expression over lines keeps the parentheses that hold it together."""
    check(
        "assert (f(1)\n  .x) == 3\nassert (f(2) < 3 or\n f(3) > 4)",
        example("(f(1)\n  .x)", "3", session=1),
        example("(f(2) < 3 or\n f(3) > 4)", "", ExampleKind.HOLDS, session=2, line=2),
    )
