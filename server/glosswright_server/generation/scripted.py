"""A completions client that answers from a script instead of the network, for tests and benchmarks.

It implements what the engine uses of `CompletionClient`: `stream`, `models` and `aclose`. It ships with the package so
that plug-ins and editors' own tests can use it too.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from glosswright_server.errors import ModelError
from glosswright_server.generation.completions import CompletionChunk, CompletionRequest, ModelCard, Usage
from glosswright_server.generation.endpoint import Endpoint

_PIECE = re.compile(r"\n|[ \t]+|\w+|[^\w\s]+")


@dataclass(slots=True)
class Script:
    """What the model says, and how it behaves meanwhile."""

    answer: str | Callable[[CompletionRequest], str | Sequence[str]] = ""
    """The text, or a function of the request; several texts are the choices of a request for several."""
    piece_s: float = 0.0
    """Seconds before each piece (about a token)."""
    first_s: float = 0.0
    """Seconds before the first piece: the prompt being read."""
    error: ModelError | None = None
    """Raised in place of an answer, or after `error_after` pieces."""
    error_after: int = 0


@dataclass(slots=True)
class ScriptedClient:
    """Plays a script; counts what was asked, said and broken off."""

    script: Script = field(default_factory=Script)
    card: ModelCard = field(default_factory=lambda: ModelCard("scripted", family="generic", device="cpu"))
    endpoint: Endpoint = field(default_factory=lambda: Endpoint("http://127.0.0.1:9", "scripted"))
    requests: list[CompletionRequest] = field(default_factory=list)
    pieces: int = 0
    """Pieces said, over all requests."""
    broken_off: int = 0
    """Requests that were closed before their answer's end."""
    running: int = 0
    closed: bool = False

    def stream(self, request: CompletionRequest) -> AbstractAsyncContextManager[AsyncIterator[CompletionChunk]]:
        """Like `CompletionClient.stream`."""
        return self._stream(request)

    async def models(self) -> Sequence[ModelCard]:
        """The one model."""
        return [self.card]

    async def aclose(self) -> None:
        """Note that the client was closed."""
        self.closed = True

    @asynccontextmanager
    async def _stream(self, request: CompletionRequest) -> AsyncIterator[AsyncIterator[CompletionChunk]]:
        self.requests.append(request)
        self.running += 1
        finished = False
        script = self.script

        async def chunks() -> AsyncIterator[CompletionChunk]:
            nonlocal finished
            said = script.answer if isinstance(script.answer, str) else script.answer(request)
            texts = [said] if isinstance(said, str) else list(said)
            if script.error is not None and not script.error_after:
                raise script.error
            await asyncio.sleep(script.first_s)
            choices = [_PIECE.findall(text) for text in texts]
            spoken = 0
            for turn in range(min(max(map(len, choices)), request.max_tokens)):
                for index, pieces in enumerate(choices):
                    if turn >= len(pieces):
                        continue
                    spoken += 1
                    await asyncio.sleep(script.piece_s)
                    if script.error is not None and spoken > script.error_after:
                        raise script.error
                    self.pieces += 1
                    yield CompletionChunk(pieces[turn], index=index)
                    if turn + 1 == len(pieces) and index + 1 < len(choices):
                        yield CompletionChunk("", finish_reason="stop", index=index)
            reason = "stop" if len(choices[-1]) <= request.max_tokens else "length"
            finished = True
            usage = Usage(10, sum(min(len(pieces), request.max_tokens) for pieces in choices), 7)
            yield CompletionChunk("", finish_reason=reason, usage=usage, index=len(choices) - 1)

        try:
            yield chunks()
        finally:
            self.running -= 1
            self.broken_off += not finished
