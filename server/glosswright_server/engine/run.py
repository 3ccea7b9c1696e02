"""One completion streaming from the model into the shaper, until what was asked for is complete.

Ending the stream closes the connection, which frees the model between two tokens. Deadlines, sharing and memory are the
engine's business.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glosswright_server.engine.suggestion import Timing
from glosswright_server.errors import EndpointBroken
from glosswright_server.generation.completions import CompletionRequest, Usage
from glosswright_server.intent.model import Intent
from glosswright_server.prompt.build import Prompt
from glosswright_server.shaping.shaper import Shaped, Shaper

if TYPE_CHECKING:
    from glosswright_server.generation.client import CompletionClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to generate: a prompt, and the place its answer must fit."""

    text: str
    """The document when the job was made."""
    intent: Intent
    prompt: Prompt
    max_tokens: int
    temperature: float = 0.0
    seed: int | None = None
    deadline_ms: int | None = None
    """After this long the model server gives up by itself."""


class Run:
    """A running or finished completion."""

    def __init__(self, job: Job, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.job = job
        self.raw = job.prompt.assumed
        """The model's text as it came, behind what the prompt assumed already."""
        self.usage: Usage | None = None
        self.pieces = 0
        self._clock = clock
        self._shaper = Shaper(job.text, job.intent, prompt_assumed=job.prompt.assumed)
        self._started_at = clock()
        self._first_at: float | None = None
        self._last_at: float | None = None
        self._cut_off = True

    async def stream(self, client: CompletionClient, on_growth: Callable[[], None] | None = None) -> None:
        """Generate until complete; `on_growth` is called after each piece. Raises ModelError.

        When the connection breaks after some text, that text is kept and no error is raised.
        """
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
        self._started_at = self._clock()
        try:
            async with client.stream(request) as chunks:
                async for chunk in chunks:
                    self.usage = chunk.usage or self.usage
                    if chunk.finish_reason is not None:
                        self._cut_off = chunk.finish_reason != "stop"
                    if not chunk.text:
                        continue
                    self.pieces += 1
                    self.raw += chunk.text
                    self._last_at = self._clock()
                    self._first_at = self._first_at or self._last_at
                    complete = self._shaper.feed(chunk.text)
                    if on_growth is not None:
                        on_growth()
                    if complete:
                        self._cut_off = False
                        return
        except EndpointBroken:
            if self.partial() is None:
                raise

    def partial(self) -> Shaped | None:
        """The complete statements so far; None when there is none yet."""
        return self._shaper.partial()

    def result(self) -> Shaped | None:
        """The answer once the stream has ended; None when nothing worth showing came."""
        return self._shaper.result(truncated=self._cut_off)

    def timing(self, started_at: float) -> Timing:
        """What it cost; `started_at` is when the request came, on this run's clock."""
        now = self._clock()
        first, last = self._first_at or now, self._last_at or now
        usage = self.usage or Usage()
        return Timing(
            total_ms=(now - started_at) * 1000,
            first_token_ms=(first - self._started_at) * 1000,
            # Closing the stream early leaves the server no time to count for us; a piece is a token, nearly always.
            tokens=usage.completion_tokens or self.pieces,
            prompt_tokens=usage.prompt_tokens,
            cached_tokens=usage.cached_tokens,
            tokens_per_second=(self.pieces - 1) / (last - first) if self.pieces > 1 and last > first else 0.0,
        )
