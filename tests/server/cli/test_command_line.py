"""The `glosswright` command itself, as a shell sees it: what it prints, where, and its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.scripted_model import ScriptedModel

from glosswright_server import __version__
from glosswright_server.__main__ import main
from glosswright_server.cli import model as model_module

pytestmark = pytest.mark.timeout(60)


def shell(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "glosswright_server", *arguments],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **(env or {})},
        timeout=50,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--version"], f"glosswright {__version__}\n"),
        (["--help"], "exit status:"),
        (["complete", "--help"], "FILE:LINE[:COL]"),
        (["doctor", "--help"], "--no-measure"),
    ],
)
def test_help_and_version(capsys: pytest.CaptureFixture[str], arguments: list[str], says: str) -> None:
    """On standard output, status 0."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    assert says in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["--tcp"], ["--port", "3"], ["serve"], ["complete"], ["complete", "--what", "a:1"], ["doctor", "x"]]
)
def test_wrong_usage(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """Status 2, said on standard error: an editor that passes an unknown option shows it in its log."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "usage: glosswright" in captured.err


def test_the_language_server_without_a_client() -> None:
    """With its input at an end at once it goes, with status 1 and not a byte on standard output."""
    for arguments in ([], ["--stdio"]):
        done = shell(*arguments)
        assert done.returncode == 1
        assert done.stdout == b""


def test_model_commands_are_handed_on() -> None:
    """Arguments as they are, output and status of the model package's own command line."""
    assert b"qwen2.5-coder-0.5b" in shell("model", "list").stdout
    done = shell("model", "--help")
    assert (done.returncode, b"glosswright model" in done.stdout) == (0, True)
    done = shell("model", "no-such-command")
    assert done.returncode == 2
    assert b"usage: glosswright model" in done.stderr


def test_model_without_the_model_package(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One line that says what to install."""
    monkeypatch.setattr(model_module.importlib.util, "find_spec", lambda name: None)
    assert main(["model", "list"]) == 1
    assert "pip install 'glosswright[llamacpp]'" in capsys.readouterr().err


@pytest.mark.parametrize("status", [0, 3])
def test_model_where_a_process_cannot_be_replaced(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """On Windows a child does the work, and its status is passed on."""
    ran: list[list[str]] = []

    def run(command: list[str], **_: Any) -> Any:
        ran.append(command)
        return subprocess.CompletedProcess(command, status)

    monkeypatch.setattr(model_module.os, "name", "nt")
    monkeypatch.setattr(model_module.subprocess, "run", run)
    assert main(["model", "pull", "--json", "x"]) == status
    assert ran == [model_module.model_command("pull", "--json", "x")]


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedModel]:
    rules = [["两数", "总和 = 甲 + 乙  # ✓\n"], ["two numbers", "total = a + b\n"]]
    with ScriptedModel(tmp_path_factory.mktemp("cli") / "model", rules=rules) as model:
        yield model


def test_complete_through_a_model_server(scripted: ScriptedModel, tmp_path: Path) -> None:
    """The whole path: the server is found, the code printed, the evidence in JSON."""
    path = tmp_path / "a.py"
    path.write_bytes(b"x = 1\r\n# add two numbers\r\n")
    done = shell("complete", f"{path}:2", env=scripted.env)
    assert (done.returncode, done.stdout) == (0, b"total = a + b\r\n"), done.stderr
    answer = json.loads(shell("complete", "--json", f"{path}:2", env=scripted.env).stdout)
    assert answer["model"] == "scripted"
    assert answer["range"]["start"]["line"] in (2, 3)


def test_letters_that_the_locale_does_not_know(scripted: ScriptedModel, tmp_path: Path) -> None:
    """Code is UTF-8 whatever the terminal's encoding: it goes into a file."""
    path = tmp_path / "a.py"
    path.write_text("# 两数之和\n", encoding="utf-8")
    env = {**scripted.env, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    done = shell("complete", f"{path}:1", env=env)
    assert done.returncode == 0, done.stderr
    assert "总和 = 甲 + 乙" in done.stdout.decode("utf-8")
    assert b"Traceback" not in done.stderr


def test_complete_without_a_model(tmp_path: Path) -> None:
    """Nobody at the endpoint: status 1 and a sentence."""
    path = tmp_path / "a.py"
    path.write_text("# add two numbers\n")
    done = shell("complete", "--endpoint", "http://127.0.0.1:9", "--endpoint-model", "m", f"{path}:1")
    assert done.returncode == 1
    assert done.stdout == b""
    assert b"is the server running?" in done.stderr
    assert b"Traceback" not in done.stderr


def test_modules_of_the_current_folder_are_not_run(tmp_path: Path) -> None:
    """A folder that was only opened must not get its code run by `glosswright model` or `doctor`."""
    for name in ("glosswright_model", "json", "argparse"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('run from the folder')\n", encoding="utf-8")
    done = subprocess.run(
        model_module.model_command("list"), cwd=tmp_path, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "qwen2.5-coder-0.5b" in done.stdout
