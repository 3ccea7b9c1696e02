"""One level of indentation: the file's own, else the editor's, else the language's."""

from __future__ import annotations

import pytest

from glosswright_server.shaping.lexis import lexis_for
from glosswright_server.shaping.margins import unit_of


@pytest.mark.parametrize(
    ("text", "language", "wanted", "unit"),
    [
        ("x = 1\n", "python", "", "    "),
        ("x = 1\n", "python", "  ", "  "),
        ("x = 1\n", "python", "\t", "\t"),
        ("def f():\n    pass\n", "python", "  ", "    "),  # what the file shows comes first
        ("def f():\n\tpass\n", "python", "  ", "\t"),
        ("let x = 1\n", "javascript", "   ", "   "),
        ("package main\n", "go", "    ", "\t"),  # whatever the editor says, Go is written with tabs
    ],
)
def test_unit_of(text: str, language: str, wanted: str, unit: str) -> None:
    """The editor is asked only where the file is silent and the language leaves the choice."""
    assert unit_of(text, "", lexis_for(language), wanted=wanted) == unit
