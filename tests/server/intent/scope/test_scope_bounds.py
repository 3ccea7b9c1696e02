"""Whatever a document holds, its surroundings are read in time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glosswright_server.intent.languages import LANGUAGES
from glosswright_server.intent.model import Extent, Intent, IntentKind, Trigger
from glosswright_server.intent.read import read_intent
from glosswright_server.intent.scope import surroundings_of
from glosswright_server.intent.surroundings import Argument
from glosswright_server.intent.tree import MAX_PARSED, parse

_PIECES = st.sampled_from(
    [
        *("def f(a, *b, c: int = 1, **d):\n    ", "class A(B, C):\n    ", "import a.b as c\n", "from . import *\n"),
        *("self.x = 1\n", "function f(a, {b}, ...c) {", "class A extends B {", "const x = (y) => {", "this.x = 1;"),
        *('import {a as b} from "c";', "func (s *S) F(a, b int) (c error) {", "type S struct { a int }\n", "x := 1\n"),
        *('import "a/b"\n', "impl<T> A for B<T> {", "fn f(&mut self, (a, b): (i32, i32)) -> i32 {", "#[x]\n"),
        *("use a::{b, c as d, self};", "@Override ", "int f(int a, char *b[]) {", "#include <a>\n", "int x, *y;"),
        *("class A : public B {", "}", ")", "{", "(", "def f(a, b = 1, *c, d:, &e)\n", "end\n", "@x = 1\n", "\n"),
        *("    ", "# do it\n", "// do it\n", '"""Doc."""\n', "\0", "é😀"),
    ]
)
_TEXTS = st.lists(_PIECES | st.text(max_size=4), max_size=25).map("".join)
_LANGUAGES = st.sampled_from(
    ["python", "javascript", "typescript", "tsx", "java", "go", "rust", "c", "cpp", "ruby", "bash", "sql", "plain"]
)


@settings(max_examples=300, deadline=None)
@given(text=_TEXTS, language=_LANGUAGES, at=st.floats(0, 1))
def test_never_raises(text: str, language: str, at: float) -> None:
    """Code around an intent is unfinished by nature."""
    known = LANGUAGES[language]
    tree = parse(text, known)
    intent = read_intent(text, int(at * len(text)), known, trigger=Trigger.EXPLICIT, tree=tree)
    found = surroundings_of(tree, intent)
    assert "" not in found.names
    assert all(one.name and one.kind for one in found.arguments)
    assert all(one in text for one in found.imports)
    assert not found.class_name or found.class_name in text


def _body(text: str, signature: str, name: str) -> Intent:
    return Intent(
        kind=IntentKind.BODY,
        language="python",
        extent=Extent.BODY,
        start=len(text),
        end=len(text),
        name=name,
        signature=signature,
    )


def test_long_file() -> None:
    """A file of 10,000 lines is read up to a bound."""
    text = "import a\n" + "".join(
        f"class A{n}(B):\n    def m(self, x):\n        self.y = x + {n}\n" for n in range(3_000)
    )
    text += 'def last(x):\n    """Do."""\n    '
    tree = parse(text, LANGUAGES["python"])
    started = time.thread_time()
    found = surroundings_of(tree, _body(text, "def last(x):", "last"))
    assert time.thread_time() - started < 1
    assert found.function == "last"
    assert found.imports == ("import a",)


@pytest.mark.parametrize("text", ["(" * 50_000, "class A:\n" + "    x = 1\n" * 30_000, "a." * 50_000, "-" * 100_000])
def test_odd_files(text: str) -> None:
    """Deep and long trees cost no more than long files."""
    tree = parse(text, LANGUAGES["python"])
    started = time.thread_time()
    surroundings_of(tree, _body(text, "def f():", "f"))
    assert time.thread_time() - started < 2


def test_header_alone() -> None:
    """In a file that is too long to parse, the header still says what it says."""
    text = "x = 1\n" * (MAX_PARSED // 6 + 1) + "async def f(a: int = 1) -> str:\n    "
    tree = parse(text, LANGUAGES["python"])
    assert tree.root is None
    found = surroundings_of(tree, _body(text, "async def f(a: int = 1) -> str:", "f"))
    assert (found.function, found.returns, found.is_async) == ("f", "str", True)
    assert found.arguments == (Argument(name="a", type="int", default="1"),)


def test_header_in_broken_code() -> None:
    """A header that the parser lost in the file is read by itself."""
    text = "x = (((\n" * 5 + "def f(a: int) -> str:\n    "
    found = surroundings_of(parse(text, LANGUAGES["python"]), _body(text, "def f(a: int) -> str:", "f"))
    assert (found.function, found.returns) == ("f", "str")
    assert "a" in found.names
