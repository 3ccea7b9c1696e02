"""Shaping as a stream: the pieces an answer comes in, and what comes after its end, must not matter."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glosswright_server.intent.model import Extent, Intent, IntentKind
from glosswright_server.shaping import Shaper

from .case_files import CASES

WORDS = [
    "x",
    "def f():",
    "class A:",
    "if a:",
    "else:",
    "return",
    "end",
    "do",
    "fi",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "};",
    ",",
    ":",
    ";",
]
MARKS = [
    '"',
    "'",
    "`",
    '"""',
    "${",
    "#",
    "//",
    "/*",
    "*/",
    "--",
    "```",
    "```python",
    "\\",
    "<<EOF",
    "EOF",
    "<|im_end|>",
    "pass",
    "世界",
    "👋",
]
BLANKS = ["\n", "\n\n", "\r\n", "\r", " ", "    ", "\t", "\n    ", "\n\t", "\n  "]
ANSWERS = st.lists(st.sampled_from(WORDS + MARKS + BLANKS), max_size=40).map("".join) | st.text(max_size=60)
LANGUAGES = [
    "python",
    "javascript",
    "go",
    "rust",
    "java",
    "c",
    "ruby",
    "bash",
    "sql",
    "lua",
    "text",
    "no such language",
]


@st.composite
def places(draw: st.DrawFn) -> tuple[str, Intent]:
    """A document of anything, and an intent somewhere in it."""
    text = draw(ANSWERS)
    start = draw(st.integers(0, len(text)))
    intent = Intent(
        kind=draw(st.sampled_from([IntentKind.COMMENT, IntentKind.BODY, IntentKind.CONTINUE])),
        language=draw(st.sampled_from(LANGUAGES)),
        extent=draw(st.sampled_from(list(Extent))),
        start=start,
        end=draw(st.integers(start, len(text))),
        lead=draw(st.sampled_from(["", "\n", "\n    ", "\r\n\t", " "])),
        tail=draw(st.sampled_from(["", "\n"])),
        indent=draw(st.sampled_from(["", "    ", "\t", "  "])),
        request=draw(st.sampled_from(["", "say hello"])),
        name=draw(st.sampled_from(["", "f"])),
        signature=draw(st.sampled_from(["", "def f():"])),
    )
    return text, intent


def outcome(text: str, intent: Intent, pieces: list[str]) -> tuple[object, bool]:
    """The result of feeding all pieces, and whether the shaper said it was complete before they ended."""
    shaper = Shaper(text, intent)
    over = [shaper.feed(piece) for piece in pieces]
    assert over == sorted(over), "complete must stay complete"
    return shaper.result(), any(over)


def cut(answer: str, places_: list[int]) -> list[str]:
    edges = sorted({0, len(answer), *(place % (len(answer) + 1) for place in places_)})
    return [answer[a:b] for a, b in pairwise(edges)]


@given(places(), ANSWERS, st.lists(st.integers(0, 10_000), max_size=8))
@settings(max_examples=400, deadline=None)
def test_pieces_do_not_matter(place: tuple[str, Intent], answer: str, edges: list[int]) -> None:
    """Letter by letter, in chunks or at once: tokens are cut anywhere, also between CR and LF."""
    text, intent = place
    whole = outcome(text, intent, [answer])
    assert outcome(text, intent, list(answer)) == whole
    assert outcome(text, intent, cut(answer, edges)) == whole


@given(st.sampled_from(sorted(CASES)), st.lists(st.integers(0, 10_000), max_size=8))
@settings(max_examples=200, deadline=None)
def test_pieces_of_real_answers_do_not_matter(name: str, edges: list[int]) -> None:
    """The same for answers a model would give, which reach deeper into the rules than noise does."""
    case = CASES[name]
    whole = outcome(case.text, case.intent, [case.answer])
    assert outcome(case.text, case.intent, cut(case.answer, edges)) == whole


