"""Helix with the configuration of docs/editors/helix.md, in a terminal of its own."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from .install import program
from .terminal import Terminal
from .workbench import Workbench, block, wait_for

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal"),
    pytest.mark.skipif(program("hx") is None, reason="no Helix here (hx)"),
]

CODE = "def add(a, b):\n    return a + b"
STUB = 'def add(a, b):\n    """Return the sum."""\n'


class Helix:
    """A session on one file."""

    def __init__(self, terminal: Terminal, bench: Workbench, file: Path) -> None:
        self.terminal = terminal
        self._bench = bench
        self._file = file

    def press(self, keys: str) -> None:
        """Press keys one by one: Helix takes an escape followed at once by a key for one chord."""
        for key in keys:
            self.terminal.press(key)
            time.sleep(0.08 if key == "\x1b" else 0.01)

    def sees(self, text: str) -> None:
        """Wait until something is drawn."""
        wait_for(lambda: text in self.terminal.drawn, f"{text!r} on the screen, but {self.terminal.drawn[-500:]!r}")

    def answered(self, method: str) -> None:
        """Wait until the server has answered a request of one kind."""
        wait_for(lambda: self._bench.answers(method), f"an answer to {method}")

    def saves(self, text: str) -> None:
        """Leave insert mode, save, and wait until the file reads so."""
        self.press("\x1b")

        def saved() -> str:
            self.press(":w\r")
            time.sleep(0.1)
            return self._file.read_text(encoding="utf-8")

        wait_for(lambda: saved() == text, f"{text!r} in the file, but {saved()!r}")


@pytest.fixture
def helix(bench: Workbench) -> Iterator[Callable[[str], Helix]]:
    """Starts a session on a text; it must end well."""
    folder = bench.home / ".config" / "helix"
    folder.mkdir(parents=True)
    (folder / "languages.toml").write_text(block("helix.md", "toml"), encoding="utf-8")
    with ExitStack() as stack:
        started: list[Terminal] = []

        def start(text: str) -> Helix:
            file = bench.file(text)
            terminal = stack.enter_context(
                Terminal([program("hx") or "hx", str(file)], env=bench.env, cwd=bench.project)
            )
            started.append(terminal)
            editor = Helix(terminal, bench, file)
            wait_for(lambda: bench.log.exists() and bench.messages("textDocument/didOpen"), "the server is attached")
            return editor

        yield start
        for terminal in started:
            terminal.press("\x1b")
            time.sleep(0.1)
            terminal.press(":q!\r")
            assert terminal.wait(10) == 0


@pytest.mark.parametrize(
    ("text", "line", "action", "after"),
    [
        ("# add two numbers\nx = 1\n", 1, "Generate code from this comment", f"# add two numbers\n{CODE}\nx = 1\n"),
        (STUB, 2, "Implement this function from its docstring", f"{STUB}    return a + b\n"),
    ],
    ids=["comment", "docstring"],
)
def test_code_action(helix: Callable[[str], Helix], text: str, line: int, action: str, after: str) -> None:
    """Space a lists the action, Enter resolves and applies it, u takes it back."""
    editor = helix(text)
    editor.press(f"{line}gglll a")
    editor.answered("textDocument/codeAction")
    editor.sees(action)
    editor.press("\r")
    editor.answered("codeAction/resolve")
    editor.saves(after)
    editor.press("u")
    editor.saves(text)


def test_completion_item(helix: Callable[[str], Helix]) -> None:
    """Ctrl-x at a comment's end offers the item; accepting it puts the code in, with all its lines."""
    editor = helix("# add two numbers\n\nx = 1\n")
    editor.press("A\x18")
    editor.answered("textDocument/completion")
    editor.sees("✎ add two numbers")
    editor.press("\t\r")
    editor.saves(f"# add two numbers\n{CODE}\n\nx = 1\n")


def test_typing_fast_changes_nothing_but_the_text(helix: Callable[[str], Helix]) -> None:
    """Keys faster than the model answers: the file is what was typed."""
    typed = "# add two numbers, and slowly two numbers, ünïcode 𝒳"
    editor = helix("x = 1\n")
    editor.press(f"O{typed}")
    editor.saves(f"{typed}\nx = 1\n")
