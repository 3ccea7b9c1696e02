"""A second model on this machine that is asked beside the first, for requests made by hand: `model.companion`.

It is meant for a network trained with glosswright, which answers within the time the model takes for its first words.
It never costs the user anything but that: where it cannot be had, fails or is slow, the model's answer stands alone.
Which of the answers is shown is decided by their checks, in `candidates`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from glosswright_server.engine.run import Job, Run
from glosswright_server.engine.source import ModelSource, Ready, launch_options
from glosswright_server.errors import ModelError
from glosswright_server.generation.launcher import LocalModelServer
from glosswright_server.generation.runtime_state import runtime_dir
from glosswright_server.settings import EndpointSettings, Settings

logger = logging.getLogger(__name__)

FOLDER = "companion"
"""Its server's own place in the runtime folder: one server runs in each."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What the companion said."""

    run: Run
    model: str


def companion_source(settings: Settings) -> ModelSource:
    """Where the companion's code comes from: a local model server of its own."""
    own = replace(
        settings,
        model=replace(settings.model, name=settings.model.companion, companion="", backend="auto"),
        endpoint=EndpointSettings(),
    )
    return ModelSource(own, launcher=LocalModelServer(launch_options(own), directory=runtime_dir() / FOLDER))


class Companion:
    """The companion of one engine. Belongs to one event loop; `aclose` it at the end."""

    def __init__(self, source: ModelSource) -> None:
        self._source = source
        self._asking: set[asyncio.Task[Beside | None]] = set()

    def ask(self, make_job: Callable[[Ready], Job | None]) -> asyncio.Task[Beside | None]:
        """Ask at once, on a task of its own; its result is None where the companion cannot answer.

        `make_job` says None for what it cannot serve.
        """
        task = asyncio.get_running_loop().create_task(self._ask(make_job), name="companion")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)
        return task

    def leave(self, task: asyncio.Task[Beside | None]) -> None:
        """Nobody waits for this answer any more. A model that is being loaded goes on, for the next request."""
        if self._source.ready_now() is not None:
            task.cancel()

    async def aclose(self) -> None:
        """End everything. Its server goes on for the other windows."""
        for task in self._asking:
            task.cancel()
        if self._asking:
            await asyncio.wait(set(self._asking))
        await self._source.aclose()

    async def _ask(self, make_job: Callable[[Ready], Job | None]) -> Beside | None:
        try:
            ready = await self._source.acquire(by_hand=False)
            job = make_job(ready)
            if job is None:
                return None
            run = Run(job)
            await run.stream(ready.client)
        except ModelError as error:
            logger.info("the companion model gave no answer: %s", error)
            self._source.failed(error)
            return None
        self._source.succeeded()
        return Beside(run, ready.model)
