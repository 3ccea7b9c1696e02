"""Fingerprints: equal for what differs in looks, different for what may behave differently."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glosswright_server.intent.model import Extent, Intent, IntentKind
from glosswright_server.verify.fingerprint import fingerprint

from .support import marked

PYTHON = "import os\n\n\ndef f(a, b):\n    «»\n\n\ndef later():\n    pass\n"
JAVASCRIPT = "function f(a, b) {«»}\n"


def _fingerprints(document: str, language: str, candidates: tuple[str, ...]) -> list[str]:
    text, intent, _ = marked(document, language, IntentKind.BODY)
    return [fingerprint(text, intent, candidate) for candidate in candidates]


@pytest.mark.parametrize(
    "candidates",
    [
        (
            "return a + b",
            "return  (a+b)  # sum",
            "'''Add.'''\n    return (\n        a + b\n    )",
            "\n\n    return a + b\n\n",
        ),
        ("x = a\n    return x", "result = a\n    return result"),
        ("return 'x', \"y\"", "return (\"x\", 'y',)"),
        ("for i in a:\n        print(i)", "for item in a:\n        print(item)"),
        ("return [x for x in a if x]", "return [item for item in a if item]"),
        ("return sorted(a, key=lambda x: x[1])", "return sorted(a, key=lambda p: p[1])"),
        ("def g(n):\n        return n\n    return g(a)", "def helper(k):\n        return k\n    return helper(a)"),
        ("with open(a) as h:\n        return h", "with open(a) as file:\n        return file"),
        (
            "try:\n        pass\n    except OSError as e:\n        print(e)",
            "try:\n        pass\n    except OSError as x:\n        print(x)",
        ),
        ("import math\n    return math.pi", "import math as m\n    return m.pi"),
        (
            "n = 0\n    def g():\n        nonlocal n\n        n = 1",
            "k = 0\n    def h():\n        nonlocal k\n        k = 1",
        ),
        ("if (n := a):\n        return n", "if (m := a):\n        return m"),
        ("return u'x'", "return 'x'"),
        (
            "match a:\n        case [x, *y]:\n            return x, y",
            "match a:\n        case [p, *q]:\n            return p, q",
        ),
        (
            "match a:\n        case {'k': v, **r}:\n            return v, r",
            "match a:\n        case {'k': w, **s}:\n            return w, s",
        ),
        ("x: int = 1\n    return x", "y: int = 1\n    return y"),
        ("async def g(n):\n        return n\n    return g", "async def h(k):\n        return k\n    return h"),
        (
            "return {k: v for k, v in a}, {x for x in b}, list(y for y in b)",
            "return {p: q for p, q in a}, {z for z in b}, list(w for w in b)",
        ),
    ],
)
def test_python_looks(candidates: tuple[str, ...]) -> None:
    """White space, comments, docstrings, brackets, quotes, trailing commas and names of locals make no difference."""
    assert len(set(_fingerprints(PYTHON, "python", candidates))) == 1


@pytest.mark.parametrize(
    "candidates",
    [
        ("return a + b", "return b + a", "return a - b", "return a", "pass", ""),
        ("x = a\n    return x", "x = a\n    return a"),
        ("x = a\n    y = b\n    return x", "x = a\n    y = b\n    return y"),
        ("return 1", "return 1.0", "return True", "return '1'", "return b'1'"),
        ("return [x for x in a]", "return [a for x in a]"),
        ("return os.path", "import os\n    return os.path"),
        ("global x\n    x = 1", "x = 1", "global y\n    y = 1"),
        ("x = 1\n    return locals()", "y = 1\n    return locals()"),
        ("def g(n):\n        return n\n    return g(n=a)", "def g(k):\n        return k\n    return g(k=a)"),
        ("def g(n):\n        return n\n    return g(**a)", "def g(k):\n        return k\n    return g(**a)"),
        (
            "class C:\n        x = 1\n    return C",
            "class C:\n        y = 1\n    return C",
            "class D:\n        x = 1\n    return D",
        ),
        ("x = 1\n    class C:\n        x = x\n    return C", "y = 1\n    class C:\n        x = y\n    return C"),
        ("import os.path\n    return os", "import os.path as os\n    return os"),
        ("x = 1\n    return f'{x=}'", "y = 1\n    return f'{y=}'"),
        ("return (a, )", "return (a)"),
        ("if a:\n        b()\n    return a", "if a:\n        b()\n        return a"),
        ("return (yield a)", "return a"),
    ],
)
def test_python_differences(candidates: tuple[str, ...]) -> None:
    """What may behave differently, if only for a caller that looks closely, is never taken for the same."""
    assert len(set(_fingerprints(PYTHON, "python", candidates))) == len(candidates)


def test_names_that_others_see_are_not_local() -> None:
    """Below a comment, functions and their parameters are what the file gets."""
    text, intent, _ = marked("# add\n«»\n", "python", IntentKind.COMMENT)
    candidates = ("def f(a):\n    return a", "def f(b):\n    return b", "def g(a):\n    return a", "x = 1", "y = 1")
    assert len({fingerprint(text, intent, one) for one in candidates}) == len(candidates)
    same = ("def f(a):\n    x = a\n    return x", "def f(a):\n    y = a\n    return (y)\n")
    assert len({fingerprint(text, intent, one) for one in same}) == 1


def test_broken_python_is_told_apart_by_its_tokens() -> None:
    """A candidate that does not parse still has a fingerprint, and so has one in a broken file."""
    assert len(set(_fingerprints(PYTHON, "python", ("return (a", "return  (a  # x", "return (b")))) == 2
    broken = "def g(:\n    pass\n\n" + PYTHON
    assert len(set(_fingerprints(broken, "python", ("return a+b", "return a + b", "return b")))) == 2


@pytest.mark.parametrize(
    ("same", "different"),
    [
        (
            ("return a + b;", "\n  // sum\n  return (a+b)\n", "return /* x */ a\n + b"),
            ("return a - b;", "return\na + b;"),
        ),
        (('return "x";', "return 'x'"), ("return `x`;", "return 'y'", "return x")),
        (("return [a, b,];", "return [a,b]", "return [\n  a,\n  b,\n]"), ("return [a, , b]", "return [a, b, ,]")),
        (
            ("return `a ${b} c`", "return `a ${ b } c`"),
            ("return `a  ${b} c`", "return `a ${a} c`", "return 'a ${b} c'"),
        ),
        (("return (a.b).c", "return a.b.c"), ("return (a?.b).c", "return a?.b.c")),
        (("return '\\'';",), ('return "\'";', "return '\"';", "return '';")),
    ],
)
def test_javascript(same: tuple[str, ...], different: tuple[str, ...]) -> None:
    """Looks make no difference in JavaScript; line ends that end a statement, and holes in arrays, do."""
    ours = set(_fingerprints(JAVASCRIPT, "javascript", same))
    assert len(ours) == 1
    assert len(ours | set(_fingerprints(JAVASCRIPT, "javascript", different))) == 1 + len(different)


@pytest.mark.parametrize(
    ("language", "document", "same", "different"),
    [
        (
            "go",
            "package p\n\nfunc f(a int) int {«»}\n",
            ("\n\treturn a\n", "\n\t// x\n\treturn  a\n"),
            "\n\treturn -a\n",
        ),
        ("rust", "fn f(a: i32) -> i32 {«»}\n", ("\n    a + 1\n", " (a+1) "), "\n    a + 2\n"),
        ("bash", "f() {«»}\n", ("\n  echo 'a  b'\n", "\n\n  echo   'a  b' # x\n"), "\n  echo 'a b'\n"),
        ("typescript", "function f(a: number) {«»}\n", (" return a; ", "\n return a\n"), " return a!; "),
        ("plain", "add\n«»\n", ("a  b\n\n c", "a b\nc\n"), "a b c"),
    ],
)
def test_other_languages(language: str, document: str, same: tuple[str, ...], different: str) -> None:
    """White space and comments make no difference in any language, except inside strings."""
    ours = set(_fingerprints(document, language, same))
    assert len(ours) == 1
    assert not ours & set(_fingerprints(document, language, (different,)))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80), st.text(max_size=40), st.sampled_from(["python", "javascript", "go", "plain", "nothing"]))
def test_any_text_has_a_fingerprint(text: str, candidate: str, language: str) -> None:
    """Never an exception; always 64 hexadecimal digits, and the same ones again."""
    intent = Intent(kind=IntentKind.COMMENT, language=language, extent=Extent.BLOCK, start=0, end=len(text) // 2)
    first = fingerprint(text, intent, candidate)
    assert len(first) == 64
    assert int(first, 16) >= 0
    assert fingerprint(text, intent, candidate) == first
