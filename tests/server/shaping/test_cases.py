"""Shaping on cases that people can read: a document with a gap, a model's answer, the document afterwards."""

from __future__ import annotations

import pytest

from .case_files import CASES, shape


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    """The document reads as a person would have written it, whether the answer came whole or letter by letter."""
    case = CASES[name]
    for pieces in ([case.answer], list(case.answer)):
        after = shape(case, pieces)
        assert (after if after is None else after.rstrip("\r\n")) == case.expected


def test_there_are_enough_cases() -> None:
    """The cases are found at all: a moved folder must not pass as "nothing to test"."""
    assert len(CASES) >= 80
