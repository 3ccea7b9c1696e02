"""One way to run examples for all tests here, and the reason where this machine cannot."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from glosswright_server.intent.contract import Example, ExampleKind
from glosswright_server.verify.sandbox import availability, run_examples
from glosswright_server.verify.sandbox.model import Limits, Program, SandboxOptions
from glosswright_server.verify.verdict import ExamplesReport, Outcome

Run = Callable[..., Awaitable[ExamplesReport]]


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Where scratch folders are made, so that a test sees what is left of them."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.fixture
def run(scratch: Path) -> Run:
    """`await run(source, *examples)`; an example is a pair of expression and expected value, or an `Example`."""
    return runner("python", scratch)


@pytest.fixture
def run_script(scratch: Path) -> Run:
    """The same for JavaScript."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    return runner("javascript", scratch)


@pytest.fixture
def never_passes(run: Run) -> Callable[..., Awaitable[str]]:
    """`await never_passes(source, *examples)`: no example comes out as passed; what was said of the first."""

    async def check(source: str, *examples: object, **limits: float) -> str:
        report = await run(source, *(examples or [("f()", "'a secret'")]), **limits)
        assert [r.outcome for r in report.results if r.outcome is Outcome.PASSED] == [], report.results
        return report.why_not or report.results[0].detail

    return check


def runner(language: str, scratch: Path) -> Run:
    """What runs examples of a language, and checks that nothing is left of the run."""
    found = availability(language, SandboxOptions())
    if not found.sandbox:
        pytest.skip(f"no sandbox here: {found.why_not}")

    async def run(source: str, *examples: object, why_not: str = "", **limits: float) -> ExamplesReport:
        options = SandboxOptions(scratch=scratch, limits=Limits(**limits))  # type: ignore[arg-type] # any of its fields
        report = await run_examples(
            Program(source=source, language=language, why_not=why_not), tuple(map(example, examples)), options
        )
        assert list(scratch.iterdir()) == [], "a scratch folder was left behind"
        return report

    return run


def example(given: object) -> Example:
    """`("f(1)", "2")` is a value, `("print(1)", "1", "prints")` another kind."""
    if isinstance(given, Example):
        return given
    assert isinstance(given, tuple)
    expression, expected, kind = (*given, "value")[:3]
    return Example(expression=expression, expected=expected, kind=ExampleKind(kind))
