"""Helix with the configuration of docs/editors/helix.md, in a terminal of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from .helix import Helix
from .install import program
from .workbench import Workbench, wait_for

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal"),
    pytest.mark.skipif(program("hx") is None, reason="no Helix here (hx)"),
]

CODE = "def add(a, b):\n    return a + b"
STUB = 'def add(a, b):\n    """Return the sum."""\n'


@pytest.fixture
def helix(bench: Workbench) -> Iterator[Callable[[str], Helix]]:
    """Starts a session on a text; it must end well."""
    with ExitStack() as stack:
        yield lambda text: stack.enter_context(Helix(bench, text))


@pytest.mark.parametrize(
    ("text", "line", "action", "after"),
    [
        ("# add two numbers\nx = 1\n", 1, "Generate code from this comment", f"# add two numbers\n{CODE}\nx = 1\n"),
        (STUB, 2, "Implement this function from its docstring", f"{STUB}    return a + b\n"),
    ],
    ids=["comment", "docstring"],
)
def test_code_action(helix: Callable[[str], Helix], text: str, line: int, action: str, after: str) -> None:
    """Space a lists the action, Enter runs and applies it, u takes it back."""
    editor = helix(text)
    editor.press(f"{line}gglll a")
    editor.answered("textDocument/codeAction")
    editor.sees(action)
    editor.press("\r")
    editor.answered("workspace/executeCommand")
    editor.saves(after)
    editor.press("u")
    editor.saves(text)


def test_keys_go_on_while_an_action_works(hanging: Workbench) -> None:
    """Helix takes no key before an action is resolved, so it gets commands: what is typed meanwhile is in the file at
    once, and ends what is worked at for the file as it was, which the user is told."""
    hanging.notices = 1
    with Helix(hanging, "# add two numbers\n\nx = 1\n") as editor:
        editor.press("1gglll a")
        editor.sees("Generate code from this comment")
        editor.press("\r")
        wait_for(lambda: hanging.messages("workspace/executeCommand"), "the model is asked")
        editor.press("geoy = 2\x1b")
        wait_for(lambda: hanging.answers("workspace/executeCommand"), "it has ended")
        # Helix draws only what differs from what stood there, so that the words need not come whole on the screen.
        wait_for(lambda: hanging.messages("window/showMessage"), "the user is told")
        [told] = hanging.messages("window/showMessage")
        assert "nothing was put in" in told["params"]["message"]
        editor.saves("# add two numbers\n\nx = 1\ny = 2\n")


def test_completion_item(helix: Callable[[str], Helix]) -> None:
    """Ctrl-x at a comment's end offers the item; accepting it puts all lines of the code in, and u takes them out."""
    editor = helix("# add two numbers\n\nx = 1\n")
    editor.press("A\x18")
    editor.answered("textDocument/completion")
    editor.sees("✎ add two numbers")
    editor.press("\t\r")
    editor.saves(f"# add two numbers\n{CODE}\n\nx = 1\n")
    editor.press("\x1bu")
    editor.saves("# add two numbers\n\nx = 1\n")


def test_escape_turns_to_something_else(hanging: Workbench) -> None:
    """While a list is waited for: keys go on into the file, and nothing comes in later."""
    with Helix(hanging, "# add two numbers\n\nx = 1\n") as editor:
        editor.press("A\x18")
        wait_for(lambda: hanging.messages("textDocument/completion"), "the model is asked")
        editor.press("\x1b")
        editor.press("oand more\x1b")  # Helix goes on with the comment by itself
        editor.answered("textDocument/completion")
        editor.saves("# add two numbers\n# and more\n\nx = 1\n")


def test_typing_fast_changes_nothing_but_the_text(helix: Callable[[str], Helix]) -> None:
    """Keys faster than the model answers: the file is what was typed."""
    typed = "# add two numbers, and slowly two numbers, ünïcode 𝒳"
    editor = helix("x = 1\n")
    editor.press(f"O{typed}")
    editor.saves(f"{typed}\nx = 1\n")
