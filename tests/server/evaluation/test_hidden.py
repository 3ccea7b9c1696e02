"""The judge: what counts as passing, and what a failure is called."""

from __future__ import annotations

import shutil

import pytest

from glosswright_server.evaluation.hidden import CannotTest, Judge, program
from glosswright_server.evaluation.problem import HiddenTests
from glosswright_server.evaluation.script import ScriptResult
from glosswright_server.verify.sandbox.model import SandboxOptions

from .support import run_unguarded

pytestmark = pytest.mark.timeout(60)

TESTS = HiddenTests(code="assert f() == 1\n")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def f(): return 1", None),
        ("def f(): return 2", "AssertionError"),
        ("def f(): return g()", "NameError"),
        ("def f(:", "SyntaxError"),
        ("import os\ndef f(): os._exit(0)", "ended before its tests did"),
        ("import sys\ndef f(): sys.exit(0)", "ended before its tests did"),
        ("import os\ndef f(): os._exit(3)", "ended with status 3"),
        ("def f(): raise SystemExit('AllGood')", "ended with status 1"),
        ("def f():\n    while True: pass", "did not end in time"),
        ("import builtins, sys\nbuiltins.print = len\nsys.stdout = None\ndef f(): return 1", None),
        ("print('no line end', end='')\ndef f(): return 1", None),
        ("import atexit, os\natexit.register(os._exit, 1)\ndef f(): return 1", "ended with status 1"),
        ("class MyError(Exception): pass\ndef f(): raise MyError('a|b')", "MyError"),
        ("def f(): raise __import__('json').JSONDecodeError('x', '', 0)", "JSONDecodeError"),
    ],
)
async def test_python(code: str, reason: str | None) -> None:
    """Only a program that gets to its last line has passed, however it ended otherwise."""
    tested = await Judge(run_unguarded, wall_s=2.0).judge(code, TESTS, "python")
    assert (tested.passed, tested.reason) == (reason is None, reason or "")
    assert "\n" not in tested.detail


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("function f() { return 1 }", None),
        ("function f() { return 2 }", "AssertionError"),
        ("function f() { return g() }", "ReferenceError"),
        ("function f() { process.exit(0) }", "ended before its tests did"),
        ("console.log = () => {}; function f() { return 1 }", None),
    ],
)
async def test_javascript(code: str, reason: str | None) -> None:
    """The same for node, whose messages look otherwise."""
    tests = HiddenTests(code="require('node:assert').deepEqual(f(), 1);\n")
    tested = await Judge(run_unguarded).judge(code, tests, "javascript")
    assert (tested.passed, tested.reason) == (reason is None, reason or "")


async def test_the_last_word_is_made_anew() -> None:
    """A candidate cannot print what it does not know."""
    seen: list[str] = []

    async def run(source: str, language: str, options: SandboxOptions) -> ScriptResult:
        seen.append(source)
        return ScriptResult(output="\n".join(seen[0].split("\\n")))

    judge = Judge(run)
    assert (await judge.judge("", TESTS, "python")).passed  # the word stands in the output
    assert not (await judge.judge("", TESTS, "python")).passed  # the word of the run before
    assert seen[0] != seen[1]


async def test_where_nothing_can_be_run() -> None:
    """No sandbox is an error that says so, never a failed test."""

    async def run(source: str, language: str, options: SandboxOptions) -> ScriptResult:
        return ScriptResult(why_not="Install node." if language == "javascript" else "")

    await Judge(run).check({"python"})
    with pytest.raises(CannotTest, match=r"sandbox. Install node\."):
        await Judge(run).check({"python", "javascript"})
    with pytest.raises(CannotTest, match="Install node"):
        await Judge(run).judge("", TESTS, "javascript")


def test_a_file_without_a_line_end() -> None:
    """The tests begin on a line of their own."""
    assert program("x = 1", HiddenTests(code="y = 2"), "python", "w").startswith("x = 1\n\ny = 2\n")
