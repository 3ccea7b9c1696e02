"""JupyterLab and a scripted model. Without `make test-vscode`, which installs what they need, these tests skip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.scripted_model import ScriptedModel

from editors.workbench import Workbench

from .lab import program, served

ADD = "def add(a, b):\n    return a + b\n"
ROOT = "import math\n\ndef root(x):\n    return math.sqrt(x)\n"
RULES = [["two numbers", ADD], ["square root", ROOT], ["Return the sum", "return a + b\n"]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """JupyterLab is a quarter of a gigabyte and wants a browser: it is not part of `make test`."""
    if program() is None:
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="JupyterLab is driven by `make test-vscode`"))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """A workbench whose scripted model can add. At the end, what JupyterLab and server said is checked."""
    with (
        ScriptedModel(tmp_path / "model", rules=RULES, token_s=0.001) as model,
        Workbench(tmp_path / "bench", model.env) as made,
    ):
        yield made


@pytest.fixture
def address(bench: Workbench) -> Iterator[str]:
    """Where JupyterLab is."""
    with served(bench) as found:
        yield found
