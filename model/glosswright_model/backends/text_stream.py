"""Tokens in, deltas out: how the transformers back end turns token ids into a stream of text.

Promise: whole characters only, up to a stop string, and with each delta the log-probabilities of its tokens.
Deliberately not here: which token comes next, and which one ends the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .base import Delta, GenerationRequest, TokenLogprob
from .stop_strings import StopStrings

_WINDOW = 6
"""Tokens of context decoded along with a new one, so that the tokenizer writes it as it would inside a text."""
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class TextStream:
    """The text of one answer."""

    def __init__(self, tokenizer: Any, before: Sequence[int], request: GenerationRequest) -> None:
        self._tokenizer = tokenizer
        self._ids = list(before[-_WINDOW:])
        self._start = 0
        self._shown = len(self._ids)
        self._stops = StopStrings(request.stop)
        self._wanted = request.logprobs
        self._waiting: list[TokenLogprob] = []

    @property
    def stopped(self) -> bool:
        return self._stops.found

    def push(self, token: int, logits: Any) -> Delta:
        self._ids.append(token)
        piece = self._decode(self._start, len(self._ids))[len(self._decode(self._start, self._shown)) :]
        if piece.endswith(_REPLACEMENT):
            piece = ""  # part of a character; the next token brings the rest
        elif piece:
            self._start, self._shown = max(self._shown - _WINDOW, 0), len(self._ids)
        if self._wanted is not None:
            self._waiting.append(self._logprob(token, piece, logits))
        shown = self._stops.push(piece)
        if not shown:
            return Delta("")
        tokens, self._waiting = tuple(self._waiting), []
        return Delta(shown, tokens)

    def flush(self) -> Delta | None:
        """What was held back for a stop string that did not come. Part of a character is dropped."""
        rest = self._stops.flush()
        return Delta(rest, tuple(self._waiting)) if rest or self._waiting else None

    def _decode(self, start: int, end: int) -> str:
        return str(
            self._tokenizer.decode(self._ids[start:end], skip_special_tokens=True, clean_up_tokenization_spaces=False)
        )

    def _logprob(self, token: int, piece: str, logits: Any) -> TokenLogprob:
        logprobs = logits.log_softmax(dim=-1)
        top: tuple[tuple[str, float], ...] = ()
        if self._wanted:
            values, indices = logprobs.topk(min(self._wanted, len(logprobs)))
            top = tuple((str(self._tokenizer.decode([int(i)])), float(v)) for v, i in zip(values, indices, strict=True))
        return TokenLogprob(piece, float(logprobs[token]), top)
