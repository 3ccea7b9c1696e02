"""Text that nobody meant as documentation: no crash, no hang, no invisible characters in what people are shown."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glosswright_server.intent.contract import Contract
from glosswright_server.intent.docs import read
from glosswright_server.intent.docs.cleaning import MAX_CHARS, MAX_LINES, bounded, clean_lines
from glosswright_server.intent.docs.entries import MAX_ENTRIES
from glosswright_server.intent.docs.read import read_contract
from glosswright_server.intent.docs.sections import MAX_BLOCKS

LANGUAGES = ("python", "javascript", "typescript", "java", "rust", "go", "c", "plain", "")

# What a document is made of, cut up so that the pieces meet in ways that no author would choose.
PIECES = (
    *("Args:", "参数：", "Returns:", "返回", "Raises", "-----", "=====", "```", "~~~", ">>> f(1)", "<pre>", "</pre>"),
    *(":param int x:", ":type x: int", "@param {", "@param {a: {b}} [x=[1]", "@returns", "# Errors", "* `x` - a", "::"),
    *("if x is negative", "raises ValueError", "抛出 ValueError", "如果", "则", "returns", "is returned", "x : int"),
    *("default 3", "默认为", "(", ")", "[", "]", "{", "}", "（", "）", "`", "'", '"', ",", "，", "、", ".", "。", ";"),
    *(":", "：", "-", "*", "\\", "@", "|", "x", "y", "and", "or", "the", "O(n)", "without", "in place", "不使用", "O("),
    *("{@code", "[`a`]", ":func:`a`", ".. note::", "\n", "\n\n", "\r\n", "\r", "\t", "    ", " ", "\u200b", "\u202e"),
    *("\ufeff", "\u3000", "\0", "é", "😀", "عربي", "\ud800"),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(st.text(max_size=300), st.lists(st.sampled_from(PIECES), max_size=60).map(" ".join),
              st.lists(st.sampled_from(PIECES), max_size=60).map("".join)),
    st.sampled_from(LANGUAGES),
)  # fmt: skip
def test_any_text_gives_a_contract(text: str, language: str) -> None:
    """Documentation is text by anybody, half typed: reading it never raises, and gives no entry without a name."""
    contract = read_contract(text, language, name="f", parameters=("x", "*args"))
    assert isinstance(contract, Contract)
    assert all(one.name and one.name == one.name.strip() for one in contract.parameters)
    assert all(one.type for one in contract.raises)
    assert all(wish.strip() for wish in contract.wishes)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join))
def test_reading_is_pure(text: str) -> None:
    """The same words mean the same each time: suggestions are compared by contracts."""
    assert read_contract(text, "python", parameters=("x",)) == read_contract(text, "python", parameters=("x",))


NASTY = {
    "arguments": "Sum.\n\nArgs:\n"
    + "".join(f"    x{i} (int, optional): The value. Defaults to {i}.\n" for i in range(5000)),
    "numpy": "Sum.\n\nParameters\n----------\n" + "x : int, optional\n    The value.\n" * 2500,
    "fields": ":param int x: The value.\n:raises ValueError: if not\n" * 2500,
    "tags": "@param {Array<{a: number}>} [x=[1]] - the value\n@throws {Error} if not\n" * 2500,
    "prose": "Return the sum of x; raises ValueError if x is negative, O(n) time, without recursion.\n" * 5000,
    "chinese": "如果 x 为负数则抛出 ValueError，返回 x 的和，不使用循环。\n" * 5000,
    "headings": "Args:\nReturns:\n" * 2500,
    "unclosed fences": "```\n~~~\n<pre>\n" * 2000,
    "unclosed braces": "@param {{{{ x\n:param x\n" * 2500,
    "doctests": ">>> f(x)\n" * 5000,
    "one line of names": "x, " * 13000,
    "one line of verbs": "raise ValueError or return and then it " * 1000,
    "one line of conditions": "如果返回则" * 8000,
    "brackets": "(" * 40000,
    "full-width brackets": "x（" * 20000,
    "backticks": "`" * 40000,
    "blanks": " " * 40000 + "x",
    "blank lines": "\n" * 40000,
    "complexities": "O(n log(n) " * 4000,
    "prohibitions": "do not use a without using an " * 1400,
    "stops": ". A.B e.g. " * 4000,
}


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("language", ["python", "java"])
def test_long_and_nasty_text_is_read_in_no_time(name: str, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No pattern takes quadratic time: what ordinary text of this length costs is far below the bound, on any machine.

    Examples are left out: they have tests of their own.
    """
    monkeypatch.setattr(read, "find_examples", lambda *_, **__: ((), ()))
    read_contract("x\n\nParameters\n----------\nx : int\n    a\n", language)  # the library's import is not reading
    started = time.process_time()
    contract = read_contract(NASTY[name], language, name="f", parameters=("x",))
    assert time.process_time() - started < 1.0
    assert len(contract.parameters) <= MAX_ENTRIES
    assert len(contract.raises) <= MAX_ENTRIES


