"""The small readers: words of a type, defaults, items of a section, and what is tried when the library refuses."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from glosswright_server.intent.docs.items import closing, default_in, is_optional, is_type, parameter_item, read_spec
from glosswright_server.intent.docs.read import read_contract
from glosswright_server.intent.docs.wording import flowing, names_exception, plain, sentences
from glosswright_server.intent.docs.words import Kind, is_of_example, kind_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(
            (one, True)
            for one in ("int", "list of str", "dict[str, int] | None", "Path", "np.ndarray", "整数", "int or None")
        ),
        *((one, True) for one in ("Optional[int]", "tuple of (int, str)", "list[list[int]]", "`bool`", "Foo or Bar")),
        *(
            (one, False)
            for one in ("the sum", "sum", "True", "a list", "if it is bad", "list[int", "", "Note that", "12")
        ),
        *((one, False) for one in ("x or y", "total", "the int", "整数的和", "a or b or c", "/ | /")),
    ],
)
def test_types_look_like_types(text: str, expected: bool) -> None:
    """A word before a colon is a type only where it cannot be anything else."""
    assert is_type(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("defaults to 3", "3"),
        ("Default: 'a b'.", "'a b'"),
        ("default is `x`", "x"),
        ("Default value is [1, (2)].", "[1, (2)]"),
        ("the width (default 10)", "10"),
        ("default None", "None"),
        ("defaults to os.sep.", "os.sep"),
        ("defaults to the current time", ""),
        ("默认值为 3", "3"),
        ("默认 True", "True"),
        ("默认：“甲”", "甲"),
        ("defaults to 'open", ""),
        ("defaults to [1", ""),
        ("the default encoding", None),
        ("by default 3 are kept", None),
        ("默认行为不变", None),
        ("fault", None),
    ],
)
def test_defaults_are_values(text: str, expected: str | None) -> None:
    """A default is a value that the text names; that there is one may be all it says."""
    assert default_in(text) == expected


def test_a_description_is_no_type() -> None:
    """ "x: list of words" describes, "x: list of str" names a type."""
    first, second = read_contract("Args:\n    x: list of words\n    y: list of str", "python").parameters
    assert (first.type, first.description) == ("", "list of words")
    assert (second.type, second.description) == ("list of str", "")


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("int, optional", ("int", "", True)),
        ("int，可选，默认为 3", ("int", "3", True)),
        ("dict[str, int], default={}", ("dict[str, int]", "{}", True)),
        ("required, str", ("str", "", False)),
        ("number=", ("number", "", True)),
        ("optional", ("", "", True)),
    ],
)
def test_bracketed_words(spec: str, expected: tuple[str, str, bool]) -> None:
    """What stands in brackets after a name mixes type, default and whether it may be left out."""
    said = read_spec(spec)
    assert (said.type, said.default, said.optional) == expected


@pytest.mark.parametrize(
    ("line", "names", "spec", "text"),
    [
        ("x: the number", ("x",), "", "the number"),
        ("- `x`, `y` (int): numbers", ("x", "y"), "int", "numbers"),
        ("* **x** – the number", ("x",), "", "the number"),
        ("**kwargs: the rest", ("kwargs",), "", "the rest"),
        ("x（整数）：数", ("x",), "整数", "数"),
        ("x (int) 第一个数", ("x",), "int", "第一个数"),
        ("n，非负整数", ("n",), "", "非负整数"),
        ("known the number", ("known",), "", "the number"),
        ("known", ("known",), "", ""),
        ("1. x - the number", ("x",), "", "the number"),
    ],
)
def test_items(line: str, names: tuple[str, ...], spec: str, text: str) -> None:
    """The ways to write one parameter's line."""
    item = parameter_item(line, frozenset({"known"}))
    assert item is not None
    assert (item.names, item.spec, item.text) == (names, spec, text)


@pytest.mark.parametrize("line", ["the number", "", "...", "x", "a b: c d", "12: x", "- and so on"])
def test_lines_that_are_no_items(line: str) -> None:
    """Running text inside a section describes no parameter."""
    assert parameter_item(line, frozenset({"known"})) is None


