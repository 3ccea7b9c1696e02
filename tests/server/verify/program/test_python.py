"""Programs taken from Python files: what is kept, what is left out, and when there is none."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glosswright_server.intent.contract import Example, ExampleKind
from glosswright_server.intent.model import Extent, Intent, IntentKind
from glosswright_server.verify.program import program_for
from glosswright_server.verify.sandbox.model import Program

from .support import Case, check, examples_of, marked, program_of, read_cases

BODY, COMMENT = IntentKind.BODY, IntentKind.COMMENT

CASES = read_cases("python")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_cases(case: Case, tmp_path: Path) -> None:
    """What a file needs is kept and runs in a process of its own, printing nothing else; where a run would mislead
    there is none, and the reason is one sentence that names the culprit."""
    check(case, tmp_path)


def test_nothing_unneeded_is_kept() -> None:
    """Imports, helpers and constants that neither the candidate nor an example reaches stay out, and so do words."""
    program = program_of(
        "'''f(1) gives 2'''\nimport torch, os\nSECRET = 'x'  # secret\n\ndef other():\n    return torch, os\n\n"
        "def f(a):\n    '''f(1)\n\n    >>> f(1)\n    2\n    '''\n    «# adds\n    return a + 1»\n",
        "f(1)",
    )
    assert program.source == "def f(a):\n    return a + 1\n"
    assert (program.target, program.modules, program.language) == ("f", (), "python")


@pytest.mark.parametrize(
    ("document", "modules"),
    [
        ("import numpy as np\nimport os.path\n\ndef f(a):\n    «return np.sum(a), os.path.join('a')»\n", ("numpy",)),
        ("from .own import g\n\ndef f(a):\n    «return g(a)»\n", (".own",)),
        ("from . import g\n\ndef f(a):\n    «return g(a)»\n", (".",)),
        ("def f(a):\n    «import yaml.nodes\n    return yaml»\n", ("yaml",)),
        ("def f(a):\n    «try:\n        import ujson\n    except ImportError:\n        ujson = None»\n", ()),
    ],
)
def test_modules_beyond_the_standard_library_are_named(document: str, modules: tuple[str, ...]) -> None:
    """The sandbox has to know what must be installed; an import whose absence is dealt with needs nothing."""
    assert program_of(document, "f(1)").modules == modules


def test_an_awaited_example() -> None:
    """An example may await what it calls, as at an asynchronous prompt."""
    assert not program_of("async def f(a):\n    «return a»\n", "await f(1)").why_not


def test_missing_imports_go_on_top() -> None:
    """The verdict's import statements make the program whole; one that cannot be read is passed over."""
    program = program_of(
        "from __future__ import annotations\n\ndef f(a):\n    «return math.floor(a)»\n",
        "f(1.5)",
        imports=("import math", "import = 3", "print('no import')"),
    )
    lines = program.source.splitlines()
    assert lines[:2] == ["from __future__ import annotations", "import math"]
    assert "print" not in program.source


def test_annotations_stay_where_something_sees_them() -> None:
    """A decorator that is not known to ignore annotations gets them, and so does a header the candidate wrote."""
    program = program_of(
        "from functools import singledispatch\n\n@singledispatch\ndef f(a: int) -> str:\n    «return ''»\n", "f(1)"
    )
    assert "a: int" in program.source
    program = program_of("# f\n«def f(a: int) -> str:\n    return ''»\n", "f(1)", kind=COMMENT)
    assert "a: int" in program.source


def test_only_what_is_printed_may_hold_anything() -> None:
    """The expected output of a PRINTS example is text; the names in it are no reason to keep or refuse anything."""
    document = "config = open('x').read()\n\ndef f():\n    «print('config')»\n"
    text, intent, insertion = marked(document, "python", BODY)
    example = Example(expression="f()", expected="config", kind=ExampleKind.PRINTS)
    assert not program_for(text, intent, insertion, examples=(example,)).why_not


def test_other_languages_say_so() -> None:
    """Only Python and JavaScript are run."""
    for language, name in (("typescript", "TypeScript"), ("tsx", "TypeScript"), ("rust", "rust")):
        assert name in program_of("function f() {«return 1»}", "f()", language=language).why_not


def test_a_file_too_long_or_too_deep_says_so() -> None:
    """Text of any size and depth gives an answer."""
    long = program_of("x = 1\n" * 60_000 + "def f(a):\n    «return a»\n", "f(1)")
    assert "too long" in long.why_not
    deep = program_of("def f(a):\n    «return " + "-" * 20_000 + "a»\n", "f(1)")
    assert deep.why_not


_WORDS = [
    "def f(a):",
    "    return a",
    "class A:",
    "    def m(self):",
    "        return g(1)",
    "x = f(2)",
    "import os",
    "@x",
    "'''d'''",
]
_WORDS += [
    "if x:",
    "    y = [i for i in x]",
    "print(1)",
    "(",
    "'''",
    "try:",
    "except:",
    "    pass",
    "from a import *",
    "",
    "\t",
    "é = 1",
]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(_WORDS), max_size=12),
    st.lists(st.sampled_from(_WORDS), max_size=4),
    st.data(),
    st.sampled_from(list(IntentKind)),
    st.sampled_from(["python", "javascript"]),
)
def test_any_text_gives_a_program_that_parses_or_a_reason(
    lines: list[str], candidate: list[str], data: st.DataObject, kind: IntentKind, language: str
) -> None:
    """Broken files, broken candidates, any place: never an exception, and never a program that does not parse."""
    text = "\n".join(lines)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    intent = Intent(kind=kind, language=language, extent=Extent.BLOCK, start=start, end=end)
    _is_sound(program_for(text, intent, "\n".join(candidate), examples=examples_of("f(1)", "A().m()", "((")))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60), st.text(max_size=30), st.sampled_from(["python", "javascript"]))
def test_noise_gives_a_program_that_parses_or_a_reason(text: str, candidate: str, language: str) -> None:
    """The same for text that is no code at all, NUL and lone surrogates included."""
    intent = Intent(kind=COMMENT, language=language, extent=Extent.BLOCK, start=len(text) // 2, end=len(text) // 2)
    _is_sound(program_for(text, intent, candidate, examples=examples_of(candidate)))


def _is_sound(program: Program) -> None:
    assert bool(program.why_not) != bool(program.source)
    if program.language == "python":
        ast.parse(program.source)
