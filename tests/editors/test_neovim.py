"""Neovim with the configuration of docs/editors/neovim.md: real keys in, exact text out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from .neovim import Neovim, version
from .workbench import WAIT_S, Workbench, block, wait_for

pytestmark = pytest.mark.timeout(180)

CODE = "def add(a, b):\n    return a + b"
STUB = 'def add(a, b):\n    """Return the sum."""\n'


@pytest.fixture
def ghostly(nvim: str, neovim: Callable[[str], Neovim]) -> Callable[[str], Neovim]:
    """The same, for a Neovim with ghost text."""
    if version(nvim) < (0, 12):
        pytest.skip("ghost text came with Neovim 0.12")
    return neovim


def test_ghost_text_is_accepted_with_tab(ghostly: Callable[[str], Neovim]) -> None:
    """A comment is typed, the line below it suggested; <Tab> puts it in and undo takes it out again."""
    editor = ghostly("import os\n")
    editor.keys("Go")
    editor.type("# add two numbers\n")
    assert wait_for(lambda: editor.ghost, "ghost text") == CODE
    assert editor.text == "import os\n# add two numbers\n"
    editor.keys("<Tab>")
    wait_for(lambda: editor.text == f"import os\n# add two numbers\n{CODE}", "the suggestion is in the text")
    wait_for(lambda: not editor.ghost, "no ghost is left")
    editor.normal()
    editor.keys("u")
    wait_for(lambda: CODE not in editor.text, "undone")


def test_tab_is_a_tab_without_a_suggestion(neovim: Callable[[str], Neovim]) -> None:
    """The key of the docs must stay what it was where nothing is suggested, in every version."""
    editor = neovim("x = 1\n")
    editor.keys("ggO<Tab>y")
    wait_for(lambda: editor.text == "    y\nx = 1", "indented")


def test_typing_fast_changes_nothing_but_the_text(neovim: Callable[[str], Neovim]) -> None:
    """Keys faster than the model answers: nothing is lost, nothing put in that was not asked for."""
    typed = "# add two numbers\ndef add(a, b):\n# slowly, two numbers, again and again\n# ünïcode 𝒳 two numbers\n"
    editor = neovim("")
    editor.keys(":set noautoindent indentexpr=<CR>i")
    editor.type(typed)
    wait_for(lambda: editor.text == typed, "what was typed")
    editor.normal()
    assert editor.text == typed


@pytest.mark.parametrize(
    ("text", "action", "after"),
    [
        ("# add two numbers\nx = 1", "Generate code from this comment", f"# add two numbers\n{CODE}\nx = 1"),
        (STUB, "Implement this function from its docstring", f"{STUB}    return a + b"),
    ],
    ids=["comment", "docstring"],
)
def test_code_action(neovim: Callable[[str], Neovim], text: str, action: str, after: str) -> None:
    """`gra` lists the action, picking it resolves and applies it, `u` takes it back."""
    editor = neovim(text)
    before = editor.text
    editor.keys(f"gg{'j' if text == STUB else ''}gra")
    wait_for(lambda: editor.text != before, "the edit")
    assert editor.text.rstrip("\n") == after.rstrip("\n")
    assert any(action in line for line in editor.ask("actions"))
    editor.keys("u")
    wait_for(lambda: editor.text == before, "undone")


def test_quitting_while_the_model_works(nvim: str, hanging: Workbench) -> None:
    """Neovim leaves without waiting for answers; the server gives one to each request all the same, and ends."""
    with Neovim(nvim, hanging, block("neovim.md", "lua"), "# add two numbers\nx = 1") as editor:
        editor.keys("gggra")
        wait_for(lambda: hanging.messages("codeAction/resolve"), "the model is asked")
        assert not hanging.answers("codeAction/resolve")


def test_completion_item(neovim: Callable[[str], Neovim]) -> None:
    """<C-x><C-o> at a comment's end offers one item; accepting it types the code with all its lines."""
    editor = neovim("# add two numbers\n\nx = 1\n")
    editor.keys(":set completeopt=menuone,noinsert<CR>ggA")
    for _ in range(3):  # a server that is late gives an empty list, and who wants it asks again
        editor.keys("<C-x><C-o>")
        with suppress(AssertionError):
            wait_for(lambda: editor.ask("menu"), "the menu", timeout_s=WAIT_S / 3)
            break
    [label] = editor.ask("menu")
    assert "add two numbers" in label
    editor.keys("<C-y>")
    wait_for(lambda: editor.text == f"# add two numbers\n{CODE}\n\nx = 1", "the item is in the text")
    editor.normal()
    editor.keys("u")
    wait_for(lambda: editor.text == "# add two numbers\n\nx = 1", "undone")
