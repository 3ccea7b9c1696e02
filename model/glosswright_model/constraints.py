"""The grammar of a language for one text pipeline: where `data.codec` and `decoding.grammar` meet, who know no other.

Deliberately not here: when a constraint is used. Evaluation asks for it, the served network always has it.
"""

from __future__ import annotations

from collections.abc import Callable

from glosswright_model.data.bpe_codec import BpeCodec
from glosswright_model.data.codec import Codec, EncodedSource
from glosswright_model.data.word_codec import N_SPECIAL, WordCodec
from glosswright_model.decoding.constraint import Prefix
from glosswright_model.decoding.grammar.python_syntax import FRAGMENT, PROGRAM
from glosswright_model.decoding.grammar.python_text import PythonText
from glosswright_model.decoding.grammar.python_words import PythonWords
from glosswright_model.errors import DataError

Constraint = Callable[[EncodedSource], Prefix]
"""What a grammar allows at the beginning of the answer to a source."""


def has_grammar(language: str) -> bool:
    """Whether there is a grammar for a language, by the name the language server has for it."""
    return language == "python"


def constraint_for(codec: Codec, language: str, *, fragments: bool = False) -> Constraint:
    """The constraint that answers in `language` obey.

    `fragments` also allows parts of statements, as corpora of lines have them: a header without its block, a clause or
    a decorator alone. Raises DataError where there is no grammar for the language, or the vocabulary is too small.
    """
    if not has_grammar(language):
        raise DataError(f"there is no grammar of {language}: decode without one")
    start = FRAGMENT if fragments else PROGRAM
    try:
        if isinstance(codec, WordCodec):
            words = PythonWords([*[""] * N_SPECIAL, *codec.target_words], start=start)
            return lambda source: words.prefixes([source.extras])[0]
        if isinstance(codec, BpeCodec):
            text = PythonText(codec.target_pieces(), start=start)
            return lambda source: text.prefixes(1)[0]
    except ValueError as error:
        raise DataError(f"this vocabulary cannot be held to the grammar: {error}") from error
    raise DataError(f"there is no grammar for a text pipeline of kind {codec.kind!r}: decode without one")
