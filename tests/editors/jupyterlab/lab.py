"""A real JupyterLab with jupyterlab-lsp, configured with the blocks of docs/editors/jupyterlab.md, in a browser."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from editors.browser import Screen, browsing
from editors.workbench import Workbench, block, wait_for

if TYPE_CHECKING:
    from playwright.sync_api import Playwright

START_S = 60.0
QUIET = {"@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False}}
NOTEBOOK_CELL = ".jp-Notebook .jp-Cell:nth-child({}) .cm-content"
EDITOR = ".jp-FileEditor .cm-content"
ITEM = ".jp-Completer-item"


def program() -> Path | None:
    """Where `scripts/test-vscode.sh` has put JupyterLab; None where it has not."""
    where = os.environ.get("GLOSSWRIGHT_TEST_JUPYTERLAB")
    return Path(where) / "bin" / "jupyter" if where else None


def notebook(*cells: str) -> str:
    """A notebook of Python cells, as JSON."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    language = {"name": "python", "mimetype": "text/x-python", "file_extension": ".py"}
    made = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": None, "source": text}
        for n, text in enumerate(cells)
    ]
    metadata = {"kernelspec": kernel, "language_info": language}
    return json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


@contextmanager
def served(bench: Workbench) -> Iterator[str]:
    """JupyterLab on the project of a bench; gives its address."""
    executable = program()
    assert executable is not None
    config = bench.home / ".jupyter"
    files = {
        config / "jupyter_server_config.d" / "glosswright.json": json.loads(block("jupyterlab.md", "json")),
        **{
            config / "lab" / "user-settings" / f"{name}.jupyterlab-settings": settings
            for name, settings in {
                **QUIET,
                "@jupyterlab/completer-extension/manager": json.loads(block("jupyterlab.md", "json", 1)),
            }.items()
        },
    }
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")
    command = [str(executable), "lab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0"]
    command += ["--IdentityProvider.token=", f"--ServerApp.root_dir={bench.project}"]
    # The folder of the executable, for the kernel; our own path behind it, for `glosswright`.
    env = {**bench.env, "PATH": os.pathsep.join([bench.env["PATH"], str(executable.parent)])}
    env.pop("PYTHONPATH", None)
    log = bench.folder / "lab.log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=written, stderr=written, start_new_session=True
        )
    try:
        found = wait_for(
            lambda: re.search(r"(http://127\.0\.0\.1:\d+)/lab", log.read_text(encoding="utf-8")),
            "JupyterLab listens",
            START_S,
        )
        yield found[1]
    finally:
        below = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        process.wait(30)
        for left in psutil.wait_procs(below, timeout=10)[1]:
            left.kill()


class Lab(Screen):
    """A file of the project in a window. Made by `opened`."""

    def __init__(self, page: Any, bench: Workbench, file: Path) -> None:
        super().__init__(page, f"jupyterlab-{file.stem}")
        self.bench = bench
        self.file = file

    def text(self) -> str:
        """The document, as the server has it."""
        changes = self.bench.messages("textDocument/didChange")
        return str(changes[-1]["params"]["contentChanges"][0]["text"]) if changes else ""

    def begin(self, field: str) -> None:
        """Put the keyboard into an editor, and empty it."""
        self.page.locator(field).click()
        self.until(lambda: self.page.evaluate("() => document.activeElement?.closest('.cm-content') !== null"), "focus")
        self.keys("Control+a", "Delete")

    def take(self, before: str, code: str) -> None:
        """Type `before`, ask for the list, choose our item, and see `code` in the document."""
        self.write(before)
        self.until(lambda: before.rpartition("\n")[2] in self.text(), "the server has what was typed")
        self.until(self._listed, "our item in the list")
        self.shot("list")
        self.keys("Enter")
        self.until(lambda: code in self.text(), f"the document has {code!r}")

    def _listed(self) -> bool:
        """Ask for the list, again if need be: a kernel that has just been started holds it up."""
        if not self._items():
            self.keys("Tab")
            self.page.wait_for_timeout(2000)
        selected = self.texts(f"{ITEM}.jp-mod-active")
        return len(selected) == 1 and "✎" in selected[0]

    def _items(self) -> list[str]:
        return self.texts(ITEM)

    def saved(self) -> str:
        """The file as it is once JupyterLab has saved it."""
        self.keys("Control+s")
        self.until(lambda: self.page.locator(".lm-TabBar-tab.lm-mod-current.jp-mod-dirty").count() == 0, "it is saved")
        return self.file.read_text(encoding="utf-8")

    def hover(self, text: str) -> str:
        """What is told of the first line that begins with a text: the mouse over it, then Control."""
        line = self.page.locator(".cm-line", has_text=re.compile(f"^{re.escape(text)}")).first
        steps = itertools.count()

        def told() -> list[str]:
            line.hover(position={"x": 10 + next(steps) % 40, "y": 8})
            self.page.wait_for_timeout(700)
            self.page.keyboard.down("Control")
            self.page.wait_for_timeout(300)
            found = self.texts(".lsp-hover")
            self.page.keyboard.up("Control")
            return found

        return self.until(told, f"a hover over {text!r}")[0]


@contextmanager
def opened(playwright: Playwright, bench: Workbench, address: str, file: Path) -> Iterator[Lab]:
    """A window with a file of the project, once the server knows of it."""
    with browsing(playwright, bench.folder / "browser", f"{address}/lab/tree/{file.name}?reset") as page:
        page.wait_for_selector(".cm-content", timeout=90_000)
        lab = Lab(page, bench, file)

        def known() -> bool:
            opened_files = [m["params"]["textDocument"]["uri"] for m in bench.messages("textDocument/didOpen")]
            return any(uri.endswith(f"/project/{file.name}") for uri in opened_files)

        lab.until(known, f"the server has {file.name}")
        yield lab
