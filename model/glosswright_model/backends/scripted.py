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
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from glosswright_model.errors import GenerationError

from .base import (
    BackendInfo,
    Delta,
    Finish,
    FinishReason,
    GenerationRequest,
    OnChoice,
    OnDelta,
    TokenLogprob,
    only_choice,
)
from .stop_strings import StopStrings

Answer = Callable[[GenerationRequest], str]

_TOKEN = re.compile(r"\s*\w+|\s*[^\w\s]|\s+")
_HANG_POLL_S = 0.005
"""How often a hanging generation, or one in its prefill, asks whether to go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """How a `ScriptedBackend` behaves. Delays are in seconds."""

    rules: Sequence[tuple[str, str | Sequence[str]]] = ()
    """(regular expression searched in the prompt, answer); the first that matches answers. Of several answers in place
    of one, a request without a seed gets the first, and each seed the next."""
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
        return only_choice(self.generate_choices, request, on_delta)

    def generate_choices(self, request: GenerationRequest, count: int, on_choice: OnChoice) -> None:
        """Play `count` answers, a token of each in turn; see `base.Backend`. `Script.answer` sees each one's own seed.

        One round takes `Script.token_s`, however many answers it moves on.
        """
        with self._lock:
            if self._closed:
                raise GenerationError("the model has been unloaded")
            self._requests.append(request)
        self._add(calls=1, running=1)
        stopped = True
        failed = False
        try:
            stopped = self._play(request, count, on_choice)
        except GenerationError:
            failed = True
            raise
        finally:
            self._add(failed=int(failed), cancelled=int(stopped and not failed), running=-1)

    def count_tokens(self, text: str) -> int:
        """Number of scripted tokens: words, each with the space before it."""
        return len(_TOKEN.findall(text))

    def close(self) -> None:
        """Refuse further requests; running ones are cancelled at their next token."""
        self._closed = True

    def _play(self, request: GenerationRequest, count: int, on_choice: OnChoice) -> bool:
        """Returns whether it was stopped."""
        started = time.monotonic()
        prompt_tokens = self.count_tokens(request.prompt) + self.count_tokens(request.suffix or "")
        stopped = False
        n_tokens = [0] * count
        n_finished = 0

        def tell(index: int, event: Delta | Finish) -> bool:
            nonlocal stopped
            stopped = not on_choice(index, event) or stopped or self._closed
            return not stopped

        def computed(index: int) -> None:
            n_tokens[index] += 1
            self._add(tokens=1)

        def finish(index: int, reason: FinishReason) -> None:
            nonlocal n_finished
            n_finished += 1
            on_choice(
                index,
                Finish(
                    reason=reason,
                    prompt_tokens=prompt_tokens,
                    cached_tokens=0 if n_finished == 1 else prompt_tokens,
                    completion_tokens=n_tokens[index],
                    prefill_s=prefill_s if n_finished == 1 else 0.0,
                    decode_s=time.monotonic() - started - prefill_s,
                ),
            )

        while (left := self._script.prefill_s - (time.monotonic() - started)) > 0 and tell(0, Delta("")):
            time.sleep(min(left, _HANG_POLL_S))
        prefill_s = time.monotonic() - started
        seeds = [None if request.seed is None else request.seed + index for index in range(count)]
        voices = {
            index: self._voice(replace(request, seed=seed), partial(tell, index), partial(computed, index))
            for index, seed in enumerate(seeds)
        }
        first_round = True
        while voices:
            if not first_round:
                time.sleep(self._script.token_s)
            first_round = False
            for index, voice in list(voices.items()):
                try:
                    if not stopped:
                        next(voice)
                        continue
                    reason: FinishReason = "cancelled"
                except StopIteration as end:
                    reason = end.value
                del voices[index]
                finish(index, reason)
        return stopped

    def _voice(
        self, request: GenerationRequest, go_on: OnDelta, computed: Callable[[], None]
    ) -> Generator[None, None, FinishReason]:
        """One answer; pauses where a token takes its time."""
        script = self._script
        stops = StopStrings(request.stop)
        for n_tokens, token in enumerate(_TOKEN.findall(self._answer(request))):
            if n_tokens >= request.max_tokens:
                break
            if script.fail_after is not None and n_tokens >= script.fail_after:
                raise GenerationError("the script says that the engine fails here")
            while script.hang_after is not None and n_tokens >= script.hang_after:
                if not go_on(Delta("")):
                    return "cancelled"
                time.sleep(_HANG_POLL_S)
            yield
            computed()
            text = stops.push(token)
            if not go_on(Delta(text, self._logprobs(request, text))):
                return "cancelled"
            if stops.found:
                return "stop"
        else:
            if rest := stops.flush():
                go_on(Delta(rest))
            return "stop"
        if rest := stops.flush():
            go_on(Delta(rest))
        return "length"

    def _answer(self, request: GenerationRequest) -> str:
        for pattern, text in self._rules:
            if pattern.search(request.prompt):
                return text if isinstance(text, str) else text[(request.seed or 0) % len(text)]
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
