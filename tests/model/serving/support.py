"""A back end whose every token the test lets through by hand, and a real server in a thread of this process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx

from glosswright_model.backends.base import (
    Backend,
    BackendInfo,
    Delta,
    Finish,
    GenerationRequest,
    OnDelta,
    TokenLogprob,
)
from glosswright_model.serving.app import build_app
from glosswright_model.serving.guard import Guard
from glosswright_model.serving.lifetime import _Server, bind
from glosswright_model.serving.service import Limits, Service

TOKEN = "a-token-for-the-tests"
WAIT_S = 10.0


def wait_until(condition: Callable[[], bool], what: str = "condition") -> None:
    """Wait for something another thread does; fails after ten seconds."""
    give_up = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < give_up, f"never came: {what}"
        time.sleep(0.005)


class HandBackend:
    """Says `tokens`, each only once it was permitted; counts what it computed and remembers what it was asked."""

    def __init__(
        self,
        tokens: tuple[str, ...] = ("return", " a", " + b"),
        *,
        permits: int | None = None,
        slots: int = 1,
        supports_suffix: bool = True,
        asks: bool = True,
        error: Exception | None = None,
    ) -> None:
        self.info = BackendInfo(
            backend="scripted",
            model="hand",
            family="generic",
            context_length=1000,
            slots=slots,
            supports_suffix=supports_suffix,
            device="cpu",
            why="by hand",
        )
        self.tokens = tokens
        self.permits = threading.Semaphore(10**9 if permits is None else permits)
        self.asks = asks  # whether it asks "go on?" while it waits for a permit
        self.error = error
        self.requests: list[GenerationRequest] = []
        self.finishes: list[Finish] = []
        self.computed = 0
        self.closed = 0

    def generate(self, request: GenerationRequest, on_delta: OnDelta) -> Finish:
        first = not self.requests
        self.requests.append(request)
        said = 0
        reason = "stop"
        for token in self.tokens:
            if said >= request.max_tokens:
                reason = "length"
                break
            if not self._permitted(on_delta):
                reason = "cancelled"
                break
            self.computed += 1
            said += 1
            logprobs = () if request.logprobs is None else (TokenLogprob(token, -0.5, ((token, -0.5), ("x", -2.0))),)
            if not on_delta(Delta(token, logprobs)):
                reason = "cancelled"
                break
        if self.error is not None:
            raise self.error
        finish = Finish(
            reason=reason,  # type: ignore[arg-type]
            prompt_tokens=len(request.prompt.split()),
            cached_tokens=0 if first else len(request.prompt.split()) - 1,
            completion_tokens=said,
            truncated_tokens=2,
            prefill_s=0.25,
            decode_s=0.5,
        )
        self.finishes.append(finish)
        return finish

    def _permitted(self, on_delta: OnDelta) -> bool:
        give_up = time.monotonic() + WAIT_S
        while not self.permits.acquire(timeout=0.005):
            if self.asks and not on_delta(Delta("")):
                return False
            if time.monotonic() > give_up:
                return False
        return True

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def close(self) -> None:
        self.closed += 1


@dataclass
class Running:
    """A server that listens."""

    url: str
    service: Service
    client: httpx.Client
    stopped: threading.Event = field(default_factory=threading.Event)

    def complete(self, prompt: str = "def f(a, b):", **fields: object) -> httpx.Response:
        return self.client.post("/v1/completions", json={"prompt": prompt, **fields})

    def counted(self, name: str, value: float) -> None:
        """Wait until a metric has this value: requests are counted just after their last byte is sent."""
        wait_until(lambda: self.metric(name) == value, f"{name} {value}")

    def metric(self, name: str) -> float:
        for line in self.client.get("/metrics").text.splitlines():
            if line.startswith(name + " "):
                return float(line.split()[-1])
        return 0.0


@contextlib.contextmanager
def running(
    backend: Backend | Callable[..., Backend], *, ready: bool = True, limits: Limits | None = None, **guard: bool
) -> Iterator[Running]:
    """Serve `backend`, or what a loading function gives, on a free port. Waits until it is ready unless told not to."""
    load = backend if callable(backend) else lambda report: backend
    made: list[tuple[Service, asyncio.AbstractEventLoop]] = []
    started, stopped = threading.Event(), threading.Event()
    listener = bind("127.0.0.1", 0)

    async def main() -> None:
        import uvicorn

        def on_stop() -> None:
            server.should_exit = True

        service = Service("asked-for", load, limits=limits, on_stop=on_stop)
        app = build_app(service, Guard(TOKEN, **guard))
        server = _Server(
            uvicorn.Config(app, http="h11", ws="none", lifespan="off", log_config=None, timeout_graceful_shutdown=1)
        )
        listener.listen(128)
        made.append((service, asyncio.get_running_loop()))
        service.start()
        started.set()
        await server.serve(sockets=[listener])
        service.close(2.0)
        stopped.set()

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    assert started.wait(WAIT_S)
    service, loop = made[0]
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    headers = {"authorization": f"Bearer {TOKEN}"}
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=WAIT_S, trust_env=False) as client:
            if ready:
                wait_until(lambda: client.get("/health").status_code == 200, "the model")
            yield Running(url, service, client, stopped)
    finally:
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(service.request_stop)
        thread.join(WAIT_S)
        assert not thread.is_alive()


def events(text: str) -> list[dict]:
    """The JSON events of a stream, which must end with [DONE]."""
    blocks = text.split("\n\n")
    assert blocks[-2:] == ["data: [DONE]", ""]
    assert all(block.startswith("data: ") and "\n" not in block for block in blocks[:-1])
    return [json.loads(block.removeprefix("data: ")) for block in blocks[:-2]]