@given(places(), ANSWERS, ANSWERS)
@settings(max_examples=200, deadline=None)
def test_nothing_after_the_end_counts(place: tuple[str, Intent], answer: str, more: str) -> None:
    """Tokens that were under way when the stream was closed must not change the answer."""
    text, intent = place
    shaper = Shaper(text, intent)
    if not shaper.feed(answer):
        shaper.result()
    result = shaper.result()
    assert shaper.feed(more)
    assert shaper.result() == result == shaper.partial()


@given(places(), ANSWERS)
@settings(max_examples=300, deadline=None)
def test_any_text_gives_a_fitting_answer_or_none(place: tuple[str, Intent], answer: str) -> None:
    """No text raises, and what comes out keeps its promises: lead and tail around code, never blank."""
    text, intent = place
    shaper = Shaper(text, intent)
    shaper.feed(answer)
    partial = shaper.partial()
    for shaped in (partial, shaper.result(truncated=True), shaper.result()):
        if shaped is None:
            continue
        assert shaped.text == intent.lead + shaped.code + intent.tail
        assert shaped.code.strip()
        if intent.extent is Extent.LINE:
            assert "\n" not in shaped.code


@pytest.mark.parametrize(
    ("name", "unread"),
    [
        # The first letter of the next function is enough; its whole line is not waited for.
        ("python: a body ends at a dedent", "ef sub(a, b):\n    return a - b\n"),
        ("braces: a body ends before the brace of its function", "\n\nfunction other() {\n"),
        ("words: a SQL block ends at a blank line", "SELECT 1;\n"),
        ("context: a line answer has no newline", "y = 2\n"),
    ],
)
def test_the_stream_is_closed_as_early_as_can_be(name: str, unread: str) -> None:
    """Each token not generated saves 60 ms on a CPU: the end is seen at the first letter that shows it."""
    case = CASES[name]
    answer = case.answer.rstrip("\n") + "\n"
    shaper = Shaper(case.text, case.intent)
    taken = next(number for number, letter in enumerate(answer, 1) if shaper.feed(letter))
    assert answer[taken:] == unread


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("x = 1\n    y = (", "x = 1"),
        ("x = 1\n    y = 2", "x = 1"),
        ("if x:\n        y = 1\n        z = ", "if x:\n        y = 1"),
        ("if x:\n        ", None),
        ("x = ", None),
        ("# why\n    x = 1\n", "# why\n    x = 1"),
    ],
)
def test_a_deadline_gets_whole_statements(answer: str, code: str | None) -> None:
    """When time is up, what is shown must stand alone: never half a statement or a header without its block."""
    intent = Intent(
        kind=IntentKind.BODY, language="python", extent=Extent.BODY, start=8, end=8, lead="\n    ", indent="    "
    )
    shaper = Shaper("def f():", intent)
    assert not shaper.feed(answer)
    for shaped in (shaper.partial(), shaper.result(truncated=True)):
        assert (shaped and shaped.code) == code
        assert shaped is None or not shaped.complete


def test_code_the_prompt_began_is_part_of_the_answer() -> None:
    """A prompt that scaffolds `def ` has the model answer from the name on; the file needs the keyword too."""
    intent = Intent(kind=IntentKind.COMMENT, language="python", extent=Extent.BLOCK, start=5, end=5, lead="\n")
    shaper = Shaper("# add", intent, prompt_assumed="def ")
    shaper.feed("add(a, b):\n    return a + b\n")
    shaped = shaper.result()
    assert shaped is not None
    assert shaped.code == "def add(a, b):\n    return a + b"


def test_one_endless_line_is_stopped() -> None:
    """A small model may repeat one phrase for ever without a line end; nothing of that is worth showing whole."""
    intent = Intent(kind=IntentKind.COMMENT, language="python", extent=Extent.BLOCK, start=0, end=0)
    shaper = Shaper("", intent)
    assert any(shaper.feed("x = [0, 1], ") for _ in range(100))
    assert shaper.result() is None
