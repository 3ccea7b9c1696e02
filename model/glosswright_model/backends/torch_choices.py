"""The choices of one request, written side by side: picks each one's tokens and says what comes of them.

Promise: each choice draws from its own source of chance, so that it does not depend on how many others are written
beside it, and leaves the batch when it ends. Deliberately not here: the network, and what a prompt is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from .base import Delta, FinishReason, GenerationRequest
from .text_stream import TextStream
from .torch_decoding import Decoder, pick, seeded


class Voice:
    """One choice: its text so far, and its source of chance."""

    def __init__(
        self,
        index: int,
        request: GenerationRequest,
        tokenizer: Any,
        before: Sequence[int],
        *,
        max_tokens: int,
        end: frozenset[int],
    ) -> None:
        """`before` is the prompt where the text goes on from it; `end` are the tokens that end the text."""
        self.index = index
        self.n_tokens = 0
        self._request = request
        self._max_tokens = max_tokens
        self._end = end
        self._text = TextStream(tokenizer, before, request)
        self._chance = seeded(None if request.seed is None else request.seed + index)

    def next(self, logits: torch.Tensor, tell: Callable[[int, Delta], bool]) -> tuple[int, FinishReason | None]:
        """Pick a token by `logits` [vocabulary] and tell its text; returns it, and why it was the last if it was."""
        if self.n_tokens >= self._max_tokens:
            return -1, "length"
        request = self._request
        token = pick(logits, temperature=request.temperature, top_p=request.top_p, generator=self._chance)
        self.n_tokens += 1
        reason: FinishReason | None = "stop" if token in self._end else None
        if reason is None:
            if not tell(self.index, self._text.push(token, logits)):
                return token, "cancelled"
            if self._text.stopped:
                return token, "stop"
            reason = "length" if self.n_tokens >= self._max_tokens else None
        if reason is not None and (rest := self._text.flush()) is not None:
            tell(self.index, rest)
        return token, reason


def write(
    decoder: Decoder,
    logits: torch.Tensor,
    voices: list[Voice],
    tell: Callable[[int, Delta], bool],
    finish: Callable[[Voice, FinishReason], bool],
) -> bool:
    """Write all `voices`, which go on from `logits` [vocabulary]; False when the network's cache cannot be copied.

    `tell` and `finish` return whether to go on; once one does not, what has not ended is cancelled.
    """
    batch = decoder.fork(len(voices)) if len(voices) > 1 else None
    if batch is None and len(voices) > 1:
        return False
    rows = logits.expand(len(voices), -1)  # [voices, vocabulary]
    go_on = True
    while voices:
        tokens: list[int] = []
        kept: list[int] = []
        for row, voice in enumerate(voices):
            token, reason = voice.next(rows[row], tell) if go_on else (-1, "cancelled")
            if reason is None:
                tokens.append(token)
                kept.append(row)
            else:
                go_on = finish(voice, reason) and reason != "cancelled" and go_on
        voices = [voices[row] for row in kept]
        if voices and go_on:
            if batch is None:
                rows = decoder.step(tokens[0])[None]
            else:
                batch.keep(kept)
                rows = batch.step(tokens)
    return True
