"""Emacs with the configuration of docs/editors/emacs.md."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from .install import program
from .workbench import Workbench, block

EMACS = program("emacs") or ""


def _version() -> int:
    """The major version; 0 where there is no Emacs."""
    if not EMACS:
        return 0
    said = subprocess.run([EMACS, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
    return int(re.findall(r"\d+", said)[0])


pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(_version() < 29, reason="no Emacs here, or one before 29, which has no eglot"),
]

CODE = "def add(a, b):\n    return a + b"
STUB = 'def add(a, b):\n    """Return the sum."""\n'


def test_eglot(bench: Workbench) -> None:
    """Code actions, a completion item, undo and plain typing, each with the exact text that it leaves."""
    init = bench.folder / "init.el"
    init.write_text(block("emacs.md", "elisp"), encoding="utf-8")
    session = bench.source("eglot_session.el")
    command = [EMACS, "-Q", "--batch", "-l", str(init), "-l", str(session), str(bench.file(""))]
    done = subprocess.run(command, env=bench.env, cwd=bench.project, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "comment offered": "Generate code from this comment",
        "comment": f"# add two numbers\n{CODE}\nx = 1\n",
        "comment undone": "# add two numbers\nx = 1\n",
        "docstring offered": "Implement this function from its docstring",
        "docstring": f"{STUB}    return a + b\n",
        "docstring undone": STUB,
        "completion": f"# add two numbers\n{CODE}\n\nx = 1\n",
        "typed": "# add two numbers, ünïcode 𝒳, and slowly two numbers",
    }
