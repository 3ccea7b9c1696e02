"""Completion at point in Emacs: its own list, company and corfu, under eglot and lsp-mode, each with real keys."""

from __future__ import annotations

import sys

import pytest

from .conftest import LAST
from .emacs import UNDO, Client, Emacs, Shown, has, version
from .workbench import Workbench

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal"),
    pytest.mark.skipif(version() < 29, reason="no Emacs here, or one before 29, which has no eglot"),
]

COMPLETE = "\x1b\t"
DOWN = "\x1b[1;3B"
CHOOSE = "\x1b\r"
COMMENT = "def f():\n    # the last\n\n\nx = 1\n"
INDENTED = "".join(f"    {line}\n" for line in LAST.splitlines())
STUB = 'def add(a, b):\n    """Return the sum."""\n    raise NotImplementedError\nx = 1\n'


@pytest.mark.parametrize("shown", ["list", "company", "corfu"])
@pytest.mark.parametrize("client", ["eglot", "lsp-mode"])
def test_completion(bench: Workbench, client: Client, shown: Shown) -> None:
    """The item at the end of a comment puts in exactly its code: no label, nothing indented anew, nothing run as Lisp
    by yasnippet, which stands beside all but the first. Undo takes it out at once."""
    for package in {"lsp-mode": ["lsp-mode"], "eglot": []}[client] + ([] if shown == "list" else [shown, "yasnippet"]):
        if not has(package):
            pytest.skip(f"this Emacs came without {package}: remove it from the cache and run `make editors`")
    with Emacs(bench, client, "configuration", shown) as editor:
        editor.open(COMMENT)
        editor.press("\x0e\x05")
        _complete(editor, shown, "✎ the last", "return c")
        editor.saves(COMMENT.replace("last\n", f"last\n{INDENTED}", 1))
        editor.press(UNDO)
        editor.saves(COMMENT)

        editor.open(STUB)
        editor.press("\x0e\x0e\x05")
        _complete(editor, shown, "✎ Return the sum.", "a + b")
        editor.saves(STUB.replace("raise NotImplementedError", "return a + b"))
        editor.press(UNDO)
        editor.saves(STUB)


def _complete(editor: Emacs, shown: Shown, label: str, code: str) -> None:
    editor.forget()
    if shown == "company":  # which puts in what is the only item
        editor.command("company-complete")
        editor.sees(code)  # a key before that would end it
        return
    editor.press(COMPLETE)
    editor.sees(label)
    if shown == "list":
        editor.sees("1 possible completion")
        editor.press(f"{DOWN}{CHOOSE}")
    else:
        editor.press("\r")
