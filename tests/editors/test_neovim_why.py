"""*Why this suggestion?* and the question of trust in a real Neovim, configured as docs/editors/neovim.md says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from glosswright_server.verify.sandbox import availability
from glosswright_server.verify.sandbox.model import SandboxOptions

from .neovim import Neovim
from .test_neovim import STUB, neovim
from .workbench import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

__all__ = ["neovim"]  # the fixture

FLOATS = """
local seen = {}
for _, window in ipairs(vim.api.nvim_list_wins()) do
  if vim.api.nvim_win_get_config(window).relative ~= '' then
    vim.list_extend(seen, vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false))
  end
end
return table.concat(seen, '\\n')
"""


EXAMPLE = 'def add(a, b):\n    """Return the sum.\n\n    >>> add(1, 2)\n    3\n    """\n'


@pytest.mark.skipif(bool(availability("python", SandboxOptions()).why_not), reason="no sandbox, so nothing is asked")
def test_the_question_of_trust(neovim: Callable[[str], Neovim]) -> None:
    """Neovim shows the question with both answers, and goes on with the first picked: the example is run."""
    editor = neovim(EXAMPLE)
    before = editor.text
    editor.keys("gggra")
    wait_for(lambda: editor.text != before, "the edit")
    # The first list was the actions', the second is the question's.
    assert editor.ask("actions")[1:] == ["Run examples", "Not in this workspace"]
    editor.keys(":lua _G.probe.floats = function() " + " ".join(FLOATS.split()) + " end<CR>")
    editor.keys("GK")
    assert "1 of 1 passed" in wait_for(lambda: editor.ask("floats"), "the hover")


def test_hover_says_why(neovim: Callable[[str], Neovim]) -> None:
    """`K` on code that an action put in shows the explanation, and on other code nothing of ours."""
    editor = neovim(STUB)
    before = editor.text
    editor.keys("gggra")
    wait_for(lambda: editor.text != before, "the edit")
    # Before the hover: the command line would close it.
    editor.keys(":lua _G.probe.floats = function() " + " ".join(FLOATS.split()) + " end<CR>")
    editor.keys("GK")
    said = wait_for(lambda: editor.ask("floats"), "the hover")
    assert "parses" in said
    assert "Asked for" in said
    assert "scripted" in said or "model" in said
