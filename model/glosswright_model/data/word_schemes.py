"""How text is cut into words, and targets put together again: named schemes for the word-level pipeline.

Targets can be put together again exactly as far as the scheme promises, sources need not be. Cutting is deterministic
and never fails, whatever the text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from glosswright_model.data import python_words
from glosswright_model.data.comment_words import SourceWords, cut_comment, cut_comment_jieba
from glosswright_model.errors import DataError


class TargetScheme(NamedTuple):
    """Both ways between code and words."""

    cut: Callable[[str], list[str]]
    join: Callable[[Sequence[str]], str]


def source_scheme(name: str) -> Callable[[str], SourceWords]:
    """The function that cuts a source. Raises DataError for a name there is not."""
    if name not in SOURCE_SCHEMES:
        raise DataError(f"there is no way {name!r} to cut sources; choose one of {', '.join(SOURCE_SCHEMES)}")
    return SOURCE_SCHEMES[name]


def target_scheme(name: str) -> TargetScheme:
    """The functions that cut and join a target. Raises DataError for a name there is not."""
    if name not in TARGET_SCHEMES:
        raise DataError(f"there is no way {name!r} to cut targets; choose one of {', '.join(TARGET_SCHEMES)}")
    return TARGET_SCHEMES[name]


def clean(text: str) -> str:
    """The text with what UTF-8 cannot carry (half a surrogate pair) replaced by "?"."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def cut_spaces(text: str) -> list[str]:
    """At spaces: for corpora that come as token lists. Other white space belongs to words."""
    return [word for word in text.split(" ") if word]


def cut_dotted(text: str) -> SourceWords:
    """At spaces, and `a.b [ a . b ]` becomes `a . b`.

    TRANX's form of the Django corpus repeats each dotted name with its parts, for only the parts can be copied. The
    name itself helps nobody after that: sources get a tenth shorter.
    """
    words = cut_spaces(text)
    kept: list[str] = []
    place = 0
    while place < len(words):
        word = words[place]
        if "." in word and words[place + 1 : place + 2] == ["["] and "]" in words[place + 2 :]:
            close = words.index("]", place + 2)
            if "".join(words[place + 2 : close]) == word:
                kept += words[place + 2 : close]
                place = close + 1
                continue
        kept.append(word)
        place += 1
    return SourceWords(kept, kept)


def _source_spaces(text: str) -> SourceWords:
    words = cut_spaces(text)
    return SourceWords(words, words)


SOURCE_SCHEMES: dict[str, Callable[[str], SourceWords]] = {
    "spaces": _source_spaces,
    "dotted": cut_dotted,
    "comment": cut_comment,
    "comment-jieba": cut_comment_jieba,
}
"""Token lists as they come; without doubled names; and what people write, Chinese by characters or by words."""

TARGET_SCHEMES: dict[str, TargetScheme] = {
    "spaces": TargetScheme(cut_spaces, " ".join),
    "python": TargetScheme(python_words.cut, python_words.join),
    "python-tokens": TargetScheme(cut_spaces, python_words.join),
}
"""Token lists as they come; Python code; and Python as TRANX's token lists on the way in, as code on the way out, which
is how a model of the Django corpus is served."""