def test_optional_is_said_and_not_guessed() -> None:
    """ "if optional arguments are given" does not make the argument optional."""
    assert is_optional("Optional. The width.")
    assert is_optional("宽度，可选")
    assert not is_optional("used if optional arguments are given")


def test_brackets_close_where_they_should() -> None:
    """Quotes hide brackets, apostrophes do not."""
    assert closing("(a ')' b)") == 9
    assert closing("(it's)") == 6
    assert closing("{a: [1, (2)]} x") == 13
    assert closing("(a]") is None


@pytest.mark.parametrize(
    ("name", "plainly", "known"),
    [
        ("ValueError", True, True),
        ("io::Error", True, True),
        ("Error", False, True),
        ("NotFound", False, True),
        ("If", False, False),
        ("std::bad_alloc", False, True),
        ("value", False, False),
        ("StopIteration", True, True),
        ("x y", False, False),
    ],
)
def test_names_of_exceptions(name: str, plainly: bool, known: bool) -> None:
    """In a sentence only what ends like an exception is one; in a section any class name is."""
    assert names_exception(name) is plainly
    assert names_exception(name, known=True) is known


def test_sentences_end_where_people_end_them() -> None:
    """Abbreviations and decimals end nothing, list items and Chinese stops do."""
    assert sentences(["Use e.g. 3.14 here. Then", "go on.", "- one", "- two", "", "好。坏！"]) == [
        *("Use e.g. 3.14 here.", "Then go on.", "one", "two", "好。", "坏！")
    ]


def test_markup_is_removed_and_its_text_stays() -> None:
    """Javadoc, Sphinx and Rustdoc links read like words; generics are no markup."""
    assert plain("{@code a < b} <p>{@link Map<K, V>}</p> :class:`~a.b.C` [`Err`](x.html)") == "a < b Map<K, V> C `Err`"
    assert flowing("一二\n三\nfour\nfive") == "一二三 four five"


def test_headings_in_many_languages() -> None:
    """The table is looked up without regard to case."""
    words = ("RETURNS", "返回值", "Rückgabe", "Renvoie", "Devuelve", "戻り値", "Возвращает", "반환값")
    assert {kind_of(word) for word in words} == {Kind.RETURNS}
    assert kind_of("nonsense") is None
    assert is_of_example("Output")


NUMPY = "Sum.\n\nParameters\n----------\nx: int\n    a\n\nReturns\n-------\nint\n\nRaises\n------\nKeyError: if not\n"


