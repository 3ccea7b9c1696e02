"""What a user meets of verified completions, over a real process: the question of trust, verdicts, imports, the why."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from harness.raw import Message, RawClient
from harness.scripted_model import ScriptedModel

from glosswright_server.verify.sandbox import availability
from glosswright_server.verify.sandbox.model import SandboxOptions

pytestmark = pytest.mark.timeout(120)

CAPABILITIES = {
    "window": {"workDoneProgress": True},
    "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}},
    "textDocument": {
        "inlineCompletion": {},
        "hover": {"contentFormat": ["markdown"]},
        "codeAction": {"resolveSupport": {"properties": ["edit"]}, "dataSupport": True},
    },
}
OPTIONS = {
    "inline": {"debounceMinMs": 0, "debounceMaxMs": 0, "deadlineMs": 5000},
    "model": {"autostart": False},
    "candidates": {"count": 2, "repair": False},
}
ASK = "window/showMessageRequest"
YES, NO = {"title": "Run examples"}, {"title": "Not in this workspace"}

DOUBLE = 'def double(x):\n    """Twice as much.\n\n    >>> double(2)\n    4\n    >>> double(5)\n    10\n    """\n'
ROOT = '"""Roots."""\n\nNAME = "🦄"\n\n\ndef root(x):\n    """The square root of x, 🦄."""\n'
WRONG = 'def triple(x):\n    """Three times as much.\n\n    >>> triple(1)\n    3\n    >>> triple(2)\n    7\n    """\n'
DATES = (
    "from datetime import date, timedelta\n\n\ndef tomorrow(day):\n"
    '    """The next day.\n\n    Example:\n        tomorrow(date(2024, 2, 28)) == date(2024, 2, 29)\n'
    '        tomorrow(date(2024, 12, 31)) == date(2025, 1, 1)\n    """\n'
)
EVEN = (
    'def mirrored(text):\n    """Whether it reads the same both ways.\n\n'
    '    >>> mirrored("otto")\n    True\n    >>> mirrored("ab")\n    False\n    """\n'
)
WITH_HELPERS = (
    "    return same(text, turned(text))\n\n\ndef turned(text):\n    return text[::-1]\n\n\n"
    "def same(a, b):\n    return a == b\n\n\nprint(1)\n"
)
RULES = [
    ["reads the same", WITH_HELPERS],
    ["The next day", "    return day + timedelta(days=1)\n"],
    ["Twice as much", "    return x * 2\n"],
    ["Three times", "    return x * 3\n"],
    ["square root", "    return math.sqrt(x)\n"],
]

sandboxed = pytest.mark.skipif(
    bool(availability("python", SandboxOptions()).why_not), reason="no sandbox can be had here, so nothing is run"
)


class Editor:
    """A client that answers what the server asks, applies what it is told to, and sends the change."""

    def __init__(self, client: RawClient, folder: Path) -> None:
        self.client = client
        self.folder = folder
        self.answers: dict[str, Any] = {ASK: None}
        self.text = ""
        self.version = 1
        self._seen = 0

    @property
    def uri(self) -> str:
        return (self.folder / "a.py").as_uri()

    def open(self, text: str) -> None:
        self.text = text
        self.client.open(self.uri, text, self.version, "python")

    def call(self, method: str, params: Any, timeout_s: float = 60) -> Any:
        """The result of a request, with everything the server asks meanwhile answered."""
        number = self.client.ask(method, params)
        ends_at = time.monotonic() + timeout_s
        while time.monotonic() < ends_at:
            message = self._next(ends_at - time.monotonic())
            if "method" in message and "id" in message:
                self._reply(message)
            elif "method" not in message and message.get("id") == number:
                assert "error" not in message, message
                return message["result"]
        raise AssertionError(f"no answer to {method}")

    def command(self, name: str, *arguments: Any) -> Any:
        return self.call("workspace/executeCommand", {"command": name, "arguments": list(arguments)})

    def at(self, line: int, character: int = 6) -> dict[str, Any]:
        return {"uri": self.uri, "position": {"line": line, "character": character}}

    def hover(self, line: int, character: int = 6) -> Any:
        at = self.at(line, character)
        return self.call("textDocument/hover", {"textDocument": {"uri": at["uri"]}, "position": at["position"]})

    def asked(self, method: str = ASK) -> list[Any]:
        return [m["params"] for m in self.client.messages if m.get("method") == method and "id" in m]

    def told(self) -> list[str]:
        return [m["params"]["message"] for m in self.client.notifications("window/showMessage")]

    def _next(self, timeout_s: float) -> Message:
        known = self._seen
        message = self.client.wait_for(lambda m: any(m is new for new in self.client.messages[known:]), timeout_s)
        self._seen += 1
        return message

    def _reply(self, message: Message) -> None:
        method = message["method"]
        if method == "workspace/applyEdit":
            [change] = message["params"]["edit"]["documentChanges"]
            assert change["textDocument"]["version"] == self.version
            self.apply(change["edits"])
            result: Any = {"applied": True}
        else:
            result = self.answers.get(method)
        self.client.send({"jsonrpc": "2.0", "id": message["id"], "result": result})

    def apply(self, edits: list[dict[str, Any]]) -> None:
        """Do text edits in UTF-16 to the document and send it."""
        lines = re.findall(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$", self.text)  # LSP's line ends, no others
        data = self.text.encode("utf-16-le")

        def byte(position: dict[str, int]) -> int:
            before = "".join(lines[: position["line"]])
            return len(before.encode("utf-16-le")) + 2 * position["character"]

        spans = [(byte(e["range"]["start"]), byte(e["range"]["end"]), e["newText"]) for e in edits]
        for start, end, new in sorted(spans, key=lambda span: span[0])[::-1]:
            data = data[:start] + new.encode("utf-16-le") + data[end:]
        self.text = data.decode("utf-16-le")
        self.version += 1
        self.client.change(self.uri, self.version, {"text": self.text})


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Editor]]:
    """Starts sessions in one workspace, with one user's state and one scripted model."""
    with ExitStack() as stack:
        folder = tmp_path / "project"
        folder.mkdir()
        model = stack.enter_context(ScriptedModel(tmp_path / "model", rules=RULES))
        env = {**model.env, "GLOSSWRIGHT_STATE_DIR": str(tmp_path / "state")}

        def begin(capabilities: Any = None, **options: Any) -> Editor:
            client = stack.enter_context(RawClient([sys.executable, "-m", "glosswright_server"], env=env, timeout_s=30))
            client.initialize(
                capabilities=capabilities or CAPABILITIES,
                initializationOptions={**OPTIONS, **options},
                workspaceFolders=[{"uri": folder.as_uri(), "name": "project"}],
            )
            return Editor(client, folder)

        yield begin


