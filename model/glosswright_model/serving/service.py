"""The server's moving parts in one place: the model on its way, then its queue; metrics; idleness; the wish to end.

It belongs to the event loop and knows no HTTP; `app` answers from it, `lifetime` runs it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from glosswright_model.backends.base import Backend, BackendInfo
from glosswright_model.serving.activity import Activity
from glosswright_model.serving.admission import Admission
from glosswright_model.serving.loading import Health, Load, Loading
from glosswright_model.serving.metrics import Metrics
from glosswright_model.serving.wire import ApiError

RETRY_LOADING_S = 1.0
RETRY_DOWNLOADING_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much the server takes on."""

    queue: int = 16
    """Requests that may wait for a slot."""
    deadline_s: float = 120.0
    """Longest time for one request, waiting included."""
    idle_s: float = 1800.0
    """Time without requests after which the server ends; 0: never."""
    body_bytes: int = 4 * 1024 * 1024
    body_s: float = 30.0
    """Time for a request's body to arrive."""
    stall_s: float = 30.0
    """Time after the deadline for a client to read the rest of its answer."""


class Service:
    """Everything behind the HTTP API. Make it on the event loop, `start` it, and `stop` it."""

    def __init__(self, model: str, load: Load, *, limits: Limits | None = None, on_stop: Callable[[], None]) -> None:
        self.limits = limits or Limits()
        self.metrics = Metrics()
        self.activity = Activity(self.limits.idle_s, self.request_stop)
        self.requested_model = model
        self.started_at = int(time.time())
        self.stopping = False
        self._on_stop = on_stop
        self._loading = Loading(model, load)
        self._backend: Backend | None = None
        self._admission: Admission | None = None

    def start(self) -> None:
        """Begin to load the model, in the background."""
        loop = asyncio.get_running_loop()

        def on_end(backend: Backend | None) -> None:
            try:
                loop.call_soon_threadsafe(self._loaded, backend)
            except RuntimeError:  # the loop has ended meanwhile
                if backend is not None:
                    backend.close()

        self._loading.start(on_end)

    @property
    def health(self) -> Health:
        """How far the model is."""
        return self._loading.health

    @property
    def ready(self) -> bool:
        """Whether completions can be had now."""
        return self._admission is not None and not self.stopping

    @property
    def info(self) -> BackendInfo | None:
        """The loaded back end, if any."""
        return self._backend.info if self._backend is not None else None

    def require(self) -> tuple[BackendInfo, Admission]:
        """The back end and its queue. Raises ApiError 503 when there is none."""
        if self.stopping:
            raise ApiError(
                503, "shutting_down", "The model server is ending.", kind="server_error", retry_after_s=RETRY_LOADING_S
            )
        if self._backend is not None and self._admission is not None:
            return self._backend.info, self._admission
        health = self.health
        if health.status == "failed":
            raise ApiError(503, "model_failed", health.error or health.message, kind="server_error")
        wait_s = RETRY_DOWNLOADING_S if health.status == "downloading" else RETRY_LOADING_S
        message = f"The model is not ready yet: {health.message.lower() or health.status}."
        raise ApiError(503, "model_not_ready", message, kind="server_error", retry_after_s=wait_s)

    def request_stop(self) -> None:
        """End everything that runs and tell the owner, once."""
        if self.stopping:
            return
        self.stopping = True
        self.activity.stop()
        self._loading.cancel()
        if self._admission is not None:
            self._admission.close()
        self._on_stop()

    def close(self, timeout_s: float) -> bool:
        """After `request_stop`, off the loop's time: wait for the threads and free the model. False when an engine does
        not let go, and the process should end without unloading it."""
        give_up = time.monotonic() + timeout_s
        done = self._loading.join(timeout_s)
        if self._admission is not None:
            done = self._admission.join(max(0.0, give_up - time.monotonic())) and done
        if done and self._backend is not None:
            self._backend.close()
        return done

    def _loaded(self, backend: Backend | None) -> None:
        if backend is not None and self.stopping:
            backend.close()
            return
        if backend is not None:
            self._backend = backend
            self._admission = Admission(backend, queue_limit=self.limits.queue, on_finish=self.metrics.finished)
            self.metrics.watch(lambda: admission.queue_length, lambda: admission.slots_busy)
            admission = self._admission
        self.activity.restart()
