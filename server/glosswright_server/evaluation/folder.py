"""The folder of one run: under which conditions its results were made, the results, and the reports.

Results made under other conditions are never mixed in: such a folder is refused, with what differs. Two runs at once
in one folder are refused too.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from glosswright_server.errors import GlosswrightError, UsageError
from glosswright_server.evaluation.conditions import Conditions, digest
from glosswright_server.evaluation.records import Store

RUN_NAME, RESULTS_NAME = "run.json", "results.jsonl"
_SHOWN_DIFFERENCES = 5


@dataclass(frozen=True, slots=True)
class Folder:
    """A run's folder, made when something is written. `suffix` keeps a second judgement's files beside the first's."""

    path: Path
    suffix: str = ""

    @property
    def results(self) -> Path:
        """The file of records."""
        return self._named(RESULTS_NAME)

    def report(self, ending: str) -> Path:
        """A report file: `json`, `md` or `png`."""
        return self._named(f"report.{ending}")

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep other runs out. Raises UsageError when one is at work, GlosswrightError when nothing can be written."""
        lock = filelock.FileLock(self.path / ".lock", timeout=0)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except filelock.Timeout:
            raise UsageError(f"Another run is at work in {self.path}; take another folder with --out.") from None
        except OSError as error:
            raise GlosswrightError(f"{self.path} cannot be written: {error.strerror}.") from None
        try:
            yield
        finally:
            lock.release()

    def open(self, conditions: Conditions, *, fresh: bool = False) -> Store:
        """The results so far, to be added to; `fresh` drops them. Raises UsageError when they were made otherwise."""
        if fresh:
            for path in (self.results, self._named(RUN_NAME), *map(self.report, ("json", "md", "png"))):
                path.unlink(missing_ok=True)
        run = self.run()
        if run is not None and run.get("digest") != digest(conditions):
            raise UsageError(
                f"{self.path} holds results made under other conditions ({_difference(run, conditions)}); "
                "take another folder with --out, or begin anew with --fresh."
            )
        return Store(self.results, digest(conditions))

    def run(self) -> dict[str, Any] | None:
        """What is written of the run; None when there is none. Raises UsageError."""
        path = self._named(RUN_NAME)
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise UsageError(f"{path} cannot be read; --fresh begins anew.")
        return found

    def begin(self, conditions: Conditions, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Write under which conditions the run is made, unless it is written already; gives what stands there."""
        if (run := self.run()) is not None:
            return run
        run = {**facts, "digest": digest(conditions), "conditions": conditions}
        self.write(self._named(RUN_NAME), json.dumps(run, ensure_ascii=False, indent=2) + "\n")
        return run

    def write(self, path: Path, text: str) -> None:
        """Put a whole file in place at once."""
        part = path.with_name(f".{path.name}.part")
        part.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
        part.replace(path)

    def _named(self, name: str) -> Path:
        stem, dot, ending = name.partition(".")
        return self.path / (f"{stem}-{self.suffix}{dot}{ending}" if self.suffix else name)


def _difference(run: Mapping[str, Any], conditions: Conditions) -> str:
    was, now = run.get("conditions"), conditions
    if not isinstance(was, dict):
        return "it is not known which"
    names = sorted(name for name in {*was, *now} if was.get(name) != now.get(name))
    said = []
    for name in names[:_SHOWN_DIFFERENCES]:
        if name in ("data", "tests"):
            said.append(f"another file of {'problems' if name == 'data' else 'tests'}")
        else:
            said.append(f"{name} was {json.dumps(was.get(name))}, is {json.dumps(now.get(name))}")
    rest = len(names) - len(said)
    return ", ".join(said) + (f" and {rest} more" if rest else "") if said else "it is not known which"
