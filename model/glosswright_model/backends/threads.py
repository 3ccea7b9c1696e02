"""How many threads a CPU back end should use. One number; deliberately no thread pools and no pinning.

Hyper-threads share the units that matrix products keep busy, so physical cores count, and of those only what this
process may use: its affinity mask and, in a container, its CPU quota.
"""

from __future__ import annotations

import os
from pathlib import Path

import psutil

ENVIRONMENT_VARIABLE = "GLOSSWRIGHT_THREADS"


def thread_count(requested: int | None = None) -> int:
    """Threads to use: `requested`, else the environment variable, else the physical cores this process may use."""
    if requested is not None:
        return max(requested, 1)
    from_environment = os.environ.get(ENVIRONMENT_VARIABLE, "").strip()
    if from_environment.isdecimal() and int(from_environment) > 0:
        return int(from_environment)
    limits = [psutil.cpu_count(logical=False), _affinity(), _quota()]
    return max(min(limit for limit in (*limits, os.cpu_count() or 1) if limit), 1)


def _affinity() -> int | None:
    """Logical CPUs in the affinity mask; None where the system has no such thing (macOS)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def _quota(cgroup_file: Path = Path("/sys/fs/cgroup/cpu.max")) -> int | None:
    """CPUs granted by the control group, rounded up; None when there is no limit (or no control group)."""
    try:
        quota, _, period = cgroup_file.read_text(encoding="ascii").strip().partition(" ")
        return None if quota == "max" else max(-(-int(quota) // int(period)), 1)
    except (OSError, ValueError, ZeroDivisionError):
        return None
