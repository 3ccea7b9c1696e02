"""VS Code, our package in it, and a scripted model. Without `make test-vscode` these tests skip."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness.scripted_model import ScriptedModel

from editors.workbench import Workbench

from .code_server import install, program

ROOT = Path(__file__).resolve().parents[3]
ADD = "def add(a, b):\n    return a + b\n"
THREE = [f"def {name}(a, b):\n    return a {sign} b\n" for name, sign in (("add", "+"), ("sub", "-"), ("mul", "*"))]
RULES = [
    ["two numbers", ADD],
    ["one number and another", THREE],
    ["twice the number", "const twice = (n) => 2 * n;\n"],
    ["Return the sum", "return a + b\n"],
    ["slowly", "def count():\n" + "".join(f"    number_{step} = {step}\n" for step in range(400))],
]


def settings_for(bench: Workbench) -> dict[str, object]:
    """A user's settings with an interpreter that is like ours, but runs the server under the recorder."""
    python = bench.folder / "bin" / "python"
    launcher = bench.folder / "bin" / "glosswright"
    script = f"#!/bin/sh\n[ \"$1\" = -m ] && exec '{launcher}'\nexec '{sys.executable}' \"$@\"\n"
    python.write_text(script, encoding="utf-8")
    python.chmod(0o755)
    return {"editor.inlineSuggest.enabled": True, "glosswright.server.python": str(python)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A whole editor in a browser takes minutes and nearly a gigabyte: it is not part of `make test`."""
    if program() is None:
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="VS Code is driven by `make test-vscode`"))


@pytest.fixture(scope="session")
def package() -> Path:
    """The package that `make vsix` built."""
    version = json.loads((ROOT / "vscode-client" / "package.json").read_text(encoding="utf-8"))["version"]
    path = ROOT / "dist" / f"glosswright-{version}.vsix"
    assert path.exists(), "run `make vsix`"
    return path


@pytest.fixture(scope="session")
def extensions(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where our package is installed, and the extension-host suite, which sleeps until it is asked for."""
    folder = tmp_path_factory.mktemp("installed")
    return install([package, _host_suite(folder / "suite.vsix")], folder)


def _host_suite(made: Path) -> Path:
    """Package the extension-host suite as an extension of its own."""
    client = ROOT / "vscode-client"
    subprocess.run(["node", "build.mjs", "--tests"], cwd=client, timeout=120, check=True)
    folder = client / "dist" / "host"
    (folder / "package.json").write_text((client / "test" / "host" / "package.json").read_text(encoding="utf-8"))
    (folder / "LICENSE").write_text((ROOT / "LICENSE").read_text(encoding="utf-8"))
    vsce = client / "node_modules" / "@vscode" / "vsce" / "vsce"
    subprocess.run(
        ["node", str(vsce), "package", "--no-dependencies", "--allow-missing-repository", "--out", str(made)],
        cwd=folder,
        timeout=120,
        check=True,
        capture_output=True,
    )
    return made


@contextmanager
def model_and_bench(folder: Path, **env: str) -> Iterator[Workbench]:
    """A workbench whose scripted model can add, and can be slow. At the end what was said is checked."""
    with (
        ScriptedModel(folder / "model", rules=RULES, token_s=0.02) as model,
        Workbench(folder / "bench", {**model.env, **env}) as made,
    ):
        yield made


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    with model_and_bench(tmp_path) as made:
        yield made
