"""Judges an answered file by its hidden tests, which are run in the sandbox behind it.

The tests pass only when they came to their end, which is told by a token that the answer never sees: ending early with
exit status 0 is no success. Where there is no sandbox nothing is run and no verdict is made up.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Protocol

from glosswright_server.errors import GlosswrightError
from glosswright_server.evaluation.problem import HiddenTests
from glosswright_server.verify.sandbox.model import Limits, SandboxOptions
from glosswright_server.verify.sandbox.script import ScriptResult, run_script


class CannotTest(GlosswrightError):
    """Hidden tests cannot be run here; the message says why and what to do."""


class RunScript(Protocol):
    """Runs a file and then its tests, where they can do no harm; `run_script` is the real one."""

    async def __call__(self, file: str, tests: str, language: str, options: SandboxOptions) -> ScriptResult:
        """How they ended; `why_not` when they could not be run."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What hidden tests said of one file."""

    passed: bool
    reason: str = ""
    """Why not, in words that failures can be counted by: `AssertionError`, `did not end in time`."""
    detail: str = ""
    """What came, one line."""
    elapsed_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges files by hidden tests."""

    run: RunScript = run_script
    options: SandboxOptions = field(default_factory=SandboxOptions)
    wall_s: float = 20.0
    """Seconds that all tests of one problem may take together."""

    async def check(self, languages: Collection[str]) -> str:
        """Make sure that programs in these languages can be run, by running empty ones; what keeps them in.

        Raises CannotTest.
        """
        sandboxes = []
        for language in sorted(languages):
            result = await self.run("", "", language, self._limited())
            if result.why_not:
                raise CannotTest(f"Hidden tests run unread code and so need a sandbox. {result.why_not}")
            sandboxes.append(result.sandbox)
        return ", ".join(dict.fromkeys(sandboxes))

    async def judge(self, file: str, tests: HiddenTests, language: str) -> Tested:
        """Whether `file` passes. Raises CannotTest."""
        result = await self.run(file, tests.code, language, self._limited())
        if result.why_not:
            raise CannotTest(result.why_not)
        detail = " ".join(result.detail.split())[:300]
        return Tested(passed=result.passed, reason=result.reason, detail=detail, elapsed_ms=result.elapsed_ms)

    def _limited(self) -> SandboxOptions:
        # Tests want more than examples do.
        limits = Limits(wall_s=self.wall_s, example_s=self.wall_s, memory_mb=1024)
        return replace(self.options, limits=limits)
