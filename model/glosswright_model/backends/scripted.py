"""A back end without a model: answers from a script, with the delays and failures a test or a benchmark asks for.

Promise: it keeps the contract of `base.Backend` to the letter (whole characters, cancellation between two tokens and
during the prefill, stop strings, finish reasons, thread safety), so that whoever passes its tests with this one needs
no model to know that the rest of the server is right. Deliberately not promised: that its "tokens" (words with the
space before them) are those of any real model.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from glosswright_model.errors import GenerationError

from .base import BackendInfo, Delta, Finish, FinishReason, GenerationRequest, OnDelta, TokenLogprob
from .stop_strings import StopStrings

Answer = Callable[[GenerationRequest], str]

_TOKEN = re.compile(r"\s*\w+|\s*[^\w\s]|\s+")
_HANG_POLL_S = 0.005
"""How often a hanging generation, or one in its prefill, asks whether to go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """How a `ScriptedBackend` behaves. Delays are in seconds."""

    rules: Sequence[tuple[str, str]] = ()
    """(regular expression searched in the prompt, answer); the first that matches answers."""
    answer: Answer | None = None
    """Called when no rule matches. None: the answer is `fallback`."""
    fallback: str = "pass\n"
    prefill_s: float = 0.0
    """Time before the first token, cancellable."""
    token_s: float = 0.0
    """Time for each token."""
    fail_after: int | None = None
    """Raise GenerationError once this many tokens are out."""
    hang_after: int | None = None
    """Once this many tokens are out, produce nothing more until cancelled."""
    logprob: float = -0.1
    """Natural-log probability reported for every token."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a `ScriptedBackend` has done so far."""

    calls: int = 0
    tokens: int = 0
    cancelled: int = 0
    failed: int = 0
    running: int = 0
    most_at_once: int = 0


class ScriptedBackend:
    """A fake back end that answers from a `Script`."""

    def __init__(
        self,
        script: Script | None = None,
        *,
        model: str = "scripted",
        slots: int = 1,
        context_length: int = 4096,
        supports_suffix: bool = True,
    ) -> None:
        self._script = script or Script()
        self._rules = [(re.compile(pattern), text) for pattern, text in self._script.rules]
        self._info = BackendInfo(
            backend="scripted",
            model=model,
            family="generic",
            context_length=context_length,
            slots=slots,
            supports_suffix=supports_suffix,
            device="cpu",
            why="a script answers; no model is loaded",
        )
        self._lock = threading.Lock()
        self._counts = Counts()
        self._requests: list[GenerationRequest] = []
        self._closed = False

    @property
    def info(self) -> BackendInfo:
        """What this back end is."""
        return self._info

    @property
    def counts(self) -> Counts:
        """A consistent copy of the counters."""
        with self._lock:
            return self._counts

    @property
    def requests(self) -> tuple[GenerationRequest, ...]:
        """Every request so far, in the order of arrival."""
        with self._lock:
            return tuple(self._requests)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def generate(self, request: GenerationRequest, on_delta: OnDelta) -> Finish:
        """Play the script's answer; see `base.Backend`. Raises GenerationError if the script says so or once closed."""
        with self._lock:
            if self._closed:
                raise GenerationError("the model has been unloaded")
            self._requests.append(request)
        self._add(calls=1, running=1)
        started = time.monotonic()
        prompt_tokens = self.count_tokens(request.prompt) + self.count_tokens(request.suffix or "")
        try:
            reason, n_tokens, prefill_s = self._play(request, on_delta, started)
        except GenerationError:
            self._add(failed=1, running=-1)
            raise
        except BaseException:
            self._add(running=-1)
            raise
        self._add(cancelled=int(reason == "cancelled"), running=-1)
        return Finish(
            reason=reason,
            prompt_tokens=prompt_tokens,
            completion_tokens=n_tokens,
            prefill_s=prefill_s,
            decode_s=time.monotonic() - started - prefill_s,
        )

    def count_tokens(self, text: str) -> int:
        """Number of scripted tokens: words, each with the space before it."""
        return len(_TOKEN.findall(text))

    def close(self) -> None:
        """Refuse further requests; running ones are cancelled at their next token."""
        self._closed = True

    def _play(self, request: GenerationRequest, on_delta: OnDelta, started: float) -> tuple[FinishReason, int, float]:
        def go_on(delta: Delta) -> bool:
            return on_delta(delta) and not self._closed

        script = self._script
        while (left := script.prefill_s - (time.monotonic() - started)) > 0:
            if not go_on(Delta("")):
                return "cancelled", 0, time.monotonic() - started
            time.sleep(min(left, _HANG_POLL_S))
        prefill_s = time.monotonic() - started
        stops = StopStrings(request.stop)
        n_tokens = 0
        for token in _TOKEN.findall(self._answer(request)):
            if n_tokens >= request.max_tokens:
                break
            if script.fail_after is not None and n_tokens >= script.fail_after:
                raise GenerationError("the script says that the engine fails here")
            while script.hang_after is not None and n_tokens >= script.hang_after:
                if not go_on(Delta("")):
                    return "cancelled", n_tokens, prefill_s
                time.sleep(_HANG_POLL_S)
            time.sleep(script.token_s)
            n_tokens += 1
            self._add(tokens=1)
            text = stops.push(token)
            if not go_on(Delta(text, self._logprobs(request, text))):
                return "cancelled", n_tokens, prefill_s
            if stops.found:
                return "stop", n_tokens, prefill_s
        else:
            if rest := stops.flush():
                go_on(Delta(rest))
            return "stop", n_tokens, prefill_s
        if rest := stops.flush():
            go_on(Delta(rest))
        return "length", n_tokens, prefill_s

    def _answer(self, request: GenerationRequest) -> str:
        for pattern, text in self._rules:
            if pattern.search(request.prompt):
                return text
        return self._script.answer(request) if self._script.answer is not None else self._script.fallback

    def _logprobs(self, request: GenerationRequest, token: str) -> tuple[TokenLogprob, ...]:
        if request.logprobs is None:
            return ()
        top = ((token, self._script.logprob),) if request.logprobs else ()
        return (TokenLogprob(token, self._script.logprob, top),)

    def _add(self, *, calls: int = 0, tokens: int = 0, cancelled: int = 0, failed: int = 0, running: int = 0) -> None:
        with self._lock:
            now = self._counts
            self._counts = Counts(
                calls=now.calls + calls,
                tokens=now.tokens + tokens,
                cancelled=now.cancelled + cancelled,
                failed=now.failed + failed,
                running=now.running + running,
                most_at_once=max(now.most_at_once, now.running + running),
            )
