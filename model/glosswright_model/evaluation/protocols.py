"""The ways in which published papers score code, by name: what is equal, which tokens BLEU sees, which mean is taken.

A figure is only comparable with a published one if it follows the same protocol. Each of them is written from the
paper's own description or script; `docs/metrics.md` says where they differ and what a user should choose.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial

from glosswright_model.data.readers.code_docstring import flatten, unflatten
from glosswright_model.errors import DataError
from glosswright_model.evaluation.python_text import from_canonical, normal_form
from glosswright_model.evaluation.tokens import conala_tokens, moses_tokens


def _same(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Protocol:
    """How a corpus is scored."""

    name: str
    source: str
    """Where it is described, for reports."""
    code: Callable[[str], str]
    """Target text of the corpus to source code."""
    equal: Callable[[str], Hashable]
    """Target text to what exact match compares."""
    tokens: Callable[[str], list[str]]
    """Target text to what BLEU counts."""
    written: Callable[[str], str] = _same
    """What a model says that was trained on pairs of this corpus to the form of its targets."""
    mean_sentence_bleu: bool = False
    """Whether the published figure is the mean over sentences, not the score of the corpus."""


def find_protocol(name: str) -> Protocol:
    """The protocol of that name; DataError says which there are."""
    for protocol in PROTOCOLS:
        if protocol.name == name:
            return protocol
    raise DataError(f"There is no protocol {name!r}; there are {', '.join(each.name for each in PROTOCOLS)}.")


def _canonical_equal(text: str) -> str:
    return normal_form(from_canonical(text))


def _canonical_tokens(text: str) -> list[str]:
    return conala_tokens(from_canonical(text))


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PROTOCOLS = (
    Protocol(
        "django",
        "Yin and Neubig 2017, 2018 (tranX): code equal after its syntax tree is written out, string literals as slots; "
        "BLEU the mean over sentences, smoothed by method 3",
        from_canonical,
        _canonical_equal,
        _canonical_tokens,
        mean_sentence_bleu=True,
    ),
    Protocol(
        "conala",
        "Yin et al. 2018: unsmoothed BLEU-4 of the corpus over the tokens of the official script",
        _same,
        normal_form,
        conala_tokens,
    ),
    Protocol(
        "code-docstring",
        "Barone and Sennrich 2017: multi-bleu over Moses tokens of bodies on one line",
        unflatten,
        _words,
        moses_tokens,
        partial(flatten, depth=1),
    ),
    Protocol(
        "plain",
        "unsmoothed BLEU-4 of the corpus over tokens between blanks; equal token lists",
        _same,
        _words,
        str.split,
    ),
)
