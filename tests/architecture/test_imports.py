"""What the language server may import, checked where it counts: in the process that an editor starts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(120)

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "transformers", "numpy", "xllamacpp", "starlette", "uvicorn", "pydantic", "huggingface_hub")
MODEL = ("glosswright_model",)

UP_TO_INITIALIZE = """
import io, json, os, sys, threading
from glosswright_server.lsp.stdio import open_stdio

reader, writer = os.pipe()
os.dup2(reader, 0)
body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize",
                   "params": {"processId": None, "rootUri": None, "capabilities": {}}}).encode()
os.write(writer, b"Content-Length: %d\\r\\n\\r\\n%b" % (len(body), body))
answers, out = os.pipe()
real_stdout = os.dup(1)
os.dup2(out, 1)
streams = open_stdio()
from glosswright_server.lsp.app import serve

def watch():
    seen = os.read(answers, 65536)
    os.write(real_stdout, json.dumps({"modules": sorted(sys.modules), "answer": seen.decode()}).encode())
    os._exit(0)

threading.Thread(target=watch, daemon=True).start()
serve(streams)
"""


def modules_of(program: str) -> tuple[set[str], dict[str, object]]:
    """The modules that a program has imported when it says so, and the rest of what it says."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env={key: value for key, value in os.environ.items() if not key.startswith("COV")},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    said = json.loads(done.stdout)
    return set(said.pop("modules")), said


def check(program: str, *forbidden: str) -> dict[str, object]:
    """None of the `forbidden` packages is imported; what else the program says."""
    modules, said = modules_of(program)
    assert not {name for name in modules if name.partition(".")[0] in forbidden}
    return said


def test_the_language_server_up_to_its_first_answer() -> None:
    """An editor waits for this: no tensors, no HTTP, no web framework, nothing of the model package."""
    said = check(UP_TO_INITIALIZE, *HEAVY, *MODEL, "httpx")
    assert "inlineCompletionProvider" in str(said["answer"])


def test_the_package_alone_is_light() -> None:
    """Whoever imports it for its version pays for nothing else."""
    check(
        "import json, sys, glosswright_server; print(json.dumps({'modules': sorted(sys.modules)}))",
        *HEAVY, *MODEL, "pygls", "lsprotocol", "httpx", "tree_sitter", "asyncio", "rich", "psutil",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "forbidden"),
    [
        (["--version"], ("pygls", "lsprotocol", "httpx", "tree_sitter", "rich", "asyncio")),
        (["model", "--x"], ("pygls", "lsprotocol", "httpx", "tree_sitter", "rich", "asyncio")),
        (["complete", "no-such-file:1"], ("pygls", "lsprotocol", "rich")),
    ],
)
def test_subcommands_import_what_they_need(arguments: list[str], forbidden: tuple[str, ...]) -> None:
    """A command that is typed must not wait for another's imports."""
    program = f"""
import importlib.util, json, sys
if {arguments[0]!r} == "model":
    importlib.util.find_spec = lambda name: None
from glosswright_server.__main__ import main
out = sys.stdout
sys.stdout = sys.stderr
try:
    main({arguments!r})
except SystemExit:
    pass
print(json.dumps({{"modules": sorted(sys.modules)}}), file=out)
"""
    check(program, *HEAVY, *MODEL, *forbidden)


def test_the_engine_knows_no_protocol() -> None:
    """The engine can be used without an editor: by the command line, by tests, by other programs."""
    check(
        "import json, sys, glosswright_server.engine.engine; print(json.dumps({'modules': sorted(sys.modules)}))",
        *HEAVY, *MODEL, "pygls", "lsprotocol",
    )  # fmt: skip


def test_the_map_in_pyproject_is_true() -> None:
    """The import contracts: which part may know which."""
    command = shutil.which("lint-imports", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if command is None:
        pytest.skip("needs import-linter")
    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout
