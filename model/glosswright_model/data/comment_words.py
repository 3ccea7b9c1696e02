"""What a person wrote, in any language, as words that code can be copied from: the source side of the word pipeline.

Quoted strings become slots (`_STR:0_`), as in TRANX's form of the Django corpus: the network sees a slot, and a copy of
it writes the string. What stands in backticks can be copied as a string or as code. Dotted names fall into their parts,
for code needs the parts. Text in scripts without spaces is cut character by character, or into words by jieba. Text
that already is in the canonical form stays in it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from glosswright_model.data.chinese import cut_chinese
from glosswright_model.data.python_words import string_word


class SourceWords(NamedTuple):
    """A source in words."""

    words: list[str]
    """What the network sees."""
    copies: list[str]
    """For each word what a copy of it writes: the word itself but for slots, which write their string."""


def cut_comment(text: str) -> SourceWords:
    """Words of a comment; Chinese and Japanese character by character."""
    return _cut(text, chinese=False)


def cut_comment_jieba(text: str) -> SourceWords:
    """Words of a comment; Chinese in words, by jieba. Raises DataError where jieba is not installed."""
    return _cut(text, chinese=True)


_DOUBLED = re.compile(r"(?<!\S)(?P<name>[^\s\[\]]*\.[^\s\[\]]*) \[ (?P<parts>[^\[\]]+) \](?!\S)")
"""`a.b [ a . b ]`, as the canonical form writes a dotted name."""

_QUOTED = re.compile(
    r"""(?<![\w'"`])(?P<quote>['"])(?P<text>(?:(?!(?P=quote))[^\\\n]|\\.)*)(?P=quote)(?![\w'"])|“(?P<curly>[^”\n]*)”|(?<!`)`(?P<code>[^`\n]+)`(?!`)"""
)
"""A string: its quotes stand at the borders of words, so that an apostrophe opens nothing. Or code in backticks."""

_NAMES = re.compile(r"\w+(?:\(\))?")
"""A single name: its copy serves as a string's content, too."""

_SLOT = re.compile(r"(_STR:\d+_)")

_WORD = re.compile(
    r"0[xXbBoO][0-9a-fA-F_]+|\d+(?:_\d+)*(?:\.\d+)?(?:[eE][-+]?\d+)?(?!\w)"  # a number
    r"|\w+|'[a-z]{1,2}\b"  # a name or a word, and what an apostrophe adds to one
    r"|%[a-zA-Z]\b"  # a place in a format
    r"|\*\*=?|//=?|<<=?|>>=?|[-+*/%&|^@:<>=!]=|->|\.\.\."  # operators of more than one character
    r"|\S"
)


def _cut(text: str, *, chinese: bool) -> SourceWords:
    text = _DOUBLED.sub(_undouble, text)
    words: list[str] = []
    copies: list[str] = []
    slots: dict[str, str] = {}
    place = 0
    # Where slots stand already, quotes are what the makers of the corpus left over.
    for match in () if _SLOT.search(text) else _QUOTED.finditer(text):
        _add(text[place : match.start()], words, copies, chinese)
        if match["code"] is not None and _NAMES.fullmatch(match["code"]):
            _add(match[0], words, copies, chinese)
            place = match.end()
            continue
        content = next(found for found in (match["text"], match["curly"], match["code"]) if found is not None)
        written = string_word(content)
        slot = slots.setdefault(written, f"_STR:{len(slots)}_")
        words.append(slot)
        copies.append(written)
        if match["code"] is not None:  # it may be a string's content or code: both can be copied
            _add(f"[ {content} ]", words, copies, chinese)
        place = match.end()
    _add(text[place:], words, copies, chinese)
    return SourceWords(words, copies)


def _undouble(match: re.Match[str]) -> str:
    return match["parts"] if match["parts"].replace(" ", "") == match["name"] else match[0]


def _add(text: str, words: list[str], copies: list[str], chinese: bool) -> None:
    found: list[str] = []
    for place, piece in enumerate(_SLOT.split(text)):
        if place % 2:
            found.append(piece)
        elif piece.isascii():
            found += _WORD.findall(piece)
        else:
            found += [part for word in _unicode_words(piece) for part in _scripts(word, chinese)]
    words += found
    copies += found


def _unicode_words(text: str) -> list[str]:
    """Words, each with its combining marks: Python's `\\w` would cut Hindi and Thai at every vowel sign."""
    pieces: list[str] = []
    end = -1
    for match in _WORD.finditer(text):
        joined = match.start() == end and (
            unicodedata.category(match[0][0])[0] == "M" or (pieces and unicodedata.category(pieces[-1][-1])[0] == "M")
        )
        if joined and unicodedata.category(match[0][0])[0] not in "PSZ":
            pieces[-1] += match[0]
        else:
            pieces.append(match[0])
        end = match.end()
    return pieces


_UNSPACED = re.compile(
    "([\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+)"
)
"""Runs of Han characters and kana."""


def _scripts(word: str, chinese: bool) -> list[str]:
    words: list[str] = []
    for piece in _UNSPACED.split(word):
        if piece and _UNSPACED.fullmatch(piece):
            words += cut_chinese(piece) if chinese else list(piece)
        elif piece:
            words.append(piece)
    return words
