"""What the server says before there is a model, and whom it talks to."""

from __future__ import annotations

import asyncio
import threading
import time

import httpx
import pytest
from model.serving.support import TOKEN, HandBackend, running, wait_until
from starlette.datastructures import Headers

from glosswright_model.backends.base import Backend
from glosswright_model.errors import ModelLoadError
from glosswright_model.serving.activity import Activity
from glosswright_model.serving.guard import Guard, host_of, is_loopback
from glosswright_model.serving.loading import Report
from glosswright_model.serving.wire import ApiError


def test_the_way_of_a_model_is_seen_in_health() -> None:
    """The editor shows this: a download of minutes must not look like a hang, and requests must know to come back."""
    steps = [threading.Event() for _ in range(3)]

    def load(report: Report) -> Backend:
        assert steps[0].wait(10)
        report.downloading(600, 1000, 250.04, "Downloading from the hub")
        assert steps[1].wait(10)
        report.loading()
        assert steps[2].wait(10)
        return HandBackend()

    with running(load, ready=False) as server:

        def refused() -> tuple[int, str, int]:
            response = server.complete()
            return response.status_code, response.json()["error"]["code"], int(response.headers["retry-after"])

        def status() -> str:
            return server.client.get("/health").json()["status"]

        health = server.client.get("/health")
        assert health.status_code == 503
        assert health.json() == {
            "status": "starting",
            "model": "asked-for",
            "done_bytes": 0,
            "total_bytes": 0,
            "bytes_per_s": 0.0,
            "message": "Looking for asked-for",
            "error": None,
        }
        assert refused() == (503, "model_not_ready", 1)
        assert server.client.get("/v1/models").json() == {"object": "list", "data": []}
        steps[0].set()
        wait_until(lambda: server.client.get("/health").json()["done_bytes"] == 600, "the download")
        health = server.client.get("/health")
        assert (health.status_code, health.json()["status"], health.json()["total_bytes"]) == (503, "downloading", 1000)
        assert (health.json()["bytes_per_s"], health.json()["message"]) == (250.0, "Downloading from the hub")
        assert refused() == (503, "model_not_ready", 5)
        steps[1].set()
        wait_until(lambda: status() == "loading", "loading")
        assert refused() == (503, "model_not_ready", 1)
        steps[2].set()
        wait_until(lambda: status() == "ready", "ready")
        health = server.client.get("/health")
        assert (health.status_code, health.json()["model"]) == (200, "hand")
        assert health.json()["message"] == "scripted on cpu. by hand"
        assert server.complete().status_code == 200


@pytest.mark.parametrize("error", [ModelLoadError("The file is cut short: pull it again."), OSError("no room")])
def test_a_failed_load_can_be_read(error: Exception) -> None:
    """The server stays up so that the reason reaches the user, who would else see only a closed port."""

    def load(report: Report) -> Backend:
        raise error

    with running(load, ready=False) as server:
        wait_until(lambda: server.client.get("/health").json()["status"] == "failed", "the failure")
        health = server.client.get("/health")
        assert health.status_code == 503
        assert str(error) in health.json()["error"]
        response = server.complete()
        assert (response.status_code, response.json()["error"]["code"]) == (503, "model_failed")
        assert response.json()["error"]["message"] == health.json()["error"]
        assert "retry-after" not in response.headers


def test_models_says_what_is_loaded() -> None:
    """The language server picks its prompt format by `family` and `supports_suffix`."""
    with running(HandBackend(slots=2)) as server:
        body = server.client.get("/v1/models").json()
        created = body["data"][0].pop("created")
        assert isinstance(created, int)
        assert body["data"] == [
            {
                "id": "hand",
                "object": "model",
                "owned_by": "glosswright",
                "glosswright": {
                    "family": "generic",
                    "context_length": 1000,
                    "backend": "scripted",
                    "device": "cpu",
                    "supports_suffix": True,
                    "slots": 2,
                    "batch": 1,
                    "temperatures": True,
                    "why": "by hand",
                },
            }
        ]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("GET", "/v1/models", {"authorization": ""}, 401, "invalid_token"),
        ("GET", "/v1/models", {"authorization": f"Bearer {TOKEN}x"}, 401, "invalid_token"),
        ("GET", "/v1/models", {"authorization": f"Basic {TOKEN}"}, 401, "invalid_token"),
        ("GET", "/v1/models", {"authorization": "Bearer \u00e9"}, 401, "invalid_token"),
        ("GET", "/metrics", {"authorization": ""}, 401, "invalid_token"),
        ("POST", "/shutdown", {"authorization": ""}, 401, "invalid_token"),
        ("POST", "/v1/completions", {"authorization": ""}, 401, "invalid_token"),
        ("GET", "/nowhere", {"authorization": ""}, 401, "invalid_token"),
        ("GET", "/health", {"origin": "https://evil.example"}, 403, "origin_not_allowed"),
        ("GET", "/health", {"origin": "null"}, 403, "origin_not_allowed"),
        ("GET", "/health", {"origin": "http://127.0.0.1.evil.example"}, 403, "origin_not_allowed"),
        ("POST", "/v1/completions", {"origin": "https://evil.example"}, 403, "origin_not_allowed"),
        ("POST", "/shutdown", {"origin": "http://[::1"}, 403, "origin_not_allowed"),
        ("GET", "/health", {"host": "evil.example"}, 403, "host_not_allowed"),
        ("GET", "/v1/models", {"host": "localhost.evil.example:80"}, 403, "host_not_allowed"),
        ("GET", "/nowhere", {}, 404, "not_found"),
        ("GET", "/v1/completions", {}, 405, "method_not_allowed"),
        ("GET", "/shutdown", {}, 405, "method_not_allowed"),
    ],
)
def test_strangers_are_refused(method: str, path: str, headers: dict, status: int, code: str) -> None:
    """Web pages, other users, rebinding names: each refusal in OpenAI's form."""
    with running(HandBackend()) as server:
        encoded = {name: value.encode("utf-8") for name, value in headers.items()}
        response = server.client.request(method, path, headers=encoded)
        assert (response.status_code, response.json()["error"]["code"]) == (status, code)
        assert ("www-authenticate" in response.headers) == (status == 401)
        assert TOKEN not in response.text
        assert not server.service.stopping


