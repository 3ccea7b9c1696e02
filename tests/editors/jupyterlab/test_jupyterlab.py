"""A notebook and a file in JupyterLab: what is chosen in its list must be in the saved file, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from editors.workbench import Workbench

from .lab import EDITOR, NOTEBOOK_CELL, notebook, opened

if TYPE_CHECKING:
    from playwright.sync_api import Playwright

pytestmark = pytest.mark.timeout(400)

SUM = 'def sum_of(a, b):\n"""Return the sum."""'
INDENTED = SUM.replace('\n"', '\n    "')
ADD = "def add(a, b):\n    return a + b"


def test_in_a_notebook(playwright: Playwright, bench: Workbench, address: str) -> None:
    """Between other cells, which jupyterlab-lsp shows to the server as one document: a comment, code that needs an
    import, a docstring, a placeholder. jupyterlab-lsp passes over the edits of an item."""
    file = bench.file(notebook("x = 1\n%matplotlib inline", "", "print(x)"), "example.ipynb")
    with opened(playwright, bench, address, file) as lab:
        for typed, code, cell in (
            ("# square root", "\nimport math\n", "# square root\nimport math\n\ndef root(x):\n    return math.sqrt(x)"),
            (SUM, "    return a + b", f"{INDENTED}\n    return a + b"),
            (f"{SUM}\npass", "    return a + b", f"{INDENTED}\n    pass\n    return a + b"),
            ("# two numbers", ADD, f"# two numbers\n{ADD}"),
        ):
            lab.begin(NOTEBOOK_CELL.format(2))
            lab.take(typed, code)
            sources = ["".join(one["source"]) for one in json.loads(lab.saved())["cells"]]
            assert sources == ["x = 1\n%matplotlib inline", cell, "print(x)"]
        why = lab.hover("def add")
        assert "two numbers" in why
        assert not (bench.project / ".virtual_documents").exists(), "the server knows the notebook by its own path"


def test_in_a_file(playwright: Playwright, bench: Workbench, address: str) -> None:
    """The same list in the editor of files."""
    file = bench.file("x = 1\n")
    with opened(playwright, bench, address, file) as lab:
        lab.begin(EDITOR)
        lab.take("# two numbers", ADD)
        assert lab.saved().rstrip("\n") == f"# two numbers\n{ADD}"
