"""What llama.cpp's server sends for one request, turned into deltas and finishes of its choices.

Promise: no exception is lost on its way through C++, and nothing is told that llama.cpp did not say. Deliberately no
tokens and no engine here: plain dictionaries in, `base` values out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from glosswright_model.errors import GenerationError

from .base import Delta, Finish, FinishReason, GenerationRequest, OnChoice, TokenLogprob

_NO_PROBABILITY = -9999.0
"""Log-probability of the impossible, as the OpenAI API writes it: JSON has no infinity."""


class ResponseStream:
    """The receiving end of one streamed request, whose choices come in any order."""

    def __init__(
        self,
        on_choice: OnChoice,
        request: GenerationRequest,
        *,
        count: int,
        prompt_tokens: int,
        truncated_tokens: int,
        stopped: Callable[[], bool],
    ) -> None:
        """`stopped` is asked with each piece: whether the back end is closing."""
        self._on_choice = on_choice
        self._request = request
        self._prompt_tokens = prompt_tokens
        self._truncated_tokens = truncated_tokens
        self._stopped = stopped
        self._open: dict[int, dict[str, Any]] = {index: {} for index in range(count)}
        """The choices that have not ended, with the last timings told of each."""
        self._first: int | None = None
        """The choice that is said to have evaluated the prompt."""
        self._error: BaseException | None = None

    def receive(self, chunk: Any) -> bool:
        """Called by the engine's thread with each piece of the answer; True stops all of it.

        An exception must not leave this function: it would be lost in C++. It is kept and raised by `finish`.
        """
        try:
            return not self._receive(chunk)
        except BaseException as error:
            self._error = error
            return True

    def finish(self) -> None:
        """Once the engine has returned: say that what has not ended was cancelled. Raises what `receive` had to keep to
        itself."""
        if self._error is not None:
            raise self._error
        for index in list(self._open):
            self._on_choice(index, self._finish(index, "cancelled"))

    def _receive(self, chunk: dict[str, Any]) -> bool:
        if "error" in chunk:
            message = (
                chunk["error"].get("message", "unknown error") if isinstance(chunk["error"], dict) else chunk["error"]
            )
            raise GenerationError(f"llama.cpp refused the request: {str(message)[:200]}")
        choice = chunk["choices"][0] if chunk.get("choices") else {}
        index = int(choice.get("index", 0))
        if index not in self._open:
            return bool(self._open)
        self._open[index] = chunk.get("timings", self._open[index])
        tokens = _logprobs(choice, self._request.logprobs)
        # A request for no tokens only fills the prefix cache; llama.cpp samples one all the same.
        delta = Delta(choice.get("text", ""), tokens) if self._request.max_tokens > 0 else Delta("")
        go_on = self._on_choice(index, delta)
        finish_reason = choice.get("finish_reason")
        if finish_reason is not None:
            reason: FinishReason = "length" if finish_reason == "length" else "stop"
            go_on = self._on_choice(index, self._finish(index, reason)) and go_on
            if not self._open:
                return True  # its own end; a stop now would be told as a cancellation
        return go_on and not self._stopped()

    def _finish(self, index: int, reason: FinishReason) -> Finish:
        timings = self._open.pop(index)
        # llama.cpp hands what it computed for one choice to the others, and the timings with it.
        is_first = self._first in (None, index)
        self._first = index if self._first is None else self._first
        return Finish(
            reason=reason,
            prompt_tokens=self._prompt_tokens,
            cached_tokens=int(timings.get("cache_n", 0)) if is_first else self._prompt_tokens,
            completion_tokens=int(timings.get("predicted_n", 0)) if self._request.max_tokens > 0 else 0,
            truncated_tokens=self._truncated_tokens,
            prefill_s=float(timings.get("prompt_ms", 0.0)) / 1000 if is_first else 0.0,
            decode_s=float(timings.get("predicted_ms", 0.0)) / 1000,
        )


def _logprobs(choice: dict[str, Any], wanted: int | None) -> tuple[TokenLogprob, ...]:
    content = (choice.get("logprobs") or {}).get("content") or ()
    if wanted is None:
        return ()
    return tuple(
        TokenLogprob(
            str(token.get("token", "")),
            _finite(token.get("logprob")),
            tuple((str(top["token"]), _finite(top["logprob"])) for top in token.get("top_logprobs", ())[:wanted]),
        )
        for token in content
    )


def _finite(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else _NO_PROBABILITY
