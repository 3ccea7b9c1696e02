"""A suggestion in words: the line beside it, what is wrong with it, and Markdown where nobody renders any."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from glosswright_server.engine.changes import TextChange, applied, changes_of
from glosswright_server.engine.explanation import (
    MAX_PARTS,
    as_plain,
    explanation,
    in_short,
    origins,
    shortcoming,
    summary,
)
from glosswright_server.engine.suggestion import ImportEdit, Suggestion, Timing, Tried
from glosswright_server.generation.completions import Origin
from glosswright_server.intent.model import Extent, Intent, IntentKind
from glosswright_server.verify.verdict import Check, Outcome, Verdict

SOUND = Verdict(checks=(Check("parses", Outcome.PASSED),))
UNSOUND = Verdict(checks=(Check("names resolve", Outcome.FAILED, "`pd` is\n not defined"),))
SUGGESTION = Suggestion(
    intent=Intent(
        kind=IntentKind.COMMENT, language="python", extent=Extent.BLOCK, start=4, end=8, why="cursor below a comment"
    ),
    start=4,
    end=8,
    text="code",
    verdict=SOUND,
    model="small-model",
    timing=Timing(total_ms=4120, tokens=17),
    complete=True,
)


def test_the_line() -> None:
    """Verdict, candidates where there were several, and time where it is known."""
    assert summary(SUGGESTION) == "✓ parses · 4.1 s"
    both = (Tried(text="a", verdict=SOUND), Tried(text="b", verdict=UNSOUND))
    assert summary(dataclasses.replace(SUGGESTION, tried=both)) == "✓ parses · 2 candidates · 4.1 s"
    assert summary(dataclasses.replace(SUGGESTION, timing=Timing())) == "✓ parses"


def test_what_is_wrong() -> None:
    """Nothing to say of sound code; else one sentence for each thing, on one line."""
    assert shortcoming(SUGGESTION) == ""
    cut = dataclasses.replace(SUGGESTION, verdict=UNSOUND, complete=False)
    assert "names resolve" in shortcoming(cut)
    assert shortcoming(cut).endswith("It is cut off: the time was up.")
    assert "\n" not in shortcoming(cut)


def test_in_short() -> None:
    """One line with all that a message can hold."""
    line = in_short(SUGGESTION)
    assert line.startswith("✓ parses · 4.1 s · small-model · cursor below a comment. ")
    assert "\n" not in line


def test_the_explanation_without_marks() -> None:
    """Every word of the Markdown is there, and none of its marks."""
    told = explanation(dataclasses.replace(SUGGESTION, verdict=UNSOUND))
    plain = as_plain(told)
    for word in ("names resolve", "cursor below a comment", "small-model", "4.1 s", "17 tokens"):
        assert word in plain
    assert "**" not in plain
    assert "###" not in plain
    assert "\\" not in plain


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("", ""), ("plain words", "plain words"), ("### Heading", "Heading"),
        ("**bold** and *slanted*", "bold and slanted"),
        ("`code`", "code"), ("`` a`b ``", "a`b"), ("`**kwargs`", "**kwargs"), ("a \\* b \\_c\\_", "a * b _c_"),
        ("```python\nx = **y**\n```\n**z**", "x = **y**\nz"), ("2 * 3 * 4", "2 * 3 * 4"),
        ("#1 is not a heading", "#1 is not a heading"),
        ("www\u2060.example", "www.example"), ("- item\n1. first", "- item\n1. first"), ("`unclosed", "`unclosed"),
        ("\\`not code\\`", "`not code`"),
    ],
)  # fmt: skip
def test_plain_text(markdown: str, plain: str) -> None:
    """Marks go, what they mark stays, and code is left as it is."""
    assert as_plain(markdown) == plain


TEXT = "abcdefghij"


@pytest.mark.parametrize(
    ("at", "expected"),
    [(0, "<abcdcodeij"), (4, "abcd<codeij"), (6, "abcdcodeij"), (8, "abcdcode<ij"), (10, "abcdcodeij<")],
)
def test_changes(at: int, expected: str) -> None:
    """Imports and code in the order of the document, never overlapping; imports first where both begin."""
    changes = changes_of(dataclasses.replace(SUGGESTION, import_edit=ImportEdit(at=at, text="<")))
    assert applied(TEXT, changes) == expected
    assert all(a.end <= b.start for a, b in itertools.pairwise(changes))


def test_changes_without_imports() -> None:
    """The code alone."""
    assert changes_of(SUGGESTION) == [TextChange(4, 8, "code")]
    empty = dataclasses.replace(SUGGESTION, import_edit=ImportEdit(at=0, text=""))
    assert changes_of(empty) == [TextChange(4, 8, "code")]


def test_where_the_code_came_from() -> None:
    """Each part of the code with its words; marks in either cannot change what is shown; long answers are cut."""
    parts = (
        Origin("retries", (("retries", 0.97), ("to", 0.03))),
        Origin("  "),
        Origin(" = `x`", (("<one>", 0.5),)),
        Origin("0"),
    )
    told = dataclasses.replace(SUGGESTION, origins=parts)
    assert as_plain(origins(told)).splitlines()[2:] == [
        "- retries ← retries 97%, to 3%",
        "- = `x` ← <one> 50%",
        "- 0 ← no word in particular",
    ]
    assert origins(told).strip() in explanation(told)
    assert origins(SUGGESTION) == ""
    long = dataclasses.replace(SUGGESTION, origins=(Origin("x"),) * (MAX_PARTS + 5))
    assert origins(long).strip().splitlines()[-1] == "- … 5 more"
    assert told.facts()["origins"][0] == {"text": "retries", "words": [["retries", 0.97], ["to", 0.03]]}
    assert "origins" not in SUGGESTION.facts()
