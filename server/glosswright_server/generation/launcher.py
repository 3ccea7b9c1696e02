"""Finds the user's one local model server or starts it, and waits until its model is loaded.

Every caller of `LocalModelServer.ensure_ready` shares one attempt; nothing blocks the event loop; a server once started
is left running for the other editor windows even when all callers here give up. Which model wins: a running server is
used as it is, unless the user asked for another model explicitly; then that server is told to end and ours is started,
at most once until `reset`, so that two windows that want different models do not fight for ever. This module does not
complete text and does not stop a server that it merely no longer needs.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from glosswright_server.errors import EndpointUnreachable, LaunchError, ModelError
from glosswright_server.generation.endpoint import Endpoint, Timeouts
from glosswright_server.generation.launch_options import LaunchOptions, LaunchProgress, LaunchTimings, OnProgress
from glosswright_server.generation.model_process import ALREADY_RUNNING, ModelProcess, check_model, serve_command
from glosswright_server.generation.runtime_state import (
    LOG_NAME,
    RUNTIME_DIR_VARIABLE,
    STATE_NAME,
    ServerState,
    is_alive,
    make_private_dir,
    read_state,
    runtime_dir,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Ready:
    endpoint: Endpoint
    pid: int
    stamp: tuple[int, int] | None
    """Identity of the state file: another server writes another file."""


@dataclass(slots=True, eq=False)
class _Attempt:
    task: asyncio.Task[Endpoint]
    listeners: list[OnProgress] = field(default_factory=list)
    waiters: int = 0


class LocalModelServer:
    """The shared local model server, seen from one language server. Belongs to one event loop."""

    def __init__(
        self,
        options: LaunchOptions,
        *,
        command: Sequence[str] | None = None,
        directory: Path | None = None,
        timings: LaunchTimings | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Starts nothing. `command` and `directory` stand in for the command line and the runtime folder (tests)."""
        self.options = options
        self.last_error: ModelError | None = None
        """Why the last attempt failed; None after a success or `reset`."""
        self.progress: LaunchProgress | None = None
        """The last thing the server said about itself."""
        self._model = _absolute(options.model)
        self._command = command
        self._directory = directory or runtime_dir()
        self._timings = timings or LaunchTimings()
        self._clock = clock
        self._jitter = jitter
        self._attempt: _Attempt | None = None
        self._ready: _Ready | None = None
        self._failures = 0
        self._retry_at = 0.0
        self._may_replace = options.model_is_explicit

    async def ensure_ready(self, on_progress: OnProgress | None = None) -> Endpoint:
        """The endpoint of a server whose model is loaded; at once when one was ready before and still lives.

        `on_progress` is called on the event loop, first with what is known already. Cancelling one caller leaves the
        others waiting. Raises LaunchError when no server can be had (for 1 to 60 seconds after a failure the same error
        comes at once, see `reset`), EndpointUnreachable when none runs and `autostart` is off.
        """
        if endpoint := self.ready_endpoint():
            return endpoint
        attempt = self._attempt or self._begin()
        attempt.waiters += 1
        if on_progress is not None:
            attempt.listeners.append(on_progress)
            if self.progress is not None:
                on_progress(self.progress)
        try:
            return await asyncio.shield(attempt.task)
        finally:
            attempt.waiters -= 1
            if on_progress is not None:
                attempt.listeners.remove(on_progress)
            if not attempt.waiters and not attempt.task.done():
                # Forgotten at once, so that a caller who comes next does not join an attempt that is being cancelled.
                self._forget(attempt)
                attempt.task.cancel()

    def ready_endpoint(self) -> Endpoint | None:
        """The endpoint if its server was ready and, by a look that costs microseconds, still lives. Starts nothing."""
        ready = self._ready
        if ready is not None and (ready.stamp != self._stamp() or not psutil.pid_exists(ready.pid)):
            ready = self._ready = None
        return ready.endpoint if ready else None

    def lost(self, endpoint: Endpoint) -> None:
        """Tell that `endpoint` could not be reached: the next `ensure_ready` looks again, and may start a server."""
        if self._ready is not None and self._ready.endpoint == endpoint:
            self._ready = None

    def reset(self) -> None:
        """Forget failures, so that the next `ensure_ready` tries at once (the user asked, or settings changed)."""
        self._failures, self._retry_at, self.last_error = 0, 0.0, None
        self._may_replace = self.options.model_is_explicit

    async def stop(self) -> bool:
        """Tell the running server to end, for every window. Returns whether one ran. Raises LaunchError if it stays."""
        self._ready = None
        reading = await asyncio.to_thread(read_state, self._directory)
        if reading.state is not None:
            await self._retire(reading.state)
        self.reset()
        return reading.state is not None

    async def aclose(self) -> None:
        """Give up a running attempt. The server itself goes on: others may use it."""
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.task.cancel()
            with contextlib.suppress(asyncio.CancelledError, ModelError):
                await attempt.task

    def _begin(self) -> _Attempt:
        wait_s = self._retry_at - self._clock()
        if self.last_error is not None and wait_s > 0:
            raise LaunchError(f"{self.last_error} (Next try in {wait_s:.0f} s.)")
        self.progress = None
        attempt = _Attempt(asyncio.get_running_loop().create_task(self._bring_up(), name="glosswright-launch"))
        attempt.task.add_done_callback(lambda _: self._ended(attempt))
        self._attempt = attempt
        return attempt

    def _ended(self, attempt: _Attempt) -> None:
        self._forget(attempt)
        if attempt.task.cancelled():
            return
        error = attempt.task.exception()
        if error is None:
            self._failures, self._retry_at, self.last_error = 0, 0.0, None
        elif isinstance(error, LaunchError):
            self.last_error = error
            self._failures += 1
            longest = min(self._timings.backoff_min_s * 2.0 ** min(self._failures - 1, 30), self._timings.backoff_max_s)
            self._retry_at = self._clock() + max(longest * (0.5 + self._jitter() / 2), self._timings.backoff_min_s)

    def _forget(self, attempt: _Attempt) -> None:
        if self._attempt is attempt:
            self._attempt = None

    async def _bring_up(self) -> Endpoint:
        if problem := await asyncio.to_thread(make_private_dir, self._directory):
            raise LaunchError(f"The local model server cannot be used: {problem}.")
        # Few rounds: each ends because a server that lived a moment ago is gone.
        for _ in range(3):
            reading = await asyncio.to_thread(read_state, self._directory)
            state, launched = reading.state, False
            if state is not None and self._may_replace and state.model not in (self._model, self.options.model):
                self._may_replace = False
                if self._command is None:
                    # A mistyped name must not cost the other windows the model that they are using.
                    await check_model(self._model, self._directory)
                await self._retire(state)
                state = None
            if state is None:
                if not self.options.autostart:
                    raise EndpointUnreachable(
                        "No local model server runs and `model.autostart` is off; "
                        "start one with `glosswright model serve`."
                    )
                state, launched = await self._launch(), True
            endpoint = await self._until_ready(state, launched)
            if endpoint is not None:
                self._ready = _Ready(endpoint, state.pid, self._stamp())
                return endpoint
        raise LaunchError("The local model server keeps ending before its model is loaded; look at its log.")

    async def _launch(self) -> ServerState:
        """Start a process and wait for a state file: its own, or that of the one that won the race."""
        self._tell(LaunchProgress("starting", "Starting the local model server"))
        log_path = self._directory / LOG_NAME
        command = self._command or serve_command(
            model=self._model,
            backend=self.options.backend,
            idle_minutes=self.options.idle_minutes,
            log_path=log_path,
            download=self.options.download,
        )
        process = await ModelProcess.start(
            command,
            directory=self._directory,
            log_path=log_path,
            environment={RUNTIME_DIR_VARIABLE: str(self._directory)},
        )
        gives_up = self._clock() + self._timings.appear_s
        lost_race = False
        while True:
            # The exit code first: a server that wrote its file and ended between the two looks is found dead.
            code = process.exit_code
            reading = await asyncio.to_thread(read_state, self._directory)
            if reading.state is not None:
                return reading.state
            if code == ALREADY_RUNNING and not lost_race:
                lost_race = True
                gives_up = min(gives_up, self._clock() + self._timings.stop_s)
            if code is not None and code != ALREADY_RUNNING:
                raise LaunchError(process.explanation())
            if self._clock() >= gives_up:
                why = reading.problem or f"it did not come up in time; log: {log_path}"
                raise LaunchError(f"The local model server cannot be used: {why}.")
            await asyncio.sleep(self._timings.poll_s)

    async def _until_ready(self, state: ServerState, launched: bool) -> Endpoint | None:
        """Follow `/health` until the model is loaded. None: the server ended, or had failed before we came."""
        # Here and not above: the editor gets its answer to `initialize` before httpx is imported.
        from glosswright_server.generation.client import CompletionClient

        endpoint = Endpoint(state.url, state.model, state.token, timeout_s=self.options.timeout_s, managed=True)
        heard_at = self._clock()
        async with CompletionClient(endpoint, timeouts=Timeouts(probe_s=min(2.0, self._timings.silent_s))) as client:
            while True:
                try:
                    health = await client.health()
                except ModelError:
                    if not await asyncio.to_thread(is_alive, state):
                        return None
                    if self._clock() - heard_at > self._timings.silent_s:
                        raise LaunchError(
                            f"The local model server (process {state.pid}) does not answer; end that process."
                        ) from None
                else:
                    heard_at = self._clock()
                    self._tell(LaunchProgress.of(health))
                    if health.status == "ready":
                        return endpoint
                    if health.status == "failed":
                        if launched or not self.options.autostart:
                            raise LaunchError(health.message or "The local model server could not load its model.")
                        # It stays only to be asked why; this is a new try, perhaps with the cause removed.
                        await self._retire(state)
                        return None
                await asyncio.sleep(self._timings.poll_s)

    async def _retire(self, state: ServerState) -> None:
        """Tell a server to end and wait until it has."""
        from glosswright_server.generation.client import CompletionClient

        endpoint = Endpoint(state.url, state.model, state.token, timeout_s=self._timings.stop_s, managed=True)
        async with CompletionClient(endpoint) as client:
            with contextlib.suppress(ModelError):  # whether it ended is seen below
                await client.shut_down()
        gives_up = self._clock() + self._timings.stop_s
        while await asyncio.to_thread(is_alive, state):
            if self._clock() >= gives_up:
                raise LaunchError(f"The local model server (process {state.pid}) does not end; end that process.")
            await asyncio.sleep(self._timings.poll_s)

    def _tell(self, progress: LaunchProgress) -> None:
        if progress == self.progress:
            return
        self.progress = progress
        for listener in list(self._attempt.listeners) if self._attempt else []:
            _notify(listener, progress)

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._directory / STATE_NAME)
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns


def _notify(listener: OnProgress, progress: LaunchProgress) -> None:
    try:
        listener(progress)
    except Exception:
        # A progress bar that breaks must not take the model from every caller.
        logger.exception("a progress listener failed")


def _absolute(model: str) -> str:
    """A path made absolute, for the server runs in another folder; a catalogue name as it is."""
    path = Path(model).expanduser()
    looks_like_path = os.sep in model or "/" in model or model.endswith(".gguf")
    return str(path.absolute()) if looks_like_path and path.exists() else model
