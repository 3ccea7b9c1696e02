"""Who waits, who is refused, and how a request ends early: through HTTP, as clients see it."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import pytest
from model.serving.support import TOKEN, HandBackend, Running, events, running, wait_until

from glosswright_model.backends.base import Delta, Finish, GenerationRequest, OnDelta
from glosswright_model.serving.outbox import Outbox
from glosswright_model.serving.service import Limits, Service


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads for clients that wait."""
    with ThreadPoolExecutor(8) as executor:
        yield executor


def start(pool: ThreadPoolExecutor, server: Running, prompt: str = "p", **fields: object) -> Future[httpx.Response]:
    """One more waiting client, with a connection of its own."""

    def post() -> httpx.Response:
        headers = {"authorization": f"Bearer {TOKEN}"}
        return httpx.post(
            f"{server.url}/v1/completions",
            json={"prompt": prompt, **fields},
            headers=headers,
            timeout=10,
            trust_env=False,
        )

    return pool.submit(post)


def raw_request(server: Running, **fields: object) -> socket.socket:
    """Send a request over a bare socket, which the test can close, or never read from."""
    body = json.dumps({"prompt": "p", **fields}).encode()
    address = ("127.0.0.1", httpx.URL(server.url).port)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.settimeout(10)
    connection.connect(address)
    head = f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return connection


def queue(server: Running) -> tuple[float, float]:
    """Waiting requests and busy slots, as /metrics says."""
    return server.metric("glosswright_model_queue_length"), server.metric("glosswright_model_slots_busy")


def test_full_queue_answers_429_and_order_is_kept(pool: ThreadPoolExecutor) -> None:
    """First come, first served, and nobody waits in a queue that cannot move."""
    backend = HandBackend(permits=0)
    with running(backend, limits=Limits(queue=2)) as server:
        waiting = []
        for number, expected in enumerate([(0, 1), (1, 1), (2, 1)]):
            waiting.append(start(pool, server, f"prompt {number}"))
            wait_until(lambda expected=expected: queue(server) == expected, f"queue {expected}")
        refused = server.complete()
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "queue_full")
        assert int(refused.headers["retry-after"]) >= 1
        backend.permits.release(1000)
        assert [future.result(10).status_code for future in waiting] == [200] * 3
        assert [request.prompt for request in backend.requests] == ["prompt 0", "prompt 1", "prompt 2"]
        server.counted('glosswright_model_requests_total{outcome="queue_full"}', 1)
        assert server.complete().status_code == 200


def test_slots_run_at_once(pool: ThreadPoolExecutor) -> None:
    """A back end with two slots must get two requests at a time."""
    backend = HandBackend(permits=0, slots=2)
    with running(backend) as server:
        waiting = [start(pool, server) for _ in range(3)]
        wait_until(lambda: queue(server) == (1, 2), "two slots busy")
        backend.permits.release(1000)
        assert [future.result(10).status_code for future in waiting] == [200] * 3


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("asks", [False, True])
def test_closing_the_connection_frees_the_slot_before_the_next_token(stream: bool, asks: bool) -> None:
    """The promise that makes typing possible: one token was computed, then the client left, and no second one is paid
    for in vain. An engine that never asks between tokens (`asks` False) computes the one it is at, and no more."""
    backend = HandBackend(tuple("abcdefgh"), permits=1, asks=asks)
    with running(backend) as server:
        connection = raw_request(server, stream=stream)
        wait_until(lambda: backend.computed == 1, "the first token")
        connection.close()
        if asks:
            wait_until(lambda: queue(server) == (0, 0), "the slot")
        else:
            server.counted('glosswright_model_requests_total{outcome="cancelled"}', 1)
        backend.permits.release(1000)
        wait_until(lambda: queue(server) == (0, 0), "the slot")
        assert backend.computed == (1 if asks else 2)
        assert backend.finishes[0].reason == "cancelled"
        server.counted('glosswright_model_requests_total{outcome="cancelled"}', 1)
        assert server.complete().status_code == 200


