"""Emacs with the configuration of docs/editors/emacs.md."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

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
    pytest.mark.timeout(180),
    pytest.mark.skipif(_version() < 29, reason="no Emacs here, or one before 29, which has no eglot"),
]

CODE = "def add(a, b):\n    return a + b"
STUB = 'def add(a, b):\n    """Return the sum."""\n'


PACKAGE = Path(__file__).resolve().parents[2] / "editors" / "emacs" / "glosswright.el"


def _session(bench: Workbench, configuration: str, session: str, name: str = "example.py") -> dict[str, str]:
    """What one of the sessions beside this file prints, with `configuration` loaded before it."""
    init = bench.folder / "init.el"
    init.write_text(configuration, encoding="utf-8")
    command = [EMACS, "-Q", "--batch", "-l", str(init), "-l", str(bench.source(session)), str(bench.file("", name))]
    done = subprocess.run(command, env=bench.env, cwd=bench.project, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr
    said: dict[str, str] = json.loads(done.stdout)
    return said


@pytest.mark.parametrize("through", ["configuration", "package"])
def test_eglot(bench: Workbench, through: str) -> None:
    """Code actions, a completion item, undo and plain typing, each with the exact text that it leaves."""
    if through == "package":
        init = f"(load {json.dumps(str(PACKAGE))})\n(defun eglot-by-hand () (glosswright-eglot))"
    else:
        init = block("emacs.md", "elisp", nth=1)
    assert _session(bench, init, "eglot_session.el") == {
        "comment offered": "Generate code from this comment",
        "comment": f"# add two numbers\n{CODE}\nx = 1\n",
        "comment undone": "# add two numbers\nx = 1\n",
        "docstring offered": "Implement this function from its docstring",
        "docstring": f"{STUB}    return a + b\n",
        "docstring undone": STUB,
        "completion": f"# add two numbers\n{CODE}\n\nx = 1\n",
        "typed": "# add two numbers, ünïcode 𝒳, and slowly two numbers",
    }


def _elpa() -> bool:
    """Whether this is the Emacs that was fetched together with lsp-mode."""
    said = subprocess.run(
        [EMACS, "-Q", "--batch", "--eval", '(princ (getenv "GLOSSWRIGHT_ELPA"))'], capture_output=True, text=True
    )
    return bool(EMACS) and "elpa" in said.stdout


@pytest.mark.parametrize("through", ["configuration", "package"])
def test_lsp_mode(bench: Workbench, through: str) -> None:
    """Ghost text, code actions and plain typing, each with the exact text that it leaves."""
    if not _elpa():
        pytest.skip("this Emacs came without lsp-mode: run `make editors`")
    init = f"(load {json.dumps(str(PACKAGE))})" if through == "package" else block("emacs.md", "elisp", nth=2)
    assert _session(bench, init, "lspmode_session.el") == {
        "ghost": CODE,
        "shown": "import os\n# add two numbers\n",
        "accepted": f"import os\n# add two numbers\n{CODE}",
        "comment": f"# add two numbers\n{CODE}\nx = 1\n",
        "docstring": f"{STUB}    return a + b\n",
        "typed": "# add two numbers, ünïcode 𝒳, and slowly two numbers",
    }


def test_the_package_compiles(bench: Workbench) -> None:
    """Emacs's own compiler finds nothing to warn of."""
    copy = bench.folder / PACKAGE.name
    copy.write_text(PACKAGE.read_text(encoding="utf-8"), encoding="utf-8")
    command = [EMACS, "-Q", "--batch", "--eval", "(setq byte-compile-error-on-warn t)", "-f", "batch-byte-compile"]
    done = subprocess.run([*command, str(copy)], env=bench.env, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr
