"""The choices of one request: which run together, who may run beside them, and how they end."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest
from model.serving.support import TOKEN, HandBackend, Running, events, running, wait_until

from glosswright_model.backends.base import Delta, Finish, GenerationRequest, OnChoice, OnDelta
from glosswright_model.backends.scripted import Script, ScriptedBackend
from glosswright_model.errors import GenerationError

WAIT_S = 10


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads for clients that wait."""
    with ThreadPoolExecutor(12) as executor:
        yield executor


class Waves:
    """Notes which choices it is asked for together, and holds each call until it is let go."""

    def __init__(self, slots: int, choices_per_slot: int = 1, held: bool = False) -> None:
        self.info = replace(HandBackend(slots=slots).info, choices_per_slot=choices_per_slot)
        self.asked: list[tuple[str, int, float, int | None]] = []
        """(prompt, choices, temperature, seed) of each call."""
        self.running: Counter[str] = Counter()
        self.free = threading.Event()
        self.released: set[str] = set()
        """Prompts whose calls end by themselves."""
        if not held:
            self.free.set()

    def generate(self, request: GenerationRequest, on_delta: OnDelta) -> Finish:
        finishes: list[Finish] = []

        def on_choice(_: int, event: Delta | Finish) -> bool:
            if isinstance(event, Delta):
                return on_delta(event)
            finishes.append(event)
            return True

        self.generate_choices(request, 1, on_choice)
        return finishes[0]

    def generate_choices(self, request: GenerationRequest, count: int, on_choice: OnChoice) -> None:
        self.asked.append((request.prompt, count, request.temperature, request.seed))
        self.running[request.prompt] += count
        give_up = time.monotonic() + WAIT_S
        cancelled = False
        while not (self.free.is_set() or request.prompt in self.released or cancelled):
            assert time.monotonic() < give_up
            time.sleep(0.002)
            cancelled = not on_choice(0, Delta(""))
        for index in range(count):
            if not cancelled:
                on_choice(index, Delta(f"{request.prompt}{index}"))
        self.running[request.prompt] -= count
        for index in reversed(range(count)):
            on_choice(index, Finish(reason="cancelled" if cancelled else "stop", prompt_tokens=3, completion_tokens=1))

    def count_tokens(self, text: str) -> int:
        return len(text)

    def close(self) -> None:
        self.free.set()


def ask(server: Running, prompt: str, n: int = 1, **fields: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {TOKEN}"}
    body = {"prompt": prompt, "n": n, "temperature": 0.8, **fields}
    return httpx.post(f"{server.url}/v1/completions", json=body, headers=headers, timeout=WAIT_S, trust_env=False)


@pytest.mark.parametrize(
    ("slots", "per_slot", "fields", "waves"),
    [
        pytest.param(5, 1, {"n": 4}, [(4, 0.8, 7)], id="all-at-once"),
        pytest.param(5, 1, {"n": 10}, [(4, 0.8, 7), (4, 0.8, 11), (2, 0.8, 15)], id="more-than-slots"),
        pytest.param(5, 1, {"n": 5, "temperature": 0}, [(1, 0, 7)], id="greedy-once"),
        pytest.param(1, 1, {"n": 3}, [(1, 0.8, 7), (1, 0.8, 8), (1, 0.8, 9)], id="one-slot"),
        pytest.param(2, 1, {"n": 2}, [(1, 0.8, 7), (1, 0.8, 8)], id="two-slots"),
        pytest.param(1, 4, {"n": 6}, [(4, 0.8, 7), (2, 0.8, 11)], id="several-in-a-slot"),
        pytest.param(
            5,
            1,
            {"n": 5, "temperatures": [0, 0.5, 0.5, 1, 1]},
            [(1, 0, 7), (2, 0.5, 8), (2, 1, 10)],
            id="temperatures",
        ),
        pytest.param(5, 1, {"n": 3, "temperatures": [0, 0, 0.5]}, [(1, 0, 7), (1, 0.5, 9)], id="two-greedy"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_which_choices_run_together(
    slots: int, per_slot: int, fields: dict[str, Any], waves: list[tuple[int, float, int]], stream: bool
) -> None:
    """Equal ones in one batch, as many as there is room for, each with the seed that the API promises."""
    backend = Waves(slots, per_slot)
    with running(backend) as server:
        response = ask(server, "p", seed=7, stream=stream, **fields)
        assert response.status_code == 200, response.text
        assert [asked[1:] for asked in backend.asked] == waves
        objects = events(response.text) if stream else [response.json()]
        ends = Counter(c["index"] for each in objects for c in each["choices"] if c["finish_reason"] == "stop")
        assert ends == dict.fromkeys(range(fields["n"]), 1)
        assert "glosswright" in objects[-1]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2, "temperatures": [0.5]}, None),
        ({"temperatures": [0.5, 0.5]}, None),
        ({"n": 2, "temperatures": [0.5, 3]}, "temperatures"),
        ({"n": 2, "temperatures": "hot"}, "temperatures"),
    ],
)
def test_temperatures_must_fit(fields: dict[str, Any], param: str | None) -> None:
    """A wrong list would silently sample otherwise than was meant."""
    with running(Waves(2)) as server:
        response = ask(server, "p", **fields)
        error = response.json()["error"]
        assert (response.status_code, error["code"], error["param"]) == (400, "invalid_value", param)
        assert "temperatures" in error["message"]


