"""Code that means harm, run for real. Each attack is tried from inside, and its failure seen from outside too where it
would leave a mark there."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from glosswright_server.intent.contract import Example
from glosswright_server.verify.sandbox.walls import walls
from glosswright_server.verify.verdict import Outcome

TRIED = """
import ctypes, os, socket
def tried(action):
    try:
        found = action()
    except OSError as why:
        return "refused"
    return "done"
def called(number, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    found = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) for a in arguments))
    if found >= 0:
        return "done"
    return "refused" if ctypes.get_errno() in (1, 13, 38) else os.strerror(ctypes.get_errno())
"""


async def refused(run, *actions: str, before: str = "") -> None:
    """Each action, an expression, is refused."""
    examples = [(f"tried(lambda: {action})", "'refused'") for action in actions]
    report = await run(TRIED + before, *examples)
    for result in report.results:
        assert result.outcome is Outcome.PASSED, f"{result.example.expression}: {result.detail}"
    assert report.all_passed


async def never_passes(run, source: str, *examples: object, **limits: float) -> str:
    """No example comes out as passed; what was said of the first."""
    report = await run(source, *(examples or [("f()", "'a secret'")]), **limits)
    assert [r.outcome for r in report.results if r.outcome is Outcome.PASSED] == [], report.results
    return report.why_not or report.results[0].detail


async def test_reads_no_files(run, tmp_path: Path) -> None:
    """What the user keeps in the home folder, what the system says of its users, what other processes hold."""
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret")
    home = Path.home()
    await refused(
        run,
        f"open({str(secret)!r}).read()",
        f"os.open({str(secret)!r}, os.O_RDONLY | os.O_TRUNC)",
        f"os.listdir({str(home)!r})",
        f"os.listdir({str(tmp_path)!r})",
        "os.listdir('/')",
        "os.listdir('..')",
        "open('/etc/passwd').read()",
        "open('/etc/shadow').read()",
        "open('/proc/self/environ').read()",
        f"open('/proc/{os.getpid()}/environ').read()",
        f"open('/proc/{os.getpid()}/mem', 'rb').read(1)",
        "open('/proc/self/mem', 'r+b').read(1)",
        "os.listdir('/sys')",
        "open('/dev/mem', 'rb').read(1)",
        f"os.link({str(secret)!r}, 'mine')",
        f"(os.symlink({str(secret)!r}, 'there'), open('there').read())",
        f"os.rename({str(secret)!r}, 'mine')",
    )
    assert secret.read_text() == "a secret"


async def test_writes_no_files(run, tmp_path: Path) -> None:
    """Nothing outside the scratch folder is made, changed, emptied or removed, nor its mode, owner or time set."""
    victim = tmp_path / "victim.txt"
    victim.write_text("untouched")
    before = victim.stat()
    name = repr(str(victim))
    await refused(
        run,
        f"open({name}, 'w')",
        f"open({name}, 'a')",
        f"os.truncate({name}, 0)",
        f"os.remove({name})",
        f"os.chmod({name}, 0)",
        f"os.chown({name}, 65534, 65534)",
        f"os.utime({name}, (0, 0))",
        f"os.setxattr({name}, 'user.x', b'1')",
        f"os.mkdir({str(tmp_path / 'new')!r})",
        f"os.mkfifo({str(tmp_path / 'fifo')!r})",
        f"os.rmdir({str(tmp_path)!r})",
        f"os.symlink('/', {str(tmp_path / 'link')!r})",
        f"open({str(tmp_path / 'new')!r}, 'w')",
        "open('/tmp/glosswright-was-here', 'w')",
        "open(os.__file__, 'a')",
        f"open({sys.executable!r}, 'r+b')",
        "os.mkdir('below')",
    )
    after = victim.stat()
    assert victim.read_text() == "untouched"
    assert (after.st_mode, after.st_mtime, after.st_uid) == (before.st_mode, before.st_mtime, before.st_uid)
    assert not Path("/tmp/glosswright-was-here").exists()


async def test_reaches_no_network(run, tmp_path: Path) -> None:
    """TCP, UDP, Unix and netlink sockets, connected or not, in pairs, as raw calls: there is none to be had."""
    path = str(tmp_path / "server")
    with socket.socket() as tcp, socket.socket(socket.AF_UNIX) as unix:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        unix.bind(path)
        unix.listen()
        await refused(
            run,
            f"socket.create_connection(('127.0.0.1', {tcp.getsockname()[1]}), timeout=1)",
            "socket.socket(socket.AF_INET, socket.SOCK_STREAM).bind(('127.0.0.1', 0))",
            "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
            "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)",
            f"socket.socket(socket.AF_UNIX).connect({path!r})",
            "socket.socket(socket.AF_UNIX).connect('\\0abstract')",
            "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
            "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
            "socket.socketpair()",
            "socket.getaddrinfo('example.org', 80)",
            "socket.fromfd(0, socket.AF_UNIX, socket.SOCK_STREAM).send(b'x')",
        )
        tcp.settimeout(0)
        with pytest.raises(BlockingIOError):
            tcp.accept()


async def test_starts_no_process(run) -> None:
    """Neither a fork nor another program, and the user's own shell least of all."""
    await refused(
        run,
        "os.fork()",
        "os.forkpty()",
        "os.system('true') and (_ for _ in ()).throw(OSError())",
        "os.execv('/bin/sh', ['sh', '-c', 'true'])",
        f"os.execv({sys.executable!r}, ['python', '-c', ''])",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "__import__('subprocess').run(['true'])",
        "__import__('multiprocessing').Process(target=print).start()",
    )


