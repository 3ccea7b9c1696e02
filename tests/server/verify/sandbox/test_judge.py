"""What an answer says about an example: tables of answers, without a sandbox."""

from __future__ import annotations

import errno

import pytest

from glosswright_server.intent.contract import Example, ExampleKind
from glosswright_server.verify.sandbox.judge import judged, judged_inside, pictures
from glosswright_server.verify.sandbox.process import Answer
from glosswright_server.verify.sandbox.questions import python_question
from glosswright_server.verify.sandbox.values import describe

KINDS = {"v": ExampleKind.VALUE, "p": ExampleKind.PRINTS, "r": ExampleKind.RAISES, "h": ExampleKind.HOLDS}


def raised(*classes: str, **more: object) -> Answer:
    """An answer with an exception."""
    return Answer(classes=(*classes, "Exception", "BaseException", "object"), **more)  # type: ignore[arg-type] # any of its fields


OBJECT = ("o", "C", "C(x=1)")
CASES = [
    ("v", "2", Answer(describe(2)), "passed", ""),
    ("v", "2", Answer(describe(3)), "failed", "gave 3, expected 2"),
    ("v", "2", Answer(OBJECT), "failed", "gave C(x=1), expected 2"),
    ("v", "C(x=1)", Answer(OBJECT), "passed", ""),
    ("v", "<C ... at 0x...>", Answer(("o", "C", "<C object at 0x7f>")), "passed", ""),
    ("v", "C(x=2)", Answer(OBJECT), None, ""),
    ("v", "2", Answer(("x", "size")), "not applicable", "gave a value too large to compare"),
    ("v", "[2]", Answer(("l", ("x", "size"))), "not applicable", "gave a value too large to compare"),
    ("v", "2", raised("ValueError", message="no\nway"), "failed", "raised ValueError: no way"),
    ("v", "2", raised("MemoryError"), "failed", "needs more than 512 MiB"),
    ("v", "2", raised("gaierror", "OSError"), "not applicable", "needs the network, which the sandbox does not give"),
    (
        "v",
        "2",
        raised("PermissionError", "OSError", errno=errno.EACCES, names_file=True),
        "not applicable",
        "needs files",
    ),
    ("v", "2", raised("FileNotFoundError", errno=errno.ENOENT, names_file=True), "not applicable", "needs files"),
    ("v", "2", raised("PermissionError", errno=errno.EPERM), "not applicable", "needs the network or another program"),
    ("v", "2", raised("OSError", errno=errno.EFBIG), "not applicable", "larger file"),
    ("v", "2", raised("ModuleNotFoundError", missing="numpy.fft"), "not applicable", "needs the module 'numpy.fft'"),
    ("v", "2", raised("ImportError", message="libx.so: cannot open shared object file"), "not applicable", "a library"),
    ("v", "2", raised("ImportError", message="cannot import name 'x'"), "failed", "cannot import name"),
    ("v", "'hello...'", Answer(describe("hello world")), "failed", "gave 'hello world', expected 'hello...'"),
    ("v", "'a b'", Answer(describe("a   b")), "failed", "gave 'a   b', expected 'a b'"),
    ("v", "42", Answer(("o", "C", "42")), "failed", "gave 42, expected 42"),
    ("v", "C('a...')", Answer(("o", "C", "C('abc')")), None, ""),
    ("v", "C('a b')", Answer(("o", "C", "C('a   b')")), None, ""),
    ("v", "<C 'a...' ...>", Answer(("o", "C", "<C 'abc' 1>")), "failed", "gave <C 'abc' 1>"),
    ("v", "<C 'a...'  ...>", Answer(("o", "C", "<C 'a...' 1>")), "passed", ""),
    ("v", "['a...', ..., 'it\\'s  it']", Answer(describe(["a...", "b", "it's  it"])), "failed", "gave"),
    ("v", "['a...', ..., \"it's  it\"]", Answer(describe(["a...", "b", "it's  it"])), "passed", ""),
    ("p", "a\nb", Answer(printed="a  \nb\n\n"), "passed", ""),
    ("p", "a\n<BLANKLINE>\nb", Answer(printed="a\n\nb\n"), "passed", ""),
    ("p", "a", Answer(printed="b"), "failed", "printed 'b', expected 'a'"),
    ("p", "a", Answer(), "failed", "printed nothing, expected 'a'"),
    ("r", "ValueError", raised("ValueError"), "passed", ""),
    ("r", "mod.ValueError: text", raised("Special", "ValueError"), "passed", ""),
    ("r", "ValueError", Answer(describe(1)), "failed", "gave 1, expected ValueError to be raised"),
    ("r", "ValueError", raised("KeyError"), "failed", "raised KeyError, expected ValueError"),
    ("r", "PermissionError", raised("PermissionError", errno=errno.EACCES, names_file=True), "not applicable", "files"),
    ("r", "PermissionError", raised("PermissionError"), "passed", ""),
    ("r", "FileNotFoundError", raised("FileNotFoundError", errno=errno.ENOENT, names_file=True), "passed", ""),
    ("r", "ImportError", raised("ModuleNotFoundError", "ImportError", missing="x"), "not applicable", "module 'x'"),
    ("h", "", Answer(describe(True)), "passed", ""),
    ("p", "a\nb", Answer(printed="a b"), "failed", "printed 'a b', expected 'a\\nb'"),
    ("h", "", Answer(describe([])), "failed", "gave [], which does not hold"),
    ("h", "", Answer(OBJECT), "not applicable", "neither true nor false"),
]


