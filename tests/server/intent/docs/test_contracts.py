"""The table of documents: what the whole path from source text to contract reads in each of them."""

from __future__ import annotations

from collections import Counter

import pytest

from .table import Row, all_rows, contract_of, intent_of, written

ROWS = all_rows()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.file}: {row.title}")
def test_row(row: Row) -> None:
    """Each document says exactly what a careful reader of it wrote down."""
    assert "\n".join(written(contract_of(row))) == "\n".join(row.expected)


def test_the_table_covers_what_it_promises() -> None:
    """A hundred documents, four styles, four programming languages and two human ones: the table may not shrink."""
    chinese = [row for row in ROWS if any("\u4e00" <= character <= "\u9fff" for character in row.source)]
    assert len(ROWS) >= 100
    assert len(chinese) >= 20
    assert len({row.expected[0] for row in ROWS}) >= 7
    languages = Counter(row.language for row in ROWS)
    assert min(languages[key] for key in ("python", "javascript", "java", "rust", "go")) >= 8
    assert len({(row.file, row.title) for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.file}: {row.title}")
def test_requests_carry_no_margin(row: Row) -> None:
    """Comment markers in the text would hide headings and tags: the intent has removed them for every language."""
    for line in intent_of(row).request.split("\n"):
        assert not line.lstrip().startswith(("///", "/**", "*/", '"""'))