@pytest.mark.parametrize("stream", [False, True])
def test_closing_the_connection_leaves_the_queue(stream: bool, pool: ThreadPoolExecutor) -> None:
    """A superseded request that still waits must never reach the model."""
    backend = HandBackend(permits=0)
    with running(backend) as server:
        first = start(pool, server, "first")
        wait_until(lambda: queue(server) == (0, 1), "the first")
        connection = raw_request(server, stream=stream)
        wait_until(lambda: queue(server) == (1, 1), "the second")
        connection.close()
        wait_until(lambda: queue(server) == (0, 1), "the second gone")
        backend.permits.release(1000)
        assert first.result(10).status_code == 200
        assert [request.prompt for request in backend.requests] == ["first"]


def test_closing_the_connection_ends_all_choices() -> None:
    """n candidates are one request: leaving it must not start the next choice."""
    backend = HandBackend(permits=1)
    with running(backend) as server:
        connection = raw_request(server, n=4)
        wait_until(lambda: backend.computed == 1, "the first token")
        connection.close()
        wait_until(lambda: queue(server) == (0, 0), "the slot")
        assert len(backend.requests) == 1


@pytest.mark.parametrize("stream", [False, True])
def test_deadline_gives_what_there_is(stream: bool) -> None:
    """Half an answer in time can be shaped; a full one too late cannot be shown."""
    backend = HandBackend(permits=2)
    with running(backend) as server:
        began = time.monotonic()
        response = server.client.post(
            "/v1/completions",
            json={"prompt": "p", "n": 2, "stream": stream},
            headers={"X-Glosswright-Deadline-Ms": "300"},
        )
        assert 0.25 < time.monotonic() - began < 5
        assert response.status_code == 200
        objects = events(response.text) if stream else [response.json()]
        choices = [choice for each in objects for choice in each["choices"]]
        assert "".join(choice["text"] for choice in choices if choice["index"] == 1) == "return a"
        assert [choice["finish_reason"] for choice in choices if choice["finish_reason"]] == ["deadline"] * 2
        assert objects[-1]["glosswright"]["prefill_s"] == 0.25
        server.counted('glosswright_model_requests_total{outcome="deadline"}', 1)


def test_deadline_counts_while_waiting(pool: ThreadPoolExecutor) -> None:
    """A request that never got a slot ends in time, too, and without one."""
    backend = HandBackend(permits=0)
    with running(backend, limits=Limits(deadline_s=2.0)) as server:
        first = start(pool, server, "first")
        wait_until(lambda: queue(server) == (0, 1), "the first")
        headers = {"X-Glosswright-Deadline-Ms": "100"}
        response = server.client.post("/v1/completions", json={"prompt": "p"}, headers=headers)
        assert response.json()["choices"][0] == {
            "index": 0,
            "text": "",
            "logprobs": None,
            "finish_reason": "deadline",
        }
        assert response.json()["glosswright"]["queue_s"] >= 0.09
        assert first.result(10).json()["choices"][0]["finish_reason"] == "deadline"
        assert [request.prompt for request in backend.requests] == ["first"]


def test_deadline_answers_for_an_engine_that_hangs() -> None:
    """An engine deep in a long prompt asks nobody; its client is answered all the same, and the slot stays taken."""
    backend = HandBackend(permits=0, asks=False)
    with running(backend) as server:
        headers = {"X-Glosswright-Deadline-Ms": "100"}
        response = server.client.post("/v1/completions", json={"prompt": "p"}, headers=headers)
        assert response.json()["choices"][0]["finish_reason"] == "deadline"
        assert queue(server) == (0, 1)
        backend.permits.release(1000)
        wait_until(lambda: queue(server) == (0, 0), "the slot")


class Endless:
    """Never stops by itself: only a limit on what lies unread can hold it."""

    def __init__(self) -> None:
        self.info = HandBackend().info
        self.said = 0
        self.ended = False

    def generate(self, request: GenerationRequest, on_delta: OnDelta) -> Finish:
        self.ended = False
        while on_delta(Delta("x" * 1000)):
            self.said += 1000
        self.ended = True
        return Finish(reason="cancelled")

    def count_tokens(self, text: str) -> int:
        return len(text)

    def close(self) -> None:
        self.ended = True


