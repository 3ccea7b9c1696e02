"""What llama.cpp's server sends for one completion, turned into deltas and a finish.

Promise: no exception is lost on its way through C++, and nothing is told that llama.cpp did not say. Deliberately no
tokens and no engine here: plain dictionaries in, `base` values out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from glosswright_model.errors import GenerationError

from .base import Delta, Finish, FinishReason, GenerationRequest, OnDelta, TokenLogprob

_NO_PROBABILITY = -9999.0
"""Log-probability of the impossible, as the OpenAI API writes it: JSON has no infinity."""


class ResponseStream:
    """The receiving end of one streamed completion."""

    def __init__(self, on_delta: OnDelta, request: GenerationRequest, stopped: Callable[[], bool]) -> None:
        self._on_delta = on_delta
        self._request = request
        self._stopped = stopped
        self._reason: FinishReason = "cancelled"
        self._timings: dict[str, Any] = {}
        self._error: BaseException | None = None

    def receive(self, chunk: Any) -> bool:
        """Called by the engine's thread with each piece of the answer; True stops it.

        An exception must not leave this function: it would be lost in C++. It is kept and raised by `finish`.
        """
        try:
            return not self._receive(chunk)
        except BaseException as error:
            self._error = error
            return True

    def finish(self, *, prompt_tokens: int, truncated_tokens: int) -> Finish:
        """How it ended, once the engine has returned. Raises what `receive` had to keep to itself."""
        if self._error is not None:
            raise self._error
        return Finish(
            reason=self._reason,
            prompt_tokens=prompt_tokens,
            cached_tokens=int(self._timings.get("cache_n", 0)),
            completion_tokens=int(self._timings.get("predicted_n", 0)) if self._request.max_tokens > 0 else 0,
            truncated_tokens=truncated_tokens,
            prefill_s=float(self._timings.get("prompt_ms", 0.0)) / 1000,
            decode_s=float(self._timings.get("predicted_ms", 0.0)) / 1000,
        )

    def _receive(self, chunk: dict[str, Any]) -> bool:
        if "error" in chunk:
            message = (
                chunk["error"].get("message", "unknown error") if isinstance(chunk["error"], dict) else chunk["error"]
            )
            raise GenerationError(f"llama.cpp refused the request: {str(message)[:200]}")
        self._timings = chunk.get("timings", self._timings)
        choice = chunk["choices"][0] if chunk.get("choices") else {}
        text = choice.get("text", "")
        tokens = _logprobs(choice, self._request.logprobs)
        # A request for no tokens only fills the prefix cache; llama.cpp samples one all the same.
        go_on = self._on_delta(Delta(text, tokens) if self._request.max_tokens > 0 else Delta(""))
        finish_reason = choice.get("finish_reason")
        if finish_reason is not None:
            self._reason = "length" if finish_reason == "length" else "stop"
            return True
        return go_on and not self._stopped()


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
