"""Problems written for these tests, a model that plays a script, and a way to run programs of our own."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from glosswright_server.engine.source import ModelSource, Ready
from glosswright_server.evaluation.hidden import Tested
from glosswright_server.evaluation.records import Answer, Attempt, Record
from glosswright_server.generation.completions import CompletionRequest, ModelCard
from glosswright_server.generation.launch_options import OnProgress
from glosswright_server.generation.scripted import Script, ScriptedClient
from glosswright_server.prompt.profile import profile_for
from glosswright_server.settings import Settings
from glosswright_server.verify.sandbox.model import SandboxOptions
from glosswright_server.verify.sandbox.script import ScriptResult

SECRET = "hidden-test-secret"
"""Stands in every hidden test here; no prompt may hold it."""

PROBLEMS: tuple[dict[str, Any], ...] = tuple(
    {
        "task_id": f"Own/{number}",
        "prompt": f'def {name}(a: int, b: int) -> int:\n    """{words}"""\n',
        "entry_point": name,
        "canonical_solution": f"    return {code}\n",
        "test": f"def check(candidate):\n    '{SECRET}'\n    assert candidate(7, 3) == {value}\n",
    }
    for number, (name, words, code, value) in enumerate(
        [
            ("add", "Return the sum of a and b.", "a + b", 10),
            ("subtract", "Return a less b.", "a - b", 4),
            ("multiply", "Return a times b.", "a * b", 21),
            ("largest", "Return the larger of a and b.", "max(a, b)", 7),
        ]
    )
)


def write_rows(path: Path, rows: Sequence[object] = PROBLEMS) -> Path:
    """JSON lines, gzipped where the name says so."""
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


async def run_unguarded(file: str, tests: str, language: str, options: SandboxOptions) -> ScriptResult:
    """Run a program of these tests in a plain process. Never for code that a model wrote."""
    python = language == "python"
    end = "import os as _os; _os.write(1, b'the end')" if python else "require('node:fs').writeSync(1, 'the end');"
    command = [sys.executable, "-I", "-"] if python else [shutil.which("node") or "node", "-"]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await asyncio.wait_for(process.communicate(f"{file}\n{tests}\n{end}\n".encode()), 30)
    if output.endswith(b"the end"):
        return ScriptResult(passed=True, elapsed_ms=1.0)
    found = re.findall(r"^(?:Uncaught )?(\w+(?:Error|Exit))\b.*", errors.decode(), re.MULTILINE)
    reason = found[-1] if found else "ended before its tests did"
    return ScriptResult(passed=False, reason=reason, detail=f"{reason}: 1\n2", elapsed_ms=1.0)


def right(request: CompletionRequest) -> str:
    """The reference's body for whichever of our problems is asked for."""
    asked = [row for row in PROBLEMS if f"def {row['entry_point']}(" in request.prompt]
    return str(asked[-1]["canonical_solution"]) if asked else "    return None\n"


class Source(ModelSource):
    """A model source that plays a script; every client it makes is in `clients`."""

    def __init__(self, settings: Settings, script: Script, client: ScriptedClient) -> None:
        super().__init__(settings)
        self._client = client
        client.script = script

    def ready_now(self) -> Ready | None:
        """Always ready."""
        return Ready(self._client, "scripted", profile_for("generic", False, True))  # type: ignore[arg-type] # a double

    async def acquire(self, on_progress: OnProgress | None = None, *, by_hand: bool = True) -> Ready:
        """At once."""
        ready = self.ready_now()
        assert ready is not None
        return ready


class Model:
    """Makes sources that share one scripted client."""

    def __init__(self, answer: str | Callable[[CompletionRequest], str] = right, **script: Any) -> None:
        self.script = Script(answer, **script)
        self.client = ScriptedClient(card=ModelCard("scripted", family="generic", device="cpu"))

    def source(self, settings: Settings) -> ModelSource:
        """As `ModelSource(settings)`."""
        return Source(settings, self.script, self.client)

    @property
    def prompts(self) -> list[str]:
        """Everything the model was told."""
        return [request.prompt + (request.suffix or "") for request in self.client.requests]


def record(
    id: str = "Own/0",
    *,
    solved: bool = True,
    shown: bool = True,
    label: str = "✓ parses",
    proven: bool = False,
    reservation: str = "",
    passed: bool = True,
    ran: int = 0,
    others: Sequence[bool | None] = (),
    first: bool | None = None,
    seconds: float = 1.0,
    reason: str = "AssertionError",
) -> Record:
    """A record for figures: the outcome of what was shown, and of the other candidates (None: not tested)."""
    ours = Attempt(
        file="ours",
        label=label,
        proven=proven,
        reservation=reservation,
        passed=passed,
        ran=ran,
        chosen=True,
        tested=Tested(passed=solved, reason="" if solved else reason, detail="" if solved else f"{reason}: 1 | 2"),
    )
    rest = tuple(
        Attempt(file=f"{n}", tested=None if one is None else Tested(passed=one)) for n, one in enumerate(others)
    )
    ahead = () if first is None else (Attempt(file="first", tested=Tested(passed=first)),)
    answer = Answer(
        shown=ours if shown else None,
        why_not="" if shown else "no usable code came",
        attempts=(*ahead, *((ours,) if shown else ()), *rest),
        tokens=10,
        seconds=seconds,
    )
    return Record(id=id, language="python", digest="d", answer=answer)
