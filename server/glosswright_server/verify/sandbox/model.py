"""What a sandboxed run is given and what it answers. Plain data; see the modules beside this one for how."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a run may use. That it starts no process and that only the first 64 KiB it prints are kept is fixed."""

    wall_s: float = 5.0
    """Seconds after which the whole run is killed."""
    example_s: float = 2.0
    """Seconds one example may take."""
    memory_mb: int = 512
    """Address space, MiB (a soft notion for node, which reserves far more than it uses)."""
    disk_mb: int = 8
    """Largest file in the scratch folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """Which interpreters run examples, and how far they may go."""

    python: str = ""
    """Path of the Python that runs examples; "" takes the one that runs this program."""
    node: str = ""
    """Path of node; "" looks on PATH."""
    limits: Limits = field(default_factory=Limits)
    scratch: Path | None = None
    """Folder in which scratch folders are made; None takes the system's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Whether code can be run safely here."""

    sandbox: str
    """What keeps it in: "Landlock + seccomp", "bubblewrap"; "" when it cannot be run."""
    why_not: str = ""
    """One sentence for the user, with what to do; "" when it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A whole module that can be run by itself: the candidate, and what of its file it needs. Docstrings are left out,
    so that code cannot read the expected values from its own documentation."""

    source: str
    language: str
    """`python` or `javascript`."""
    target: str = ""
    """Name of the function that examples call; "" where the candidate makes none."""
    modules: tuple[str, ...] = ()
    """Modules it imports that are not in the standard library, top-level names."""
    why_not: str = ""
    """Why it cannot be run, one sentence for the user; "" when it can."""