def test_long_text_is_read_from_its_beginning() -> None:
    """What stands first in a long docstring says most: the cut never takes it, and falls between lines."""
    text = "Return the sum.\n" + "more\n" * 20_000
    assert bounded(text).count("\n") == MAX_LINES - 1
    assert len(bounded("abc def\n" * 20_000)) <= MAX_CHARS
    assert bounded("abc\r\n" * 20_000).endswith("abc")
    assert len(bounded("x" * 100_000)) == MAX_CHARS
    assert read_contract(text, "python").summary.startswith("Return the sum.")


def test_many_blocks_are_read_up_to_a_bound() -> None:
    """A list of a thousand fields is no function's documentation; the first ones are still read."""
    text = "".join(f":param x{i}: value\n" for i in range(MAX_BLOCKS + 50))
    assert len(read_contract(text, "python").parameters) == MAX_ENTRIES


def test_invisible_characters_hide_nothing() -> None:
    """A zero-width space inside "raises", or a direction mark around a name, must not make the text say something else
    to a reader than to us."""
    contract = read_contract(
        "Rai\u200bses Value\u2060Error if \u202ex\u202c is bad.\n\n:param \ufeffx\u200e: it\0", "python"
    )
    assert [(one.type, one.description) for one in contract.raises] == [("ValueError", "if x is bad")]
    assert [(one.name, one.description) for one in contract.parameters] == [("x", "it")]


def test_joiners_that_shape_letters_stay() -> None:
    """Persian and emoji need them."""
    assert read_contract("می\u200cخواهم 👩\u200d💻.", "python").summary == "می\u200cخواهم 👩\u200d💻."


@pytest.mark.parametrize(
    "text",
    [
        "/**\n * Adds.\n *\n * @param x the number\n * @return the sum\n */",
        "/// Adds.\n///\n/// @param x the number\n/// @return the sum",
        '"""Adds.\n\n@param x the number\n@return the sum\n"""',
        "Adds.\r\n\r\n@param x the number\r\n@return the sum\r\n",
        "Adds.\r\r@param x the number\r@return the sum",
    ],
)
def test_markers_that_were_left_are_removed(text: str) -> None:
    """Text may come from elsewhere than the syntax tree, delimiters and all."""
    contract = read_contract(text, "java")
    assert contract.summary == "Adds."
    assert [one.description for one in contract.parameters] == ["the number"]
    assert contract.returns is not None
    assert contract.returns.description == "the sum"


def test_a_list_of_stars_is_no_margin() -> None:
    """A Markdown list is what the author wrote."""
    assert clean_lines("* one\n* two") == ["* one", "* two"]


def test_the_library_is_imported_when_it_is_needed() -> None:
    """The server's start does not pay for it."""
    code = (
        "import sys; from glosswright_server.intent.docs.read import read_contract as read\n"
        "read('Sum.\\n\\nArgs:\\n    x: a', 'python'); assert 'docstring_parser' not in sys.modules\n"
        "read('Sum.\\n\\nReturns\\n-------\\nint', 'python'); assert 'docstring_parser' in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False, text=True)
    assert done.returncode == 0, done.stderr
