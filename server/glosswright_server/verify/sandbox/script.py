"""Runs a whole file and then a test program that uses it, in the sandbox, and says whether both came to their end.

For judging files by tests that the product never sees (`evaluation`). That the tests came to their end is told by the
checker, with a token that the code under test is not given: ending the process early, with whatever status, is no
success. Where there is no sandbox nothing is run.

That holds for code that is wrong, not for code that sets out to deceive. File and tests share the checker's process, as
they must to share objects, and no second one can be started there: a file that walks the interpreter's frames
(`sys._getframe`, `gc`) can find the token, or change the tests' names, and so forge a pass. It stays behind the walls.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from glosswright_server.verify.sandbox.interpreters import Unusable, interpreter_for
from glosswright_server.verify.sandbox.model import SandboxOptions
from glosswright_server.verify.sandbox.process import Answer, OutOfMemory, Refused, Stopped, TimedOut, running
from glosswright_server.verify.sandbox.walls import walls


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptResult:
    """How a file and its tests ended."""

    passed: bool
    """Whether both ran to their end and nothing was raised."""
    reason: str = ""
    """Why not, in words that failures can be counted by: the exception's class, `did not end in time`."""
    detail: str = ""
    """What came, one line."""
    elapsed_ms: float = 0.0
    sandbox: str = ""
    """What kept the code in; "" when nothing was run."""
    why_not: str = ""
    """Why nothing was run, one sentence for the user; "" when something was."""


async def run_script(file: str, tests: str, language: str, options: SandboxOptions) -> ScriptResult:
    """Run `file` as a module, then `tests` with its names, within `limits.wall_s` together. Raises nothing."""
    found = walls()
    if not found.name:
        return ScriptResult(passed=False, why_not=found.why_not)
    started = time.monotonic()

    def result(reason: str = "", detail: str = "") -> ScriptResult:
        elapsed_ms = (time.monotonic() - started) * 1000
        return ScriptResult(passed=not reason, reason=reason, detail=detail, elapsed_ms=elapsed_ms, sandbox=found.name)

    try:
        interpreter = interpreter_for(language, options)
        async with running(found, language, interpreter, options.limits, options.scratch) as process:
            ends_at = time.monotonic() + options.limits.wall_s
            try:
                for command in (("load", file), ("run", "tests", tests, "", "value")):
                    answer = await process.ask(*command, within=max(ends_at - time.monotonic(), 0.001))
                    if answer.classes:
                        return result(answer.classes[0], _said(answer))
            except TimedOut as why:
                return result("did not end in time", str(why))
            except OutOfMemory as why:
                return result("MemoryError", str(why))
            except Stopped as why:
                return result("ended before its tests did", str(why))
            return result()
    except Unusable as why:
        return ScriptResult(passed=False, why_not=str(why))
    except (Refused, OSError) as why:
        return ScriptResult(passed=False, why_not=f"The sandbox could not be entered: {why}.")


def _said(answer: Answer) -> str:
    """`ValueError: message`, on one line."""
    first = answer.message.strip().partition("\n")[0]
    return f"{answer.classes[0]}: {first}" if first else answer.classes[0]
