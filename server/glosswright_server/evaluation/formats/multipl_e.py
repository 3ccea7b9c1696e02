"""MultiPL-E rows for JavaScript: a comment and an open function → the file with the brace that an editor closes.

The user asks on the empty line of the body. The tests are the row's own program, run with node.
"""

from __future__ import annotations

from glosswright_server.evaluation.formats.row import Row
from glosswright_server.evaluation.problem import HiddenTests, Problem, Task

_INDENT = "    "


def multipl_e(row: Row) -> Problem:
    """One row with name, language "js", prompt, tests and stop_tokens. Raises UsageError."""
    if (language := row.text("language").lower()) not in ("js", "javascript"):
        raise row.error(f"MultiPL-E can be judged here in JavaScript, not in {language!r}.")
    prompt = row.text("prompt")
    opened = prompt.rstrip()
    if not opened.endswith("{"):
        raise row.error("the field `prompt` must end with a function's opening brace.")
    before = f"{opened}\n{_INDENT}"
    return Problem(
        id=row.text("name"),
        task=Task(
            language="javascript",
            document=f"{before}\n}}\n",
            cursor=len(before),
            prompt=prompt,
            stop=row.texts("stop_tokens"),
        ),
        tests=HiddenTests(code=row.text("tests") + "\n"),
    )
