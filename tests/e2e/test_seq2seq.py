"""A network trained here, behind the real model server, asked by the real language server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.timeout(120)]

from harness.scripted_model import ScriptedModel  # noqa: E402  (after the check that torch is there)
from harness.tiny_checkpoint import train_tiny  # noqa: E402

from .session import Session, start_session  # noqa: E402

QUICK = {"debounceMinMs": 0, "debounceMaxMs": 0, "deadlineMs": 10000}


@pytest.fixture(scope="module")
def statements(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ScriptedModel, Path]]:
    folder = tmp_path_factory.mktemp("statements")
    checkpoint = train_tiny(folder / "tiny")
    with ScriptedModel(folder / "model", checkpoint=checkpoint) as server:
        yield server, checkpoint


@pytest.fixture
def session(statements: tuple[ScriptedModel, Path]) -> Iterator[Session]:
    server, checkpoint = statements
    options = {"inline": QUICK, "model": {"autostart": False, "name": str(checkpoint)}}
    client, session = start_session(options, server.env)
    with client:
        yield session


def test_ghost_text_for_a_comment(session: Session) -> None:
    """While typing, indented as its place asks; the name comes from the comment and is in no training pair."""
    uri = session.open("def f(retries):\n    # add one to retries\n    ")
    [item] = session.inline(uri, 2, 4)
    assert item["insertText"] == "retries += 1"
    uri = session.open("def f(queue):\n    # if queue is empty , return it\n    ")
    [item] = session.inline(uri, 2, 4, by_hand=True)
    assert item["insertText"] == "if not queue:\n        return queue"


def test_the_command_writes_it_and_why_names_the_words(session: Session) -> None:
    """Asked by hand; afterwards the hover says which word of the comment the name came from."""
    uri = session.open("retries = 3\n# print retries\n")
    session.generate(uri, 1)
    [message] = [each for each in session.client.messages if each.get("method") == "workspace/applyEdit"]
    [change] = message["params"]["edit"]["documentChanges"]
    [edit] = change["edits"]
    assert edit["newText"].strip() == "print(retries)"
    session.client.notify(
        "textDocument/didChange",
        {
            "textDocument": {"uri": uri, "version": 2},
            "contentChanges": [{"range": edit["range"], "text": edit["newText"]}],
        },
    )
    why = session.client.call(
        "workspace/executeCommand", {"command": "glosswright.why", "arguments": [{"uri": uri}]}, timeout_s=30
    )
    assert "`retries` ← retries" in why["markdown"]
    assert any(origin["words"] and origin["words"][0][0] == "retries" for origin in why["facts"]["origins"])


def test_what_it_was_not_trained_for_gets_nothing(session: Session) -> None:
    """Code that goes on, a function's body, another language: no answer while typing, a reason by hand."""
    goes_on = session.open("total = 1\nprint(")
    assert session.inline(goes_on, 1, 6) is None
    script = session.open("// add one to total\n", "javascript", "a.js")
    assert session.inline(script, 1, 0) is None
    body = session.open('def f(a):\n    """Return a plus one."""\n    ')
    assert session.inline(body, 2, 4) is None
    assert session.told() == []
    assert session.inline(body, 2, 4, by_hand=True) is None
    assert session.told() == ["Glosswright: The model tiny answers comments in python only."]


def test_a_body_for_a_docstring(tmp_path: Path) -> None:
    """A network of the other kind: trained on functions, it answers docstrings and no comments."""
    checkpoint = train_tiny(tmp_path / "tiny", unit="function")
    with ScriptedModel(tmp_path / "model", checkpoint=checkpoint) as server:
        options = {"inline": QUICK, "model": {"autostart": False, "name": str(checkpoint)}}
        client, session = start_session(options, server.env)
        with client:
            uri = session.open('def f(width):\n    """Print width and return it."""\n    ')
            [item] = session.inline(uri, 2, 4)
            assert item["insertText"] == "print(width)\n    return width"
            uri = session.open("# print width\n")
            assert session.inline(uri, 1, 0) is None


def complete(file: Path, options: list[str], server: ScriptedModel) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "glosswright_server", "complete", str(file), *options]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **server.env}, timeout=60)


def test_the_command_line_explains(statements: tuple[ScriptedModel, Path], tmp_path: Path) -> None:
    """`complete --explain`: code on one stream, its words on the other; JSON has both."""
    server, checkpoint = statements
    path = tmp_path / "a.py"
    path.write_text("backlog = 1\n# set backlog to zero\n", encoding="utf-8")
    place = [f"{path}:2", "--model", str(checkpoint)]
    told = complete(Path(place[0]), [*place[1:], "--explain"], server)
    assert told.returncode == 0, told.stderr
    assert told.stdout == "backlog = 0\n"
    assert "- backlog ← backlog" in told.stderr
    facts = json.loads(complete(Path(place[0]), [*place[1:], "--json"], server).stdout)
    assert "".join(origin["text"] for origin in facts["origins"]) == "backlog = 0"


def test_a_model_that_cannot_explain_says_so(model: Callable[..., Any], tmp_path: Path) -> None:
    """Asking a big model why is no error."""
    server = model(fallback="total = 0\n")
    path = tmp_path / "a.py"
    path.write_text("# set total to zero\n", encoding="utf-8")
    told = complete(Path(f"{path}:1"), ["--explain"], server)
    assert told.stdout == "total = 0\n"
    assert "does not tell which words" in told.stderr


def test_both_models_are_asked_and_the_checks_decide(model: Callable[..., Any], tmp_path: Path) -> None:
    """Fusion, with two real servers: the model's code names what there is not, the companion's does not."""
    checkpoint = train_tiny(tmp_path / "tiny")
    main = model(fallback="print(nothing_of_this_name)\n")
    with ScriptedModel(tmp_path / "companion", checkpoint=checkpoint, beside=main):
        options = {
            "inline": QUICK,
            "model": {"autostart": False, "companion": str(checkpoint)},
            "candidates": {"count": 1, "repair": False},
        }
        client, session = start_session(options, main.env)
        with client:
            uri = session.open("width = 1\n# print width\n")
            answer = session.generate(uri, 1)
            assert answer["result"]["model"] == "tiny"
            assert answer["result"]["passed"]
            assert [one.get("model") for one in answer["result"]["candidates"]] == [None, "tiny"]