def test_own_programs_are_welcome() -> None:
    """Loopback pages (a notebook, a local tool) with the token may come; health needs none."""
    with running(HandBackend()) as server:
        origin = {"origin": "http://localhost:8888"}
        assert server.client.get("/v1/models", headers=origin).status_code == 200
        assert httpx.get(f"{server.url}/health", trust_env=False).status_code == 200


@pytest.mark.parametrize(
    ("authority", "host", "own"),
    [
        ("127.0.0.1:80", "127.0.0.1", True),
        ("localhost", "localhost", True),
        ("LOCALHOST.:1", "localhost.", True),
        ("[::1]:9", "::1", True),
        ("127.9.9.9", "127.9.9.9", True),
        ("10.0.0.1", "10.0.0.1", False),
        ("127.0.0.1@evil.example", "", False),
        ("user@127.0.0.1", "", False),
        ("[::1", "", False),
        ("", "", False),
    ],
)
def test_which_hosts_are_this_machine(authority: str, host: str, own: bool) -> None:
    """The whole of the defence against DNS rebinding rests on this."""
    assert host_of(authority) == host
    assert is_loopback(host) is own


def test_a_shared_server_takes_any_host_name_but_no_foreign_page() -> None:
    """Bound to the network it cannot know its names; the token, and the Origin check, still hold."""
    guard = Guard(TOKEN, loopback=False)
    own = {"host": "gpu-box:8000", "authorization": f"bearer {TOKEN}"}
    guard.check("/v1/models", Headers(own))
    with pytest.raises(ApiError, match="Web pages"):
        guard.check("/v1/models", Headers({**own, "origin": "https://evil.example"}))
    with pytest.raises(ApiError, match="token"):
        guard.check("/v1/models", Headers({"host": "gpu-box:8000"}))
    assert TOKEN not in repr(guard)


def test_shutdown_cuts_what_runs_and_frees_the_model() -> None:
    """Told to end, the server answers with what there is rather than breaking connections."""
    backend = HandBackend(permits=1)
    with running(backend) as server:
        answers: list[httpx.Response] = []
        client = threading.Thread(target=lambda: answers.append(server.complete()))
        client.start()
        wait_until(lambda: backend.computed == 1, "the first token")
        response = httpx.post(f"{server.url}/shutdown", headers=server.client.headers, trust_env=False)
        assert (response.status_code, response.json()) == (202, {"status": "stopping"})
        client.join(10)
        assert answers[0].json()["choices"][0]["finish_reason"] == "cancelled"
        assert answers[0].json()["choices"][0]["text"] == "return"
        assert server.stopped.wait(10)
        assert backend.closed == 1
        with pytest.raises(ApiError) as refusal:
            server.service.require()
        assert (refusal.value.status, refusal.value.code) == (503, "shutting_down")


def test_a_model_that_comes_too_late_is_freed() -> None:
    """The server was told to end while it loaded: the engine must not be left behind."""
    backend, go = HandBackend(), threading.Event()

    def load(report: Report) -> Backend:
        assert go.wait(10)
        return backend

    with running(load, ready=False) as server:
        assert server.client.post("/shutdown").status_code == 202
        go.set()
        wait_until(lambda: backend.closed == 1, "the end of the model")


async def test_idle_time_counts_from_the_last_end() -> None:
    """Two overlapping requests, then nothing: the server may go only `idle_s` after the second ended."""
    called = asyncio.Event()
    activity = Activity(0.2, called.set)
    activity.restart()
    with activity.busy():
        with activity.busy():
            await asyncio.sleep(0.3)
        await asyncio.sleep(0.3)
        assert not called.is_set()
    ended = time.monotonic()
    await asyncio.wait_for(called.wait(), 5)
    assert time.monotonic() - ended > 0.19


async def test_idle_time_zero_is_never() -> None:
    """A shared server must not go away."""
    called = asyncio.Event()
    activity = Activity(0.0, called.set)
    with activity.busy():
        pass
    await asyncio.sleep(0.02)
    assert not called.is_set()


def test_a_defect_of_ours_is_a_500_in_the_usual_form(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever we got wrong, clients can parse the answer, and neither it nor the log quotes anything."""
    caplog.set_level("INFO")
    with running(HandBackend()) as server:

        def broken() -> bytes:
            raise RuntimeError("SECRET")

        server.service.metrics.text = broken  # type: ignore[method-assign]
        response = server.client.get("/metrics")
        assert (response.status_code, response.json()["error"]["code"]) == (500, "internal_error")
        assert "SECRET" not in response.text
        assert "RuntimeError" in caplog.text
        assert "SECRET" not in caplog.text
        assert server.complete().status_code == 200
