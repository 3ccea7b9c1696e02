"""Networks trained with glosswright get the words that ask, and only requests of their kind."""

from __future__ import annotations

import pytest

from glosswright_server.intent.languages import language_for
from glosswright_server.intent.model import Intent, Trigger
from glosswright_server.intent.read import read_intent
from glosswright_server.intent.tree import parse
from glosswright_server.prompt.build import build_prompt
from glosswright_server.prompt.profile import profile_for

COMMENT = "def f(total):\n    # add one to total ,\n    # then return it\n    ▮\n"
BODY = 'def f(total):\n    """Return total plus one."""\n    ▮\n'
CONTINUE = "total = 1\nprint(▮"


def intent_at(marked: str, language_id: str = "python") -> tuple[str, Intent]:
    text, offset = marked.replace("▮", ""), marked.index("▮")
    language = language_for(language_id, "file:///a")
    tree = parse(text, language)
    return text, read_intent(text, offset, language, trigger=Trigger.EXPLICIT, tree=tree)


@pytest.mark.parametrize(
    ("unit", "language", "marked", "served"),
    [
        ("statement", "python", COMMENT, True),
        ("statement", "python", BODY, False),
        ("statement", "python", CONTINUE, False),
        ("function", "python", BODY, True),
        ("function", "python", COMMENT, False),
        ("statement", "rust", COMMENT, False),
        ("", "", COMMENT, True),
        ("", "", BODY, True),
        ("", "", CONTINUE, False),
    ],
)
def test_serves_what_it_was_trained_for(unit: str, language: str, marked: str, served: bool) -> None:
    """Anything else would get an answer to a question nobody asked."""
    _, intent = intent_at(marked)
    profile = profile_for("seq2seq", False, False, unit=unit, language=language)
    assert profile.serves(intent) == served
    assert profile_for("generic", False, False).serves(intent)


def test_the_prompt_is_the_words_and_nothing_else() -> None:
    """No code, no comment signs, nothing to stop at; further lines of the answer need the place's margin."""
    text, intent = intent_at(COMMENT)
    prompt = build_prompt(text, intent, profile_for("seq2seq", False, False, unit="statement"))
    assert prompt.prompt.split() == ["add", "one", "to", "total", ",", "then", "return", "it"]
    assert (prompt.suffix, prompt.stop) == (None, ())
    assert (prompt.assumed, prompt.margin) == ("    ", "    ")
    text, intent = intent_at(BODY)
    assert build_prompt(text, intent, profile_for("seq2seq", False, False)).prompt == "Return total plus one."


@pytest.mark.parametrize(
    ("unit", "language", "words"),
    [
        ("statement", "python", "comments in python"),
        ("function", "", "docstrings of functions without a body"),
        ("", "", "comments and docstrings"),
    ],
)
def test_says_what_it_serves(unit: str, language: str, words: str) -> None:
    """The message to those who ask by hand for something else."""
    assert profile_for("seq2seq", False, False, unit=unit, language=language).served == words
