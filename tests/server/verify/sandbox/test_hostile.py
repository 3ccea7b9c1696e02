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
async def test_other_architecture_kills(never_passes) -> None:
    """The old gate into the kernel has other numbers for its calls, so a filter that forgot it would be none."""
    source = """
import ctypes, mmap
def old_gate():
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20 (getpid); int 0x80; ret
    return ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
"""
    assert "SIGSYS" in await never_passes(source, ("old_gate() > 0", "True"))


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
    "small threads": (
        "import _thread, threading, time\ndef f():\n    threading.stack_size(32768)\n"
        "    while True: _thread.start_new_thread(time.sleep, (60,))",
        "starts more than 256 threads",
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
async def test_bombs(never_passes, name: str) -> None:
    """What would take all of the machine takes a bounded part for a bounded time, and is named for what it is."""
    source, said = BOMBS[name]
    started = time.monotonic()
    detail = await never_passes(source, example_s=0.5 if "0.5 s" in said else 4, wall_s=6, memory_mb=128)
    assert said in detail
    assert time.monotonic() - started < 20


async def test_files_of_many_examples(run) -> None:
    """Examples too short to be looked at while they run do not add up to more than one may write."""
    source = "def f(n):\n    with open(str(n), 'wb') as out: out.write(bytes(1 << 20))\n    return n"
    report = await run(source, *[(f"f({n})", str(n)) for n in range(20)], disk_mb=1)
    assert [r.detail for r in report.results if r.outcome is Outcome.FAILED] == ["wrote more than 4 MiB"]
    assert report.passed <= 4


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
