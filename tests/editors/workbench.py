"""What every editor test stands on: a scripted model, a recorded server on PATH, and the configuration in our own docs.

The editors are configured with the code blocks of `docs/editors/`, so a page that misleads its reader fails a test.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest

from glosswright_model.weights import cache_folder, resolve

from .conformance import faults

MODEL = "qwen2.5-coder-0.5b"
HERE = Path(__file__).resolve().parent
DOCS = HERE.parent.parent / "docs" / "editors"
WAIT_S = 30.0
CANCELLED = -32800

Found = TypeVar("Found")


def block(page: str, language: str, nth: int = 0) -> str:
    """The `nth` code block in one language of a page in docs/editors."""
    parts = (DOCS / page).read_text(encoding="utf-8").split(f"```{language}\n")
    return parts[1 + nth].partition("```")[0]


def wait_for(look: Callable[[], Found], what: str, timeout_s: float = WAIT_S) -> Found:
    """What `look` finds, as soon as it is true; AssertionError when it is not in time."""
    ends_at = time.monotonic() + timeout_s
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < ends_at, f"not in {timeout_s:g} s: {what}; last seen: {found!r}"
        time.sleep(0.03)


def at_home(home: Path) -> dict[str, str]:
    """The variables for a program that is to keep all that it writes in a home of its own. Each is set: VS Code takes
    one that is set and empty for the folder that it is started in."""
    folders = {"CONFIG": ".config", "CACHE": ".cache", "STATE": "state", "DATA": "data"}
    return {"HOME": str(home), **{f"XDG_{name}_HOME": str(home / folder) for name, folder in folders.items()}}


class Workbench:
    """A folder with a home for the editor, a file to edit, and `glosswright` on PATH, which records what is said.

    A context manager: at its end nothing runs any more, and what was said is checked.
    """

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        """`env` leads the language server to its model server."""
        self.folder = folder
        self.home = folder / "home"
        self.project = folder / "project"
        self.log = folder / "messages.jsonl"
        self.notices = 0
        """How many messages the user is to be shown; set by a test that provokes some."""
        for path in (self.home / ".config", self.project / ".git", folder / "bin"):
            path.mkdir(parents=True)
        launcher = folder / "bin" / "glosswright"
        server = [sys.executable, "-m", "glosswright_server"]
        command = " ".join(f"'{part}'" for part in [sys.executable, HERE / "recorder.py", self.log, *server])
        launcher.write_text(f"#!/bin/sh\nexec {command} \"$@\" 2>>'{folder}/server.log'\n", encoding="utf-8")
        launcher.chmod(launcher.stat().st_mode | stat.S_IXUSR)
        self.env = {
            **os.environ,
            **env,
            **at_home(self.home),
            "PATH": os.pathsep.join([str(launcher.parent), os.environ["PATH"]]),
        }

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Nothing that was started here goes on, whatever the test did: a language server that outlived the scripted
        model would start the real one in its place. Then what editor and server said is checked."""
        try:
            wait_for(lambda: not self._processes(recorders=True), "every language server has ended")
        finally:
            left = self._processes()
            for process in left:
                with suppress(psutil.Error):
                    process.terminate()
            for process in psutil.wait_procs(left, timeout=10)[1]:
                with suppress(psutil.Error):
                    process.kill()
        if self.log.exists():
            self.check()

    def _processes(self, *, recorders: bool = False) -> list[psutil.Process]:
        """What runs with this bench's home, and those it started; `recorders`: only what stands before a server."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                is_ours = process.environ().get("HOME") == str(self.home)
                if is_ours and (not recorders or str(self.log) in process.cmdline()):
                    found.append(process)
        return found

    def file(self, text: str, name: str = "example.py") -> Path:
        """A file of the project."""
        path = self.project / name
        path.write_text(text, encoding="utf-8")
        return path

    def messages(self, method: str = "") -> list[dict[str, Any]]:
        """What was said so far, or those messages with one method."""
        if not self.log.exists():
            return []
        lines = self.log.read_text(encoding="utf-8").split("\n")
        said = [json.loads(line)["msg"] for line in lines[:-1]]
        return [message for message in said if message.get("method") == method] if method else said

    def answers(self, method: str) -> list[dict[str, Any]]:
        """The server's answers to the editor's requests of one method."""
        return [m for asked, given in self._dialogues() for m in given if asked.get(m["id"]) == method]

    def check(self) -> None:
        """Each request of the editor was answered once, with an error only where the editor itself had cancelled, and
        what the server said is as LSP 3.18 has it (where the meta model is at hand)."""
        for asked, given in self._dialogues():
            open_requests = dict(asked)
            for message in given:
                open_requests.pop(message["id"], None)
            assert not open_requests, f"never answered: {open_requests}"
            assert len({message["id"] for message in given}) == len(given)
            errors = [(asked[m["id"]], m["error"]) for m in given if "error" in m and m["error"]["code"] != CANCELLED]
            assert errors == []
        shown = [message["params"] for message in self.messages("window/showMessage")]
        assert len(shown) == self.notices, shown
        assert faults(self._entries()) == []

    def _dialogues(self) -> list[tuple[dict[Any, str], list[dict[str, Any]]]]:
        """For each server that ran: the methods of the editor's requests by id, and the server's answers."""
        dialogues: list[tuple[dict[Any, str], list[dict[str, Any]]]] = []
        for entry in self._entries():
            message = entry["msg"]
            if message.get("method") == "initialize":
                dialogues.append(({}, []))
            asked, given = dialogues[-1]
            if entry["dir"] == "c2s" and "method" in message and "id" in message:
                asked[message["id"]] = message["method"]
            elif entry["dir"] == "s2c" and "method" not in message:
                given.append(message)
        return dialogues

    def _entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").split("\n")[:-1]]


@contextmanager
def bench_with_default_model(folder: Path, **env: str) -> Iterator[Workbench]:
    """A workbench whose server starts the real model, for itself. Skips where its weights are not on this machine."""
    if not resolve(MODEL).present:
        pytest.skip(f"the weights of {MODEL} are not in {cache_folder()}; run `glosswright model pull {MODEL}`")
    own = {"GLOSSWRIGHT_RUNTIME_DIR": str(folder / "run"), "GLOSSWRIGHT_CACHE_DIR": str(cache_folder().parent)}
    with Workbench(folder / "bench", {**own, **env}) as made:
        yield made
