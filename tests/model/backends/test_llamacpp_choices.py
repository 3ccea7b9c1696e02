"""Several choices of one request through llama.cpp, on the tiny model whose every answer is known."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from glosswright_model.backends.base import Delta, Finish, GenerationRequest
from glosswright_model.backends.llamacpp import LlamaCppBackend
from glosswright_model.backends.token_pool import TokenPool
from glosswright_model.errors import GenerationError

pytest.importorskip("xllamacpp")
pytestmark = pytest.mark.llamacpp

DIGITS = "2"
"""After it the tiny model draws one of four digits, then a 2 again, without end."""


@pytest.fixture(scope="module")
def backend(chain_file: Path) -> Iterator[LlamaCppBackend]:
    loaded = LlamaCppBackend.load(chain_file, model_name="chain", slots=5, threads=1)
    yield loaded
    loaded.close()


class Seen:
    """What came of each choice, in order."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.texts: dict[int, str] = defaultdict(str)
        self.tokens: dict[int, list[float]] = defaultdict(list)
        self.finishes: dict[int, Finish] = {}
        self.order: list[int] = []
        self._stop_after = stop_after

    def __call__(self, index: int, event: Delta | Finish) -> bool:
        if isinstance(event, Finish):
            assert index not in self.finishes, "a choice ends once"
            self.finishes[index] = event
        else:
            assert index not in self.finishes, "nothing follows a choice's end"
            self.texts[index] += event.text
            self.tokens[index] += [token.logprob for token in event.tokens]
            if event.text:
                self.order.append(index)
        return self._stop_after is None or len(self.order) < self._stop_after


def choices(backend: LlamaCppBackend, count: int, stop_after: int | None = None, **fields: Any) -> Seen:
    seen = Seen(stop_after)
    request = GenerationRequest(**{"prompt": DIGITS, "max_tokens": 24, "temperature": 1.0, "seed": 5, **fields})
    backend.generate_choices(request, count, seen)
    return seen


def alone(backend: LlamaCppBackend, **fields: Any) -> str:
    return choices(backend, 1, **fields).texts[0]


def test_each_choice_is_what_its_own_seed_gives(backend: LlamaCppBackend) -> None:
    """Choice i of a batch is the single choice of seed + i: reports name a seed, and it must reproduce."""
    seen = choices(backend, 4)
    assert [seen.texts[index] for index in range(4)] == [alone(backend, seed=5 + index) for index in range(4)]
    assert len(set(seen.texts.values())) == 4
    assert {finish.reason for finish in seen.finishes.values()} == {"length"}


def test_without_a_seed_choices_differ(backend: LlamaCppBackend) -> None:
    """Equal candidates are wasted work."""
    assert len(set(choices(backend, 4, seed=None).texts.values())) == 4


def test_the_prompt_is_evaluated_once(backend: LlamaCppBackend) -> None:
    """What makes candidates cheap: the first choice pays for the prompt, the others have it."""
    seen = choices(backend, 5, prompt="first time here\n" * 12, max_tokens=3)
    finishes = list(seen.finishes.values())
    assert [finish.prompt_tokens for finish in finishes] == [192] * 5
    assert [finish.cached_tokens for finish in finishes] == [0, 192, 192, 192, 192]
    assert finishes[0].prefill_s > 0
    assert [finish.prefill_s for finish in finishes[1:]] == [0.0] * 4


def test_choices_come_interleaved(backend: LlamaCppBackend) -> None:
    """Each is shown as it grows; a batch that came one after the other would be none."""
    seen = choices(backend, 3)
    assert set(seen.order[:6]) == {0, 1, 2}


def test_one_choice_ends_by_its_stop_string_alone(backend: LlamaCppBackend) -> None:
    """A candidate that is complete must not cut the others."""
    plain = choices(backend, 4)
    stopped = choices(backend, 4, stop=("4",))
    for index, text in plain.texts.items():
        assert stopped.texts[index] == text.partition("4")[0]
        assert stopped.finishes[index].reason == ("stop" if "4" in text else "length")


def test_a_stop_frees_every_slot(backend: LlamaCppBackend) -> None:
    """As soon as one candidate passes, the rest is not wanted: nothing of it may run on."""
    seen = choices(backend, 5, stop_after=7, max_tokens=400)
    assert [seen.finishes[index].reason for index in range(5)] == ["cancelled"] * 5
    assert len(seen.order) == 7
    again = choices(backend, 5, max_tokens=2)
    assert {finish.reason for finish in again.finishes.values()} == {"length"}


