"""A model server of the user's own: its key is typed once, kept in the secret storage, and forgotten on request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from harness.scripted_model import ScriptedModel

from editors.workbench import Workbench

from .code_server import CodeServer
from .conftest import ADD, RULES, settings_for
from .window import Window, opened

if TYPE_CHECKING:
    from playwright.sync_api import Playwright

VARIABLE = "GLOSSWRIGHT_ENDPOINT_KEY"
COMMENT = "# add two numbers"


@pytest.mark.timeout(240)
def test_the_key_of_an_endpoint(tmp_path: Path, extensions: Path, playwright: Playwright) -> None:
    """The endpoint takes requests with its key alone; the key stands in no file, setting, log or message."""
    env = {"GLOSSWRIGHT_RUNTIME_DIR": str(tmp_path / "run"), "GLOSSWRIGHT_CACHE_DIR": str(tmp_path / "cache")}
    with ScriptedModel(tmp_path / "model", rules=RULES) as model, Workbench(tmp_path / "bench", env) as bench:
        key = model.state["token"]
        settings = {**settings_for(bench), "glosswright.endpoint.url": f"{model.state['url']}/v1"}
        address = (bench.project, bench.file("", "endpoint.py"))
        with (
            CodeServer(bench.folder / "editor", extensions, bench.env, settings=settings) as server,
            opened(playwright, bench.folder / "browser", server.address(*address), "endpoint") as window,
        ):
            window.until(lambda: "refuse" in window.status() or "key" in window.status(), "no key, no code", 60)
            assert _handed_over(server) == set()

            window.command("Glosswright: Set API Key of the Endpoint")
            box = window.page.locator(".quick-input-widget input").first
            window.until(lambda: box.get_attribute("type") == "password", "a box that hides what is typed")
            window.page.keyboard.type(key)
            window.shot("key")
            window.keys("Enter")
            _runs(window, bench, 2)
            assert _handed_over(server) == {key}
            file = window.edit(bench, "with_key.py", "")
            window.write(f"{COMMENT}\n")
            window.until(lambda: "def add(a, b):" in window.ghost(), "ghost text from the endpoint")
            window.keys("Tab")
            assert window.saved(file) == f"{COMMENT}\n{ADD}".rstrip("\n")

            window.page.reload()
            _runs(window, bench, 3)
            assert _handed_over(server) == {key}

            window.command("Glosswright: Forget API Key of the Endpoint")
            window.until(lambda: "refuse" in window.status() or "key" in window.status(), "no key, no code", 60)
            assert _handed_over(server) == set()
            bench.notices = len(bench.messages("window/showMessage"))
        assert [str(path) for path in bench.folder.rglob("*") if _holds(path, key)] == []


def _runs(window: Window, bench: Workbench, times: int) -> None:
    """Wait until the server was started so often, and is ready."""
    window.until(lambda: len(bench.messages("initialize")) == times, f"start {times} of the server", 60)
    window.until(lambda: "ready" in window.status(), "the server is ready", 60)


def _handed_over(server: CodeServer) -> set[str]:
    """The keys in the environments of running language servers."""
    found = set()
    for process in server.children("glosswright_server"):
        try:
            found.add(process.environ().get(VARIABLE, ""))
        except psutil.Error:
            continue
    return found - {""}


def _holds(path: Path, key: str) -> bool:
    return path.is_file() and not path.is_symlink() and key.encode() in path.read_bytes()