def test_a_single_request_does_not_wait_for_batches(pool: ThreadPoolExecutor) -> None:
    """Typing goes on while candidates are generated, however many are asked for."""
    backend = Waves(5, held=True)
    with running(backend) as server:
        batches = [pool.submit(ask, server, "batch", 4) for _ in range(3)]
        wait_until(lambda: backend.running["batch"] == 4, "the first batch")
        wait_until(lambda: server.metric("glosswright_model_queue_length") == 2, "the others in the queue")
        backend.released.add("typed")
        assert ask(server, "typed").json()["choices"][0]["text"] == "typed0"
        backend.free.set()
        assert [future.result(WAIT_S).status_code for future in batches] == [200] * 3


def test_a_batch_takes_what_room_there_is(pool: ThreadPoolExecutor) -> None:
    """Beside other requests a batch is smaller rather than late."""
    backend = Waves(5, held=True)
    with running(backend) as server:
        singles = [pool.submit(ask, server, f"single{number}") for number in range(2)]
        wait_until(lambda: sum(backend.running.values()) == 2, "two singles")
        batch = pool.submit(ask, server, "batch", 4)
        wait_until(lambda: backend.running["batch"] == 3, "the batch")
        backend.free.set()
        assert [future.result(WAIT_S).status_code for future in (*singles, batch)] == [200] * 3
        assert [asked[1] for asked in backend.asked if asked[0] == "batch"] == [3, 1]


def test_a_superseded_request_makes_way_before_the_next_starts(pool: ThreadPoolExecutor) -> None:
    """The next request finds the prompt in the slot of the one it supersedes: started a moment earlier, beside it, it
    would have to evaluate the whole prompt again."""
    backend = HandBackend(permits=1, slots=4, asks=False)
    with running(backend) as server:
        with server.client.stream("POST", "/v1/completions", json={"prompt": "old", "stream": True}) as response:
            next(response.iter_lines())
        wait_until(lambda: server.metric('glosswright_model_requests_total{outcome="cancelled"}') == 1, "the end")
        following = pool.submit(ask, server, "new")
        wait_until(lambda: server.metric("glosswright_model_queue_length") == 1, "the next waits")
        time.sleep(0.1)
        assert [request.prompt for request in backend.requests] == ["old"]
        backend.permits.release(1000)
        assert following.result(WAIT_S).status_code == 200
        assert [request.prompt for request in backend.requests] == ["old", "new"]


def test_an_engine_that_does_not_let_go_holds_up_its_own_slot_only(pool: ThreadPoolExecutor) -> None:
    """Making way has a limit: one stuck request must not stop the server."""
    backend = Waves(3, held=True)
    stuck = threading.Event()

    def hang(request: GenerationRequest, on_delta: OnDelta) -> Finish:
        if request.prompt == "stuck":
            backend.asked.append(("stuck", 1, 0, None))
            assert stuck.wait(WAIT_S)
        return Finish(reason="stop")

    backend.generate = hang  # type: ignore[method-assign]  # one call that asks nobody
    with running(backend) as server:
        headers = {"X-Glosswright-Deadline-Ms": "100"}
        first = pool.submit(
            lambda: server.client.post("/v1/completions", json={"prompt": "stuck"}, headers=headers).json()
        )
        wait_until(lambda: bool(backend.asked), "the stuck one")
        assert first.result(WAIT_S)["choices"][0]["finish_reason"] == "deadline"
        assert ask(server, "other").status_code == 200
        stuck.set()