def test_log_probabilities_of_each_choice(backend: LlamaCppBackend) -> None:
    """Candidates are ranked by what the model itself thought of them, whatever the temperature."""
    for temperature in (0.3, 1.5):
        seen = choices(backend, 3, logprobs=0, max_tokens=6, temperature=temperature)
        for index in range(3):
            assert seen.tokens[index] == pytest.approx([-1.386, 0, -1.386, 0, -1.386, 0], abs=0.02)


def test_an_exception_in_the_callback_comes_out(backend: LlamaCppBackend) -> None:
    """It would otherwise be lost in C++."""

    def fail(_: int, __: Delta | Finish) -> bool:
        raise ZeroDivisionError("of the caller")

    with pytest.raises(ZeroDivisionError):
        backend.generate_choices(GenerationRequest(prompt="a"), 3, fail)


def test_an_error_ends_all_choices(backend: LlamaCppBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """What llama.cpp refuses must reach the client as an error."""
    monkeypatch.setattr(backend, "_parameters", lambda *_: {"prompt": 12})
    with pytest.raises(GenerationError, match=r"llama\.cpp refused"):
        choices(backend, 3)


def test_more_than_the_cache_holds_runs_in_turns(backend: LlamaCppBackend) -> None:
    """Running out of cache would fail every request at once; so what does not fit waits instead."""
    seen = choices(backend, 5, prompt="x" * 100, max_tokens=200, temperature=0.0)
    assert [finish.reason for _, finish in sorted(seen.finishes.items())] == ["length"] * 5
    assert {len(text.encode()) for text in seen.texts.values()} == {200}


def test_single_requests_run_beside_a_batch_and_none_runs_out(backend: LlamaCppBackend) -> None:
    """Two batches and two single requests that together want several times the cache: all are served in full."""
    results: dict[str, Seen] = {}

    def work(name: str, count: int, length: int) -> None:
        results[name] = choices(backend, count, prompt=name * length, max_tokens=100, temperature=0.0)

    plan = (("a", 4, 110), ("b", 4, 110), ("c", 1, 380), ("d", 1, 380))
    threads = [threading.Thread(target=work, args=arguments) for arguments in plan]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for name, count, _ in plan:
        finishes = results[name].finishes
        assert [finishes[index].completion_tokens for index in range(count)] == [100] * count, name


def test_waiting_for_the_cache_can_be_given_up(backend: LlamaCppBackend) -> None:
    """A request that waits for room asks whether it is still wanted, and then costs nothing."""
    with backend._pool.take(2 * backend.info.context_length, batch=False, go_on=lambda: True) as taken:
        assert taken
        seen = Seen()
        started = time.monotonic()

        def for_a_moment(index: int, event: Delta | Finish) -> bool:
            seen(index, event)
            return time.monotonic() < started + 0.1

        backend.generate_choices(GenerationRequest(prompt="a"), 2, for_a_moment)
    assert [finish.reason for finish in seen.finishes.values()] == ["cancelled"] * 2
    assert not seen.order


@pytest.mark.parametrize(
    ("prompt", "answer", "count", "width"),
    [(100, 50, 8, 8), (800, 100, 8, 2), (950, 100, 8, 1), (5000, 100, 8, 1), (0, 0, 3, 3), (100, 50, 1, 1)],
)
def test_width_of_a_batch(prompt: int, answer: int, count: int, width: int) -> None:
    """The prompt is shared, the answers are not; one choice always goes."""
    assert TokenPool(2000, kept_for_single=1000).width(prompt, answer, count) == width


def test_batches_leave_room_for_a_single_request() -> None:
    """Typing must not wait for candidates, however many are asked for."""
    pool = TokenPool(2000, kept_for_single=1000)

    def never() -> bool:
        return False

    with pool.take(900, batch=True, go_on=never) as first, pool.take(200, batch=True, go_on=never) as second:
        assert (first, second) == (True, False)
        with pool.take(1000, batch=False, go_on=never) as single:
            assert single
        with pool.take(1200, batch=False, go_on=never) as too_much:
            assert not too_much
    with pool.take(5000, batch=True, go_on=never) as alone_in_it:
        assert alone_in_it, "what can never fit goes alone"