async def test_harms_no_process(run) -> None:
    """Not the one that started it, by signal, trace, limits, priority or the memory of another."""
    caught = []
    previous = signal.signal(signal.SIGUSR1, lambda *_: caught.append(1))
    try:
        await refused(
            run,
            "os.kill(os.getppid(), 10)",
            "os.kill(os.getppid(), 0)",
            "os.kill(0, 10)",
            "os.kill(-1, 10)",
            "os.killpg(0, 10)",
            "os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)",
            "os.sched_setaffinity(os.getppid(), [0])",
            "os.setpgid(0, 0)",
            "os.setsid()",
            "os.setuid(65534)",
            "os.chroot('.')",
            "__import__('fcntl').fcntl(0, 8, os.getppid())",  # F_SETOWN
            "__import__('fcntl').fcntl(0, 10, 9)",  # F_SETSIG
            "__import__('fcntl').ioctl(0, 0x5412, b'x')",  # TIOCSTI
            "signal.setitimer(signal.ITIMER_REAL, 1)",
            before="import signal\n",
        )
    finally:
        signal.signal(signal.SIGUSR1, previous)
    assert not caught


CALLS = """
ptrace process_vm_readv process_vm_writev pidfd_open pidfd_send_signal pidfd_getfd keyctl add_key request_key
bpf userfaultfd perf_event_open io_uring_setup mount umount2 pivot_root unshare setns personality memfd_create
memfd_secret execveat clone3
open_by_handle_at shmget msgget semget mq_open inotify_init1 fanotify_init kexec_load init_module syslog
sethostname reboot swapon acct setrlimit capset kcmp process_madvise quotactl landlock_create_ruleset seccomp tgkill
rt_sigqueueinfo openat2 name_to_handle_at vhangup mlockall timer_create
"""


async def test_refuses_system_calls(run) -> None:
    """By number, past every library: whatever is not known to be harmless is shut."""
    seccomp = pytest.importorskip("pyseccomp")
    numbers = {name: seccomp.resolve_syscall(seccomp.Arch.NATIVE, name) for name in CALLS.split()}
    known = {name: number for name, number in numbers.items() if number >= 0}
    assert len(known) > 40
    report = await run(TRIED, *[(f"called({number}, 0, 0, 0, 0, 0, 0)", "'refused'") for number in known.values()])
    for name, result in zip(known, report.results, strict=True):
        assert result.outcome is Outcome.PASSED, f"{name}: {result.detail}"


async def test_clone_makes_threads_only(run) -> None:
    """A fork by its own number and flags; and the limits of another process of the same user."""
    seccomp = pytest.importorskip("pyseccomp")
    clone, prlimit = (seccomp.resolve_syscall(seccomp.Arch.NATIVE, name) for name in ("clone", "prlimit64"))
    report = await run(
        TRIED,
        (f"called({clone}, 17, 0, 0, 0, 0)", "'refused'"),
        (f"called({prlimit}, os.getppid(), 7, 0, 0)", "'refused'"),
        (f"called({prlimit}, 0, 7, id(b'x' * 64) + 32, 0)", "'refused'"),
    )
    assert report.all_passed, report.results


@pytest.mark.skipif(sys.platform != "linux" or os.uname().machine != "x86_64", reason="int 0x80 is of x86 alone")
async def test_other_architecture_kills(run) -> None:
    """The old gate into the kernel has other numbers for its calls, so a filter that forgot it would be none."""
    source = """
import ctypes, mmap
def old_gate():
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20 (getpid); int 0x80; ret
    return ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
"""
    assert "SIGSYS" in await never_passes(run, source, ("old_gate() > 0", "True"))