def test_leaving_ends_the_batch_and_its_waves() -> None:
    """One candidate has passed: neither the rest of its batch nor the next batch is wanted."""
    backend = ScriptedBackend(Script(fallback="word " * 200, token_s=0.01), slots=5)
    with running(backend) as server:
        body = {"prompt": "p", "n": 12, "temperature": 0.8, "stream": True}
        with server.client.stream("POST", "/v1/completions", json=body) as response:
            seen = [line for line, _ in zip(response.iter_lines(), range(12), strict=False)]
        assert any(seen)
        wait_until(lambda: backend.counts.running == 0, "the slots")
        counts = backend.counts
        assert (counts.calls, counts.cancelled) == (1, 1)
        assert counts.tokens < 200
        time.sleep(0.05)
        assert backend.counts == counts, "nothing goes on"
        assert ask(server, "q", max_tokens=1).status_code == 200


def test_choices_are_streamed_side_by_side() -> None:
    """Each choice's events carry its index, and its end comes when it ends, not when all have."""
    lengths = {10: "a b c d e f", 11: "a", 12: "a b c"}
    script = Script(answer=lambda request: lengths[request.seed or 0], token_s=0.01)
    with running(ScriptedBackend(script, slots=4)) as server:
        got = events(ask(server, "p", 3, seed=10, stream=True, logprobs=0).text)
    texts: Counter[int] = Counter()
    written = {0: "", 1: "", 2: ""}
    ended: list[int] = []
    for event in got:
        (choice,) = event["choices"]
        assert choice["index"] not in ended, "nothing follows the end"
        written[choice["index"]] += choice["text"]
        if choice["finish_reason"]:
            ended.append(choice["index"])
        elif choice["logprobs"]:
            assert choice["logprobs"]["text_offset"][0] == texts[choice["index"]]
            texts[choice["index"]] += len(choice["text"])
    assert ended == [1, 2, 0]
    assert list(written.values()) == ["a b c d e f", "a", "a b c"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_deadline_keeps_the_choices_that_were_complete(stream: bool) -> None:
    """One complete candidate is worth showing, whatever became of the others."""
    script = Script(answer=lambda request: "done" if request.seed == 1 else "word " * 500, token_s=0.01)
    with running(ScriptedBackend(script, slots=4)) as server:
        response = server.client.post(
            "/v1/completions",
            json={"prompt": "p", "n": 3, "seed": 0, "temperature": 1, "max_tokens": 500, "stream": stream},
            headers={"X-Glosswright-Deadline-Ms": "300"},
        )
        objects = events(response.text) if stream else [response.json()]
        reasons = {c["index"]: c["finish_reason"] for each in objects for c in each["choices"] if c["finish_reason"]}
        assert reasons == {0: "deadline", 1: "stop", 2: "deadline"}
        server.counted('glosswright_model_requests_total{outcome="deadline"}', 1)


def test_usage_counts_the_prompt_once_and_every_choice() -> None:
    """What is billed, elsewhere, and what the metrics say here."""
    with running(ScriptedBackend(Script(fallback="one two three"), slots=4)) as server:
        usage = ask(server, "a b", 3).json()["usage"]
        assert (usage["prompt_tokens"], usage["completion_tokens"]) == (2, 9)
        greedy = ask(server, "a b", 3, temperature=0).json()["usage"]
        assert (greedy["prompt_tokens"], greedy["completion_tokens"]) == (2, 9)
        server.counted("glosswright_model_completion_tokens_total", 12)


def test_an_engine_that_fails_ends_all_choices() -> None:
    """Half a batch is no answer to hide behind: the error is said, and the slots are free."""

    def fail(*_: object) -> None:
        raise GenerationError("the engine broke")

    backend = Waves(4)
    backend.generate_choices = fail  # type: ignore[method-assign,assignment]  # fails in every batch
    with running(backend) as server:
        for _ in range(5):
            response = ask(server, "p", 3)
            assert (response.status_code, response.json()["error"]["code"]) == (500, "generation_failed")
        wait_until(lambda: server.metric("glosswright_model_slots_busy") == 0, "the slots")
