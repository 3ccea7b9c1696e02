"""Networks that come with the package: listed, found by name, never downloaded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from glosswright_model.cli import main
from glosswright_model.errors import UnknownModel
from glosswright_model.weights import find_shipped, resolve, shipped_networks


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with one network and things that are none."""
    network = tmp_path / "lines-lstm"
    network.mkdir()
    about = {"unit": "statement", "language": "python", "licence": "MIT"}
    (network / "config.json").write_text(json.dumps({"about": about}), encoding="utf-8")
    header = json.dumps(
        {"w": {"shape": [3, 4]}, "b": {"shape": [5]}, "s": {"shape": []}, "__metadata__": {"format": "pt"}}
    ).encode()
    (network / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 18)
    (tmp_path / "empty").mkdir()
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "config.json").write_text("[]", encoding="utf-8")
    (tmp_path / "README.md").write_text("words", encoding="utf-8")
    monkeypatch.setattr("glosswright_model.weights.shipped.FOLDER", tmp_path)
    return tmp_path


def test_finds_them_by_name(folder: Path) -> None:
    """As `serve --model NAME` and the setting do; a name that is none says which there are."""
    [found] = shipped_networks()
    assert (found.name, found.parameters, found.licence) == ("lines-lstm", 18, "MIT")
    assert found.size == sum(file.stat().st_size for file in found.path.iterdir())
    assert find_shipped("Lines-LSTM") == found
    resolved = resolve("lines-lstm")
    assert (resolved.path, resolved.entry, resolved.present) == (folder / "lines-lstm", None, True)
    with pytest.raises(UnknownModel, match="lines-lstm"):
        resolve("lines")


def test_the_command_line_lists_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the models that can be fetched; fetching one of them is no error."""
    assert main(["list", "--json"]) == 0
    row = next(row for row in json.loads(capsys.readouterr().out) if row["name"] == "lines-lstm")
    assert (row["installed"], row["path"]) == (True, str(folder / "lines-lstm"))
    assert main(["list"]) == 0
    assert "comment to statement in python" in capsys.readouterr().out
    assert main(["pull", "lines-lstm"]) == 0
    assert "nothing to download" in capsys.readouterr().err


def test_a_package_without_any(tmp_path: Path) -> None:
    """Built without the folder, everything else works."""
    assert shipped_networks(tmp_path / "none") == ()
    assert find_shipped("x", tmp_path / "none") is None
