"""How published scores cut code into tokens. Each function is one protocol; none is a lexer of a language."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_SINGLE = re.compile(r"[^A-Za-z0-9_]")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def conala_tokens(code: str) -> list[str]:
    """The tokens of CoNaLa's BLEU (Yin et al. 2018), also those of the Django BLEU of Yin and Neubig (2017).

    Runs of ASCII letters, digits and underscores stay whole but for a cut before a capital that follows a small letter;
    every other character is a token; both quotation marks become a backtick; white space only separates.
    """
    spaced = _CAMEL.sub(" ", _SINGLE.sub(lambda found: f" {found[0]} ", code))
    return spaced.replace('"', "`").replace("'", "`").split()


def moses_tokens(text: str) -> list[str]:
    """The tokens of the code-docstring corpus (Barone and Sennrich 2017): Moses for English, characters escaped."""
    return list(_moses().tokenize(text, escape=True))


@lru_cache(maxsize=1)
def _moses() -> Any:
    from sacremoses import MosesTokenizer

    return MosesTokenizer("en")
