"""Where imports go: one edit, in the place a person would choose, and the file still reads as before."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glosswright_server.verify.imports import import_edit

MATH = ("import math",)
COUNTER = ("from collections import Counter",)


def applied(text: str, statements: tuple[str, ...], gap: tuple[int, int] | None = None) -> str:
    edit = import_edit(text, "python", statements, gap=gap)
    return text if edit is None else text[: edit[0]] + edit[1] + text[edit[0] :]


@pytest.mark.parametrize(
    ("text", "statements", "after"),
    [
        ("", MATH, "import math\n"),
        ("x = 1\n", MATH, "import math\n\nx = 1\n"),
        ("def f(): pass\n", MATH, "import math\n\n\ndef f(): pass\n"),
        ("\n\ndef f(): pass\n", MATH, "import math\n\n\ndef f(): pass\n"),
        ('"""Doc."""\n', MATH, '"""Doc."""\n\nimport math\n'),
        ('"""Doc."""\n\n\ndef f(): pass\n', MATH, '"""Doc."""\n\nimport math\n\n\ndef f(): pass\n'),
        ('"""Doc."""\nx = 1\n', MATH, '"""Doc."""\n\nimport math\n\nx = 1\n'),
        ('"""Doc."""; x = 1\n', MATH, '"""Doc."""; x = 1\nimport math\n'),
        (
            "from __future__ import annotations\n\nx = 1\n",
            MATH,
            "from __future__ import annotations\n\nimport math\n\nx = 1\n",
        ),
        ("#!/bin/python\n# coding: utf-8\nx = 1\n", MATH, "#!/bin/python\n# coding: utf-8\nimport math\n\nx = 1\n"),
        (
            "# Copyright: us.\n# All rights.\n\nx = 1\n",
            MATH,
            "# Copyright: us.\n# All rights.\n\nimport math\n\nx = 1\n",
        ),
        ("# about x\nx = 1\n", MATH, "import math\n\n# about x\nx = 1\n"),
        ("import os\n\nx = 1\n", MATH, "import os\nimport math\n\nx = 1\n"),
        ("import os  # for x\n\nx = 1\n", MATH, "import os  # for x\nimport math\n\nx = 1\n"),
        ("import os\nimport numpy\n\nx = 1\n", MATH, "import os\nimport math\nimport numpy\n\nx = 1\n"),
        ("import numpy\n\nx = 1\n", MATH, "import math\n\nimport numpy\n\nx = 1\n"),
        ("import os\nimport numpy\n", ("import pandas as pd",), "import os\nimport numpy\nimport pandas as pd\n"),
        ("import os\nfrom . import x\n", MATH, "import os\nimport math\nfrom . import x\n"),
        ("import os; x = 1\n", MATH, "import math\n\nimport os; x = 1\n"),
        ("from collections import deque\n", COUNTER, "from collections import deque, Counter\n"),
        ("from collections import (\n    deque,\n)\n", COUNTER, "from collections import (\n    deque, Counter,\n)\n"),
        ("from collections import deque  # q\n", COUNTER, "from collections import deque, Counter  # q\n"),
        ("from collections import *\n", COUNTER, "from collections import *\nfrom collections import Counter\n"),
        ("import math\n", MATH, "import math\n"),
        ("from collections import Counter\n", COUNTER, "from collections import Counter\n"),
        (
            "import os\n",
            ("from typing import List", "import math", "from typing import Any"),
            "import os\nimport math\nfrom typing import Any, List\n",
        ),
        ("import os\n", ("import math", "import math"), "import os\nimport math\n"),
        ("import os\r\n\r\nx = 1\r\n", MATH, "import os\r\nimport math\r\n\r\nx = 1\r\n"),
        ("x = 1\r\n", MATH, "import math\r\n\r\nx = 1\r\n"),
        ("\ufeffx = 1\n", MATH, "\ufeffimport math\n\nx = 1\n"),
        ("\ufeffimport os\n", MATH, "\ufeffimport os\nimport math\n"),
        ("import os", MATH, "import os\nimport math"),
        ("x = 1\nimport os\n", MATH, "import math\n\nx = 1\nimport os\n"),
        ("import os\n\ndef g(:\n", MATH, "import os\nimport math\n\ndef g(:\n"),
        ("import os\n", (), "import os\n"),
        ("import os\n", ("not an import",), "import os\n"),
    ],
)
def test_the_place(text: str, statements: tuple[str, ...], after: str) -> None:
    """Below docstring, future and existing imports of the same sort; merged where a name will do; line ends kept."""
    assert applied(text, statements) == after


def test_a_long_line_is_not_made_longer() -> None:
    """A name is added to a line only while the line can still be read."""
    line = "from collections import " + ", ".join(f"name_{number}" for number in range(9)) + "\n"
    assert applied(line, COUNTER) == line + "from collections import Counter\n"


def test_other_languages_have_none() -> None:
    """Only Python's imports are known."""
    assert import_edit("x", "javascript", MATH) is None


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        ("# print pi\n\n", (10, 12)),
        ("# print pi\n\n", (12, 12)),
        ("# print pi\n", (10, 11)),
        ("", (0, 0)),
        ('"""Doc."""\n', (10, 11)),
        ('"""Doc."""\n# print pi\n\n\n', (21, 24)),
        ("# print pi\n▮\nimport os\n", (11, 12)),
        ("import os\n▮\nx = 1\n", (10, 11)),
    ],
)
def test_the_place_of_the_code_itself(text: str, gap: tuple[int, int]) -> None:
    """What the candidate replaces is gone when the import comes: the two edits must not lie in one another."""
    edit = import_edit(text, "python", MATH, gap=gap)
    assert edit is not None
    at, added = edit
    assert not gap[0] < at < gap[1], (at, gap)
    code = "print(math.pi)"
    lead = "" if gap[0] == 0 or text[gap[0] - 1] == "\n" else "\n"
    whole = text[: gap[0]] + lead + code + text[gap[1] :]
    moved = at if at <= gap[0] else at + len(lead + code) - (gap[1] - gap[0])
    result = whole[:moved] + added + whole[moved:]
    assert "import math" in result
    ast.parse(result.replace("▮", "pass"))


