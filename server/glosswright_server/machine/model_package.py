"""The model package's own command line, asked in a process of its own and read as JSON.

Cancelling a caller ends the process; a download that is cut off is continued by the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from glosswright_server.errors import LaunchError
from glosswright_server.machine.model_command import model_command

_NOT_RUNNING = 4
"""Exit code of `stop` when no server runs."""
_END_S = 3.0
_LINE_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far a download is."""

    phase: str
    """"waiting", "downloading" or "verifying"."""
    done_bytes: int
    total_bytes: int
    bytes_per_s: float

    @property
    def percentage(self) -> int:
        """0 to 100."""
        return min(100, 100 * self.done_bytes // self.total_bytes) if self.total_bytes > 0 else 0

    def __str__(self) -> str:
        if self.phase == "waiting":
            return "another download of it is under way"
        size = f"{self.done_bytes / 1e6:.0f} of {self.total_bytes / 1e6:.0f} MB"
        if self.phase == "verifying":
            return f"checking {size}"
        return f"{size} · {self.bytes_per_s / 1e6:.1f} MB/s" if self.bytes_per_s > 0 else size


async def run_json(*arguments: str, timeout_s: float = 60.0) -> Any:
    """What the command prints, as JSON. Raises LaunchError with the command's own words."""
    async with _started(*arguments) as process:
        try:
            out, err = await asyncio.wait_for(process.communicate(), timeout_s)
        except asyncio.TimeoutError:
            raise LaunchError(f"`glosswright model {arguments[0]}` did not end within {timeout_s:g} s.") from None
        if process.returncode != 0:
            raise LaunchError(_words(err))
        try:
            return json.loads(out)
        except ValueError:
            raise LaunchError(f"`glosswright model {arguments[0]}` printed something that is not JSON.") from None


async def pull(name: str, on_progress: Callable[[PullProgress], None]) -> dict[str, Any]:
    """Fetch a model's weights; `{"path", "licence"}`. Raises LaunchError with the command's own words."""
    async with _started("pull", "--json", name) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        words = asyncio.ensure_future(process.stderr.read())
        done: dict[str, Any] = {}
        try:
            async for line in process.stdout:
                said = _line(line)
                if said.get("phase") == "done":
                    done = said
                elif (progress := _progress(said)) is not None:
                    on_progress(progress)
            await process.wait()
            err = await words
        finally:
            words.cancel()
        if process.returncode != 0 or not isinstance(done.get("path"), str):
            raise LaunchError(_words(err))
        return {"path": done["path"], "licence": str(done.get("licence", ""))}


async def stop_server() -> bool:
    """End the local model server, for every window; whether one ran. Raises LaunchError when it stays."""
    async with _started("stop") as process:
        _, err = await process.communicate()
        if process.returncode not in (0, _NOT_RUNNING):
            raise LaunchError(_words(err))
        return process.returncode == 0


@asynccontextmanager
async def _started(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    try:
        process = await asyncio.create_subprocess_exec(
            *model_command(*arguments),
            # Standard input and output are the editor's.
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_LINE_BYTES,
        )
    except OSError as error:
        raise LaunchError(f"The model package cannot be run: {error.strerror}.") from None
    try:
        yield process
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _END_S)
            except asyncio.TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


def _line(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _progress(said: dict[str, Any]) -> PullProgress | None:
    phase, done, total, rate = (said.get(key) for key in ("phase", "done_bytes", "total_bytes", "bytes_per_s"))
    if not isinstance(phase, str) or type(done) is not int or type(total) is not int:
        return None
    return PullProgress(phase, done, total, float(rate) if isinstance(rate, (int, float)) else 0.0)


def _words(err: bytes) -> str:
    lines = [line for line in err.decode("utf-8", "replace").splitlines() if line.strip()]
    if not lines:
        return "The model package gave no reason; look at `glosswright model` on the command line."
    if lines[-1].startswith("ModuleNotFoundError"):
        return "The model package is not installed; run: pip install 'glosswright[llamacpp]'"
    return lines[-1].removeprefix("glosswright model: ")
