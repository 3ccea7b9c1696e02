"""Enters the sandbox, then starts what runs in it. Run as a script, `python -I -S -B launch.py …`, in a fresh process.

    launch.py RULESET FILTER LIMITS DRIVER SITE…          this Python runs DRIVER, a Python file, in this process
    launch.py RULESET FILTER LIMITS -- PROGRAM ARGUMENT…  PROGRAM takes this process over

RULESET is the number of an inherited file, a Landlock ruleset, or -1 where mounts keep the code in. FILTER is the
seccomp filter in hexadecimal. LIMITS are `NAME=value` pairs of rlimits with commas between them. SITE are folders to
import from. Whatever cannot be entered ends the process with status 71 and a line that says why: it never goes on
unprotected. Imports nothing of ours, since the interpreter may not have it, and runs on Python 3.8 and later.
"""

from __future__ import annotations

import builtins
import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
SECCOMP_MODE_FILTER = 2
LANDLOCK_RESTRICT_SELF = 446  # the same number on every architecture
CAPABILITY_VERSION_3 = 0x20080522
REFUSED = 71  # EX_OSERR


class Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


class Head(ctypes.Structure):
    """`struct __user_cap_header_struct`."""

    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


def enter(ruleset: int, filter_: bytes, limits: str) -> None:
    """Give up, for good, all that the sandbox takes away. Raises `OSError` when a step fails."""
    libc = ctypes.CDLL(None, use_errno=True)

    def must(name: str, result: int) -> None:
        if result != 0:
            raise OSError(f"{name}: {os.strerror(ctypes.get_errno())}")

    def prctl(option: int, first: object = 0, second: object = 0) -> int:
        return int(libc.prctl(option, first, second, ctypes.c_ulong(0), ctypes.c_ulong(0)))

    must("death signal", prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL)))
    must("dumpable", prctl(PR_SET_DUMPABLE, ctypes.c_ulong(0)))
    must("no new privileges", prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1)))
    for pair in limits.split(","):
        name, _, value = pair.partition("=")
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        most = int(value) if hard == resource.RLIM_INFINITY else min(int(value), hard)
        resource.setrlimit(kind, (most, most))
    # Root without capabilities is nobody special: it can neither raise its limits nor read others' files.
    must("capabilities", libc.capset(ctypes.byref(Head(CAPABILITY_VERSION_3, 0)), ctypes.create_string_buffer(24)))
    if ruleset >= 0:
        must("Landlock", libc.syscall(ctypes.c_long(LANDLOCK_RESTRICT_SELF), ctypes.c_int(ruleset), ctypes.c_uint32(0)))
        os.close(ruleset)
    program = Program(len(filter_) // 8, filter_)
    must("seccomp", prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), ctypes.byref(program)))


def main() -> None:
    """See the module."""
    ruleset, filter_, limits, what, *rest = sys.argv[1:]
    code = None
    if what != "--":
        with open(what, encoding="utf-8") as file:
            code = compile(file.read(), "<checker>", "exec")
    # The pipes move away from 0 and 1, where a print of the code would find them.
    pipes = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    os.close(null)
    try:
        enter(int(ruleset), bytes.fromhex(filter_), limits)
        if what == "--":
            for number in pipes:
                os.set_inheritable(number, True)
            os.execv(rest[0], [*rest, *map(str, pipes)])  # noqa: S606 - what the sandbox was built to run
    except (OSError, ValueError) as why:
        os.write(pipes[1], b'["refused","%s"]\n' % str(why).encode().hex().encode())
        os._exit(REFUSED)
    sys.path.extend(rest)
    sys.argv = [""]
    sys.modules["__main__"] = type(sys)("__main__")
    # Its own copy of the builtins: what the code does to those it can reach does not change the checker's.
    space: dict[str, object] = {"__builtins__": dict(vars(builtins)), "__name__": "checker"}
    assert code is not None
    exec(code, space)  # noqa: S102 - our own file, read before the sandbox was entered
    serve = space["serve"]
    assert callable(serve)
    serve(*pipes)


if __name__ == "__main__":
    main()
