"""Runs an answered file with its hidden tests behind it, in the sandbox, and says whether they passed.

The program passes only when it gets to its last line, which prints a word made for this one run: ending early with
exit status 0 is no success. Where there is no sandbox nothing is run and no verdict is made up.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from glosswright_server.errors import GlosswrightError
from glosswright_server.evaluation.problem import HiddenTests
from glosswright_server.evaluation.script import RunScript, ScriptResult
from glosswright_server.verify.sandbox.model import Limits, SandboxOptions

_EXCEPTION = re.compile(r"^(?:Uncaught )?([A-Za-z_][\w.]*)(?:: | \[[\w.]+\]: |$)(.*)$")


class CannotTest(GlosswrightError):
    """Hidden tests cannot be run here; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What hidden tests said of one file."""

    passed: bool
    reason: str = ""
    """Why not, in a word that failures can be counted by: `AssertionError`, `did not end in time`."""
    detail: str = ""
    """What came, one line."""
    elapsed_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges files by hidden tests."""

    run: RunScript
    options: SandboxOptions = field(default_factory=SandboxOptions)
    wall_s: float = 20.0
    """Seconds that all tests of one problem may take together."""

    async def check(self, languages: Collection[str]) -> None:
        """Make sure that programs in these languages can be run, by running empty ones. Raises CannotTest."""
        for language in sorted(languages):
            result = await self.run("", language, self._limited())
            if result.why_not:
                raise CannotTest(
                    f"Hidden tests run code that nobody has read, so they need a sandbox. {result.why_not}"
                )

    async def judge(self, file: str, tests: HiddenTests, language: str) -> Tested:
        """Whether `file` passes. Raises CannotTest."""
        word = secrets.token_hex(16)
        result = await self.run(program(file, tests, language, word), language, self._limited())
        if result.why_not:
            raise CannotTest(result.why_not)
        if not result.timed_out and result.exit_status == 0 and word in result.output.splitlines():
            return Tested(passed=True, elapsed_ms=result.elapsed_ms)
        reason, detail = _reason(result, self.wall_s)
        return Tested(passed=False, reason=reason, detail=detail[:300], elapsed_ms=result.elapsed_ms)

    def _limited(self) -> SandboxOptions:
        # Tests are larger than examples, and what they print must not push the last word out.
        limits = Limits(wall_s=self.wall_s, example_s=self.wall_s, memory_mb=1024, output_bytes=4_194_304)
        return replace(self.options, limits=limits)


def program(file: str, tests: HiddenTests, language: str, word: str) -> str:
    """The whole program. It prints `word` on a line of its own when everything before went well."""
    if language == "python":
        # Past `sys.stdout`, which the answer may have replaced or closed.
        end = f"import os as _os\n_os.write(1, b'\\n{word}\\n')\n"
    else:
        end = f"require('node:fs').writeSync(1, '\\n{word}\\n');\n"
    return f"{file}\n\n{tests.code}\n{end}"


def _reason(result: ScriptResult, wall_s: float) -> tuple[str, str]:
    if result.timed_out:
        return "did not end in time", f"did not end within {wall_s:g} s"
    for line in reversed(result.errors.splitlines()):
        if (found := _EXCEPTION.match(line)) and (found[1].endswith(("Error", "Exception", "Exit", "Interrupt"))):
            return found[1].rpartition(".")[2], line.strip()
    if result.exit_status == 0:
        return "ended before its tests did", "the program ended early, with exit status 0"
    return f"ended with status {result.exit_status}", result.errors.strip().rpartition("\n")[2]
