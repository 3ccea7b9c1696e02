"""How text is cut into words, and targets put together again: named schemes for the word-level pipeline.

Targets can be put together again exactly as far as the scheme promises, sources need not be. Cutting is deterministic
and never fails, whatever the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from glosswright_model.errors import DataError


class TargetScheme(NamedTuple):
    """Both ways between code and words."""

    cut: Callable[[str], list[str]]
    join: Callable[[Sequence[str]], str]


def source_scheme(name: str) -> Callable[[str], list[str]]:
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


def cut_dotted(text: str) -> list[str]:
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
    return kept


def _join_spaces(words: Iterable[str]) -> str:
    return " ".join(words)


SOURCE_SCHEMES: dict[str, Callable[[str], list[str]]] = {
    "spaces": cut_spaces,
    "dotted": cut_dotted,
}
TARGET_SCHEMES: dict[str, TargetScheme] = {
    "spaces": TargetScheme(cut_spaces, _join_spaces),
}
