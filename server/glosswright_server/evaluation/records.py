"""What is kept of each problem: the answer, its verdict, how the hidden tests came out, and what it cost.

A line of JSON for each, written through to the disk before the next problem is begun, so that a run can be interrupted
at any time and go on later. A last line that was torn by a crash is dropped; its problem is done again.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glosswright_server.errors import GlosswrightError, UsageError
from glosswright_server.evaluation.hidden import Tested

UNCHECKED = "not checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One candidate."""

    file: str
    """The whole file with it."""
    label: str = UNCHECKED
    """The product's verdict in a few words."""
    proven: bool = False
    """The product says that every example passes."""
    reservation: str = ""
    """What it says against it all the same: "disputed", "unconfirmed"; "" for nothing."""
    passed: bool = True
    """The product says that nothing failed."""
    ran: int = 0
    """How many examples the product ran on it."""
    temperature: float = 0.0
    mean_logprob: float | None = None
    tokens: int = 0
    repair: bool = False
    chosen: bool = False
    tested: Tested | None = None
    """None: nobody ran the hidden tests on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was shown for one problem, or why nothing was."""

    shown: Attempt | None
    why_not: str = ""
    attempts: tuple[Attempt, ...] = ()
    """Every candidate in the order made; the one shown among them. Empty where nothing was generated."""
    tokens: int = 0
    seconds: float = 0.0
    complete: bool = True
    """False when the deadline came first."""
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """The product's own account of the suggestion, as an editor gets it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One problem done."""

    id: str
    language: str
    digest: str
    """Which settings and which product it was done with."""
    answer: Answer

    @property
    def solved(self) -> bool:
        """Whether what was shown passes the hidden tests."""
        shown = self.answer.shown
        return shown is not None and shown.tested is not None and shown.tested.passed

    @property
    def fully_tested(self) -> bool:
        """Whether the hidden tests were run on every candidate."""
        return all(attempt.tested is not None for attempt in self.answer.attempts)

    def line(self) -> str:
        """One line of JSON, without its end; ASCII, so that half a surrogate pair survives."""
        return json.dumps(dataclasses.asdict(self), separators=(",", ":"))

    @classmethod
    def parse(cls, line: str) -> Record:
        """The record that a line holds. Raises ValueError, KeyError or TypeError when it holds none."""
        fields = json.loads(line)
        answer = dict(fields["answer"])
        answer["shown"] = _attempt(answer["shown"])
        answer["attempts"] = tuple(filter(None, map(_attempt, answer["attempts"])))
        return cls(**{**fields, "answer": Answer(**answer)})


class Store:
    """The records of one run, in a file."""

    def __init__(self, path: Path, digest: str) -> None:
        """`digest` names the settings; records of others count as foreign."""
        self.path = path
        self._digest = digest

    def read(self) -> dict[str, Record]:
        """What is there, by problem. Raises UsageError for a file that is not ours or was made with other settings."""
        records: dict[str, Record] = {}
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return records
        except OSError as error:
            raise UsageError(f"{self.path} cannot be read: {error.strerror}.") from None
        whole, _, torn = data.rpartition(b"\n")
        if torn:
            self._cut(len(data) - len(torn))
        for number, line in enumerate(whole.split(b"\n") if whole else [], start=1):
            try:
                record = Record.parse(line.decode("utf-8"))
            except (ValueError, KeyError, TypeError, AttributeError):
                raise UsageError(f"{self.path}:{number} is not a record of an evaluation.") from None
            if record.digest != self._digest:
                raise UsageError(f"{self.path}:{number} was made with other settings; --fresh begins anew.")
            records[record.id] = record
        return records

    def append(self, record: Record) -> None:
        """Add one, and have it on the disk when this returns. Raises GlosswrightError."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                file.write(record.line().encode("ascii") + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise GlosswrightError(f"{self.path} cannot be written: {error.strerror}.") from None

    def _cut(self, size: int) -> None:
        with self.path.open("r+b") as file:
            file.truncate(size)


def _attempt(fields: Any) -> Attempt | None:
    if fields is None:
        return None
    tested = fields["tested"]
    return Attempt(**{**fields, "tested": Tested(**tested) if tested is not None else None})
