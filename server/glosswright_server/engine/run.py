"""One completion being streamed: text flows from the model into the shaper until what was asked for is complete.

A run belongs to nobody: several requests may watch it, a deadline may pass without ending it, and it goes on until it is
complete, fails or is cancelled. Ending it closes the connection, which frees the model between two tokens.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from glosswright_server.errors import EndpointBroken, ModelError
from glosswright_server.generation.client import CompletionClient
from glosswright_server.generation.completions import CompletionRequest, Usage
from glosswright_server.intent.languages import Language
from glosswright_server.intent.model import Intent
from glosswright_server.prompt.build import Prompt
from glosswright_server.shaping.shaper import Shaped, Shaper

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to generate: a prompt, and the place its answer must fit."""

    text: str
    """The document when the job was made."""
    intent: Intent
    language: Language
    prompt: Prompt
    max_tokens: int
    temperature: float = 0.0
    seed: int | None = None
    deadline_ms: int | None = None
    """After this long the model server gives up by itself."""


class Run:
    """A running or finished completion. Create it inside an event loop; it starts at once."""

    def __init__(
        self,
        client: CompletionClient,
        job: Job,
        *,
        on_growth: Callable[[Run], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.job = job
        self.error: ModelError | None = None
        self.usage: Usage | None = None
        self.chunks = 0
        self.started = clock()
        self.first_token_at: float | None = None
        self.ended_at: float | None = None
        self._client = client
        self._clock = clock
        self._on_growth = on_growth
        self._shaper = Shaper(job.text, job.intent, job.language, assumed=job.prompt.assumed)
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._stream(), name="glosswright-run")

    @property
    def done(self) -> bool:
        """Whether nothing more will come: complete, failed or cancelled."""
        return self._task.done()

    def shaped(self) -> Shaped | None:
        """What can be shown now: the whole answer when it is complete, else the complete statements so far."""
        return self._shaper.result() if self.done else self._shaper.partial()

    async def finished(self, timeout_s: float | None = None) -> bool:
        """Wait until the run is done, at most `timeout_s` seconds; returns whether it is. Never raises the run's error."""
        await asyncio.wait({self._task}, timeout=timeout_s)
        return self.done

    async def first_statement(self, timeout_s: float) -> bool:
        """Wait until `shaped()` has something to show or the run is done; returns whether it has."""
        ends_at = self._clock() + timeout_s
        while not self.done and self._shaper.partial() is None:
            left = ends_at - self._clock()
            if left <= 0:
                return False
            self._changed.clear()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._changed.wait(), left)
        return self.shaped() is not None

    async def cancel(self) -> None:
        """Stop generating and free the model. Safe to call at any time."""
        self._task.cancel()
        await asyncio.wait({self._task})

    def cancel_soon(self) -> None:
        """Like `cancel`, without waiting for the connection to close."""
        self._task.cancel()

    def tokens_per_second(self) -> float:
        """Generation speed after the first token; 0 while unknown."""
        end = self.ended_at or self._clock()
        if self.first_token_at is None or self.chunks < 2 or end <= self.first_token_at:
            return 0.0
        return (self.chunks - 1) / (end - self.first_token_at)

    async def _stream(self) -> None:
        job = self.job
        request = CompletionRequest(
            prompt=job.prompt.prompt,
            suffix=job.prompt.suffix,
            stop=job.prompt.stop,
            max_tokens=job.max_tokens,
            temperature=job.temperature,
            seed=job.seed,
            deadline_ms=job.deadline_ms,
        )
        try:
            async with self._client.stream(request) as chunks:
                async for chunk in chunks:
                    self.usage = chunk.usage or self.usage
                    if not chunk.text:
                        continue
                    self.chunks += 1
                    if self.first_token_at is None:
                        self.first_token_at = self._clock()
                    complete = self._shaper.feed(chunk.text)
                    self._grew()
                    if complete:
                        break
        except ModelError as error:
            # What came before a connection broke is still good; without any text the error is the answer.
            if not (isinstance(error, EndpointBroken) and self.chunks):
                self.error = error
        finally:
            self.ended_at = self._clock()
            self._grew()

    def _grew(self) -> None:
        self._changed.set()
        if self._on_growth is not None:
            self._on_growth(self)
