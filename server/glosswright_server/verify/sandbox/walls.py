"""What keeps code in on this machine, and the command line that puts a program behind it.

Landlock is preferred: it needs no namespaces, which many systems refuse, and starts nothing of its own. Bubblewrap
stands in where the kernel has no Landlock. Both together with seccomp and limits; without seccomp there is no sandbox,
since neither of the two stops signals, processes and every kind of socket alone.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from glosswright_server.verify.sandbox import policy
from glosswright_server.verify.sandbox.interpreters import INSIDE, Interpreter
from glosswright_server.verify.sandbox.model import Limits

LANDLOCK, BUBBLEWRAP = "Landlock + seccomp", "bubblewrap"
_PROBE_S = 5.0
_MIB = 1 << 20
_OPEN_FILES = 32
_OPEN_FILES_NODE = 64


@dataclass(frozen=True, slots=True)
class Walls:
    """What there is. With `name` empty there is nothing, and `why_not` says so to the user."""

    name: str
    why_not: str = ""
    bwrap: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """How to start a sandboxed process."""

    command: tuple[str, ...]
    inherit: tuple[int, ...]


@cache
def walls(system: str = sys.platform) -> Walls:
    """What this machine has, found out once."""
    if system != "linux":
        name = {"darwin": "macOS", "win32": "Windows"}.get(system, "this system")
        return Walls("", f"There is no sandbox for {name}, so examples are not run there.")
    try:
        policy.seccomp_filter(may_exec=False)
    except (ImportError, RuntimeError, OSError, AttributeError):
        return Walls("", "Examples need libseccomp to be kept in: install it (on Debian and Ubuntu, libseccomp2).")
    if _landlock():
        return Walls(LANDLOCK)
    bwrap = shutil.which("bwrap") or ""
    if bwrap and _bwrap(bwrap):
        return Walls(BUBBLEWRAP, bwrap=bwrap)
    return Walls(
        "",
        "This kernel has no Landlock (Linux 5.13 or later, `lsm=landlock`), and bubblewrap is missing or may not be "
        "used, so examples are not run: install bubblewrap or turn Landlock on.",
    )


def _landlock() -> bool:
    try:
        import py_landlock
    except ImportError:
        return False
    try:
        return bool(py_landlock.get_abi_version() >= 1)
    except (py_landlock.LandlockError, OSError):
        return False


def _bwrap(program: str) -> bool:
    command = [program, "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "true"]
    try:
        return subprocess.run(command, capture_output=True, timeout=_PROBE_S).returncode == 0  # noqa: S603 - fixed words
    except (OSError, subprocess.SubprocessError):
        return False


@contextmanager
def behind(walls: Walls, language: str, interpreter: Interpreter, limits: Limits, scratch: Path) -> Iterator[Start]:
    """How to start the checker of a language behind the walls; valid inside the block only."""
    native = language == "python"
    bpf = policy.seccomp_filter(may_exec=not native).hex()
    entry = [str(interpreter.program if native else _own_python()), "-I", "-S", "-B", str(INSIDE / "launch.py")]
    what = [str(INSIDE / "checker.py"), *interpreter.sites] if native else ["--", *_node(interpreter, limits)]
    rules = _limits(limits, native)
    if walls.bwrap:
        own = () if native else (Path(_own_python()), *_own_library())
        prefix = _bwrap_command(walls.bwrap, (*interpreter.reads, interpreter.program, *own), scratch)
        yield Start((*prefix, *entry, "-1", bpf, rules, *what), ())
        return
    with policy.landlock_ruleset(reads=interpreter.reads, executes=interpreter.executes, scratch=scratch) as ruleset:
        yield Start((*entry, str(ruleset), bpf, rules, *what), (ruleset,))


def _own_python() -> str:
    return str(Path(getattr(sys, "_base_executable", "") or sys.executable).resolve())


def _own_library() -> tuple[Path, ...]:
    return (Path(sys.base_prefix) / "lib",)


def _limits(limits: Limits, python: bool) -> str:
    found = {
        "RLIMIT_CPU": max(int(limits.wall_s) + 1, 1),
        "RLIMIT_FSIZE": limits.disk_mb * _MIB,
        "RLIMIT_NOFILE": _OPEN_FILES if python else _OPEN_FILES_NODE,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 0,
    }
    if python:
        found["RLIMIT_AS"] = limits.memory_mb * _MIB
    else:
        # Node reserves many GiB of addresses that it never uses: only what it may write to is counted.
        found["RLIMIT_DATA"] = (limits.memory_mb + 512) * _MIB
    return ",".join(f"{name}={value}" for name, value in found.items())


def _node(interpreter: Interpreter, limits: Limits) -> Sequence[str]:
    flags = [f"--max-old-space-size={limits.memory_mb}", "--no-warnings", "--disable-proto=delete"]
    flags += ["--single-threaded-gc", "--v8-pool-size=1", "--stack-size=900"]
    checker = str(INSIDE / "checker.js")
    return [str(interpreter.program), *flags, checker]


def _bwrap_command(program: str, reads: Sequence[Path], scratch: Path) -> list[str]:
    command = [program, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    for path in dict.fromkeys([*map(str, reads), *(p for p in ("/lib", "/lib64", "/lib32") if Path(p).exists())]):
        if not path.startswith("/dev/"):
            command += ["--ro-bind", path, path]
    command += ["--ro-bind", str(INSIDE), str(INSIDE)]
    for device in ("/dev/null", "/dev/urandom"):
        command += ["--dev-bind", device, device]
    # What is not bound is an empty folder in memory: not to be filled.
    return [*command, "--bind", str(scratch), str(scratch), "--remount-ro", "/", "--chdir", str(scratch), "--"]
