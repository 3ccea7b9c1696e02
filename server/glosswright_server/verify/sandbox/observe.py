"""Runs expressions against a Python program in the sandbox and tells what came, judging nothing: values, and lines run.

For what is asked beyond the examples: how far they reach, and what two candidates make of the same input. Nothing here
is held against the code: what does not end in time, or cannot be told, is only not known.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from glosswright_server.verify.sandbox.interpreters import Interpreter
from glosswright_server.verify.sandbox.model import SandboxOptions
from glosswright_server.verify.sandbox.process import Answer, Refused, Sandboxed, Stopped, running
from glosswright_server.verify.sandbox.run import prepared
from glosswright_server.verify.sandbox.values import Tree
from glosswright_server.verify.sandbox.walls import Walls

MOST_PROCESSES = 3
"""After so many that came to no good end the rest is left unknown."""
STEP_S = 0.5
"""Seconds one step may take, many times what it needs: on a busy machine a process waits for its turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is evaluated."""

    expression: str
    body: str = ""
    """Statements before it."""
    session: str = ""
    """Steps of one session share names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What came of a step: a value, or an exception, and by which way."""

    tree: Tree | None = None
    raised: str = ""
    """The class of the exception."""
    lines: frozenset[int] = frozenset()
    """Lines of the program's functions that ran; none where the interpreter does not tell (before Python 3.10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What could be seen within the limits."""

    seen: tuple[Seen | None, ...]
    """For each step what came, or None where nobody knows."""
    there: frozenset[int] = frozenset()
    """All lines of the program's functions that have code."""


async def observe(source: str, steps: Sequence[Step], options: SandboxOptions) -> Observed:
    """Evaluate the steps in turn, within `options.limits.wall_s` seconds in all. When cancelled, the process is killed
    first. After a step that ended the process a fresh one goes on with the next."""
    found = await asyncio.to_thread(prepared, "python", options)
    run = _Run(source, steps, options)
    if not isinstance(found, str):
        await run.all(*found)
    return Observed(seen=tuple(run.seen), there=run.there)


class _Run:
    def __init__(self, source: str, steps: Sequence[Step], options: SandboxOptions) -> None:
        self._source = source
        self._steps = steps
        self._options = options
        self._deadline = time.monotonic() + options.limits.wall_s
        self._at = 0
        self.seen: list[Seen | None] = [None] * len(steps)
        self.there: frozenset[int] = frozenset()

    async def all(self, walls: Walls, interpreter: Interpreter) -> None:
        """Fill `seen`."""
        for _ in range(MOST_PROCESSES):
            if not self._goes_on():
                return
            try:
                async with running(walls, "python", interpreter, self._options.limits, self._options.scratch) as inside:
                    loaded = await inside.ask("load", self._source, within=self._left(self._options.limits.wall_s))
                    if loaded.classes:
                        return
                    await inside.ask("watch", within=self._left(STEP_S))
                    await self._in(inside)
            except Stopped:
                continue
            except (Refused, OSError):
                return

    async def _in(self, inside: Sandboxed) -> None:
        """Go on in this process. Raises `Stopped`."""
        while self._goes_on():
            number, self._at = self._at, self._at + 1
            step = self._steps[number]
            words = step.session, step.body, step.expression, "value"
            answer = await inside.ask("run", *words, within=self._left(STEP_S))
            reached = await inside.ask("reached", within=self._left(STEP_S))
            lines, there = _lines(reached.tree)
            self.seen[number] = _seen(answer, lines)
            self.there |= there

    def _goes_on(self) -> bool:
        return self._at < len(self._steps) and time.monotonic() < self._deadline

    def _left(self, most: float) -> float:
        return max(min(self._deadline - time.monotonic(), most), 0.01)


def _seen(answer: Answer, lines: frozenset[int]) -> Seen | None:
    if not answer.classes:
        return Seen(tree=answer.tree, lines=lines)
    # Where the sandbox may have stood in the way, it says nothing about the code.
    return None if answer.missing or answer.errno is not None else Seen(raised=answer.classes[0], lines=lines)


def _lines(tree: Tree) -> tuple[frozenset[int], frozenset[int]]:
    """The two tuples of line numbers in an answer to `reached`; empty sets for any other answer."""
    match tree:
        case ("t", ("t", *ran), ("t", *there)) if all(part[0] == "i" for part in (*ran, *there)):
            return frozenset(part[1] for part in ran), frozenset(part[1] for part in there)
    return frozenset(), frozenset()