@pytest.mark.parametrize("error", [ValueError, IndexError])
def test_what_the_library_refuses_is_read_all_the_same(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of the library costs its own cleverness, not the contract."""

    def refuse(text: str) -> None:
        raise error(text)

    fake = ModuleType("docstring_parser")
    fake.ParseError = RuntimeError  # type: ignore[attr-defined]  # a stand-in module
    fake.numpydoc = ModuleType("docstring_parser.numpydoc")  # type: ignore[attr-defined]  # a stand-in module
    fake.numpydoc.parse = refuse
    monkeypatch.setitem(sys.modules, "docstring_parser", fake)
    contract = read_contract(NUMPY, "python")
    assert [(one.name, one.type) for one in contract.parameters] == [("x", "int")]
    assert contract.returns is not None
    assert contract.returns.type == "int"
    assert [(one.type, one.description) for one in contract.raises] == [("KeyError", "if not")]


@pytest.mark.parametrize(
    ("text", "language", "names"),
    [
        ("@param {number x\n@param [y\n@param\n@param z fine", "javascript", ["z"]),
        ("@param $x a\n@param <T> b\n@param ...rest c", "javascript", ["x", "rest"]),
        (":param a b c!: x\n:param: y", "python", ["y"]),
        ("Args: a: first; b: second", "python", ["a", "b"]),
        ("Args:\n\nnothing here", "python", []),
        ("Sums a list of the\nx: [1] and more.", "python", []),
        ("参数：a 第一个数", "python", []),
        ("Args:\n    x: one\n\n    y: two\nmore", "python", ["x", "y"]),
        ("Input: [1, 2]\nOutput: 3", "python", []),
    ],
)
def test_odd_sections(text: str, language: str, names: list[str]) -> None:
    """Malformed entries are left out one by one; their neighbours are read."""
    known = ("x",) if text.startswith("Sums") else ()
    assert [one.name for one in read_contract(text, language, parameters=known).parameters] == names


def test_headings_inside_sections() -> None:
    """Names that are headings elsewhere are items where items stand, under NumPy's lines as well."""
    google = read_contract("Raises:\n    Exception: always\nReturns:\n    Result: it", "python")
    assert [one.type for one in google.raises] == ["Exception"]
    assert google.returns is not None
    numpy = read_contract("Sum.\n\nRaises\n------\nKeyError\n    a\nException\n    b\n\nReturns: c", "python")
    assert [(one.type, one.description) for one in numpy.raises] == [("KeyError", "a"), ("Exception", "b")]
    assert numpy.returns is not None
    assert numpy.returns.description == "c"


@pytest.mark.parametrize(
    ("text", "kind", "description"),
    [
        ("Returns: (int) the sum", "int", "the sum"),
        ("Returns: int - the sum", "int", "the sum"),
        ("Returns: the sum: of all", "", "the sum: of all"),
        ("Returns:\n    - one\n    - two", "", "one; two"),
        (":returns: x\n:rtype: int", "int", "x"),
        ("@return: x", "", "x"),
        ("Returns: None", None, None),
        ("返回：无", None, None),
        ("@returns {void}", None, None),
        ("Returns nothing.\n\nReturns: None", None, None),
        ("Result: 3", None, None),
    ],
)
def test_results_of_sections(text: str, kind: str | None, description: str | None) -> None:
    """Type and words of a result are told apart; "None" alone documents that nothing is returned."""
    returns = read_contract(text, "javascript" if "{" in text else "python").returns
    assert (returns and returns.type, returns and returns.description) == (kind, description)


@pytest.mark.parametrize(
    ("text", "raises"),
    [
        ("Raises:\n    ValueError, TypeError: if bad", [("ValueError", "if bad"), ("TypeError", "if bad")]),
        ("Raises:\n    ValueError if bad", [("ValueError", "if bad")]),
        ("Raises:\n    Exception: always", [("Exception", "always")]),
        ("Raises:\n    If the number is bad", []),
        ("Errors:\n    A KeyError is given when it is missing.", [("KeyError", "is given when it is missing")]),
        (":raises: if bad", []),
        ("@throws {RangeError} if bad\n@throws {oops", [("RangeError", "if bad")]),
        ("异常：\n    ValueError：数值错误", [("ValueError", "数值错误")]),
        ("抛出：ValueError 当 x 为负", [("ValueError", "当 x 为负")]),
    ],
)
def test_raises_of_sections(text: str, raises: list[tuple[str, str]]) -> None:
    """A section on exceptions names them first on its lines, or in its sentences."""
    assert [(one.type, one.description) for one in read_contract(text, "python").raises] == raises


@pytest.mark.parametrize(
    ("text", "summary", "description"),
    [
        ("", "", ""),
        ("Note: be quick.", "be quick.", ""),
        ("Returns: the sum", "the sum", ""),
        (".. warning:: Slow.\n\n.. code-block:: python\n\n    f()\n\nSums::\n\n    f()\n\nup.", "Slow.", "Sums: up."),
        ("Sum.\n```\nf()\n```\nMore.\n~~~\nunclosed\n\nEnd.", "Sum.", "More. End."),
        ("Sum. <pre>x</pre>\n<pre>\ny\n</pre>\nMore.\n<pre>x</pre>", "Sum.", "x More."),
        (":meta private:\n:func:`a` is it.", "a is it.", ""),
    ],
)
def test_summaries(text: str, summary: str, description: str) -> None:
    """The first sentence sums up, wherever it stands; code says nothing in words."""
    contract = read_contract(text, "python")
    assert (contract.summary, contract.description) == (summary, description)
