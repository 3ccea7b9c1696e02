"""The fake keeps the contract that real back ends keep; everything tested with it rests on this."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from glosswright_model.backends.base import Backend, Delta, Finish, GenerationRequest
from glosswright_model.backends.scripted import Script, ScriptedBackend
from glosswright_model.errors import GenerationError

WAIT_S = 10


def run(backend: ScriptedBackend, stop_after: int | None = None, **fields: Any) -> tuple[str, Finish, list[Delta]]:
    deltas: list[Delta] = []

    def on_delta(delta: Delta) -> bool:
        deltas.append(delta)
        return stop_after is None or sum(bool(seen.text) for seen in deltas) < stop_after

    finish = backend.generate(GenerationRequest(**{"prompt": "p", **fields}), on_delta)
    return "".join(delta.text for delta in deltas), finish, deltas


@pytest.mark.parametrize(
    ("script", "fields", "text", "reason", "tokens"),
    [
        (Script(), {}, "pass\n", "stop", 2),
        (Script(rules=[("add", "a + b"), ("a", "no")]), {"prompt": "add"}, "a + b", "stop", 3),
        (Script(rules=[("add", "x")], answer=lambda request: request.prompt * 2), {"prompt": "q"}, "qq", "stop", 1),
        (Script(fallback="one two three four"), {"max_tokens": 2}, "one two", "length", 2),
        (Script(fallback="one two three"), {"max_tokens": 3}, "one two three", "stop", 3),
        (Script(fallback="one two"), {"max_tokens": 0}, "", "length", 0),
        (Script(fallback="one two three"), {"stop": (" tw",)}, "one", "stop", 2),
        (Script(fallback="one two"), {"stop": ("two!",)}, "one two", "stop", 2),
        (Script(fallback="one two x"), {"stop": ("two!",), "max_tokens": 2}, "one two", "length", 2),
        (Script(fallback="你好 🙂"), {}, "你好 🙂", "stop", 2),
        (Script(fallback=""), {}, "", "stop", 0),
    ],
)
def test_answers(script: Script, fields: dict[str, Any], text: str, reason: str, tokens: int) -> None:
    """Rules, callables, limits and stop strings, as a real back end would answer."""
    answer, finish, _ = run(ScriptedBackend(script), **fields)
    assert (answer, finish.reason, finish.completion_tokens) == (text, reason, tokens)


def test_is_a_backend() -> None:
    """It stands in wherever the Protocol is asked for."""
    backend: Backend = ScriptedBackend(model="m", slots=3, supports_suffix=False, context_length=77)
    info = backend.info
    assert (info.backend, info.model, info.slots, info.supports_suffix) == ("scripted", "m", 3, False)
    assert info.context_length == 77
    assert backend.count_tokens("a = b") == 3


def test_log_probabilities() -> None:
    """One for each token, with alternatives only when asked for."""
    backend = ScriptedBackend(Script(fallback="a b", logprob=-0.5))
    for wanted, expected in ((None, []), (0, [("a", 0), (" b", 0)]), (2, [("a", 1), (" b", 1)])):
        tokens = [token for delta in run(backend, logprobs=wanted)[2] for token in delta.tokens]
        assert [(token.token, len(token.top)) for token in tokens] == expected
        assert all(token.logprob == -0.5 for token in tokens)


def test_cancels_between_tokens_and_in_the_prefill() -> None:
    """No token is computed after a stop."""
    backend = ScriptedBackend(Script(fallback="a b c d", prefill_s=0.02))
    assert run(backend, stop_after=2)[1].completion_tokens == 2
    slow = ScriptedBackend(Script(prefill_s=60))
    finish = slow.generate(GenerationRequest(prompt="p"), lambda _: False)
    assert (finish.reason, finish.completion_tokens) == ("cancelled", 0)
    assert (backend.counts.cancelled, slow.counts.cancelled) == (1, 1)


def test_delays() -> None:
    """Delays are what benchmarks count on."""
    finish = run(ScriptedBackend(Script(fallback="a b c", prefill_s=0.03, token_s=0.02)))[1]
    assert finish.prefill_s >= 0.03
    assert finish.decode_s >= 0.06


def test_fails_where_told() -> None:
    """Tests of the server need a failure in the middle of a stream, and the counters to agree afterwards."""
    backend = ScriptedBackend(Script(fallback="a b c", fail_after=2))
    shown: list[str] = []
    with pytest.raises(GenerationError):
        backend.generate(GenerationRequest(prompt="p"), lambda delta: shown.append(delta.text) or True)
    assert "".join(shown) == "a b"
    assert (backend.counts.failed, backend.counts.running, backend.counts.tokens) == (1, 0, 2)


def test_a_callback_that_raises_is_not_counted_as_running() -> None:
    """The counters must be right after the caller's own mistakes, too."""
    backend = ScriptedBackend()

    def fail(_: Delta) -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        backend.generate(GenerationRequest(prompt="p"), fail)
    assert backend.counts.running == 0