@given(
    st.lists(
        st.sampled_from(
            [
                *(
                    "import os",
                    "import numpy as np",
                    "from typing import List",
                    "from . import x",
                    "x = 1",
                    "",
                    "# note",
                ),
                *('"""Doc."""', "from __future__ import annotations", "def f():\n    pass", "if x:\n    import y", "@"),
                *("import os; y = 2", "from a import (\n    b,\n    c,\n)", "\x0c", "#!/usr/bin/python", "'''open"),
            ]
        ),
        max_size=8,
    ),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([MATH, COUNTER, ("import math", "from typing import Any")]),
)
@settings(max_examples=300, deadline=None)
def test_a_file_that_parsed_still_parses(parts: list[str], eol: str, statements: tuple[str, ...]) -> None:
    """Whatever stands at the top: the edit keeps it valid, and the names are bound then."""
    text = eol.join("\n".join(parts).split("\n")) + eol
    after = applied(text, statements)
    try:
        before = ast.parse(text)
    except SyntaxError:
        return
    found = ast.parse(after)
    assert after.count(eol) >= text.count(eol)
    imports = [node for node in ast.walk(found) if isinstance(node, (ast.Import, ast.ImportFrom))]
    bound = {alias.name for node in imports for alias in node.names}
    assert {statement.split()[-1] for statement in statements} <= bound
    assert len(found.body) >= len(before.body)
    assert ast.get_docstring(found) == ast.get_docstring(before)


@given(st.text(max_size=80), st.integers(0, 80), st.integers(0, 80))
@settings(max_examples=200, deadline=None)
def test_never_raises(text: str, start: int, length: int) -> None:
    """Any text, any gap: an edit inside the text, or none."""
    edit = import_edit(text, "python", MATH, gap=(start, start + length))
    assert edit is None or 0 <= edit[0] <= len(text)
