"""One sandboxed process: started in a scratch folder of its own, asked one thing at a time, and gone at the end.

Whatever happens, cancellation included, the process is killed and its folder removed before `running` is left. Answers
are read with a limit on their size, and an answer that is not the one asked for ends the process: no code under test
has any business on that pipe.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from glosswright_server.verify.sandbox.interpreters import Interpreter
from glosswright_server.verify.sandbox.model import Limits
from glosswright_server.verify.sandbox.scratch import new_scratch, sweep_once
from glosswright_server.verify.sandbox.values import Tree, read_tree, unhex
from glosswright_server.verify.sandbox.walls import Walls, behind

_MOST_ANSWER = 2 << 20
_POLL_S = 0.05
_START_S = 20.0
_MIB = 1 << 20
_MOST_FILES = 500
_ROOMY = 4
"""How many files of the largest size the scratch folder may hold in all."""
_MOST_THREADS = 256


class Stopped(Exception):
    """The process is gone, or had to be ended, without the answer; the message is a clause for the user."""


class Refused(Exception):
    """The sandbox could not be entered, so nothing ran; the message says which step failed."""


class TimedOut(Stopped):
    """It took too long."""


class OutOfMemory(Stopped):
    """It wanted more memory than it may have."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one command."""

    tree: Tree = ("N",)
    printed: str = ""
    classes: tuple[str, ...] = ()
    """The classes of what was raised, the most special first; () when nothing was."""
    message: str = ""
    errno: int | None = None
    names_file: bool = False
    missing: str = ""
    """Module that could not be imported."""


@asynccontextmanager
async def running(
    walls: Walls, language: str, interpreter: Interpreter, limits: Limits, parent: Path | None
) -> AsyncIterator[Sandboxed]:
    """A process that has entered the sandbox and waits for commands. Raises `Refused` or `OSError`."""
    await asyncio.to_thread(sweep_once, parent)
    scratch = new_scratch(parent)
    try:
        with behind(walls, language, interpreter, limits, scratch) as start:
            process = await asyncio.create_subprocess_exec(
                *start.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=scratch,
                env=_environment(scratch),
                pass_fds=start.inherit,
                start_new_session=True,
                limit=_MOST_ANSWER,
            )
        try:
            sandboxed = Sandboxed(process, scratch, limits, watch_memory=language != "python")
            await sandboxed.ready()
            yield sandboxed
        finally:
            await _end(process)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _environment(scratch: Path) -> dict[str, str]:
    """All that the process knows of the user's environment: nothing."""
    folder = str(scratch)
    one = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "UV_THREADPOOL_SIZE"), "1")
    return {
        "HOME": folder,
        "TMPDIR": folder,
        "PATH": "",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "OPENSSL_CONF": "/dev/null",
        "MALLOC_ARENA_MAX": "1",  # others reserve addresses, of which there are few
        **one,
    }


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill it and wait until it is gone, even when we are cancelled meanwhile."""
    if process.returncode is None:
        # Not process.kill(): it polls first, and takes the exit status away from asyncio.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    gone = asyncio.ensure_future(_gone(process))
    cancelled = None
    while not gone.done():
        try:
            await asyncio.shield(gone)
        except asyncio.CancelledError as why:  # noqa: PERF203 - it is waited for all the same
            cancelled = why
    if cancelled is not None:
        raise cancelled


async def _gone(process: asyncio.subprocess.Process) -> None:
    """Read what is left in the pipe, without which asyncio never counts the process as ended, and reap it."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    with suppress(OSError, RuntimeError):  # RuntimeError: a reader was just cancelled and has not left yet
        while await process.stdout.read(1 << 16):
            continue
    await process.wait()


