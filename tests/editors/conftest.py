"""Real editors against a real server process and a scripted model. An editor that is not installed skips its tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.scripted_model import ScriptedModel

from .workbench import Workbench

ADD = "def add(a, b):\n    return a + b\n"
RULES = [["two numbers", ADD], ["Return the sum", "return a + b\n"], ["slowly", "x = 1\n" * 200]]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """A workbench whose scripted model can add. At the end, what editor and server said is checked."""
    with ScriptedModel(tmp_path / "model", rules=RULES, token_s=0.001) as model:
        made = Workbench(tmp_path / "bench", model.env)
        yield made
        # A language server that outlived the model server would start the real one in its place.
        made.wait_until_servers_are_gone()
        if made.log.exists():
            made.check()
