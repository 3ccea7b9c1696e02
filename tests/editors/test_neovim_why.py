"""*Why this suggestion?* and the question of trust in a real Neovim, configured as docs/editors/neovim.md says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from glosswright_server.verify.sandbox import availability
from glosswright_server.verify.sandbox.model import SandboxOptions

from .neovim import Neovim
from .test_neovim import STUB
from .workbench import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

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
    editor.keys("GK")
    assert "1 of 1 passed" in wait_for(lambda: editor.ask("floats"), "the hover")


def test_hover_says_why(neovim: Callable[[str], Neovim]) -> None:
    """`K` on code that an action put in shows the explanation, and on other code nothing of ours."""
    editor = neovim(STUB)
    before = editor.text
    editor.keys("gggra")
    wait_for(lambda: editor.text != before, "the edit")
    editor.keys("GK")
    said = wait_for(lambda: editor.ask("floats"), "the hover")
    assert "parses" in said
    assert "Asked for" in said
    assert "scripted" in said or "model" in said
