"""One benchmark problem as values: what the product may see, and, apart from it, what only the judge may see.

Whoever answers is given a `Task` and nothing else, so hidden tests cannot reach the model by any path. No file is read
here and nothing runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a user would have in front of them, and nothing of what the answer is judged by."""

    language: str
    """`python` or `javascript`."""
    document: str
    """The user's file."""
    cursor: int
    """Code point offset at which a user would ask for code."""
    prompt: str
    """The benchmark's own prompt, for a model that is asked without the product."""
    stop: tuple[str, ...] = ()
    """Where that model's text is customarily cut off."""

    @property
    def file_name(self) -> str:
        """A name that says the language and nothing about the benchmark."""
        return "main.py" if self.language == "python" else "main.js"


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenTests:
    """What decides whether an answer is right."""

    code: str = field(repr=False)
    """Program text that is put behind the answered file; it raises when the answer is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One row of a benchmark."""

    id: str
    task: Task
    tests: HiddenTests
    solution: str | None = field(default=None, repr=False)
    """The reference's file, whole; it passes the hidden tests. None where the benchmark publishes none."""

    def tested_by(self, other: Problem) -> Problem:
        """The same problem, judged by another's hidden tests."""
        return replace(self, tests=other.tests)
