"""`glosswright complete`: which place is meant, what is printed, and how it ends."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from glosswright_server.__main__ import main
from glosswright_server.cli import complete as complete_module
from glosswright_server.cli.complete import MAX_BYTES, offset_of, parse_place, read
from glosswright_server.cli.options import settings_from
from glosswright_server.engine.engine import Engine
from glosswright_server.engine.source import Ready
from glosswright_server.engine.suggestion import ImportEdit
from glosswright_server.errors import EndpointRefused, ModelError, UsageError
from glosswright_server.generation.launch_options import LaunchProgress
from glosswright_server.generation.scripted import Script, ScriptedClient
from glosswright_server.prompt.profile import profile_for
from glosswright_server.verify.trusted import TrustFile
from glosswright_server.verify.verdict import Check, Outcome, Verdict

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize(
    ("text", "file", "line", "column"),
    [
        ("a.py:3", "a.py", 3, None),
        ("a.py:3:7", "a.py", 3, 7),
        (r"C:\x.py:3", r"C:\x.py", 3, None),
        (r"C:\x.py:3:7", r"C:\x.py", 3, 7),
        ("dir:1/a.py:3", "dir:1/a.py", 3, None),
        ("a:1:2:3", "a:1", 2, 3),
        ("a b.py:10:1", "a b.py", 10, 1),
        ("new\nline.py:2", "new\nline.py", 2, None),
    ],
)
def test_places(text: str, file: str, line: int, column: int | None) -> None:
    """Colons in the file's name, a drive's among them, belong to the name."""
    place = parse_place(text)
    assert (str(place.path), place.line, place.column) == (file, line, column)


@pytest.mark.parametrize(
    "text",
    ["", "a.py", "a.py:", ":3", "a.py:x", "a.py:-1", "a.py:0", "a.py:1:0", "a.py:1:x", "a.py:³", "a:" + "9" * 5000],
)
def test_what_is_no_place(text: str) -> None:
    """Wrong usage, said in a sentence."""
    with pytest.raises(UsageError):
        parse_place(text)


@pytest.mark.parametrize(
    ("content", "place", "offset"),
    [
        (b"ab\ncd\n", "1", 2), (b"ab\ncd\n", "1:1", 0), (b"ab\ncd\n", "1:3", 2), (b"ab\ncd\n", "2:2", 4),
        (b"ab\ncd\n", "3", 6), (b"ab\r\ncd\r\n", "1", 2), (b"ab\r\ncd\r\n", "2:1", 4), (b"", "1", 0),
        (b"\xef\xbb\xbfab\n", "1:1", 0), (b"\xef\xbb\xbfab\n", "1", 2),
        ("🦄x\n".encode(), "1", 2), ("🦄x\n".encode(), "1:2", 1), ("a\u2028b\n".encode(), "1", 3),
    ],
)  # fmt: skip
def test_offsets(tmp_path: Path, content: bytes, place: str, offset: int) -> None:
    """Lines as editors count them, columns in characters, a byte order mark not among them."""
    path = tmp_path / "a.py"
    path.write_bytes(content)
    found = parse_place(f"{path}:{place}")
    assert offset_of(read(found.path), found) == offset


@pytest.mark.parametrize(("place", "says"), [("9", "no line 9"), ("1:4", "no column 4"), ("3:2", "no column 2")])
def test_places_outside_the_file(tmp_path: Path, place: str, says: str) -> None:
    """The message says how far the file goes."""
    path = tmp_path / "a.py"
    path.write_text("ab\ncd\n")
    found = parse_place(f"{path}:{place}")
    with pytest.raises(UsageError, match=says):
        offset_of(read(found.path), found)


def _nothing(path: Path) -> None:
    """There is no such file."""


def _large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (_nothing, "cannot be read: No such file"),
        (Path.mkdir, "is not a file"),
        (_large, "larger than 8 MB"),
        (lambda path: path.write_bytes(b"\x80\x81"), "not UTF-8"),
        (lambda path: path.write_bytes("é".encode("utf-16")), "not UTF-8"),
        (lambda path: path.write_bytes(b"ab\0cd"), "binary"),
        pytest.param(
            lambda path: os.mkfifo(path),
            "is not a file",
            marks=pytest.mark.skipif(os.name == "nt", reason="there are no named pipes in the file system"),
        ),
    ],
)
def test_files_that_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], make: Callable[[Path], Any], says: str
) -> None:
    """Each is wrong usage, said without a traceback, before any model is started."""
    path = tmp_path / "a.py"
    make(path)
    assert main(["complete", f"{path}:1"]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("glosswright complete: ")
    assert says in captured.err
    assert captured.out == ""


class Source:
    """A scripted model behind the command's engine."""

    is_local = False
    progress = None

    def __init__(self, client: ScriptedClient) -> None:
        self.client = client
        self.error: ModelError | None = None
        self.steps: list[LaunchProgress] = []

    async def acquire(self, on_progress: Any = None, *, by_hand: bool = True) -> Ready:
        for step in self.steps:
            on_progress(step)
        if self.error is not None:
            raise self.error
        return Ready(self.client, "scripted", profile_for("generic", False, False))  # type: ignore[arg-type]

    def failed(self, error: ModelError) -> None:
        """Nothing is remembered."""

    def succeeded(self) -> None:
        """As `failed`."""

    async def aclose(self) -> None:
        await self.client.aclose()


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Source:
    made = Source(ScriptedClient(Script("def add(a, b):\n    return a + b\n")))
    monkeypatch.setattr(
        complete_module,
        "Engine",
        lambda settings: Engine(settings, source=lambda _: made),  # type: ignore[arg-type,return-value]
    )
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.py"
    path.write_bytes(b"# add two numbers\n")
    return path