def test_hangs_until_cancelled_and_counts_threads() -> None:
    """A hung engine is the server's hardest case; several can hang at once."""
    backend = ScriptedBackend(Script(fallback="a b c", hang_after=1), slots=2)
    stop = threading.Event()
    finishes: list[Finish] = []
    threads = [
        threading.Thread(
            target=lambda: finishes.append(backend.generate(GenerationRequest(prompt="p"), lambda _: not stop.is_set()))
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + WAIT_S
    while backend.counts.tokens < 2 and time.monotonic() < deadline:
        time.sleep(0.005)
    assert backend.counts.most_at_once == 2
    stop.set()
    for thread in threads:
        thread.join(WAIT_S)
    assert [finish.reason for finish in finishes] == ["cancelled", "cancelled"]
    assert (backend.counts.calls, backend.counts.cancelled, backend.counts.running) == (2, 2, 0)
    assert len(backend.requests) == 2


def test_close_cancels_and_refuses() -> None:
    """As with a real model: what runs ends, and nothing new starts."""
    backend = ScriptedBackend(Script(hang_after=0))
    closer = threading.Timer(0.02, backend.close)
    closer.start()
    assert backend.generate(GenerationRequest(prompt="p"), lambda _: True).reason == "cancelled"
    closer.join(WAIT_S)
    assert backend.closed
    backend.close()
    with pytest.raises(GenerationError, match="unloaded"):
        run(backend)


def test_choices_are_played_side_by_side() -> None:
    """A fake batch must look like a real one: interleaved, each with its own seed, each ending by itself."""
    seeds: list[int | None] = []

    def answer(request: GenerationRequest) -> str:
        seeds.append(request.seed)
        return "word " * ((request.seed or 0) - 3)

    backend = ScriptedBackend(Script(answer=answer, token_s=0.02), slots=4)
    seen: list[tuple[int, str]] = []
    finishes: dict[int, Finish] = {}

    def on_choice(index: int, event: Delta | Finish) -> bool:
        if isinstance(event, Finish):
            finishes[index] = event
        else:
            seen.append((index, event.text))
        return True

    started = time.monotonic()
    backend.generate_choices(GenerationRequest(prompt="a b", seed=5), 3, on_choice)
    assert time.monotonic() - started < 12 * 0.02, "a round of the batch takes one token's time"
    assert sorted(seeds, key=str) == [5, 6, 7]
    assert [index for index, _ in seen[:6]] == [0, 1, 2, 0, 1, 2]
    assert list(finishes) == [0, 1, 2]
    assert [finish.cached_tokens for finish in finishes.values()] == [0, 2, 2]
    assert backend.counts.calls == 1


def test_a_stop_ends_all_choices() -> None:
    """Not one more token is computed, whichever choice asked."""
    backend = ScriptedBackend(Script(fallback="one two three four"), slots=4)
    reasons: list[str] = []

    def on_choice(index: int, event: Delta | Finish) -> bool:
        if isinstance(event, Finish):
            reasons.append(event.reason)
        return index != 1

    backend.generate_choices(GenerationRequest(prompt="p"), 3, on_choice)
    assert reasons == ["cancelled"] * 3
    assert (backend.counts.tokens, backend.counts.cancelled, backend.counts.running) == (2, 1, 0)
