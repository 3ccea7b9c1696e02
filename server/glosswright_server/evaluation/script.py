"""How hidden tests are run: what is asked of the sandbox, and how a program ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from glosswright_server.verify.sandbox.model import SandboxOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptResult:
    """How a whole program ended."""

    exit_status: int = 0
    output: str = ""
    errors: str = ""
    timed_out: bool = False
    elapsed_ms: float = 0.0
    why_not: str = ""
    """Why it was not run, one sentence for the user; "" when it was."""


class RunScript(Protocol):
    """Runs a whole program to its end or its limits, where it can do no harm."""

    async def __call__(self, source: str, language: str, options: SandboxOptions) -> ScriptResult:
        """How it ended; `why_not` when it could not be run."""
        ...


async def sandboxed(source: str, language: str, options: SandboxOptions) -> ScriptResult:
    """Run it in the sandbox."""
    return ScriptResult(why_not="This version has no sandbox for whole programs.")
