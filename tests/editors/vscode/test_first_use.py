"""What happens before anything works: no server yet, a workspace that is not trusted. Each in a VS Code of its own."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from editors.workbench import Workbench

from .code_server import CodeServer
from .conftest import settings_for
from .window import Window, opened

if TYPE_CHECKING:
    from playwright.sync_api import Playwright

SET_UP_S = 400.0
TRUST = "security.workspace.trust"


@pytest.mark.timeout(600)
def test_the_private_environment_is_made_on_request(bench: Workbench, extensions: Path, playwright: Playwright) -> None:
    """The way of everybody who has no Glosswright: an offer, a yes, progress, and it works. With real packages."""
    env = {**bench.env, "PATH": bench.env["PATH"].partition(":")[2]}  # without our `glosswright`
    with (
        CodeServer(bench.folder / "editor", extensions, env, settings={}) as server,
        _opened(bench, server, playwright, "set-up") as window,
    ):
        offer = window.page.locator(".notification-toast", has_text="Glosswright needs its server")
        offer.wait_for(timeout=60_000)
        window.shot("offer")
        assert "there is no server yet" in window.status()
        offer.locator("a.monaco-button", has_text="Set up").click()
        window.until(lambda: any("Setting up Glosswright" in toast for toast in window.toasts()), "progress")
        window.page.wait_for_timeout(3000)
        window.shot("progress")
        window.until(lambda: "ready" in window.status() or "could not" in str(window.toasts()), "an end", SET_UP_S)
        if "could not be fetched" in str(window.toasts()):
            pytest.skip("pip cannot fetch the server's dependencies here")
        window.shot("ready")
        server_process = server.children("glosswright_server")[0]
        assert "environment-" in server_process.cmdline()[0]


@pytest.mark.timeout(240)
def test_an_untrusted_workspace_runs_nothing_of_its_own(
    bench: Workbench, extensions: Path, playwright: Playwright
) -> None:
    """A cloned folder may bring settings and programs along: none of them decides anything, and no example is run."""
    mine = settings_for(bench)
    settings = bench.project / ".vscode" / "settings.json"
    settings.parent.mkdir()
    settings.write_text(
        '{"glosswright.server.python": "/tmp/evil", "glosswright.endpoint.url": "http://127.0.0.1:9", '
        '"glosswright.verify.runExamples": "always", "glosswright.inline.maxTokens": 77}'
    )
    editor = CodeServer(
        bench.folder / "editor",
        extensions,
        bench.env,
        trust=False,
        settings={
            **mine,
            "security.workspace.trust.startupPrompt": "never",
            "security.workspace.trust.banner": "never",
        },
    )
    with editor as server, _opened(bench, server, playwright, "untrusted") as window:
        window.until(lambda: "ready" in window.status(), "our server runs", 60)
        window.shot("restricted")
        [initialize] = bench.messages("initialize")
        options = initialize["params"]["initializationOptions"]
        assert options["verify"]["runExamples"] == "never"
        assert options["endpoint"]["url"] == ""


def _opened(bench: Workbench, server: CodeServer, playwright: Playwright, name: str) -> AbstractContextManager[Window]:
    file = bench.file("# add two numbers\n")
    return opened(playwright, bench.folder / "browser", server.address(bench.project, file), name)
