"""Completions streaming from the model into shapers, until what was asked for is complete: one, or several at once.

Ending the stream closes the connection, which frees the model between two tokens. Deadlines, sharing, memory and what
becomes of several candidates are the engine's business.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glosswright_server.engine.suggestion import Timing
from glosswright_server.errors import EndpointBroken
from glosswright_server.generation.completions import CompletionChunk, CompletionRequest, Origin, Usage
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
    unit: str = ""
    """One level of indentation for a file that shows none; "" for the language's own."""
    temperature: float = 0.0
    temperatures: tuple[float, ...] = ()
    """One for each choice, for a model server that takes them; () for `temperature` throughout."""
    seed: int | None = None
    deadline_ms: int | None = None
    """After this long the model server gives up by itself."""
    logprobs: bool = False
    """Whether the tokens' log-probabilities are wanted, to rank by."""
    explain: bool = False
    """Whether the model can tell, and should, which words of the prompt its text came from."""

    def request(self, n: int = 1) -> CompletionRequest:
        """The same as a request for `n` choices."""
        return CompletionRequest(
            prompt=self.prompt.prompt,
            suffix=self.prompt.suffix,
            stop=self.prompt.stop,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            temperatures=self.temperatures,
            seed=self.seed,
            deadline_ms=self.deadline_ms,
            n=n,
            logprobs=0 if self.logprobs else None,
            explain=self.explain,
        )


class Run:
    """A running or finished completion."""

    def __init__(self, job: Job, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.job = job
        self.raw = job.prompt.assumed
        """The model's text as it came, behind what the prompt assumed already."""
        self.usage: Usage | None = None
        self.pieces = 0
        """Pieces of text that came; one of several tokens counts as those, where the endpoint tells."""
        self.origins: tuple[Origin, ...] = ()
        """Where the text so far came from, if the model tells."""
        self._clock = clock
        self._shaper = Shaper(job.text, job.intent, prompt_assumed=job.prompt.assumed, unit=job.unit)
        self._started_at = clock()
        self._first_at: float | None = None
        self._last_at: float | None = None
        self._cut_off = True
        self._logprobs: list[float] = []
        self.done = False
        """Whether what was asked for is complete: the rest of the stream is of no use."""
        self.ended = False
        """Whether the endpoint has said that its answer ends here."""

    async def stream(self, client: CompletionClient, on_growth: Callable[[], None] | None = None) -> None:
        """Generate until complete; `on_growth` is called after each piece. Raises ModelError.

        When the connection breaks after some text, that text is kept and no error is raised.
        """
        self.begin()
        try:
            async with client.stream(self.job.request()) as chunks:
                async for chunk in chunks:
                    if not self.take(chunk):
                        continue
                    if on_growth is not None:
                        on_growth()
                    if self.done:
                        return
        except EndpointBroken:
            if self.partial() is None:
                raise

    def begin(self) -> None:
        """Note that the model is asked now."""
        self._started_at = self._clock()

    def take(self, chunk: CompletionChunk) -> bool:
        """Take the next piece; whether it held text. `done` says whether more is of use."""
        self.usage = chunk.usage or self.usage
        if chunk.finish_reason is not None:
            self._cut_off = chunk.finish_reason != "stop"
            self.ended = True
        if self.done or not chunk.text:
            return False
        text = chunk.text.replace("\n", "\n" + self.job.prompt.margin)
        self.pieces += max(1, len(chunk.logprobs))  # a beam search sends its answer whole
        self.raw += text
        self._last_at = self._clock()
        self._first_at = self._first_at or self._last_at
        self._logprobs += [token.logprob for token in chunk.logprobs]
        self.origins += chunk.origins
        if self._shaper.feed(text):
            self.done = True
            self._cut_off = False
        return True

    @property
    def mean_logprob(self) -> float | None:
        """Mean natural-log probability of the tokens so far; None where the endpoint does not tell."""
        return sum(self._logprobs) / len(self._logprobs) if self._logprobs else None

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


class Batch:
    """Several completions of one prompt, made at once."""

    def __init__(
        self,
        job: Job,
        n: int,
        *,
        on_candidate: Callable[[Run], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_candidate` is told each choice as soon as it is complete; those cut off are told too."""
        self.job = job
        self.runs = [Run(job, clock=clock) for _ in range(n)]
        self._on_candidate = on_candidate

    @property
    def pieces(self) -> int:
        """Pieces that have come, over all choices."""
        return sum(run.pieces for run in self.runs)

    @property
    def raw(self) -> str:
        """What was said, one choice after the other, for the log."""
        return "\n".join(run.raw for run in self.runs)

    async def stream(self, client: CompletionClient, on_growth: Callable[[], None] | None = None) -> None:
        """Generate until each choice is complete. Raises ModelError when nothing at all came.

        A choice that the endpoint does not know of (not every server heeds `n`) is left out.
        """
        told: set[int] = set()
        for run in self.runs:
            run.begin()
        try:
            async with client.stream(self.job.request(len(self.runs))) as chunks:
                async for chunk in chunks:
                    if chunk.index >= len(self.runs):
                        continue
                    run = self.runs[chunk.index]
                    grew = run.take(chunk)
                    if grew and on_growth is not None:
                        on_growth()
                    if (run.done or run.ended) and chunk.index not in told:
                        told.add(chunk.index)
                        self._on_candidate(run)
                    if len(told) == len(self.runs):
                        return
        except EndpointBroken:
            if not told:
                raise
