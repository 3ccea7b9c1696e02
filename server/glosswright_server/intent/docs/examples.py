"""The checkable examples in a docstring's or comment's text: the entry to the `examples_*` modules.

A wrong example makes right code look wrong, so what may mean something else is left out, or named as unreadable when
it plainly is an example. Nothing is evaluated; the time is linear in the text. Never raises.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from glosswright_server.intent.contract import Example
from glosswright_server.intent.docs.cleaning import visible_code
from glosswright_server.intent.docs.examples_asserts import read_call_asserts, read_python_asserts
from glosswright_server.intent.docs.examples_calls import read_calls
from glosswright_server.intent.docs.examples_dialect import Dialect
from glosswright_server.intent.docs.examples_doctest import read_prompts
from glosswright_server.intent.docs.examples_given import read_given
from glosswright_server.intent.docs.examples_other import OtherDialect
from glosswright_server.intent.docs.examples_python import PythonDialect
from glosswright_server.intent.docs.examples_scan import MAX_EXAMPLES, PROMPTS, Reading
from glosswright_server.intent.docs.examples_script import ScriptDialect
from glosswright_server.intent.languages import LANGUAGES

MAX_TEXT = 1_000_000
"""Code points of a text that are read; the rest is left out."""

_MOST_SHOWN = 5  # unreadable examples that are named one by one

_FULL_WIDTH = str.maketrans("（），：；＝“”‘’［］｛｝", "(),:;=\"\"''[]{}")
_IS_FULL_WIDTH = re.compile("[（），：；＝“”‘’［］｛｝]")
_QUOTED_FULL_WIDTH = re.compile("\"[^\"\n]*[（），：；＝［］｛｝][^\"\n]*\"|'[^'\n]*[（），：；＝［］｛｝][^'\n]*'")
_INLINE_TAG = re.compile(r"\{@(?:code|literal|link)\s+([^{}\n]{0,200})\}")


def find_examples(
    text: str, language: str, *, name: str = "", parameters: tuple[str, ...] = (), names: Collection[str] = ()
) -> tuple[tuple[Example, ...], tuple[str, ...]]:
    """The examples in `text`, comment markers removed, and those that are there but cannot be read, one line each.

    `language` is a key of `languages.LANGUAGES`; `name` is the function's name, "" where it is not known;
    `parameters` are its parameters' names in order, which examples such as "[1, 2] -> 3" need; `names` are bound where
    the code will stand, so that an example may use them: `due(date(2024, 1, 31)) == date(2024, 2, 1)`. `Example.setup`
    holds what runs since the example before it in the same session. `PRINTS` expects what a prompt would show: what is
    printed, then the value's `repr` where it is not None.
    """
    text = _plain(text[:MAX_TEXT])
    reading = Reading(text, name, parameters, names)
    taken: set[int] = set()
    dialect: Dialect
    if language == "python":
        dialect = PythonDialect(name, parameters, names)
        taken = read_prompts(reading)
        read_python_asserts(reading, taken)
    else:
        dialect = _dialect(language, name, parameters, names)
        read_call_asserts(reading, dialect, taken)
    read_calls(reading, dialect, taken)
    read_given(reading, dialect, taken)
    return _result(reading)


def _dialect(language: str, name: str, parameters: tuple[str, ...], names: Collection[str]) -> Dialect:
    if language in ("javascript", "typescript", "tsx"):
        return ScriptDialect(language, name, parameters, names)
    comments = LANGUAGES[language].line_comments if language in LANGUAGES else ()
    return OtherDialect(comments[0] if comments else "#", name, parameters)


def _plain(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", " ").expandtabs(4)
    text = visible_code(text)
    text = _INLINE_TAG.sub(r"\1", text)
    if not _IS_FULL_WIDTH.search(text):
        return text
    return "\n".join(
        line if _QUOTED_FULL_WIDTH.search(line) else line.translate(_FULL_WIDTH) for line in text.split("\n")
    )


def _result(reading: Reading) -> tuple[tuple[Example, ...], tuple[str, ...]]:
    """What was found in the text's order, without repetitions and without what contradicts itself."""
    expected: dict[str, str] = {}
    contradicted = set()
    examples: list[Example] = []
    for example in sorted(reading.found, key=lambda one: one.line):
        if example.session != PROMPTS:
            known = expected.setdefault(example.expression, example.expected)
            if known != example.expected:
                contradicted.add(example.expression)
                reading.reject(example.line, example.text, f"it was {known} before")
            elif any(one.text == example.text and one.setup == example.setup for one in examples):
                continue
        examples.append(example)
    kept = [one for one in examples if one.session == PROMPTS or one.expression not in contradicted]
    unreadable = list(dict.fromkeys(line for _, line in sorted(reading.unreadable, key=lambda one: one[0])))
    if len(unreadable) > _MOST_SHOWN:
        unreadable[_MOST_SHOWN:] = [f"… and {len(unreadable) - _MOST_SHOWN} more"]
    if len(kept) > MAX_EXAMPLES:
        unreadable.append(f"what follows {kept[MAX_EXAMPLES - 1].text} (only {MAX_EXAMPLES} examples are checked)")
    elif reading.work <= 0 and kept:
        unreadable.append("examples further down (the text is too long to look for all of them)")
    return tuple(kept[:MAX_EXAMPLES]), tuple(unreadable)