async def test_inherits_nothing(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """No environment with its keys, no open file but the two pipes, nothing on standard input."""
    monkeypatch.setenv("OPENAI_API_KEY", "a secret")
    readable, writable = os.pipe()
    os.set_inheritable(writable, True)
    source = """
import os, stat, sys
def files():
    found = []
    for number in range(1024):
        try:
            found.append(stat.S_IFMT(os.fstat(number).st_mode))
        except OSError:
            pass
    return [found.count(stat.S_IFCHR), found.count(stat.S_IFIFO), len(found)]
"""
    try:
        report = await run(
            source,
            ("[k for k in os.environ if 'KEY' in k or 'SECRET' in k]", "[]"),
            ("files() in ([3, 2, 5], [3, 0, 5])", "True"),
            ("sys.stdin.read()", "''"),
            ("sorted(os.listdir('.'))", "[]"),
            ("os.path.expanduser('~') == os.getcwd()", "True"),
        )
    finally:
        os.close(readable)
        os.close(writable)
    assert report.all_passed, report.results


BOMBS = {
    "memory": ("def f():\n    return len(bytearray(1 << 40))", "needs more than 128 MiB"),
    "memory in parts": (
        "def f():\n    a = []\n    while True: a.append(bytearray(1 << 20))",
        "needs more than 128 MiB",
    ),
    "a file": ("def f():\n    with open('x', 'wb') as o:\n        while True: o.write(bytes(1 << 20))", "larger file"),
    "files": (
        "def f():\n    n = 0\n    while True:\n        n += 1\n        open(str(n), 'wb').write(bytes(1 << 20))",
        "wrote more than 32 MiB",
    ),
    "many files": ("def f():\n    for n in range(10**9): open(str(n), 'w').close()", "wrote more than"),
    "a loop": ("def f():\n    while True: pass", "did not end within 0.5 s"),
    "a loop that catches": (
        "def f():\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass",
        "did not end within 0.5 s",
    ),
    "output": ("def f():\n    while True: print('x' * 1000)", "did not end within 0.5 s"),
    "a sleep": ("import time\ndef f():\n    time.sleep(100)", "did not end within 0.5 s"),
    "a long repr": (
        "class C:\n    def __repr__(self):\n        while True: pass\ndef f():\n    return C()",
        "did not end",
    ),
    "recursion": ("def f():\n    return f()", "RecursionError"),
    "recursion without end": (
        "import sys\ndef f():\n    sys.setrecursionlimit(10**9)\n    def g(): return [g()][0]\n    return g()",
        "",
    ),
    "recursion limit": ("import sys\ndef f():\n    sys.setrecursionlimit(60)\n    return 1", "gave 1"),
    "a large number": ("def f():\n    return 7 ** 10**6", "too large"),
    "a deep list": ("def f():\n    a = []\n    for _ in range(10**5): a = [a]\n    return a", "too large"),
    "a list in itself": ("def f():\n    a = []\n    a.append(a)\n    return a", "too large"),
    "a long text": ("def f():\n    return 'x' * 10**8", "too large"),
    "threads": (
        "import threading\ndef f():\n    def g():\n        while True: pass\n"
        "    for _ in range(30): threading.Thread(target=g, daemon=True).start()\n    return 1",
        "",
    ),
    "a crash": ("import ctypes\ndef f():\n    ctypes.string_at(0)", "crashed the interpreter (SIGSEGV)"),
    "an abort": ("import os\ndef f():\n    os.abort()", "crashed the interpreter"),
    "every signal ignored": (
        "import signal\ndef f():\n    for s in range(1, 30):\n        try: signal.signal(s, signal.SIG_IGN)\n"
        "        except OSError: pass\n    while True: pass",
        "did not end within 0.5 s",
    ),
}


@pytest.mark.parametrize("name", BOMBS)
async def test_bombs(run, name: str) -> None:
    """What would take all of the machine takes a bounded part for a bounded time, and is named for what it is."""
    source, said = BOMBS[name]
    started = time.monotonic()
    detail = await never_passes(run, source, example_s=2 if "memory" in name else 0.5, wall_s=3, memory_mb=128)
    assert said in detail
    assert time.monotonic() - started < 12


LIARS = {
    "leaves": ("import os\ndef f(): os._exit(0)", "ended the interpreter (status 0)"),
    "leaves while loading": ("import os\nos._exit(0)", "ended the interpreter"),
    "raises its way out": ("def f(): raise SystemExit(0)", "raised SystemExit"),
    "is interrupted": ("def f(): raise KeyboardInterrupt", "raised KeyboardInterrupt"),
    "raises what is no Exception": ("class B(BaseException): pass\ndef f(): raise B('x')", "raised B: x"),
    "raises what cannot be shown": (
        "class B(BaseException):\n    def __str__(self): raise self\n    __repr__ = __str__\ndef f(): raise B",
        "raised B",
    ),
    "forges a record": (
        'import os\ndef f():\n    for n in range(64):\n        try: os.write(n, b\'["0","value",["s","61"],""]\\n\')\n'
        "        except OSError: pass\n    return 1",
        "wrote to the checker's channel",
    ),
    "forges and leaves": (
        "import os\ndef f():\n    for n in range(64):\n        try: os.write(n, b'[\"ready\"]\\n')\n"
        "        except OSError: pass\n    os._exit(0)",
        "wrote to the checker's channel",
    ),
    "floods the channel": (
        "import os\ndef f():\n    for n in range(3, 64):\n"
        "        try:\n            while 1: os.write(n, b'[' * 60000)\n"
        "        except OSError: pass",
        "",
    ),
    "nests a record": (
        "import os\ndef f():\n    for n in range(64):\n        try: os.write(n, b'[' * 50000 + b'\\n')\n"
        "        except OSError: pass",
        "wrote to the checker's channel",
    ),
    "closes everything": ("import os\ndef f(): os.closerange(0, 64); return 1", ""),
    "takes the output away": ("import sys\ndef f():\n    sys.stdout.close(); sys.stdout = None; return 1", "gave 1"),
    "equals anything": (
        "class E:\n    def __eq__(self, other): return True\n    __hash__ = None\ndef f(): return E()",
        "gave <program.E object",
    ),
    "is a text that equals anything": (
        "class E(str):\n    def __eq__(self, other): return True\n    __hash__ = str.__hash__\ndef f(): return E('no')",
        "gave 'no'",
    ),
    "lies about its class": (
        "class E:\n    @property\n    def __class__(self): return str\n"
        "    def __str__(self): return 'a'\n    __repr__ = __str__\n"
        "def f(): return E()",
        "gave a",
    ),
    "has a class that lies": (
        "class M(type):\n    __name__ = property(lambda s: 1 / 0)\n    __mro__ = property(lambda s: 1 / 0)\n"
        "class E(metaclass=M):\n    def __repr__(self): raise SystemExit\ndef f(): return E()",
        "gave <E whose repr raises SystemExit>",
    ),
    "patches builtins": (
        "import builtins\nfor n in ('repr', 'str', 'len', 'type', 'bytes', 'int', 'isinstance', 'eval', 'compile'):\n"
        "    setattr(builtins, n, lambda *a, **k: 'a secret')\ndef f(): return 1",
        "gave 1",
    ),
    "patches modules": (
        "import sys, os\nos.write = os.read = os._exit = lambda *a: 'a secret'\nsys.modules.clear()\ndef f(): return 1",
        "gave 1",
    ),
    "traces the checker": (
        "import sys\ndef f():\n    def spy(frame, event, arg):\n"
        "        for name in list(frame.f_locals): frame.f_locals[name] = 'x'\n"
        "        return spy\n    sys.settrace(spy); sys.setprofile(spy)\n    return 1",
        "",
    ),
    "hangs itself into the collector": (
        "import gc\ngc.callbacks.append(lambda *a: 1 / 0)\n"
        "import atexit\natexit.register(print, 'a secret')\ndef f(): return 1",
        "gave 1",
    ),
    "rewrites the checker": (
        "import sys\ndef f():\n    frame = sys._getframe()\n    while frame:\n"
        "        frame.f_globals['hexed'] = lambda text: ''\n"
        "        frame.f_globals.pop('describer', None)\n        frame = frame.f_back\n    return 1",
        "gave 1",
    ),
    "is no module": ("raise ModuleNotFoundError('x', name='x')", "it needs the module 'x'"),
    "says it needs files": ("def f(): raise PermissionError(13, 'x', 'y')", "needs files"),
    "does not parse": ("def f(:", "does not load: SyntaxError"),
    "fails to load": ("1 / 0", "does not load: ZeroDivisionError"),
    "holds a zero byte": ("x = '\0'", "does not load"),
}


@pytest.mark.parametrize("name", LIARS)
async def test_liars(run, name: str) -> None:
    """Code that would rather look right than be right never does, and what it did is said in a few words."""
    source, said = LIARS[name]
    assert said in await never_passes(run, source, example_s=2, wall_s=3)


async def test_objects_that_compare(run) -> None:
    """An object that claims every relation to every number stands in none."""
    source = """
class E:
    __gt__ = __lt__ = __contains__ = __ne__ = lambda *a: True
    __sub__ = __rsub__ = __abs__ = lambda *a: 0
def f(): return E()
"""
    for expression in ("f() > 3", "3 > f()", "f() != 3", "f() in (1, 2)", "abs(f() - 3) < 1e-6", "abs(3 - f()) < 1e-6"):
        assert "cannot be compared outside" in await never_passes(run, source, (expression, "", "holds"))


async def test_expected_value_is_not_inside(run) -> None:
    """Code that searches all it can reach, frames and objects, does not find what a literal example expects."""
    source = """
import gc, sys
def f():
    wanted = 8000000 - 345679
    todo = gc.get_objects()
    frame = sys._getframe()
    while frame:
        todo += [frame.f_locals, frame.f_globals, frame.f_code.co_consts]
        frame = frame.f_back
    for thing in todo:
        for part in list(thing.values()) if type(thing) is dict else thing if type(thing) in (list, tuple) else ():
            if type(part) is str and str(wanted) in part or type(part) is bytes and str(wanted).encode() in part:
                return wanted
            if type(part) is int and part == wanted and thing is not frame and "wanted" not in thing:
                return wanted
    return 0
"""
    assert "gave 0" in await never_passes(run, source, ("f()", "7654321"))
    assert "gave 0" in await never_passes(run, source, ("f() == 7654321", "", "holds"))


async def test_class_that_equals_anything_inside(run) -> None:
    """Where values must be compared inside, one of another class is not the one expected, whatever it says."""
    source = """
class P:
    def __init__(self, x): self.x = x
    def __eq__(self, other): return isinstance(other, P) and self.x == other.x
class E(P):
    def __init__(self): pass
    def __eq__(self, other): return True
def f(): return E()
def g(): return P(1)
"""
    report = await run(source, ("f()", "P(1)"), ("g()", "P(1)"), ("g()", "P(2)"), ("f() == P(1)", "", "holds"))
    assert [r.outcome.name for r in report.results] == ["FAILED", "PASSED", "FAILED", "FAILED"], report.results
    assert report.results[1].detail == "compared inside the sandbox"


async def test_thread_has_no_say(run) -> None:
    """A thread left running could change what is compared inside; then nothing compared there counts."""
    source = """
import threading, time
class P:
    def __eq__(self, other): return True
def f():
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    return P()
"""
    assert "gave" in await never_passes(run, source, ("f()", "P()"))


async def test_threads_that_outlive_are_gone(run) -> None:
    """Threads end with the process, and the process with the run."""
    source = """
import threading, os, time
def f():
    def g():
        while True: time.sleep(0.01)
    for _ in range(20): threading.Thread(target=g).start()
    return os.getpid()
"""
    report = await run(source, ("f()", "0"), wall_s=3)
    pid = int(report.results[0].detail.split()[1].rstrip(","))
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_after_a_crash(run) -> None:
    """Examples after one that ended the process say nothing about the code."""
    report = await run("import os", ("1", "1"), ("os._exit(0)", "1"), ("1", "1"))
    assert [r.outcome for r in report.results] == [Outcome.PASSED, Outcome.FAILED, Outcome.NOT_APPLICABLE]
    assert report.results[2].detail == "not reached"
    assert (report.passed, report.ran) == (1, 2)


async def test_goes_on_after_a_loop(run) -> None:
    """One example that never ends, perhaps a wrong one, does not hide how the others come out."""
    examples = [
        Example(expression="while True: pass", session=0),
        Example(expression="1", expected="1", session=0),
        Example(expression="2", expected="2", session=1),
    ]
    report = await run("", *examples, example_s=0.3)
    assert [r.detail for r in report.results] == ["did not end within 0.3 s", "not reached", ""]


def test_sandbox_is_entered_before_the_code_is_read() -> None:
    """With a ruleset or a filter that cannot be entered the launcher ends: it never goes on unprotected."""
    if not walls().name:
        pytest.skip("no sandbox here")
    from glosswright_server.verify.sandbox.interpreters import INSIDE

    for ruleset, bpf, limits in (
        ("999", "00" * 8, "RLIMIT_CORE=0"),
        ("-1", "00" * 8, "RLIMIT_CORE=0"),
        ("-1", "", "X=1"),
    ):
        done = subprocess.run(
            [sys.executable, "-I", str(INSIDE / "launch.py"), ruleset, bpf, limits, str(INSIDE / "checker.py")],
            input=b"", capture_output=True, timeout=20,
        )  # fmt: skip
        assert done.returncode != 0
        assert b"ready" not in done.stdout
