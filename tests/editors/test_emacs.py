"""Emacs with the set-ups of docs/editors/emacs.md: real keys in a terminal, exact text in the file."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .emacs import EMACS, END, PACKAGE, UNDO, Client, Emacs, Through, has, version
from .workbench import Workbench, wait_for

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal"),
    pytest.mark.skipif(version() < 29, reason="no Emacs here, or one before 29, which has no eglot"),
]
needs_lsp_mode = pytest.mark.skipif(not has("lsp-mode"), reason="this Emacs came without lsp-mode: run `make editors`")
both_ways = pytest.mark.parametrize("through", ["configuration", "package"])

CODE = "def add(a, b):\n    return a + b"
STUB = 'def add(a, b):\n    """Return the sum."""\n'
COMMENT = "# add two numbers\nx = 1\n"
WORD = "\x1b[1;3C"
LINE = "\x1b[1;3B"
TYPED = "# add two numbers, ünïcode 𝒳, and slowly two numbers"


@both_ways
def test_eglot(bench: Workbench, through: Through) -> None:
    """Code actions and their undoing, and fast typing, each with the exact text that it leaves."""
    with Emacs(bench, "eglot", through) as editor:
        _actions(editor)

        _typing(editor)


@needs_lsp_mode
@both_ways
def test_lsp_mode(bench: Workbench, through: Through) -> None:
    """Code actions and their undoing, ghost text, and fast typing, each with the exact text that it leaves."""
    with Emacs(bench, "lsp-mode", through) as editor:
        _actions(editor)

        editor.open("import os\n")
        editor.press(END)
        editor.type("# add two numbers\n")
        editor.sees("return a + b")  # by itself
        editor.press("\x07")
        editor.saves("import os\n# add two numbers\n")
        editor.forget()
        editor.command("lsp-inline-completion-display")
        editor.sees("return a + b")
        editor.press("\t")
        editor.saves(f"import os\n# add two numbers\n{CODE}")
        editor.press(UNDO)
        editor.saves("import os\n# add two numbers\n")

        _typing(editor)


@needs_lsp_mode
@both_ways
def test_beside_another_server(bench: Workbench, through: Through) -> None:
    """lsp-mode would have both servers resolve an action and run a command; each must be asked only for its own."""
    ruff = Path(sys.executable).with_name("ruff")
    if not ruff.exists():
        pytest.skip(f"no {ruff}")
    beside = f"(require 'lsp-ruff)\n(setq lsp-ruff-server-command '({json.dumps(str(ruff))} \"server\"))\n"
    with Emacs(bench, "lsp-mode", through, more=beside) as editor:
        editor.open(COMMENT)
        editor.sees("ruff")
        if through == "package":  # which asks for no action but its own
            editor.command("glosswright-write-code")
        else:
            editor.command("lsp-execute-code-action")
            editor.sees("Select code action")
            editor.press("Gen\t\r")
        editor.saves(f"# add two numbers\n{CODE}\nx = 1\n")
        editor.press(UNDO)
        editor.saves(COMMENT)

        editor.open("import os\n")
        editor.press(END)
        editor.type("# add two numbers\n")
        editor.sees("return a + b")
        editor.press("\t")
        wait_for(lambda: bench.messages("workspace/executeCommand")[1:], "that it was accepted is told")
        editor.saves(f"import os\n# add two numbers\n{CODE}")
        editor.forget()
        editor.command("view-echo-area-messages")
        editor.sees("*Messages*")
        assert "encountered a problem" not in editor.shown
        assert "failed" not in editor.shown
        editor.press("\x18o")


@needs_lsp_mode
def test_a_word_a_line_and_the_rest(bench: Workbench) -> None:
    """M-right and M-down put a part in and leave the rest on the screen; the server learns how much was taken."""
    with Emacs(bench, "lsp-mode", "package") as editor:
        editor.open("import os\n")
        editor.press(END)
        editor.type("# add two numbers\n")
        editor.sees("return a + b")
        editor.press(f"{WORD}{WORD}")
        wait_for(lambda: len(_told(bench)) == 2, "two parts are told")
        assert _told(bench) == [("partlyAccepted", 3), ("partlyAccepted", 7)]
        editor.press(LINE)
        wait_for(lambda: len(_told(bench)) == 3, "a third part is told")
        assert not bench.messages("workspace/executeCommand")
        editor.press("\t")
        wait_for(lambda: bench.messages("workspace/executeCommand"), "the whole is told")
        editor.saves(f"import os\n# add two numbers\n{CODE}")


def _told(bench: Workbench) -> list[tuple[str, int]]:
    told = [message["params"] for message in bench.messages("glosswright/feedback")]
    return [(one["event"], one["acceptedLength"]) for one in told]


@needs_lsp_mode
@both_ways
def test_nothing_comes_into_a_snippet(bench: Workbench, through: Through) -> None:
    """While yasnippet's fields are filled in nothing is asked for, so TAB goes to the next one; after it all is as
    before."""
    if not has("yasnippet"):
        pytest.skip("this Emacs came without yasnippet: remove it from the cache and run `make editors`")
    with Emacs(bench, "lsp-mode", through, more=_SNIPPET) as editor:
        editor.open("import os\n")
        editor.press(f"{END}two\t")
        editor.sees("nothing for a while")
        editor.press("a\x7f")
        editor.forget()
        editor.sees("nothing for a while")
        assert not bench.messages("textDocument/inlineCompletion")
        editor.press("\t\x10")  # out of the snippet, and up again
        editor.forget()
        editor.press("a\x7f")
        editor.sees("return a + b")
        editor.press("\t")
        editor.saves(f"import os\n# add two numbers\n{CODE}\nx = 1")


_SNIPPET = """
(require 'yasnippet)
(yas-global-mode 1)
(yas-define-snippets 'python-mode '(("two" "# add two numbers\\n$1\\nx = 1$0" "two")))
(run-with-idle-timer 2 t (lambda () (let ((message-log-max nil)) (message "nothing for a while"))))
"""
"""The message comes long after ghost text would have been asked for."""


def _actions(editor: Emacs) -> None:
    editor.open(COMMENT)
    editor.act("Generate code from this comment")
    editor.saves(f"# add two numbers\n{CODE}\nx = 1\n")
    editor.press(UNDO)
    editor.saves(COMMENT)

    editor.open(STUB)
    editor.press("\x0e")
    editor.act("Implement this function from its docstring")
    editor.saves(f"{STUB}    return a + b\n")
    editor.press(UNDO)
    editor.saves(STUB)


def _typing(editor: Emacs) -> None:
    editor.open("")
    editor.type(TYPED)
    editor.saves(TYPED)


def test_the_package_compiles(bench: Workbench) -> None:
    """Emacs's own compiler finds nothing to warn of."""
    copy = bench.folder / PACKAGE.name
    copy.write_text(PACKAGE.read_text(encoding="utf-8"), encoding="utf-8")
    command = [EMACS, "-Q", "--batch", "--eval", "(setq byte-compile-error-on-warn t)", "-f", "batch-byte-compile"]
    done = subprocess.run([*command, str(copy)], env=bench.env, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr


@needs_lsp_mode
@pytest.mark.parametrize("client", ["eglot", "lsp-mode"])
def test_a_quit_cancels(hanging: Workbench, client: Client) -> None:
    """C-g while the model works: the file stays as it is, and the model must not go on for nobody."""
    with Emacs(hanging, client, "package") as editor:
        editor.open(COMMENT)
        editor.act("Generate code from this comment")
        asked = "codeAction/resolve" if client == "eglot" else "workspace/executeCommand"
        wait_for(lambda: hanging.messages(asked), "the model is asked")
        time.sleep(1)
        editor.press("\x07")
        wait_for(lambda: hanging.answers(asked), "the request has ended")
        assert hanging.messages("$/cancelRequest") or hanging.messages("window/workDoneProgress/cancel")
        editor.saves(COMMENT)