def test_reader_that_reads_nothing_holds_the_writer_and_then_loses_its_slot() -> None:
    """A slow client must not grow the server's memory without bound, nor keep the model for ever."""
    backend = Endless()
    with running(backend, limits=Limits(deadline_s=1.5, stall_s=0.5)) as server:
        connection = raw_request(server, stream=True)
        wait_until(lambda: backend.said > 0, "the first text")
        before = -1
        while before != backend.said:  # until socket buffers, the event loop's buffer and ours are full
            before = backend.said
            time.sleep(0.2)
        assert backend.said < 20_000_000
        wait_until(lambda: backend.ended, "the deadline")
        server.counted('glosswright_model_requests_total{outcome="stalled"}', 1)
        connection.close()
        assert queue(server) == (0, 0)


def test_slow_reader_gets_everything_merged() -> None:
    """What waits for a slow reader comes as fewer, larger events, and nothing is lost."""
    backend = HandBackend(tuple(f"{number} " for number in range(200)))
    with running(backend) as server:
        response = server.complete(stream=True, max_tokens=500)
        got = events(response.text)
        assert "".join(event["choices"][0]["text"] for event in got) == "".join(backend.tokens)
        assert len(got) <= 202


async def test_many_clients_that_come_and_go() -> None:
    """Typing, in bulk: 40 requests dropped almost at once; the one after them is answered, and nothing is left over."""
    backend = HandBackend(tuple("abc"))
    with running(backend) as server:
        headers = {"authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=10, trust_env=False) as client:
            for _ in range(40):
                task = asyncio.ensure_future(client.post("/v1/completions", json={"prompt": "p", "stream": True}))
                await asyncio.sleep(0.003)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            last = await client.post("/v1/completions", json={"prompt": "p"})
        assert last.json()["choices"][0]["text"] == "abc"
        wait_until(lambda: queue(server) == (0, 0), "an empty queue")


def test_metrics_add_up() -> None:
    """Numbers that operators will trust; cached tokens tell whether prefix reuse works."""
    with running(HandBackend()) as server:
        server.complete("one two three")
        server.complete("one two three")
        server.counted('glosswright_model_requests_total{outcome="ok"}', 2)
        server.counted("glosswright_model_prompt_tokens_total", 6)
        server.counted("glosswright_model_cached_tokens_total", 2)
        server.counted("glosswright_model_completion_tokens_total", 6)
        server.counted("glosswright_model_prefill_seconds_sum", 0.5)
        server.counted("glosswright_model_decode_seconds_count", 2)
        server.counted("glosswright_model_time_to_first_token_seconds_count", 2)
        assert "# HELP glosswright_model_queue_length" in server.client.get("/metrics").text


async def test_pipe_that_is_closed_takes_nothing() -> None:
    """A worker whose reader is gone must learn it at once, also when the whole loop is."""
    outbox: Outbox[int] = Outbox(limit=2)
    assert outbox.put(1)
    assert outbox.put(2)
    blocked = asyncio.get_running_loop().run_in_executor(None, outbox.put, 3)
    await asyncio.sleep(0.05)
    assert not blocked.done()
    assert await asyncio.wait_for(outbox.take(), 5) == [1, 2]
    assert await asyncio.wait_for(blocked, 5)
    assert await asyncio.wait_for(outbox.take(), 5) == [3]
    outbox.close()
    assert not outbox.put(4)
    assert await asyncio.wait_for(outbox.take(), 5) == []


def test_pipe_outlives_its_loop() -> None:
    """An engine that comes back after the server's end must not raise on its thread."""

    async def make() -> Outbox[int]:
        return Outbox(limit=2)

    outbox = asyncio.run(make())
    assert not outbox.put(1)


def test_model_that_arrives_after_the_loop_is_closed() -> None:
    """Nobody is left to take it: it must free itself."""
    backend, go = HandBackend(), threading.Event()

    def load(report: object) -> HandBackend:
        assert go.wait(10)
        return backend

    async def make() -> None:
        Service("m", load, on_stop=lambda: None).start()

    asyncio.run(make())
    go.set()
    wait_until(lambda: backend.closed == 1, "the end of the model")


def test_client_that_leaves_before_its_body_is_there() -> None:
    """Nothing was asked yet, so nothing is answered, and the server goes on."""
    with running(HandBackend()) as server:
        connection = socket.create_connection(("127.0.0.1", httpx.URL(server.url).port), timeout=10)
        head = f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
        connection.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
        connection.close()
        server.counted('glosswright_model_requests_total{outcome="cancelled"}', 1)
        assert server.complete().status_code == 200
