"""An excluded document through real processes: the model server is not asked once, and nobody is disturbed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness.raw import RawClient

pytestmark = pytest.mark.timeout(90)

RULES = [["two numbers", "def add(a, b):\n    return a + b\n"]]


def test_excluded_and_back(model: Callable[..., Any], tmp_path: Path) -> None:
    """A secrets file and a listed one: asked by hand again and again, nothing. Taken off the list, the file is offered
    in within moments, without a restart."""
    server = model(rules=RULES)
    project = tmp_path / "project"
    project.mkdir()
    ignore = project / ".glosswrightignore"
    ignore.write_text("*_private.py\n")
    env = {**server.env, "GLOSSWRIGHT_STATE_DIR": str(tmp_path / "state")}
    with RawClient([sys.executable, "-m", "glosswright_server"], env=env, timeout_s=30) as client:
        client.initialize(workspaceFolders=[{"uri": project.as_uri(), "name": "project"}])

        def ask(name: str) -> Any:
            return client.call(
                "textDocument/inlineCompletion",
                {
                    "textDocument": {"uri": (project / name).as_uri()},
                    "position": {"line": 1, "character": 0},
                    "context": {"triggerKind": 1},
                },
            )

        for name in (".env", "a_private.py"):
            client.open((project / name).as_uri(), "# add two numbers\n", language_id="python")
            for _ in range(3):
                assert ask(name) is None
        assert server.metric("glosswright_model_requests_total") == 0
        assert client.notifications("window/showMessage") == []
        assert len(client.notifications("window/logMessage")) == 2
        ignore.unlink()
        client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": ignore.as_uri(), "type": 3}]})
        assert ask("a_private.py")["items"][0]["insertText"].startswith("def add(a, b):")
        assert ask(".env") is None
        assert client.shut_down() == 0
