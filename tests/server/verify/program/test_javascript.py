"""Programs taken from JavaScript files; the table is `cases/javascript.txt`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from .support import Case, check, program_of, read_cases

NODE = shutil.which("node")


@pytest.mark.parametrize("case", read_cases("javascript"), ids=lambda case: case.title)
def test_cases(case: Case, tmp_path: Path) -> None:
    """What a file needs is kept and runs in node, where there is one; where a run would mislead there is none."""
    if NODE is None and "shows" in case.fields:
        pytest.skip("node is not installed")
    check(case, tmp_path, NODE or "")


def test_comments_and_what_is_not_needed_stay_out() -> None:
    """The candidate cannot read its examples from the program, and unneeded imports do not stand in the way."""
    program = program_of(
        "#!/bin/node\nimport x from 'y';\n/** f(1) is 2 */\nfunction f(a) {«\n  return /* two */ a + 1;\n»}\n",
        "f(1)",
        language="javascript",
    )
    assert program.source == '"use strict";\nfunction f(a) {\n  return   a + 1;\n}\n'
    assert program.modules == ()
