"""Python from words: which word may come next, where a vocabulary holds whole tokens of Python.

The form is that of `data.python_words`: `⏎`, `⇥` and `⇤` for layout; a string is its opening quote (with a prefix, if
any), its content as words, and the closing quote. A slot such as `_STR:0_` is content like any other.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from glosswright_model.decoding.grammar.python_lexer import NUMBER
from glosswright_model.decoding.grammar.python_syntax import FRAGMENT, KEYWORDS, OPERATORS, python_grammar
from glosswright_model.decoding.grammar.recognizer import END, Prefix, Recognizer
from glosswright_model.seq2seq.batch import EOS

LAYOUT: Mapping[str, str] = {"⏎": "NEWLINE", "⇥": "INDENT", "⇤": "DEDENT"}
_SPACE, _EMPTY = "▁", "∅"
_N_SPECIAL = 4

_OPENING = re.compile(r"(?P<prefix>[A-Za-z]{0,2})(?P<quote>'''|\"\"\"|'|\")")
_TOKEN = re.compile(
    r"(?P<string>[A-Za-z]{0,2}(?:'''.*?'''|\"\"\".*?\"\"\"|'[^'\\]*(?:\\.[^'\\]*)*'|\"[^\"\\]*(?:\\.[^\"\\]*)*\"))"
    rf"|(?P<name>[^\W\d]\w*)|(?P<number>{NUMBER.pattern})(?![\w.])|(?P<operator>{'|'.join(map(re.escape, OPERATORS))})",
    re.DOTALL,
)


class _Word(NamedTuple):
    """What a word can be."""

    text: str
    terminals: tuple[str, ...] | None
    """As code; None where it is none."""
    opens: str
    """The quote that closes the string which it opens, or nothing."""
    string: str = ""
    """STRING or BYTES: what it opens."""


class PythonWords:
    """The constraint for one vocabulary. Not to be shared between threads without a lock."""

    def __init__(self, vocabulary: Sequence[str], *, start: str = FRAGMENT) -> None:
        """`vocabulary[i]` is the text of id i, "" for the special ones. `start` is PROGRAM or FRAGMENT.

        Raises ValueError where the vocabulary cannot express even the shortest program.
        """
        self._words = tuple(_word(text) for text in vocabulary)
        usable = {word.terminals[0] for word in self._words if word.terminals and len(word.terminals) == 1}
        grammar = python_grammar()
        costs: dict[str, float] = {terminal: 1.0 for terminal in grammar.terminals if terminal in usable}
        missing = grammar.terminals - costs.keys()
        texts = set(vocabulary)
        for word in self._words:
            if word.opens in texts and word.string in missing and _fits(word.opens, "", word.text):
                costs[word.string] = 2.0
        if "NEWLINE" not in usable:  # a line can end by the end of all then, but no other line can follow
            costs["NEWLINE"] = 1.0
            for terminal in ("elif", "else", "except", "finally", "def", "class"):
                costs.pop(terminal, None)
        unusable = {terminal: float("inf") for terminal in grammar.terminals - costs.keys()}
        self._recognizer = Recognizer(grammar, start, {**costs, **unusable, END: 1.0})
        if self._recognizer.empty.ending == float("inf"):
            raise ValueError("the vocabulary has no words that make up even the shortest Python")

    def prefixes(self, extras: Sequence[Sequence[str]]) -> list[WordPrefix]:
        """The empty prefix for each source; `extras[b]` are what its ids behind the vocabulary stand for."""
        return [WordPrefix(self._words, tuple(_word(text) for text in each), self._recognizer.empty) for each in extras]


class WordPrefix:
    """A `decoding.constraint.Prefix` over words."""

    __slots__ = ("_extras", "_string", "_syntax", "_words")

    def __init__(
        self, words: tuple[_Word, ...], extras: tuple[_Word, ...], syntax: Prefix, string: _Word | None = None
    ) -> None:
        self._words = words
        self._extras = extras
        self._syntax = syntax
        """With the string that is open already behind it."""
        self._string = string
        """What opened it."""

    def after(self, token: int, room: int) -> WordPrefix | None:
        """See `decoding.constraint.Prefix`."""
        if token == EOS:
            return self if self._string is None and _may_end(self._syntax) else None
        size = len(self._words)
        if not _N_SPECIAL <= token < size + len(self._extras):
            return None
        following = self._following(self._words[token] if token < size else self._extras[token - size])
        if following is None:
            return None
        left = following._ending
        return following if left <= room or left < self._ending else None

    @property
    def _ending(self) -> float:
        return self._syntax.ending + (self._string is not None)

    def _following(self, word: _Word) -> WordPrefix | None:
        string = self._string
        if string is not None:
            if word.text == string.opens:
                return WordPrefix(self._words, self._extras, self._syntax)
            inside = word.text not in LAYOUT and _fits(string.opens, word.text, string.text)
            return self if inside else None
        if word.opens:
            opened = self._syntax.after(word.string)
            return None if opened is None else WordPrefix(self._words, self._extras, opened, word)
        syntax: Prefix | None = self._syntax
        for terminal in word.terminals or ():
            syntax = syntax and syntax.after(terminal)
        return None if syntax is None or not word.terminals else WordPrefix(self._words, self._extras, syntax)


def _may_end(syntax: Prefix) -> bool:
    if syntax.after(END) is not None:
        return True
    line = syntax.after("NEWLINE")
    return line is not None and line.after(END) is not None


@lru_cache(maxsize=100_000)
def _word(text: str) -> _Word:
    opening = _OPENING.fullmatch(text)
    if opening is not None:
        kind = _kind(f"{text}{opening['quote']}")
        return _Word(text, None, opening["quote"] if kind else "", kind)
    if text in LAYOUT:
        return _Word(text, (LAYOUT[text],), "")
    return _Word(text, _terminals(text), "")


def _terminals(text: str) -> tuple[str, ...] | None:
    """The tokens of a word that is code, or None."""
    found: list[str] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            return None
        kind, token = match.lastgroup, match[0]
        if kind == "string":
            terminal = _kind(token)
        elif kind == "name":
            terminal = token if token in KEYWORDS else "NAME" if token.isidentifier() and _SPACE not in token else ""
        else:
            terminal = "NUMBER" if kind == "number" else token
        if not terminal:
            return None
        found.append(terminal)
        at = match.end()
    return tuple(found) or None


@lru_cache(maxsize=100_000)
def _fits(quote: str, content: str, opening: str) -> bool:
    """Whether a word can be content of a string, whatever its neighbours are."""
    return bool(_kind(f"{opening}{content.replace(_SPACE, ' ').replace(_EMPTY, '')}{quote}"))


def _kind(literal: str) -> str:
    """STRING or BYTES for a single literal, "" for anything else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(literal, mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return ""
    if isinstance(tree, ast.JoinedStr):
        return "STRING"
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str | bytes):
        whole = literal[-1:] in "'\"" and tree.end_col_offset == len(literal.splitlines()[-1].encode())
        return ("BYTES" if isinstance(tree.value, bytes) else "STRING") if whole else ""
    return ""