@dataclass(slots=True)
class Sandboxed:
    """A process behind the walls."""

    process: asyncio.subprocess.Process
    scratch: Path
    limits: Limits
    watch_memory: bool
    stopped: bool = field(default=False, init=False)

    async def ready(self) -> None:
        """Wait until it has entered. Raises `Refused`."""
        try:
            record = json.loads(await self._line(_START_S))
        except (Stopped, ValueError) as stopped:
            raise Refused(f"the interpreter did not start in it: {stopped}") from None
        match record:
            case ["ready"]:
                return
            case ["refused", str(why)]:
                raise Refused(unhex(why))
        raise Refused("the interpreter did not answer")

    async def ask(self, *words: str, within: float) -> Answer:
        """Give a command, words without its token, and read the answer. Raises `Stopped`, after which nothing more can
        be asked."""
        token = secrets.token_hex(16)
        op, *rest = words
        line = b" ".join(word.encode("utf-8", "surrogatepass").hex().encode() for word in (op, token, *rest)) + b"\n"
        assert self.process.stdin is not None
        self.process.stdin.write(line)
        self.stopped = True  # until an answer says otherwise
        try:
            text = await self._line(within)
            self._watch()  # what is done between two looks adds up over many examples
            answer = _read(text, token)
        except (ValueError, RecursionError):
            raise Stopped("wrote to the checker's channel") from None
        self.stopped = False
        return answer

    async def _line(self, within: float) -> bytes:
        """The next line. Looks at the scratch folder and the memory while it waits."""
        assert self.process.stdout is not None
        reading = asyncio.ensure_future(self.process.stdout.readline())
        reading.add_done_callback(lambda done: done.cancelled() or done.exception())  # seen, so that none is reported
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        try:
            while not reading.done():
                left = deadline - loop.time()
                if left <= 0:
                    raise TimedOut(f"did not end within {within:.2g} s")
                await asyncio.wait({reading}, timeout=min(left, _POLL_S))
                if not reading.done():
                    self._watch()
        finally:
            reading.cancel()
        line = reading.result()
        if not line.endswith(b"\n"):
            raise await self._ended()
        return line

    def _watch(self) -> None:
        if _size(self.scratch) > _ROOMY * self.limits.disk_mb * _MIB:
            raise Stopped(f"wrote more than {_ROOMY * self.limits.disk_mb} MiB")
        family = _family(self.process.pid)
        if sum(map(_threads, family)) > _MOST_THREADS:
            raise Stopped(f"starts more than {_MOST_THREADS} threads")
        if self.watch_memory and sum(map(_resident, family)) > (self.limits.memory_mb + 100) * _MIB:
            raise OutOfMemory(f"needs more than {self.limits.memory_mb} MiB")

    async def _ended(self) -> Stopped:
        try:
            status = await asyncio.wait_for(self.process.wait(), 1.0)
        except asyncio.TimeoutError:
            return Stopped("closed the checker's channel")
        if self.watch_memory and status in (-signal.SIGABRT, -signal.SIGTRAP, 134, 133, -signal.SIGSEGV):
            return OutOfMemory(f"crashed, probably for want of memory ({self.limits.memory_mb} MiB)")
        if status == -signal.SIGXCPU or status == -signal.SIGKILL:
            return TimedOut("used up its processor time")
        if status < 0:
            return Stopped(f"crashed the interpreter ({signal.Signals(-status).name})")
        return Stopped(f"ended the interpreter (status {status})")


def _read(line: bytes, token: str) -> Answer:
    """The answer in a record. Raises `ValueError` where it is not the one with this token."""
    record: Any = json.loads(line, parse_int=_number)
    match record:
        case [str(found), *rest] if secrets.compare_digest(found.encode(), token.encode()):
            pass
        case _:
            raise ValueError("not the answer")
    match rest:
        case ["value", tree, str(printed)]:
            text = bytes.fromhex(printed).decode("utf-8", "replace")
            return Answer(read_tree(tree), text)
        case ["memory"]:
            return Answer(classes=("MemoryError",))
        case ["raised", [*classes], message, (None | int()) as number, bool(named), missing]:
            return Answer(
                classes=tuple(map(unhex, classes)) or ("BaseException",),
                message=unhex(message),
                errno=number,
                names_file=named,
                missing=unhex(missing),
            )
    raise ValueError("not an answer")


def _number(digits: str) -> int:
    """The only number in a record is an errno; reading a longer one could take very long."""
    return int(digits[:9])


def _size(folder: Path) -> int:
    """Bytes in the folder, which has none below it; more than any limit where there are very many files."""
    total = 0
    with suppress(OSError), os.scandir(folder) as entries:
        for count, entry in enumerate(entries):
            if count > _MOST_FILES:
                return 1 << 62
            with suppress(OSError):
                total += entry.stat(follow_symlinks=False).st_blocks * 512
    return total


def _family(pid: int) -> list[int]:
    """A process and what it has started: bubblewrap stays outside of what it keeps in."""
    found = [pid]
    for one in found:
        with suppress(OSError, ValueError):
            found += map(int, Path(f"/proc/{one}/task/{one}/children").read_text(encoding="ascii").split())
    return found


def _threads(pid: int) -> int:
    """How many threads a process has; 0 when it is gone."""
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return 0


def _resident(pid: int) -> int:
    """Bytes of memory that a process holds; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
