"""`glosswright trust`: the answer to the editor's question, from a terminal."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from glosswright_server.__main__ import main
from glosswright_server.verify.trusted import TrustFile, folder_key


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLOSSWRIGHT_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def test_grant_refuse_forget(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each says what holds from now on, for the folder as it is known."""
    folder = tmp_path / "project"
    folder.mkdir()
    for arguments, kept, says in (
        ([], True, "examples are run, in the sandbox"),
        (["--never"], False, "examples are not run"),
        (["--forget"], None, "you will be asked"),
        (["--forget"], None, "was not answered for"),
    ):
        assert main(["trust", *arguments, str(folder)]) == 0
        assert capsys.readouterr().out.startswith(f"{folder_key(folder)}: ")
        assert TrustFile().answer(folder) is kept, says


def test_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a folder it is the one that one stands in."""
    monkeypatch.chdir(tmp_path)
    assert main(["trust"]) == 0
    assert TrustFile().answer(tmp_path) is True


def test_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every answer, or that there is none."""
    assert main(["trust", "--list"]) == 0
    assert "No folder" in capsys.readouterr().out
    TrustFile().remember(tmp_path / "a", True)
    TrustFile().remember(tmp_path / "b", False)
    assert main(["trust", "--list"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"{folder_key(tmp_path / 'a')}: examples are run, in the sandbox"
    assert second == f"{folder_key(tmp_path / 'b')}: examples are not run"


def test_a_folder_that_is_gone_can_be_forgotten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """But not trusted: a slip of the pen would trust whatever comes there later."""
    assert main(["trust", str(tmp_path / "gone")]) == 2
    assert "not a folder" in capsys.readouterr().err
    TrustFile().remember(tmp_path / "gone", True)
    assert main(["trust", "--forget", str(tmp_path / "gone")]) == 0
    assert TrustFile().answers() == {}


def test_an_answer_that_cannot_be_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status 1 and which file it is about."""

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert main(["trust", str(tmp_path)]) == 1
    assert "trust.json cannot be written: No space left on device" in capsys.readouterr().err
