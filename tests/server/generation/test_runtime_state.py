"""The state file is believed only when nobody else could have written it and its process runs."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from glosswright_server.generation.runtime_state import make_private_dir, read_state, runtime_dir


def good() -> dict[str, Any]:
    return {
        "protocol": 1,
        "pid": os.getpid(),
        "create_time": psutil.Process().create_time(),
        "url": "http://127.0.0.1:4711",
        "token": "hush",
        "model": "m",
        "version": "0.1.0",
        "started_at": 1.0,
        "future": None,
    }


def write(directory: Path, content: object, mode: int = 0o600) -> Path:
    directory.chmod(0o700)
    path = directory / "model-server.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(mode)
    return path


def test_reads_a_living_server_and_hides_its_token(tmp_path: Path) -> None:
    """The good case, unknown keys included."""
    write(tmp_path, good())
    reading = read_state(tmp_path)
    assert reading.state is not None
    assert (reading.state.url, reading.state.token, reading.state.model) == ("http://127.0.0.1:4711", "hush", "m")
    assert "hush" not in repr(reading)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"pid": 2**22 + 1}, ""),
        ({"create_time": 5.0}, ""),
        ({"pid": True}, "broken"),
        ({"pid": -1}, "broken"),
        ({"create_time": "now"}, "broken"),
        ({"url": None}, "broken"),
        ({"token": 1}, "broken"),
        ({"model": None}, "broken"),
        ({"protocol": 2}, "another Glosswright version"),
        ({"url": "http://evil.example:80"}, "outside this machine"),
        ({"url": "http://10.0.0.1:80"}, "outside this machine"),
        ({"url": "https://127.0.0.1:80"}, "outside this machine"),
        ({"url": "http://[1"}, "outside this machine"),
    ],
)
def test_does_not_believe(tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    """A dead or reused pid is simply no server; anything odd is said, and the file sends no code off the machine."""
    write(tmp_path, good() | change)
    reading = read_state(tmp_path)
    assert reading.state is None
    assert problem in reading.problem
    assert bool(problem) == bool(reading.problem)


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 60_000, "\xff"])
def test_broken_content(tmp_path: Path, content: str) -> None:
    """A half-written or hostile file is an ordinary finding."""
    write(tmp_path, content)
    assert "broken" in read_state(tmp_path).problem


def test_nothing_there(tmp_path: Path) -> None:
    """No file, no folder: no server and no complaint."""
    assert read_state(tmp_path) == read_state(tmp_path / "no" / "folder")
    assert read_state(tmp_path).problem == ""


@pytest.mark.skipif(sys.platform == "win32", reason="mode bits say nothing on Windows")
def test_open_owned_by_others_or_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever else can read the file has the token; whoever can write it gets our code."""
    path = write(tmp_path, good(), 0o640)
    assert "chmod go-rwx" in read_state(tmp_path).problem
    path.chmod(0o600)
    tmp_path.chmod(0o770)
    assert "chmod go-rwx" in read_state(tmp_path).problem
    tmp_path.chmod(0o700)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert "another user" in read_state(tmp_path).problem
    assert "another user" in make_private_dir(tmp_path)
    monkeypatch.undo()
    path.unlink()
    path.symlink_to(tmp_path / "else")
    assert "cannot be read" in read_state(tmp_path).problem
    path.unlink()
    os.mkfifo(path, 0o600)
    assert "not a file" in read_state(tmp_path).problem


def test_makes_the_folder_private(tmp_path: Path) -> None:
    """A new folder is closed to others from its first moment."""
    folder = tmp_path / "a" / "b"
    assert make_private_dir(folder) == ""
    assert folder.stat().st_mode & 0o777 == 0o700
    (tmp_path / "file").touch()
    assert "cannot be used" in make_private_dir(tmp_path / "file" / "x")


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="those have their own place")
def test_where_the_folder_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rule as the model server's, or they would never meet: variable, XDG, /run/user, cache."""
    monkeypatch.setenv("GLOSSWRIGHT_RUNTIME_DIR", str(tmp_path / "own"))
    assert runtime_dir() == tmp_path / "own"
    monkeypatch.delenv("GLOSSWRIGHT_RUNTIME_DIR")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert runtime_dir() == tmp_path / "glosswright"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "missing"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    assert runtime_dir() == tmp_path / "cache" / "glosswright" / "run"