@pytest.mark.parametrize(("kind", "expected", "answer", "outcome", "detail"), CASES)
def test_judged(kind: str, expected: str, answer: Answer, outcome: str | None, detail: str) -> None:
    """A refusal of the sandbox is never held against the code, nor does it ever make it pass."""
    example = Example(expression="f()", expected=expected, kind=KINDS[kind])
    result = judged(example, python_question(example), answer, 512)
    if outcome is None:
        assert result is None
        return
    assert result is not None
    assert result.outcome.value == outcome
    assert detail in result.detail
    assert "\n" not in result.detail


@pytest.mark.parametrize(
    ("answer", "outcome", "detail"),
    [
        (Answer(("t", OBJECT, ("T",))), "passed", "compared inside the sandbox"),
        (Answer(("t", describe(1), ("F",))), "passed", "compared inside the sandbox"),
        (Answer(("t", describe(2), ("F",))), "failed", "gave 1, expected 2"),
        (Answer(describe(1)), "failed", "not asked"),
        (raised("NameError", message="x"), "not applicable", "cannot be computed: NameError: x"),
    ],
)
def test_judged_inside(answer: Answer, outcome: str, detail: str) -> None:
    """What was compared inside is said to be."""
    example = Example(expression="f()", expected="g()")
    result = judged_inside(example, python_question(example), Answer(describe(1)), answer)
    assert (result.outcome.value, detail in result.detail) == (outcome, True)


@pytest.mark.parametrize(
    ("found", "wanted", "lines", "alike"),
    [
        ("abc", "abc", False, True), ("a  b", "a\nb", False, True), ("abc", "a...c", False, True), ("ac",
        "a...c", False, True),
        ("abcde", "a...c...e", False, True), ("abcde", "a...d...c...e", False, False), ("ab",
        "a...b...b", False, False),
        ("anything", "...", False, False), ("a b", "a  b", True, False), ("a\nxx\nb", "a\n...\nb", True, True),
        ("b", "a...", False, False),
    ],
)  # fmt: skip
def test_pictures(found: str, wanted: str, lines: bool, alike: bool) -> None:
    """Doctest's ways with white space and `...`; dots alone stand for nothing that was promised."""
    assert pictures(found, wanted, lines=lines) is alike


def test_details_are_safe_to_show() -> None:
    """What the code prints reaches the user on one short line, without characters that act on a terminal."""
    example = Example(expression="f()", expected="a", kind=ExampleKind.PRINTS)
    result = judged(example, python_question(example), Answer(printed="\x1b[31m" + "x" * 5000 + "\u202e"), 512)
    assert result is not None
    assert len(result.detail) < 300
    assert result.detail.isprintable()
