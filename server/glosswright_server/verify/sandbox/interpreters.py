"""Which interpreter runs examples, and what of the file system it needs to live.

An interpreter of the user's is started once, outside the sandbox, to ask where its library lies; the setting that names
it can be set by the user only. The answer is kept for as long as the program's file is the same. What it needs is its
own library and the system's shared libraries: not the home folder, not /etc, not /proc.
"""

from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from glosswright_server.verify.sandbox.model import SandboxOptions

INSIDE = Path(__file__).parent / "inside"
_PROBE_S = 10.0
_OLDEST_PYTHON, _OLDEST_NODE = (3, 8), 18
_SYSTEM = (
    "/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/etc/ld.so.cache",
    "/usr/share/zoneinfo", "/etc/localtime", "/usr/share/locale", "/dev/urandom", "/dev/random", "/dev/zero",
)  # fmt: skip
_LINKERS = ("/lib64/ld-*.so*", "/lib/ld-*.so*", "/lib/*/ld-*.so*")
"""The dynamic linker, which the kernel executes to start a program."""
_ASK_PYTHON = """
import json, os, sys, sysconfig
sites = [p for p in sys.path if os.path.basename(p) in ("site-packages", "dist-packages")]
print(json.dumps({
    "version": sys.version_info[:2],
    "program": os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable),
    "library": [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), sys.base_prefix + "/lib"],
    "sites": sites,
}))
"""


class Unusable(Exception):
    """An interpreter that cannot run examples; the message is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A program and the paths that it reads."""

    program: Path
    reads: tuple[Path, ...]
    executes: tuple[Path, ...] = ()
    sites: tuple[str, ...] = ()
    version: tuple[int, ...] = ()


def interpreter_for(language: str, options: SandboxOptions) -> Interpreter:
    """The interpreter of a language. Blocks while a program is asked what it is, its first time. Raises `Unusable`."""
    if language == "python":
        return _python(options.python or sys.executable, _stamp(options.python or sys.executable))
    if language == "javascript":
        node = options.node or shutil.which("node") or ""
        if not node:
            raise Unusable("JavaScript examples need node: install it, or name it in `verify.node`.")
        return _node(node, _stamp(node))
    raise Unusable("Examples are run for Python and JavaScript only.")


def _stamp(path: str) -> tuple[int, int]:
    """What changes when another program stands at the path."""
    try:
        found = os.stat(path)
    except OSError:
        return (0, 0)
    return found.st_mtime_ns, found.st_ino


@cache
def _python(path: str, stamp: tuple[int, int]) -> Interpreter:
    answer = _output([path, "-I", "-c", _ASK_PYTHON], path, "python")
    try:
        found = json.loads(answer)
        version = tuple(found["version"])
        library, sites = [Path(p) for p in found["library"]], [str(p) for p in found["sites"]]
        program = Path(found["program"])
    except (ValueError, KeyError, TypeError):
        raise Unusable(f"{path} does not answer as a Python does; set `verify.python` to one.") from None
    if version < _OLDEST_PYTHON:
        raise Unusable(f"{path} is Python {version[0]}.{version[1]}; running examples takes 3.8 or later.")
    return Interpreter(program, _readable([*library, *map(Path, sites)]), sites=tuple(sites), version=version)


@cache
def _node(path: str, stamp: tuple[int, int]) -> Interpreter:
    answer = _output([path, "--version"], path, "node")
    try:
        version = tuple(int(part) for part in answer.strip().removeprefix("v").split("."))
    except ValueError:
        raise Unusable(f"{path} does not answer as node does; set `verify.node` to one.") from None
    if version[0] < _OLDEST_NODE:
        raise Unusable(f"{path} is node {answer.strip()}; running examples takes 18 or later.")
    program = Path(path).resolve()
    reads = [program, program.parent.parent / "lib", Path("/usr/share/nodejs"), INSIDE / "checker.js"]
    linkers = tuple(Path(found) for pattern in _LINKERS for found in glob.glob(pattern))
    return Interpreter(program, _readable(reads), executes=(program, *linkers), version=version)


def _output(command: list[str], path: str, kind: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the user's own interpreter, named in a setting that no workspace can set
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PROBE_S, text=True, check=True
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        raise Unusable(f"{path} cannot be started; set `verify.{kind}` to an interpreter that can.") from None
    return done.stdout


def _readable(paths: list[Path]) -> tuple[Path, ...]:
    """These and the system's, those only that are there, without any that would open more than a library."""
    found = dict.fromkeys(
        path.resolve() for path in [*paths, *map(Path, _SYSTEM)] if path.is_absolute() and path.exists()
    )
    too_wide = {Path("/"), Path("/usr"), Path("/home"), Path("/root"), Path("/etc"), Path.home()}
    return tuple(path for path in found if path not in too_wide)
