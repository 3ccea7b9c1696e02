"""The judge, over the real sandbox where there is one: what counts as passing, and what a failure is called."""

from __future__ import annotations

import shutil

import pytest

from glosswright_server.evaluation.hidden import CannotTest, Judge
from glosswright_server.evaluation.problem import HiddenTests
from glosswright_server.verify.sandbox.model import SandboxOptions
from glosswright_server.verify.sandbox.run import availability
from glosswright_server.verify.sandbox.script import ScriptResult, run_script

pytestmark = pytest.mark.timeout(60)

TESTS = HiddenTests(code="assert f() == 1\n")


def needs_sandbox(language: str) -> None:
    """Skip where code in this language cannot be run safely."""
    if why_not := availability(language, SandboxOptions()).why_not:
        pytest.skip(why_not)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def f(): return 1", ""),
        ("def f(): return 2", "AssertionError"),
        ("def f(): return g()", "NameError"),
        ("def f(:", "SyntaxError"),
        ("import os\ndef f(): os._exit(0)", "ended before its tests did"),
        ("import os\nos._exit(0)", "ended before its tests did"),
        ("import sys\ndef f(): sys.exit(0)", "SystemExit"),
        ("def f():\n    while True: pass", "did not end in time"),
        ("def f(): return [0] * 10**9", "MemoryError"),
        ("import builtins, sys\nbuiltins.print = len\nsys.stdout = None\ndef f(): return 1", ""),
        ("print('x' * 10**6, end='')\ndef f(): return 1", ""),
        ("class MyError(Exception): pass\ndef f(): raise MyError('a\\nb')", "MyError"),
        ("if __name__ == '__main__': 1 / 0\ndef f(): return 1", ""),
        ("def f(): return open('/etc/passwd')", "PermissionError"),
    ],
)
async def test_python(code: str, reason: str) -> None:
    """Only tests that came to their end have passed, however the process ended otherwise."""
    needs_sandbox("python")
    tested = await Judge(wall_s=2.0).judge(code, TESTS, "python")
    assert (tested.passed, tested.reason) == (not reason, reason)
    assert "\n" not in tested.detail
    assert tested.elapsed_ms > 0


async def test_what_keeps_it_in_is_said() -> None:
    """The report names the sandbox."""
    needs_sandbox("python")
    assert await Judge().check({"python"}) == availability("python", SandboxOptions()).sandbox


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("function f() { return 1 }", ""),
        ("function f() { return 2 }", "AssertionError"),
        ("function f() { return g() }", "ReferenceError"),
        ("function f() { process.exit(0) }", None),
        ("console.log = () => {}; function f() { return 1 }", ""),
    ],
)
async def test_javascript(code: str, reason: str | None) -> None:
    """The same for node, with its own assertions; None: for whatever reason."""
    needs_sandbox("javascript")
    tests = HiddenTests(code="const assert = require('node:assert');\nassert.deepEqual(f(), 1);\n")
    tested = await Judge().judge(code, tests, "javascript")
    assert tested.passed is (reason == "")
    assert reason is None or tested.reason == reason


async def test_where_nothing_can_be_run() -> None:
    """No sandbox is an error that says so, never a failed test."""

    async def run(file: str, tests: str, language: str, options: SandboxOptions) -> ScriptResult:
        return ScriptResult(passed=False, why_not="Install node." if language == "javascript" else "")

    assert await Judge(run).check({"python"}) == ""
    with pytest.raises(CannotTest, match=r"sandbox. Install node\."):
        await Judge(run).check({"python", "javascript"})
    with pytest.raises(CannotTest, match="Install node"):
        await Judge(run).judge("", TESTS, "javascript")


async def test_an_interpreter_that_is_none() -> None:
    """Named in a setting, wrongly: it cannot be tested, and nobody has failed."""
    needs_sandbox("python")
    result = await run_script("", "", "python", SandboxOptions(python="/nothing/python"))
    assert "verify.python" in result.why_not
    assert not result.passed
