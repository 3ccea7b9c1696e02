"""Each editor with the default model, as users have it: real keys in, code of the real model in the file.

A small model may write what it likes; what is asked of it here is so plain that it has to be right.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .emacs import END, Client, Emacs, has, version
from .helix import Helix
from .install import program
from .neovim import Neovim, plugin_init
from .workbench import Workbench, bench_with_default_model, block, wait_for

pytestmark = [
    pytest.mark.weights,
    pytest.mark.llamacpp,
    pytest.mark.timeout(400),
    pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal"),
]

MODEL_S = 120.0
"""For starting the model and writing a few lines, on a busy machine."""
STUB = 'def total(a, b):\n    """Return the sum of a and b."""\n'
ACTION = "Implement this function from its docstring"
COMMENT = "# a function that returns the larger of two numbers"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    pytest.importorskip("xllamacpp", reason="needs xllamacpp")
    with bench_with_default_model(tmp_path) as made:
        yield made


# What a user does in each: the code action on the docstring of STUB, then, where there is ghost text, COMMENT on a line
# of its own. Each returns the text after the one and after the other; None where there is no ghost text.


def in_neovim(bench: Workbench, binary: str, init: str) -> tuple[str, str | None]:
    with Neovim(program(binary) or "", bench, init, STUB) as editor:
        editor.keys("ggjgra")
        wait_for(lambda: editor.text != STUB.rstrip("\n"), "the edit", MODEL_S)
        implemented = editor.text
        editor.keys(":set noautoindent indentexpr=<CR>Go")
        editor.type(f"\n{COMMENT}\n")
        typed = editor.text
        wait_for(lambda: "def " in editor.ghost, "ghost text", MODEL_S)
        assert editor.text == typed
        editor.keys("<Tab>")
        wait_for(lambda: editor.text != typed, "the suggestion is in the text")
        return implemented, editor.text


def in_emacs(bench: Workbench, client: Client) -> tuple[str, str | None]:
    with Emacs(bench, client, "package") as editor:
        editor.open(STUB)
        editor.press("\x0e")
        editor.act(ACTION)
        implemented = editor.saves_other_than(STUB, MODEL_S)
        if client == "eglot":
            return implemented, None
        editor.open("x = 1\n")
        editor.press(END)
        editor.type(f"{COMMENT}\n")
        editor.sees("def ", MODEL_S)
        editor.press("\t")
        return implemented, editor.saves_other_than("x = 1\n", MODEL_S)


def in_helix(bench: Workbench) -> tuple[str, str | None]:
    with Helix(bench, STUB) as editor:
        editor.press("2gglll a")
        editor.sees(ACTION)
        editor.press("\r")
        editor.answered("workspace/executeCommand", MODEL_S)
        return editor.saves_other_than(STUB, MODEL_S), None


EDITORS: dict[str, tuple[bool, Callable[[Workbench], tuple[str, str | None]]]] = {
    "neovim-0.12": (
        program("nvim-0.12") is not None,
        lambda bench: in_neovim(bench, "nvim-0.12", block("neovim.md", "lua")),
    ),
    "neovim-0.11": (program("nvim-0.11") is not None, lambda bench: in_neovim(bench, "nvim-0.11", plugin_init())),
    "eglot": (version() >= 29, lambda bench: in_emacs(bench, "eglot")),
    "lsp-mode": (has("lsp-mode"), lambda bench: in_emacs(bench, "lsp-mode")),
    "helix": (program("hx") is not None, in_helix),
}
"""Whether it is here, and what is done in it."""


@pytest.mark.parametrize("editor", EDITORS)
def test_a_docstring_and_a_comment(editor: str, request: pytest.FixtureRequest) -> None:
    """The code of the model is put in where it belongs, does what was asked, and leaves the rest of the file alone."""
    is_here, use = EDITORS[editor]
    if not is_here:
        pytest.skip(f"no {editor} here: run `make editors`")
    implemented, suggested = use(request.getfixturevalue("bench"))
    assert implemented.startswith(STUB)
    assert _run(implemented)["total"](2, 3) == 5
    if suggested is not None:
        rest = suggested.partition(COMMENT)[2]
        assert [type(statement) for statement in ast.parse(rest).body][:1] == [ast.FunctionDef]
        ast.parse(suggested)


def _run(text: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(text, "example.py", "exec"), names)
    return names
