"""The Neovim plugin in `editors/neovim`, in each Neovim of this machine: real keys, and what is on the screen."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from .neovim import Neovim, plugin_init
from .test_neovim import CODE, STUB
from .workbench import Workbench, wait_for

pytestmark = pytest.mark.timeout(180)

RUFF = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")

Start = Callable[..., Neovim]
INLINE = "textDocument/inlineCompletion"


@pytest.fixture
def neovim(nvim: str, bench: Workbench) -> Iterator[Start]:
    """Starts a session with the plugin on a text; further arguments are those of `plugin_init`."""
    with ExitStack() as stack:

        def start(text: str, options: str = "", more: str = "") -> Neovim:
            return stack.enter_context(Neovim(nvim, bench, plugin_init(options, more), text))

        yield start


def _suggested(neovim: Start) -> Neovim:
    """A session in which a comment was typed, and its code is suggested."""
    editor = neovim("import os\n")
    editor.keys("Go")
    editor.type("# add two numbers\n")
    wait_for(lambda: editor.ghost, "ghost text")
    return editor


def test_ghost_text_comes_and_tab_takes_it(neovim: Start) -> None:
    """In 0.11 as in 0.12: what is shown is what is put in, one undo takes out the whole suggestion and nothing more."""
    editor = neovim("import os\n")
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


def test_typing_along_keeps_the_rest_on_the_screen(neovim: Start) -> None:
    """Keys that agree with the suggestion shorten it; a key that does not takes it away, and nothing else changes."""
    editor = _suggested(neovim)
    editor.type("def a")
    wait_for(lambda: editor.ghost == CODE.removeprefix("def a"), "the rest")
    editor.keys("<Tab>")
    wait_for(lambda: editor.text == f"import os\n# add two numbers\n{CODE}", "typed and accepted make the whole")


def test_a_word_and_then_the_rest(neovim: Start, bench: Workbench) -> None:
    """<M-Right> puts one word in, tells the server how much that is, and leaves the rest to be taken."""
    editor = _suggested(neovim)
    editor.keys("<M-Right>")
    wait_for(lambda: editor.text == "import os\n# add two numbers\ndef", "one word")
    wait_for(lambda: bench.messages("glosswright/feedback"), "that it was taken is told")
    [told] = [message["params"] for message in bench.messages("glosswright/feedback")]
    assert (told["event"], told["acceptedLength"]) == ("partlyAccepted", 3)
    wait_for(lambda: editor.ghost == CODE.removeprefix("def"), "the rest as ghost text")
    editor.keys("<Tab>")
    wait_for(lambda: editor.text == f"import os\n# add two numbers\n{CODE}", "the rest")


def test_going_through_candidates(neovim: Start) -> None:
    """One comes by itself; <M-]> asks for others, goes through them and around, and <Tab> takes what is shown."""
    editor = neovim("import os\n")
    editor.keys("Go")
    editor.type("# one number and another\n")

    def shown() -> str:
        ghost = editor.ghost
        return ghost[4:7] if ghost.startswith("def ") else ""

    assert wait_for(shown, "ghost text") == "add"
    seen = ["add"]
    for _ in range(3):
        editor.keys("<M-]>")
        seen.append(wait_for(lambda: shown() if shown() != seen[-1] else "", "another"))
    assert seen == ["add", seen[1], seen[2], "add"]
    assert set(seen) == {"add", "sub", "mul"}
    editor.keys("<M-[>")
    wait_for(lambda: shown() == seen[2], "the one before")
    editor.keys("<Tab>")
    sign = {"sub": "-", "mul": "*"}[seen[2]]
    code = f"def {seen[2]}(a, b):\n    return a {sign} b"
    wait_for(lambda: editor.text == f"import os\n# one number and another\n{code}", "the suggestion is in the text")


def test_leaving_insert_mode_cancels(nvim: str, hanging: Workbench) -> None:
    """The model must not go on for somebody who has turned to something else."""
    with Neovim(nvim, hanging, plugin_init(), "import os\n") as editor:
        editor.keys("Go")
        editor.type("# add two numbers\n")
        wait_for(lambda: hanging.messages(INLINE), "a request is under way")
        editor.normal()
        wait_for(lambda: hanging.messages("$/cancelRequest"), "it is cancelled")
        wait_for(
            lambda: len(hanging.answers(INLINE)) == len(hanging.messages(INLINE)), "what was cancelled is answered"
        )
        assert editor.text == "import os\n# add two numbers\n"
        assert editor.ghost == ""


def test_nothing_comes_into_a_snippet(neovim: Start) -> None:
    """While placeholders are filled in <Tab> goes on to the next one; what would come without them comes after them."""
    editor = neovim("import os\n")
    editor.keys("Go")
    editor.type("# add two numbers\n")
    wait_for(lambda: editor.ghost, "ghost text")
    editor.keys("<Cmd>lua vim.snippet.expand('${1:name}$0')<CR>")
    editor.type("d")  # with which the suggestion begins
    wait_for(lambda: editor.text == "import os\n# add two numbers\nd", "the placeholder is replaced")
    time.sleep(0.8)
    assert editor.ghost == ""
    editor.keys("<Cmd>lua vim.snippet.stop()<CR>")
    editor.type("e")
    wait_for(lambda: editor.ghost == CODE.removeprefix("de"), "the rest as ghost text")


def test_dismiss(neovim: Start) -> None:
    """The key takes the suggestion away and changes no text."""
    editor = _suggested(neovim)
    editor.keys("<C-]>")
    wait_for(lambda: not editor.ghost, "gone")
    assert editor.text == "import os\n# add two numbers\n"


def test_keys_are_what_they_were_without_a_suggestion(neovim: Start) -> None:
    """<Tab> indents where nothing is suggested; a key may be changed, and one that is switched off is not mapped."""
    editor = neovim("x = 1\n", "{ keys = { accept = '<C-l>', dismiss = false } }")
    editor.keys("ggO<Tab>y")
    wait_for(lambda: editor.text == "    y\nx = 1", "indented")


def test_typing_fast_changes_nothing_but_the_text(neovim: Start) -> None:
    """Keys faster than the model answers: nothing is lost, nothing put in that was not asked for."""
    typed = "# add two numbers\ndef add(a, b):\n# slowly, two numbers, again and again\n# ünïcode 𝒳 two numbers\n"
    editor = neovim("")
    editor.keys(":set noautoindent indentexpr=<CR>i")
    editor.type(typed)
    wait_for(lambda: editor.text == typed, "what was typed")
    editor.normal()
    assert editor.text == typed


def test_status_and_pause(neovim: Start) -> None:
    """The function for the status line follows the server; nothing is shown while paused."""
    editor = neovim("import os\n")
    wait_for(lambda: str(editor.ask("status")).startswith("Glosswright"), "a status")
    editor.keys(":Glosswright pause<CR>")
    wait_for(lambda: editor.ask("status") == "Glosswright: paused", "paused")
    editor.keys("Go")
    editor.type("# add two numbers\n")
    editor.normal()
    assert editor.ghost == ""
    editor.keys(":Glosswright resume<CR>")
    wait_for(lambda: editor.ask("status") != "Glosswright: paused", "resumed")


def test_implement_and_why(neovim: Start) -> None:
    """`:Glosswright implement` writes the body, and `:Glosswright why` then says why it may be trusted."""
    editor = neovim(STUB)
    editor.keys("ggj:Glosswright implement<CR>")
    wait_for(lambda: editor.text == f"{STUB}    return a + b", "the body")
    editor.keys("G:Glosswright why<CR>")
    assert "parses" in wait_for(lambda: editor.ask("floats"), "the explanation")


def test_health(neovim: Start) -> None:
    """`:checkhealth glosswright` names program, version and attached buffer."""
    editor = neovim("import os\n")
    said = wait_for(lambda: editor.ask("health"), "a report")
    assert "glosswright 0." in said
    assert "attached to 1 buffer" in said
    assert "ERROR" not in said


def test_wrong_options_are_said_and_left_out(neovim: Start) -> None:
    """A mistyped option must not stop the editor from starting, nor go unsaid."""
    editor = neovim("import os\n", "{ ghost_txt = true, cmd = 'glosswright' }")
    said = "\n".join(editor.ask("notified"))
    assert '"ghost_txt"' in said
    assert 'the option "cmd" takes a table' in said


@pytest.mark.skipif(RUFF is None, reason="no ruff to stand beside")
def test_beside_another_server(neovim: Start) -> None:
    """Ruff's server on the same buffer: its diagnostics stay its own, and the suggestion comes all the same."""
    ruff = f"vim.lsp.config('ruff', {{ cmd = {{ '{RUFF}', 'server' }}, filetypes = {{ 'python' }} }})"
    editor = neovim("import os\n", more=f"{ruff} vim.lsp.enable('ruff')")
    wait_for(lambda: sorted(editor.ask("clients")) == ["glosswright", "ruff"], "both are attached")
    wait_for(lambda: set(editor.ask("diagnostics")) == {"Ruff"}, "the unused import is told by Ruff")
    editor.keys("Go")
    editor.type("# add two numbers\n")
    assert wait_for(lambda: editor.ghost, "ghost text") == CODE
    editor.keys("<Tab>")
    wait_for(lambda: editor.text == f"import os\n# add two numbers\n{CODE}", "the suggestion is in the text")
    editor.normal()
    wait_for(lambda: set(editor.ask("diagnostics")) == {"Ruff"}, "Ruff's diagnostics are still there, and no others")
