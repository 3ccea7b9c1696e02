"""An inline completion may replace text on one line only; these cases show what the reader's file looks like after."""

from __future__ import annotations

import pytest

from glosswright_server.engine.fit import Edit, fit_to_line


def check(before: str, text: str, after: str | None) -> None:
    """Apply `text` to the part of `before` between « and », with the cursor at ▮; None: there is no such edit."""
    cursor = before.replace("«", "").replace("»", "").index("▮")
    start = before.replace("▮", "").index("«")
    end = before.replace("▮", "").replace("«", "").index("»")
    document = before.replace("▮", "").replace("«", "").replace("»", "")
    line_start = document.rfind("\n", 0, cursor) + 1
    line_end = document.find("\n", cursor)
    line_end = len(document) if line_end < 0 else line_end
    edit = fit_to_line(document, Edit(start, end, text), cursor, line_start, line_end)
    if after is None:
        assert edit is None
        return
    assert edit is not None
    assert line_start <= edit.start <= cursor <= edit.end <= line_end
    assert document[: edit.start] + edit.text + document[edit.end :] == after


@pytest.mark.parametrize(
    ("before", "text", "after"),
    [
        ("# sum▮«»\nx", "\ny = 1", "# sum\ny = 1\nx"),
        ("    «▮...»\n", "return 1", "    return 1\n"),
        ("f() {«▮\n»}", "\n  return 1;\n", "f() {\n  return 1;\n}"),
        ("f() {«\n▮\n»}", "\n  return 1;\n", "f() {\n  return 1;\n}"),
        ("f() {«\n  ▮\n»}", "\n  return 1;\n", "f() {\n  return 1;\n}"),
        ("f() {«\n ▮\n»}", "\n  return 1;\n", "f() {\n  return 1;\n}"),
        ("f() {«▮ »}", "\n  return 1;\n", "f() {\n  return 1;\n}"),
        ("f() {« ▮»}", "\n  return 1;\n", "f() {\n  return 1;\n}"),
        ("def f():«\n    ▮»\n", "\n    return 1", "def f():\n    return 1\n"),
        ("def f():«\n\t▮»\n", "\n    return 1", "def f():\n\treturn 1\n"),
        ('"""d"""▮\n    «pass»\n', "return 1", None),
        ('"""d"""«▮\n    pass»\n', "\n    return 1", None),
        ("f() {«▮\n»}", "\n", None),
        ("«  ▮\n»}", "x = 1;\n", None),
    ],
)
def test_fit(before: str, text: str, after: str | None) -> None:
    """Braces, docstrings, placeholders: the document reads the same as after the whole edit, or nothing is offered."""
    check(before, text, after)
