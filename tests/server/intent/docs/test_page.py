"""The users' page `docs/what-comments-may-say.md` promises nothing that is not read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from glosswright_server.intent.contract import DocStyle
from glosswright_server.intent.docs.read import read_contract
from glosswright_server.intent.docs.words import kind_of

PAGE = (Path(__file__).parents[4] / "docs" / "what-comments-may-say.md").read_text(encoding="utf-8")


def listed(kind: str) -> list[str]:
    """The lines of the page's blocks that are marked as `kind`."""
    return [line for block in re.findall(rf"```text {kind}\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


@pytest.mark.parametrize("line", listed("wishes"))
def test_wishes(line: str) -> None:
    """Each wish on the page is one, as written."""
    assert read_contract(line, "python").wishes == (line,)


@pytest.mark.parametrize(
    ("language", "line"),
    [("python", line) for line in listed("examples")]
    + [("javascript", line) for line in listed("javascript examples")],
)
def test_examples(language: str, line: str) -> None:
    """Each form of example on the page is read."""
    contract = read_contract(line, language, name="f", parameters=("x",))
    assert len(contract.examples) == 1
    assert not contract.unreadable


def test_headings() -> None:
    """Each heading in the page's table opens a section of the same kind as its neighbours."""
    rows = [row.split("|")[2:4] for row in PAGE.splitlines() if row.startswith("| ") and "English" not in row]
    assert len(rows) == 8
    for row in rows:
        words = [word.strip() for cell in row for word in cell.split(",")]
        assert {kind_of(word) for word in words} - {kind_of("Panics")} == {kind_of(words[0])}


def test_google_samples() -> None:
    """The two long samples say the same in two languages."""
    samples = [read_contract(text, "python") for text in re.findall(r'"""(.*?)"""', PAGE, re.DOTALL)]
    assert len(samples) == 2
    for contract in samples:
        assert contract.style is DocStyle.GOOGLE
        assert [(one.name, one.type, one.default) for one in contract.parameters] == [
            ("words", "list[str]", ""),
            ("k", "int", "10"),
        ]
        assert contract.returns is not None
        assert contract.returns.type == "list[str]"
        assert [one.type for one in contract.raises] == ["ValueError"]