def trust_file(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "state" / "trust.json"
    found: dict[str, Any] = json.loads(path.read_text())["folders"] if path.exists() else {}
    return found


def test_the_answer_outlives_the_session(start: Callable[..., Editor], tmp_path: Path) -> None:
    """Asked by command; the answer lies in the user's state folder, not in the workspace; another session has it."""
    editor = start()
    editor.answers[ASK] = YES
    assert editor.command("glosswright.trust") == {"folder": str(tmp_path / "project"), "runExamples": True}
    assert trust_file(tmp_path) == {str(tmp_path / "project"): {"runExamples": True}}
    assert list((tmp_path / "project").iterdir()) == []
    other = start()
    other.answers[ASK] = None  # dismissed: what was answered before stays
    assert other.command("glosswright.trust")["runExamples"] is True
    other.answers[ASK] = NO
    assert other.command("glosswright.trust")["runExamples"] is False
    assert trust_file(tmp_path) == {str(tmp_path / "project"): {"runExamples": False}}


def test_why_on_code_that_was_put_in(start: Callable[..., Editor]) -> None:
    """Hover, command and action agree; elsewhere the hover is null."""
    editor = start()
    editor.open(DOUBLE)
    result = editor.command("glosswright.implement", editor.at(0, 5))
    assert result["applied"] is True
    assert editor.text.rstrip().endswith("return x * 2")
    last = editor.text.rstrip().count("\n")
    hover = editor.hover(last)
    assert hover["contents"]["kind"] == "markdown"
    answer = editor.command("glosswright.why", editor.at(last))
    assert answer["markdown"] == hover["contents"]["value"]
    assert answer["facts"]["verdict"] == result["verdict"]
    assert editor.hover(0) is None
    at = {"line": last, "character": 6}
    actions = editor.call(
        "textDocument/codeAction",
        {"textDocument": {"uri": editor.uri}, "range": {"start": at, "end": at}, "context": {"diagnostics": []}},
    )
    assert "Why this suggestion?" in [action["title"] for action in actions]


def test_the_verdict_ends_the_progress(start: Callable[..., Editor]) -> None:
    """The user learns it without a popup."""
    editor = start()
    editor.open(DOUBLE)
    result = editor.command("glosswright.implement", editor.at(0, 5))
    ends = [
        m["params"]["value"].get("message")
        for m in editor.client.notifications("$/progress")
        if m["params"]["value"]["kind"] == "end"
    ]
    assert any(message and message.startswith(result["verdict"]) for message in ends)
    assert editor.told() == []


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
def test_imports_come_with_the_code(start: Callable[..., Editor], eol: str) -> None:
    """In one edit of one version, in a document with characters of two UTF-16 units."""
    editor = start()
    editor.open(ROOT.replace("\n", eol))
    assert editor.command("glosswright.implement", editor.at(5, 5))["applied"] is True
    assert len(editor.asked("workspace/applyEdit")) == 1
    assert f"{eol}import math{eol}" in editor.text
    assert editor.text.index("import math") < editor.text.index("NAME")
    assert editor.text.rstrip().endswith("return math.sqrt(x)")
    assert "\r" not in editor.text.replace("\r\n", "")
    compile(editor.text, "a.py", "exec")


@sandboxed
def test_trust_is_asked_once_and_remembered(start: Callable[..., Editor], tmp_path: Path) -> None:
    """Yes: examples run from now on, in this session and the next, and nobody is asked again."""
    editor = start()
    editor.answers[ASK] = YES
    for _ in range(2):
        editor.open(DOUBLE)
        result = editor.command("glosswright.implement", editor.at(0, 5))
        assert result["verdict"] == "✓ 2/2 examples"
        editor.client.notify("textDocument/didClose", {"textDocument": {"uri": editor.uri}})
    assert len(editor.asked()) == 1
    assert "sandbox" in editor.asked()[0]["message"]
    other = start()
    other.open(DOUBLE)
    assert other.command("glosswright.implement", other.at(0, 5))["verdict"] == "✓ 2/2 examples"
    assert other.asked() == []


@sandboxed
@pytest.mark.parametrize(("answer", "kept"), [(NO, {"runExamples": False}), (None, None)])
def test_without_leave_nothing_runs(start: Callable[..., Editor], tmp_path: Path, answer: Any, kept: Any) -> None:
    """No is remembered, a dismissed question is not; neither is asked twice in a session, and the why says so."""
    editor = start()
    editor.answers[ASK] = answer
    for _ in range(2):
        editor.open(DOUBLE)
        result = editor.command("glosswright.implement", editor.at(0, 5))
        assert result["applied"] is True
        assert "example" not in result["verdict"]
        why = editor.command("glosswright.why")["markdown"]
        assert "not run" in why
        editor.client.notify("textDocument/didClose", {"textDocument": {"uri": editor.uri}})
    assert len(editor.asked()) == 1
    assert trust_file(tmp_path).get(str(tmp_path / "project")) == kept
    other = start()
    other.answers[ASK] = YES
    other.open(DOUBLE)
    other.command("glosswright.implement", other.at(0, 5))
    assert len(other.asked()) == (0 if kept else 1)


@sandboxed
def test_what_fails_is_said(start: Callable[..., Editor]) -> None:
    """The code is given, since it was asked for, with the example that fails; in a client that can, previewed."""
    capabilities = json.loads(json.dumps(CAPABILITIES))
    capabilities["workspace"]["workspaceEdit"]["changeAnnotationSupport"] = {}
    editor = start(capabilities, verify={"runExamples": "always"})
    editor.open(WRONG)
    result = editor.command("glosswright.implement", editor.at(0, 5))
    assert result["passed"] is False
    assert result["verdict"] == "✗ 1/2 examples"
    assert editor.asked() == []
    [message] = editor.told()
    assert "No candidate satisfies example 2, which may itself be wrong" in message
    [applied] = editor.asked("workspace/applyEdit")
    [annotation] = applied["edit"]["changeAnnotations"].values()
    assert annotation["needsConfirmation"] is True
    assert "1/2 examples" in annotation["label"]


@sandboxed
def test_what_the_code_calls_comes_with_it(start: Callable[..., Editor]) -> None:
    """Functions that the model writes below the one asked for, in one edit, examined together."""
    editor = start(verify={"runExamples": "always"})
    editor.open(EVEN + "\n\nLAST = 1\n")
    assert editor.command("glosswright.implement", editor.at(0, 5))["verdict"] == "✓ 2/2 examples"
    assert re.findall(r"^\S.*", editor.text, re.MULTILINE) == [
        "def mirrored(text):",
        "def turned(text):",
        "def same(a, b):",
        "LAST = 1",
    ]
    scope: dict[str, Any] = {}
    exec(compile(editor.text, "a.py", "exec"), scope)
    assert scope["mirrored"]("otto")


@sandboxed
def test_examples_use_what_the_file_imports(start: Callable[..., Editor]) -> None:
    """Examples without prompts as well, on both sides of the sign."""
    editor = start(verify={"runExamples": "always"})
    editor.open(DATES)
    assert editor.command("glosswright.implement", editor.at(3, 5))["verdict"] == "✓ 2/2 examples"


@sandboxed
@pytest.mark.parametrize("mode", ["always", "never"])
def test_a_setting_asks_nobody(start: Callable[..., Editor], mode: str) -> None:
    """`always` and `never` are answers themselves."""
    editor = start(verify={"runExamples": mode})
    editor.open(DOUBLE)
    result = editor.command("glosswright.implement", editor.at(0, 5))
    assert ("2/2 examples" in result["verdict"]) is (mode == "always")
    assert editor.asked() == []
