"""Real editors against a real server process and a scripted model. An editor that is not installed skips its tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from harness.scripted_model import ScriptedModel

from .neovim import Neovim, found, version
from .workbench import Workbench, block

if TYPE_CHECKING:
    from playwright.sync_api import Playwright

ADD = "def add(a, b):\n    return a + b\n"
THREE = [f"def {name}(a, b):\n    return a {sign} b\n" for name, sign in (("add", "+"), ("sub", "-"), ("mul", "*"))]
LAST = 'def last(a):\n    """The last of `(+ 1 2)`, $1."""\n    for b in a:\n        c = {b}\n    return c\n'
"""What a client must not touch: yasnippet would run the backquoted as Lisp, and indent `return` into the loop."""
RULES = [
    ["the last", LAST],
    ["two numbers", ADD],
    ["one number and another", THREE],
    ["Return the sum", "return a + b\n"],
    ["slowly", "x = 1\n" * 200],
]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        yield started


@contextmanager
def _scripted(folder: Path, **script: Any) -> Iterator[Workbench]:
    with (
        ScriptedModel(folder / "model", rules=RULES, **script) as model,
        Workbench(folder / "bench", model.env) as made,
    ):
        yield made


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """A workbench whose scripted model can add. At the end, what editor and server said is checked."""
    with _scripted(tmp_path, token_s=0.001) as made:
        yield made


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[Workbench]:
    """The same with a model that says one word and then nothing, until it is told to stop."""
    with _scripted(tmp_path, hang_after=1) as made:
        yield made


@pytest.fixture(params=found() or [None], ids=lambda path: "nvim" if path is None else Path(path).name)
def nvim(request: pytest.FixtureRequest) -> str:
    """Each Neovim of this machine."""
    if request.param is None:
        pytest.skip("no Neovim here: run `make editors`, or name some in GLOSSWRIGHT_NVIM")
    if version(request.param) < (0, 11):
        pytest.skip(f"{request.param} is older than 0.11, which has no vim.lsp.config")
    return str(request.param)


@pytest.fixture
def neovim(nvim: str, bench: Workbench) -> Iterator[Callable[[str], Neovim]]:
    """Starts a session on a text, configured as docs/editors/neovim.md says."""
    with ExitStack() as stack:
        yield lambda text: stack.enter_context(Neovim(nvim, bench, block("neovim.md", "lua"), text))
