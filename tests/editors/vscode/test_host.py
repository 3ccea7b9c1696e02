"""The extension-host suite (vscode-client/test/host), run inside a real VS Code; here is looked at how it went."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from editors.workbench import Workbench

from .code_server import CodeServer
from .conftest import settings_for
from .window import opened

SUITE_S = 300.0


@pytest.mark.timeout(480)
def test_the_extension_host_suite(bench: Workbench, extensions: Path, playwright: Any) -> None:
    """What keys and pictures cannot reach: notebooks, several folders, another language server, pauses, settings."""
    result = bench.folder / "result.jsonl"
    other = bench.folder / "other"
    other.mkdir()
    workspace = bench.folder / "two.code-workspace"
    workspace.write_text(json.dumps({"folders": [{"path": str(bench.project)}, {"path": str(other)}]}))
    ruff = Path(sys.executable).parent / "ruff"
    env = {**bench.env, "GLOSSWRIGHT_HOST_RESULT": str(result), "GLOSSWRIGHT_HOST_RUFF": str(ruff)}

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in result.read_text().splitlines()] if result.exists() else []

    with (
        CodeServer(bench.folder / "editor", extensions, env, settings=settings_for(bench)) as server,
        opened(playwright, bench.folder / "browser", server.address(workspace), "host") as window,
    ):
        window.until(lambda: any("over" in line for line in lines()), "the suite is over", SUITE_S)
        window.shot("end")
    ran = [line for line in lines() if "name" in line]
    for line in ran:
        print(f"{line['ms']:6} ms  {'ok' if not line['problem'] else 'FAILED'}  {line['name']}")
    problems = [f"{line['name']}: {line['problem']}" for line in ran if line["problem"]]
    assert problems == [], "\n".join(problems)
    assert len(ran) >= 15
