"""Clients of other servers, played from what their public documentation says, against a real server process."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness.raw import RawClient
from harness.recording import play

pytestmark = pytest.mark.timeout(90)

RECORDINGS = Path(__file__).parent / "dialects"
ADD = "def add(a, b):\n    return a + b\n"


@pytest.mark.parametrize("name", sorted(path.stem for path in RECORDINGS.glob("*.json")))
def test_dialect(name: str, model: Callable[..., Any], tmp_path: Path) -> None:
    """Every step is answered as that client expects, nothing pops up, nothing fails, and the counts are right."""
    server = model(rules=[["two numbers", ADD]])
    env = {**server.env, "GLOSSWRIGHT_DATA_DIR": str(tmp_path / "data"), "GLOSSWRIGHT_STATE_DIR": str(tmp_path / "s")}
    with RawClient([sys.executable, "-m", "glosswright_server"], env={**os.environ, **env}, timeout_s=30) as client:
        play(RECORDINGS / f"{name}.json", client)
        client.notify("exit")
        assert client.exit_status() == 0
        assert client.stray == b""
        assert "Traceback" not in client.stderr()


def test_other_clients_are_told_nothing_of_dialects(model: Callable[..., Any], tmp_path: Path) -> None:
    """A standard client gets standard items, and not one notification that it does not know."""
    server = model(rules=[["two numbers", ADD]])
    env = {**server.env, "GLOSSWRIGHT_DATA_DIR": str(tmp_path / "data")}
    with RawClient([sys.executable, "-m", "glosswright_server"], env=env, timeout_s=30) as client:
        client.initialize({"textDocument": {"inlineCompletion": {}}})
        client.open("file:///a.py", "# add two numbers\n", language_id="python")
        found = client.call(
            "textDocument/inlineCompletion",
            {
                "textDocument": {"uri": "file:///a.py"},
                "position": {"line": 1, "character": 0},
                "context": {"triggerKind": 1},
            },
        )
        [item] = found["items"]
        assert set(found) == {"items"}
        assert set(item) <= {"insertText", "filterText", "range", "command"}
        assert item["command"]["command"] == "glosswright.accepted"
        client.call("workspace/executeCommand", item["command"])
        assert client.call("glosswright/stats")["total"]["accepted"] == 1
        assert {m["method"] for m in client.messages if "method" in m and "id" not in m} <= {"$/progress"}
        client.shut_down()


@pytest.mark.parametrize("option", ["emacs", 3])
def test_an_unknown_dialect(option: Any) -> None:
    """The option's value is checked like a setting's, and told once."""
    with RawClient([sys.executable, "-m", "glosswright_server"], timeout_s=30) as client:
        client.initialize(initializationOptions={"dialect": option})
        told = client.wait_for(lambda m: m.get("method") == "window/showMessage")
        assert "`dialect` must be one of copilot, tabby, llm-ls" in told["params"]["message"]
        client.shut_down()
