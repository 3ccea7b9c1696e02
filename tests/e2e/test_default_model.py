"""The real default model through the real servers: what its answers are like, not what they say.

A model of half a billion parameters is allowed to be wrong; it is not allowed to break the file it writes into.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .session import Session, no_process_left, start_session

pytestmark = [pytest.mark.weights, pytest.mark.llamacpp, pytest.mark.timeout(300)]

MODEL = "qwen2.5-coder-0.5b"
PATIENT = {
    "inline": {"debounceMinMs": 0, "debounceMaxMs": 0, "deadlineMs": 60_000},
    "explicit": {"maxTokens": 160},
    # What is not in the cache is not fetched.
    "model": {"download": False, "idleMinutes": 5},
}


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Environment of one model server that these tests share and end."""
    pytest.importorskip("xllamacpp", reason="needs xllamacpp")
    weights = pytest.importorskip("glosswright_model.weights", reason="needs the model package")
    if not weights.resolve(MODEL).present:
        pytest.skip(f"the weights of {MODEL} are not in {weights.cache_folder()}; run `glosswright model pull {MODEL}`")
    found = {"GLOSSWRIGHT_RUNTIME_DIR": str(tmp_path_factory.mktemp("default-model") / "run")}
    with no_process_left():
        yield found
        stop = [sys.executable, "-m", "glosswright_model", "stop"]
        subprocess.run(stop, env={**os.environ, **found}, timeout=60, check=False, capture_output=True)


@pytest.fixture(scope="module")
def session(env: dict[str, str]) -> Iterator[Session]:
    """One language server, its model loaded by the first request."""
    client, session = start_session(PATIENT, env)
    client.timeout_s = 240
    with client:
        yield session
        assert client.shut_down() == 0
        assert session.told() == []


def check(session: Session, marked: str, language_id: str = "python") -> tuple[str, str, dict[str, Any]]:
    """Accept the ghost text at ▮: what was put in, the document after it, and the facts that came with it."""
    before = marked[: marked.index("▮")]
    text = marked.replace("▮", "")
    line, character = before.count("\n"), len(before) - before.rfind("\n") - 1
    uri = session.open(text, language_id, f"model{len(session.client.messages)}.{language_id}")
    items = session.inline(uri, line, character, by_hand=True, timeout_s=240)
    assert items, "the model gave nothing usable"
    [item] = items
    assert item["range"]["start"]["line"] == item["range"]["end"]["line"] == line
    start = len(before) - character + item["range"]["start"]["character"]
    end = len(before) - character + item["range"]["end"]["character"]
    return item["insertText"], text[:start] + item["insertText"] + text[end:], item["command"]["arguments"][0]


def test_a_comment_becomes_code_that_parses(session: Session) -> None:
    """The main job; and each answer says what it cost."""
    said, after, facts = check(session, "# a function that returns the sum of two numbers\n▮\n")
    assert said.strip()
    ast.parse(after)
    assert facts["passed"] is True
    assert facts["model"] == MODEL
    assert facts["intent"] == "comment"
    assert facts["tokens"] > 3
    assert facts["tokensPerSecond"] > 0
    assert 0 < facts["firstTokenMs"] <= facts["totalMs"]


def test_a_docstring_becomes_a_body(session: Session) -> None:
    """The body stands inside the function, and the function after it is left alone."""
    rest = "\n\ndef other():\n    return 1\n"
    _, after, _ = check(session, f'def add(a, b):\n    """Return the sum of a and b."""\n    ▮{rest}')
    tree = ast.parse(after)
    assert [node.name for node in tree.body if isinstance(node, ast.FunctionDef)] == ["add", "other"]
    assert len(tree.body[0].body) > 1  # type: ignore[attr-defined]
    assert after.endswith(rest)


def test_a_method_body(session: Session) -> None:
    """It stops at the method's end: no second class, nothing outside the class."""
    marked = (
        "class Counter:\n    def __init__(self):\n        self.n = 0\n\n"
        '    def increment(self):\n        """Add one to n."""\n        ▮\n'
    )
    said, after, _ = check(session, marked)
    tree = ast.parse(after)
    assert len(tree.body) == 1, said
    assert "class " not in said
    assert all(not line.strip() or line.startswith("        ") for line in said.split("\n")[1:]), said


def test_tabs_stay_tabs(session: Session) -> None:
    """A file that is indented by tabs is not mixed with spaces."""
    marked = 'def total(values):\n\t"""Return the sum of all values, in a for loop."""\n\t▮\n\n\ndef g():\n\treturn 2\n'
    said, after, _ = check(session, marked)
    ast.parse(after)
    assert not any(line.startswith(" ") for line in said.split("\n")[1:]), said


def test_line_ends_stay_crlf(session: Session) -> None:
    """Not one bare line feed gets into a file of CRLF lines."""
    said, after, _ = check(
        session, 'def largest(values):\r\n    """Return the largest of values, in a for loop."""\r\n    ▮\r\n'
    )
    assert "\n" not in after.replace("\r\n", "")
    assert "\r" not in after.replace("\r\n", "")
    ast.parse(after)
    assert said.strip()


def test_a_chinese_comment(session: Session) -> None:
    """A request in Chinese is a request."""
    said, after, facts = check(session, "# 计算两个数的和\n▮\n")
    ast.parse(after)
    assert said.strip()
    assert facts["request"] == "计算两个数的和"


def test_another_language(session: Session) -> None:
    """Braces: the body is put between them, and there are as many of each as before."""
    said, after, _ = check(
        session, "// Returns the sum of two numbers.\nfunction add(a, b) {\n    ▮\n}\n", "javascript"
    )
    assert after.count("{") == after.count("}")
    assert after.endswith("}\n")
    assert "function add(a, b) {\n" in after
    assert said.strip()


def test_the_command_line(env: dict[str, str], tmp_path: Path) -> None:
    """`glosswright complete --json` takes the same path and shares the model server."""
    path = tmp_path / "a.py"
    path.write_text('def square(x):\n    """Return x times x."""\n', encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "glosswright_server", "complete", "--json", f"{path}:2"],
        env={**os.environ, **env},
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    answer = json.loads(done.stdout)
    assert answer["model"] == MODEL
    assert answer["passed"] is True
    lines = path.read_text(encoding="utf-8").split("\n")

    def offset(position: dict[str, int]) -> int:
        return sum(len(line) + 1 for line in lines[: position["line"] - 1]) + position["column"] - 1

    text = "\n".join(lines)
    start, end = offset(answer["range"]["start"]), offset(answer["range"]["end"])
    [function] = ast.parse(text[:start] + answer["text"] + text[end:]).body
    assert isinstance(function, ast.FunctionDef)
    assert len(function.body) == 2
