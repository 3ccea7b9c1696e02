"""The model on its way: fetched and loaded on a thread of its own while the server already answers.

`Loading` tells at any time how far it is, in the words of `GET /health`. Where weights come from and which back end is
chosen is the business of the function it is given.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal, Protocol

from glosswright_model.backends.base import Backend
from glosswright_model.errors import ModelPackageError

logger = logging.getLogger(__name__)

Status = Literal["starting", "downloading", "loading", "ready", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The body of `GET /health`. Sizes in bytes; 0 where nothing is downloaded."""

    status: Status
    model: str
    done_bytes: int = 0
    total_bytes: int = 0
    bytes_per_s: float = 0.0
    """Over the last seconds."""
    message: str = ""
    error: str | None = None

    def body(self) -> dict[str, object]:
        """As JSON."""
        return asdict(self)


class Report(Protocol):
    """How the loading function says where it is."""

    def downloading(self, done_bytes: int, total_bytes: int, bytes_per_s: float = 0.0, message: str = "") -> None:
        """So much of the weights is here. `message`: what is done, for the user; empty: the usual words."""

    def loading(self) -> None:
        """The weights are here; the back end starts."""

    def cancelled(self) -> bool:
        """Whether the server ends and the download should."""


Load = Callable[[Report], Backend]


class Loading:
    """One attempt to get a back end. Any thread may ask for `health`."""

    def __init__(self, model: str, load: Load) -> None:
        self._model = model
        self._load = load
        self._lock = threading.Lock()
        self._health = Health(status="starting", model=model, message=f"Looking for {model}")
        self._cancelled = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def health(self) -> Health:
        """How far it is."""
        with self._lock:
            return self._health

    def start(self, on_end: Callable[[Backend | None], None]) -> None:
        """Load on a new thread. It calls `on_end` once: with the back end, or None when there will be none."""
        self._thread = threading.Thread(target=self._run, args=(on_end,), name="load", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Stop a download; an engine that reads its file already cannot be stopped, but its model is closed at once."""
        self._cancelled.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread; False when it still runs."""
        if self._thread is not None:
            self._thread.join(timeout_s)
        return self._thread is None or not self._thread.is_alive()

    def downloading(self, done_bytes: int, total_bytes: int, bytes_per_s: float = 0.0, message: str = "") -> None:
        """Part of `Report`."""
        self._become(
            Health(
                status="downloading",
                model=self._model,
                done_bytes=done_bytes,
                total_bytes=total_bytes,
                bytes_per_s=round(bytes_per_s, 1),
                message=message or f"Downloading {self._model}",
            )
        )

    def loading(self) -> None:
        """Part of `Report`."""
        self._become(Health(status="loading", model=self._model, message=f"Loading {self._model}"))

    def cancelled(self) -> bool:
        """Part of `Report`."""
        return self._cancelled.is_set()

    def _run(self, on_end: Callable[[Backend | None], None]) -> None:
        started = time.monotonic()
        backend: Backend | None = None
        try:
            backend = self._load(self)
        except ModelPackageError as error:
            self._fail(str(error))
        except Exception as error:  # whatever an engine raises must be readable in /health, not lost with this thread
            logger.debug("loading failed", exc_info=True)
            self._fail(f"The model could not be loaded ({type(error).__name__}: {error}).")
        if backend is not None and self.cancelled():
            backend.close()
            backend = None
        if backend is not None:
            info = backend.info
            logger.info(
                "%s is ready after %.1f s: %s on %s, %d slots, %d tokens of context",
                info.model, time.monotonic() - started, info.backend, info.device, info.slots, info.context_length,
            )  # fmt: skip
            self._become(
                Health(
                    status="ready", model=info.model, message=f"{info.backend} on {info.device}. {info.why}".rstrip()
                )
            )
        on_end(backend)

    def _fail(self, message: str) -> None:
        logger.error("no model: %s", message)
        self._become(Health(status="failed", model=self._model, message="No model could be loaded", error=message))

    def _become(self, health: Health) -> None:
        with self._lock:
            self._health = health
