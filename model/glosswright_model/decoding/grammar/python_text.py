"""Python from pieces of text: which one may come next, where a vocabulary holds parts of words, as BPE's does."""

from __future__ import annotations

from collections.abc import Sequence

from glosswright_model.decoding.grammar.python_lexer import Text, advance, begin, ending, may_end, text_costs
from glosswright_model.decoding.grammar.python_syntax import PROGRAM, python_grammar
from glosswright_model.decoding.grammar.recognizer import Recognizer
from glosswright_model.seq2seq.batch import EOS


class PythonText:
    """The constraint for one vocabulary. Not to be shared between threads without a lock."""

    def __init__(self, pieces: Sequence[bytes], *, start: str = PROGRAM) -> None:
        """`pieces[i]` is what id i adds to the text in UTF-8, nothing for special ones. `start` as in `PythonWords`.

        Raises ValueError unless each printable ASCII character and the end of a line are pieces of their own: only
        then can every text be ended.
        """
        missing = {bytes([byte]) for byte in (*range(32, 127), 10)} - set(pieces)
        if missing:
            raise ValueError(f"the vocabulary lacks single bytes, among them {min(missing)!r}")
        self._pieces = tuple(pieces)
        self._recognizer = Recognizer(python_grammar(), start, text_costs())

    def prefixes(self, count: int) -> list[TextPrefix]:
        """The empty prefix for each of `count` sources."""
        empty = TextPrefix(self._pieces, begin(self._recognizer))
        return [empty] * count


class TextPrefix:
    """A `decoding.constraint.Prefix` over pieces of text."""

    __slots__ = ("_ending", "_pieces", "_text")

    def __init__(self, pieces: tuple[bytes, ...], text: Text) -> None:
        self._pieces = pieces
        self._text = text
        self._ending = ending(text)

    def after(self, token: int, room: int) -> TextPrefix | None:
        """See `decoding.constraint.Prefix`."""
        if token == EOS:
            return self if may_end(self._text) else None
        piece = self._pieces[token] if token < len(self._pieces) else b""
        text = advance(self._text, piece) if piece else None
        if text is None:
            return None
        following = TextPrefix(self._pieces, text)
        return following if following._ending <= room or following._ending < self._ending else None
