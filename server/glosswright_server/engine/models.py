"""The models of one engine: the one that is asked and its companion, opened at the first need and asked to write.

Where the settings come to name others, the old ones are closed and the next request opens the new. What is asked, and
what becomes of the answer, is decided elsewhere.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from glosswright_server.engine.run import Batch, Job, Run
from glosswright_server.engine.source import ModelSource, Ready
from glosswright_server.errors import EndpointUnreachable, ModelError
from glosswright_server.generation.launch_options import OnProgress
from glosswright_server.settings import Settings

if TYPE_CHECKING:
    from glosswright_server.engine.companion import Beside, Companion

logger = logging.getLogger(__name__)

MODEL_WAIT_S = 15.0
"""How long an automatic request waits for a model that is being loaded; one being fetched is not waited for."""


class Models:
    """Belongs to one event loop; `aclose` it at the end."""

    def __init__(
        self,
        settings: Settings,
        *,
        source: Callable[[Settings], ModelSource] = ModelSource,
        companion: Callable[[Settings], ModelSource] | None = None,
    ) -> None:
        """`source` makes where code comes from, `companion` where the companion's does, if the settings name one;
        nothing is started or connected before the first request."""
        self.on_wanted: Callable[[], None] = lambda: None
        """Called when an automatic request finds no model ready, so that it can be started with its progress shown."""
        self.on_busy: Callable[[bool], None] = lambda busy: None
        """Called when the model begins and ends to write."""
        self._settings = settings
        self._make_source = source
        self._source: ModelSource | None = None
        self._make_companion = companion
        self._companion: Companion | None = None
        self._writing = 0
        self._given_up = False
        self._background: set[asyncio.Task[None]] = set()

    @property
    def name(self) -> str:
        """The model that is asked, as far as it is known."""
        ready = self._source.ready_now() if self._source is not None else None
        return ready.model if ready else self._settings.endpoint.model or self._settings.model.name

    @property
    def source(self) -> ModelSource:
        """Where code comes from under the present settings."""
        if self._source is None:
            self._source = self._make_source(self._settings)
        return self._source

    def reconfigure(self, settings: Settings) -> None:
        """Take other settings; where the model changes, the next request opens the new one."""
        old, self._settings = self._settings, settings
        asks_elsewhere = (old.model, old.endpoint, old.context, old.explicit.max_tokens) != (
            settings.model,
            settings.endpoint,
            settings.context,
            settings.explicit.max_tokens,
        )
        if asks_elsewhere and self._source is not None:
            for source in (self._source, self._companion):
                if source is not None:
                    task = asyncio.get_running_loop().create_task(source.aclose(), name="close-model-source")
                    self._background.add(task)
                    task.add_done_callback(self._background.discard)
            self._source = self._companion = None

    async def warm_up(self, on_launch: OnProgress | None = None) -> None:
        """Have the model ready. Raises ModelError."""
        await self.source.acquire(on_launch, by_hand=False)

    @property
    def given_up(self) -> bool:
        """Whether the user has stopped the model's start and has not asked for code by hand since."""
        return self._given_up

    async def give_up(self) -> None:
        """Stop a start or download that is under way; automatic requests leave it so. Raises ModelError."""
        self._given_up = True
        await self.source.stop_launch()

    async def ready_for_hand(self, on_launch: OnProgress | None = None) -> Ready:
        """The model, for a request made by hand: it is started and waited for. Raises ModelError."""
        self._given_up = False
        return await self.source.acquire(on_launch, by_hand=True)

    async def ready_by_itself(self) -> Ready | None:
        """The model, for an automatic request, which waits a while for one that is being loaded. Raises ModelError."""
        source = self.source
        if not source.is_local:
            return await source.acquire(by_hand=False)
        ready = source.ready_now()
        if ready is None:
            if self._given_up:
                return None
            self.on_wanted()
            if source.progress is not None and source.progress.stage == "downloading":
                return None
            try:
                return await asyncio.wait_for(source.acquire(by_hand=False), MODEL_WAIT_S)
            except asyncio.TimeoutError:
                return None
        return ready

    async def write(self, ready: Ready, run: Run | Batch, on_growth: Callable[[], None]) -> None:
        """Stream a run, telling that the model is busy and remembering how it went. Raises ModelError."""
        self._writing += 1
        logger.debug("asking %s: %r, before %r", ready.model, run.job.prompt.prompt, run.job.prompt.suffix)
        self.on_busy(True)
        try:
            try:
                await run.stream(ready.client, on_growth)
            except EndpointUnreachable as error:
                # The local model server ended in between (its idle time was over, say): one more try with a new one.
                if not self.source.is_local or run.pieces:
                    raise
                self.source.failed(error)
                ready = await self.source.acquire(by_hand=True)
                await run.stream(ready.client, on_growth)
        except ModelError as error:
            self.source.failed(error)
            raise
        else:
            self.source.succeeded()
        finally:
            self._writing -= 1
            logger.debug("%s said %r", ready.model, run.raw)
            if not self._writing:
                self.on_busy(False)

    def ask_beside(self, make_job: Callable[[Ready], Job | None]) -> asyncio.Task[Beside | None] | None:
        """Ask the companion, where the settings name one; `make_job` says None for what it cannot serve."""
        if not self._settings.model.companion:
            return None
        from glosswright_server.engine.companion import Companion, companion_source

        if self._companion is None:
            self._companion = Companion((self._make_companion or companion_source)(self._settings))
        return self._companion.ask(make_job)

    def leave_beside(self, beside: asyncio.Task[Beside | None] | None) -> None:
        """Nobody waits for the companion's answer any more."""
        if beside is not None and self._companion is not None:
            self._companion.leave(beside)

    async def aclose(self) -> None:
        """End everything. A local model server goes on for the other windows."""
        if self._background:
            await asyncio.wait(self._background)
        for source in (self._source, self._companion):
            if source is not None:
                await source.aclose()
