"""Whatever a text holds, its examples are found in time, or not at all."""

from __future__ import annotations

import ast
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glosswright_server.intent.contract import ExampleKind
from glosswright_server.intent.docs.examples import find_examples
from glosswright_server.intent.docs.examples_scan import MAX_EXAMPLES

_PIECES = st.sampled_from(
    [
        *(
            "f(1)",
            "f(",
            "f(x)",
            " -> ",
            "==",
            "=",
            " returns ",
            "返回",
            "3",
            "[1, 2]",
            '"a"',
            "'",
            '"',
            "(",
            ")",
            "]",
            "{",
        ),
        *(
            ">>> ",
            "... ",
            "\n",
            "\n\n",
            "    ",
            "#",
            "//",
            "`",
            ",",
            ".",
            "。",
            "，",
            "（",
            "）",
            "For x = ",
            "Input: ",
        ),
        *(
            "Output: ",
            "assert ",
            "Traceback (most recent call last):\n",
            "ValueError",
            "\\",
            "\0",
            "\u202e",
            "\u200b",
            "\ud800",
        ),
        *("Example:\n", "lambda", "await ", "9" * 5000, "-" * 300, "[" * 300, "x = [1]\n", "expect(", ").toBe(", "..."),
    ]
)
_TEXTS = st.lists(_PIECES | st.text(max_size=5), max_size=60).map("".join)


@settings(max_examples=150, deadline=None)
@given(text=_TEXTS, language=st.sampled_from(["python", "javascript", "tsx", "rust", "plain", "?"]))
def test_never_raises(text: str, language: str) -> None:
    """A docstring is written by anyone; what is found keeps its promises whatever it is found in."""
    for name, parameters in (("f", ("x",)), ("", ()), ("f", ("self", "x"))):
        examples, unreadable = find_examples(text, language, name=name, parameters=parameters)
        assert len(examples) <= MAX_EXAMPLES
        assert all("\n" not in line and len(line) < 300 for line in (*unreadable, *(one.text for one in examples)))
        for one in examples:
            assert 0 <= one.line <= text.count("\n") + text.count("\r")
            assert bool(one.expected) == (one.kind is not ExampleKind.HOLDS)
            if language == "python":
                ast.parse(one.expression, mode="eval")
                ast.parse(one.setup)


@pytest.mark.parametrize("language", ["python", "javascript", "rust"])
@pytest.mark.parametrize(
    "text",
    [
        "Some prose about f (x) and what it returns.\n" * 5_000,
        "f(1) -> " * 20_000,
        "f(f(f([[[\n" * 5_000,
        "f(" * 100_000,
        "'\"f('\" -> '\n" * 5_000,
        "f(1)" + " " * 200_000 + "-> 3",
        "f(1) " + "` \t" * 60_000,
        "x = [1]\nf(x, y) -> 3\n" * 2_000,
        ">>> f(y)\n3\n" * 3_000,
        "Input: 3 " * 20_000,
        "For x = 1, " * 20_000,
        "assert f(1 == (\n" * 5_000,
        "[1] -> 2 3\n" * 5_000,
        "当" * 50_000 + "f(1)的结果" * 5_000,
        "f(" + "9" * 100_000 + ") -> 3",
        "'" + "\\'" * 200_000,
        "it's \u200b\"" * 50_000,
    ],
    ids=lambda text: text[:16],
)
def test_long_texts(text: str, language: str) -> None:
    """Time is bounded: nothing is looked at again and again. The limit leaves room for a busy machine."""
    started = time.thread_time()
    find_examples(text, language, name="f", parameters=("x",))
    assert time.thread_time() - started < 4


def test_5000_lines_of_examples() -> None:
    """The first examples are kept, and the rest costs nothing."""
    started = time.thread_time()
    examples, _ = find_examples("".join(f"f({n}) -> {n}\n" for n in range(5_000)), "python", name="f")
    assert [one.expression for one in examples] == [f"f({n})" for n in range(MAX_EXAMPLES)]
    assert time.thread_time() - started < 1


def test_prose_does_not_use_up_the_search() -> None:
    """An example below 2,000 lines of prose is still found."""
    text = "It returns a list, for x = the first value.\n" * 2_000 + "f(1) -> 2"
    examples, _ = find_examples(text, "python", name="f", parameters=("x",))
    assert [one.text for one in examples] == ["f(1) == 2"]
