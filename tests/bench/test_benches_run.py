"""The benchmarks still run. What they measure is theirs to say: no figure is asserted here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parent


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("name", "words"), [("startup", "pygls, bare"), ("overhead", "our model server"), ("served", "inlineCompletion")]
)
def test_bench_prints_a_table(name: str, words: str, tmp_path: Path) -> None:
    """A benchmark that broke unnoticed would be found on the day its figures are needed."""
    figures = tmp_path / "figures.json"
    command = [sys.executable, str(BENCH / "run.py"), "--quick", "--json", str(figures), name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert words in done.stdout
    [report] = json.loads(figures.read_text(encoding="utf-8"))[name]["reports"]
    assert report["rows"]
    assert report["goals"]