def test_code_on_standard_output(source: Source, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The code and nothing else on standard output, so that it can be piped; what is said of it beside."""
    assert main(["complete", f"{file}:1"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "def add(a, b):\n    return a + b\n"
    assert "parses" in captured.err
    assert "scripted" in captured.err
    assert source.client.closed


def test_json(source: Source, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object with the code, its 1-based range and the evidence."""
    assert main(["complete", "--json", f"{file}:1:5"]) == 0
    [line] = capsys.readouterr().out.splitlines()
    answer = json.loads(line)
    text = file.read_text()
    lines = text.split("\n")

    def offset(position: dict[str, int]) -> int:
        return sum(len(one) + 1 for one in lines[: position["line"] - 1]) + position["column"] - 1

    start, end = offset(answer["range"]["start"]), offset(answer["range"]["end"])
    after = text[:start] + answer["text"] + text[end:]
    assert after.startswith("# add two numbers\ndef add(a, b):\n    return a + b")
    assert answer["intent"] == "comment"
    assert answer["passed"] is True
    assert answer["complete"] is True
    assert answer["model"] == "scripted"
    assert {"why", "request", "verdict", "checks", "totalMs", "firstTokenMs", "tokens", "tokensPerSecond"} <= set(
        answer
    )


def test_a_model_that_fails(source: Source, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1 and the model's own sentence."""
    source.error = EndpointRefused("The endpoint refused the API key (HTTP 401).")
    assert main(["complete", f"{file}:1"]) == 1
    captured = capsys.readouterr()
    assert captured.err == "glosswright complete: The endpoint refused the API key (HTTP 401).\n"
    assert captured.out == ""


def test_no_code(source: Source, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1: a script must not take silence for code."""
    source.client.script = Script("\n\n")
    assert main(["complete", "--json", f"{file}:1"]) == 1
    captured = capsys.readouterr()
    assert "no usable code" in captured.err
    assert captured.out == ""


def test_the_start_of_the_model_is_shown(source: Source, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each step once, on standard error."""
    source.steps = [
        LaunchProgress("starting"),
        LaunchProgress("downloading", "Downloading m", 1, 4),
        LaunchProgress("downloading", "Downloading m", 1, 4),
        LaunchProgress("downloading", "Downloading m", 2, 4),
        LaunchProgress("ready"),
    ]
    assert main(["complete", f"{file}:1"]) == 0
    said = capsys.readouterr().err.splitlines()
    assert said[:3] == ["starting", "Downloading m 25 %", "Downloading m 50 %"]
    assert not any(line == "ready" for line in said)


def test_the_start_of_the_model_on_a_terminal(
    source: Source, file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line that is written over and gone at the end."""
    import sys

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    source.steps = [LaunchProgress("loading", "Loading m")]
    assert main(["complete", f"{file}:1"]) == 0
    assert capsys.readouterr().err.startswith("\r\033[KLoading m\r\033[K")


def test_interrupted(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    """Ctrl-C ends it as shells expect, without a traceback."""

    async def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(complete_module, "_complete", interrupted)
    assert main(["complete", f"{file}:1"]) == 130


def test_options_are_settings() -> None:
    """What the command line says wins over the defaults, restricted settings included."""
    names = ("model", "endpoint", "endpoint_model", "api_key_env")
    given = settings_from(argparse.Namespace(**dict(zip(names, ("m", "http://box", "em", "KEY"), strict=True))))
    assert (given.model.name, given.endpoint.url, given.endpoint.model) == ("m", "http://box", "em")
    assert given.endpoint.api_key_env == "KEY"
    absent = settings_from(argparse.Namespace(**dict.fromkeys(names)))
    assert absent.endpoint.url == ""


# What is known of the code


def _found(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """From now on the engine finds this about its suggestion."""
    at = Engine.at

    async def changed(*args: Any, **kwargs: Any) -> Any:
        suggestion = await at(*args, **kwargs)
        return dataclasses.replace(suggestion, **changes) if suggestion is not None else None

    monkeypatch.setattr(Engine, "at", changed)


FAILING = Verdict(checks=(Check("names resolve", Outcome.FAILED, "pd is not defined"),))


def test_why(source: Source, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The explanation goes beside the code, without Markdown's marks."""
    assert main(["complete", "--why", f"{file}:1"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "def add(a, b):\n    return a + b\n"
    assert "Asked for" in captured.err
    assert "**" not in captured.err


def test_what_fails_is_said(
    source: Source, file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code is printed, since it was asked for, with the reason beside it."""
    _found(monkeypatch, verdict=FAILING, import_edit=ImportEdit(at=0, text="import a\nimport b\n"))
    assert main(["complete", f"{file}:1"]) == 0
    captured = capsys.readouterr()
    assert captured.out
    assert "pd is not defined" in captured.err
    assert "imports: import a; import b" in captured.err


def test_imports_in_json(
    source: Source, file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they go and what they are, for an editor that has no language client."""
    _found(monkeypatch, import_edit=ImportEdit(at=2, text="import a\n"))
    assert main(["complete", "--json", f"{file}:1"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["imports"] == {"at": {"line": 1, "column": 3}, "text": "import a\n"}
    assert "Asked for" in answer["explanation"]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_write(source: Source, file: Path, monkeypatch: pytest.MonkeyPatch, mark: bytes) -> None:
    """Code and imports go in; line ends, byte order mark and everything else stay."""
    file.write_bytes(mark + "é🦄 = 1\r\n# add two numbers\r\n".encode())
    _found(monkeypatch, import_edit=ImportEdit(at=0, text="import a\r\n"))
    assert main(["complete", "--write", f"{file}:2"]) == 0
    expected = "import a\r\né🦄 = 1\r\n# add two numbers\r\ndef add(a, b):\r\n    return a + b\r\n"
    assert file.read_bytes() == mark + expected.encode()


@pytest.mark.parametrize("changes", [{"verdict": FAILING}, {"complete": False}])
def test_failing_code_is_not_written(
    source: Source,
    file: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
) -> None:
    """It is printed, and the status says that the file was left alone."""
    before = file.read_bytes()
    _found(monkeypatch, **changes)
    assert main(["complete", "--write", f"{file}:1"]) == 1
    captured = capsys.readouterr()
    assert "was left as it is" in captured.err
    assert captured.out
    assert file.read_bytes() == before


def test_a_file_that_changed_meanwhile(
    source: Source, file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user may go on typing in an editor: the edit would land in another text."""
    at = Engine.at

    async def meanwhile(*args: Any, **kwargs: Any) -> Any:
        file.write_bytes(b"# add three numbers\n")
        return await at(*args, **kwargs)

    monkeypatch.setattr(Engine, "at", meanwhile)
    assert main(["complete", "--write", f"{file}:1"]) == 2
    assert "has changed meanwhile" in capsys.readouterr().err
    assert file.read_bytes() == b"# add three numbers\n"


@pytest.mark.parametrize(
    ("arguments", "trusted", "setting", "allowed"),
    [
        ([], None, "ask", False),
        ([], "file's folder", "ask", True),
        ([], "current folder", "ask", True),
        ([], "folder above", "ask", False),
        (["--run-examples"], None, "always", False),
    ],
)
def test_whether_examples_are_run(
    source: Source,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: list[str],
    trusted: str | None,
    setting: str,
    allowed: bool,
) -> None:
    """By the option, or where the workspace was trusted before; nobody is asked on a terminal."""
    monkeypatch.setenv("GLOSSWRIGHT_STATE_DIR", str(tmp_path / "state"))
    inner = tmp_path / "project" / "pkg"
    inner.mkdir(parents=True)
    path = inner / "a.py"
    path.write_bytes(file.read_bytes())
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / ("project" if trusted == "current folder" else "elsewhere"))
    folders = {"file's folder": inner, "current folder": tmp_path / "project", "folder above": tmp_path / "project"}
    if trusted is not None:
        TrustFile().remember(folders[trusted], True)
    seen: list[tuple[str, bool]] = []
    at = Engine.at

    async def looked(self: Engine, snapshot: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append((self.settings.verify.run_examples, await self.ask_to_run(snapshot.uri)))
        return await at(self, snapshot, *args, **kwargs)

    monkeypatch.setattr(Engine, "at", looked)
    assert main(["complete", *arguments, f"{path}:1"]) == 0
    assert seen == [(setting, allowed)]


@pytest.mark.parametrize(("name", "says"), [(".env", "built-in pattern `.env`"), ("private/a.py", "line 2")])
def test_an_excluded_file(
    name: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is read or sent; the status is its own, and what is wrong with the ignore file is said as well."""
    (tmp_path / ".glosswrightignore").write_text("[a-\nprivate/\n")
    (tmp_path / "private").mkdir()
    (tmp_path / name).write_text("# add two numbers\n")
    monkeypatch.chdir(tmp_path)
    assert main(["complete", f"{name}:1", "--endpoint", "http://127.0.0.1:9"]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert says in said.err
    assert "line 1: this pattern matches nothing" in said.err
