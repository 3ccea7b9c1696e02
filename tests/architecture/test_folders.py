"""Where files of the user go: never into the folder that the program happens to be started in."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from glosswright_model.serving import state_file
from glosswright_model.weights.store import cache_folder
from glosswright_server.feedback.file import data_dir
from glosswright_server.generation.runtime_state import runtime_dir
from glosswright_server.verify.trusted import state_dir


@pytest.mark.skipif(sys.platform == "win32", reason="no XDG there")
@pytest.mark.parametrize(
    "folder",
    [cache_folder, data_dir, state_dir, runtime_dir, state_file.runtime_dir],
    ids=lambda f: f"{f.__module__}.{f.__name__}",
)
def test_a_variable_that_is_set_and_empty(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Callable[[], Path]
) -> None:
    """It is as good as unset (XDG Base Directory Specification); taken at its word it would be the current folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("CACHE", "CONFIG", "DATA", "STATE"):
        monkeypatch.delenv(f"XDG_{name}_HOME", raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    for name in ("CACHE", "DATA", "STATE", "RUNTIME"):
        monkeypatch.delenv(f"GLOSSWRIGHT_{name}_DIR", raising=False)
    unset = folder()
    for name in ("CACHE", "CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", "")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "")
    assert folder() == unset
    assert unset.is_absolute()
