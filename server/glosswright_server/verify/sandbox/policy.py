"""The rules of the sandbox on Linux, made outside it: a seccomp filter and a Landlock ruleset.

The process that runs generated code gets the one as bytes, the other as an open file, and only has to enter them
(`inside/launch.py`), so it needs none of our libraries. Every system call that is not named here is refused: what a
newer kernel brings is shut until somebody has thought about it. Nothing here is portable; see `walls` before a call.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

# What an interpreter needs to compute, to read files it may read, to write in its scratch folder and to run threads.
# Not here, so refused: sockets, processes, signals to anybody, tracing, keys, mounts, namespaces, io_uring, bpf,
# userfaultfd, memfd, shared memory, and all that changes a file's mode, owner, times or attributes, which Landlock
# does not cover. No timers that raise signals: code that is not running could be brought back to life by one.
_ALLOWED = """
read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek close close_range sendfile
copy_file_range dup dup2 dup3 pipe pipe2 poll ppoll select pselect6 fsync fdatasync ftruncate fallocate fadvise64
epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd2 eventfd timerfd_create
timerfd_settime timerfd_gettime
stat fstat lstat newfstatat statx statfs fstatfs access faccessat faccessat2 readlink readlinkat getdents getdents64
getcwd chdir fchdir unlink unlinkat rename renameat renameat2 symlink symlinkat link linkat umask
mmap munmap mprotect mremap madvise brk msync mincore membarrier pkey_alloc pkey_free pkey_mprotect
futex set_robust_list get_robust_list rseq set_tid_address arch_prctl sched_yield sched_getaffinity sched_getparam
sched_getscheduler sched_get_priority_max sched_get_priority_min getcpu
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending sigaltstack restart_syscall
exit exit_group wait4 waitid
getpid gettid getppid getpgid getpgrp getsid getuid geteuid getgid getegid getgroups getresuid getresgid getrlimit
getrusage getpriority times uname sysinfo capget
clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time getrandom
"""

# Refused with "operation not permitted", so that code says what it was refused; all others with "not implemented".
_NOT_PERMITTED = """
socket socketpair connect bind listen accept accept4 sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg
fork vfork execve execveat kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_open pidfd_send_signal pidfd_getfd
ptrace process_vm_readv process_vm_writev process_madvise kcmp setsid setpgid setitimer alarm timer_create
chmod fchmod fchmodat chown fchown fchownat lchown truncate utime utimes utimensat futimesat mknod mknodat
mkdir mkdirat rmdir setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr
setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset setrlimit setpriority
sched_setaffinity sched_setscheduler sched_setparam sched_setattr ioprio_set
mount umount2 pivot_root chroot unshare setns personality keyctl add_key request_key bpf userfaultfd perf_event_open
memfd_create memfd_secret io_uring_setup io_uring_enter io_uring_register open_by_handle_at name_to_handle_at
shmget shmat shmctl msgget semget mq_open inotify_init inotify_init1 inotify_add_watch fanotify_init
init_module finit_module delete_module kexec_load reboot swapon swapoff acct syslog quotactl sethostname setdomainname
settimeofday clock_settime adjtimex iopl ioperm
"""

_CLONE_THREAD = 0x00010000
_O_TRUNC = os.O_TRUNC
# Duplicate, flags, record locks, and the size of a pipe. Not F_SETOWN and F_SETSIG: they send signals to others.
_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 1030, 1032)
# Is it a terminal, how wide; close on exec; blocking or not; how much can be read. Not TIOCSTI.
_IOCTL = (0x5401, 0x802C542A, 0x5413, 0x5450, 0x5451, 0x5421, 0x541B)
# Names of threads and of memory. Not the death signal, not the dumpable flag.
_PRCTL = (15, 16, 0x53564D41)


@cache
def seccomp_filter(*, may_exec: bool) -> bytes:
    """The BPF program, an array of `struct sock_filter`. `may_exec` leaves execve open: Landlock then says of what.

    Raises `ImportError`, `RuntimeError` or `OSError` where libseccomp is missing or refuses.
    """
    import pyseccomp as seccomp

    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.ENOSYS))
    rules.set_attr(seccomp.Attr.ACT_BADARCH, seccomp.KILL_PROCESS)

    def known(names: Iterable[str]) -> Iterator[str]:
        # Unknown to this architecture or to this libseccomp: then the default refuses it.
        return (name for name in names if seccomp.resolve_syscall(seccomp.Arch.NATIVE, name) >= 0)

    def allow(name: str, *conditions: object) -> None:
        for found in known([name]):
            rules.add_rule(seccomp.ALLOW, found, *conditions)

    for name in _ALLOWED.split():
        allow(name)
    for name in known(_NOT_PERMITTED.split()):
        if not (may_exec and name == "execve"):
            rules.add_rule(seccomp.ERRNO(errno.EPERM), name)
    if may_exec:
        allow("execve")
    # Threads, not processes. clone3 hides its flags behind a pointer; refused as unknown, the C library takes clone.
    allow("clone", seccomp.Arg(0, seccomp.MASKED_EQ, _CLONE_THREAD, _CLONE_THREAD))
    # Reading limits, its own. Setting them, or those of another process of the same user, is refused.
    allow("prlimit64", seccomp.Arg(0, seccomp.EQ, 0), seccomp.Arg(2, seccomp.EQ, 0))
    # Opening to read must not truncate: Landlock knows of that from ABI 3 on only.
    for name, flags in (("open", 1), ("openat", 2)):
        allow(name, seccomp.Arg(flags, seccomp.MASKED_EQ, _O_TRUNC, 0))
        allow(name, seccomp.Arg(flags, seccomp.MASKED_EQ, _O_TRUNC | os.O_ACCMODE, _O_TRUNC | os.O_WRONLY))
        allow(name, seccomp.Arg(flags, seccomp.MASKED_EQ, _O_TRUNC | os.O_ACCMODE, _O_TRUNC | os.O_RDWR))
    allow("creat")
    for name, place, values in (("fcntl", 1, _FCNTL), ("ioctl", 1, _IOCTL), ("prctl", 0, _PRCTL)):
        for value in values:
            allow(name, seccomp.Arg(place, seccomp.MASKED_EQ, 0xFFFFFFFF, value))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


@contextmanager
def landlock_ruleset(*, reads: Iterable[Path], executes: Iterable[Path], scratch: Path) -> Iterator[int]:
    """An open Landlock ruleset, to be inherited: `reads` and `executes` may be read, `scratch` written too.

    Handles all that this kernel's Landlock can refuse, TCP ports, signals and abstract sockets included. A path that is
    not there is left out. Raises `py_landlock.LandlockError` or `OSError`.
    """
    import py_landlock as landlock

    fs = landlock.AccessFs
    abi = landlock.get_abi_version()
    handled = landlock.abi.get_supported_fs(abi)
    read = fs.READ_FILE | fs.READ_DIR
    # No folders in it: a flat one is measured and removed at once, whatever was done there.
    write = read | fs.WRITE_FILE | fs.TRUNCATE | fs.MAKE_REG | fs.MAKE_SYM | fs.REMOVE_FILE
    ruleset = landlock.create_ruleset(
        landlock.RulesetAttr(
            handled_access_fs=int(handled),
            handled_access_net=int(landlock.abi.get_supported_net(abi)),
            scoped=int(landlock.abi.get_supported_scope(abi)),
        )
    )
    try:
        rules = [(path, read) for path in reads]
        rules += [(path, fs.READ_FILE | fs.EXECUTE) for path in executes]
        rules += [(Path("/dev/null"), fs.READ_FILE | fs.WRITE_FILE), (scratch, write)]
        for path, access in rules:
            _add(ruleset, path, access & handled)
        yield ruleset
    finally:
        os.close(ruleset)


def _add(ruleset: int, path: Path, access: int) -> None:
    import py_landlock as landlock

    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not on this machine: nothing to allow
    try:
        if not path.is_dir():
            # The kernel refuses rights on a file that only folders can have.
            fs = landlock.AccessFs
            access &= int(fs.READ_FILE | fs.WRITE_FILE | fs.EXECUTE | fs.TRUNCATE)
        rule = landlock.PathBeneathAttr(allowed_access=access, parent_fd=opened)
        landlock.add_rule(landlock.RulesetFd(ruleset), rule)
    finally:
        os.close(opened)
