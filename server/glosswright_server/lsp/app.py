"""The language server put together: engine, features, and the model's state shown to the user."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from glosswright_server import __version__
from glosswright_server.documents import Snapshot
from glosswright_server.engine.notebook import NotebookEngine
from glosswright_server.errors import ModelError
from glosswright_server.feedback.impressions import Impressions
from glosswright_server.feedback.recorder import Recorder
from glosswright_server.generation.launch_options import LaunchProgress
from glosswright_server.machine.speeds import Speeds
from glosswright_server.settings import Settings

from . import (
    alternatives,
    code_action,
    commands,
    completion,
    configuration,
    document_status,
    feedback,
    following,
    inline_completion,
    machine,
    why,
)
from .dialects import copilot, llm_ls, tabby
from .excluding import Excluding
from .features import Features
from .notices import Notices
from .offering import Offering
from .progress import WorkDone
from .server_base import ServerBase
from .status import Status, StatusLine
from .stdio import Stdio
from .trust import Trust

_STATES = {"starting": "starting", "downloading": "downloading", "loading": "loading", "ready": "ready"}


def serve(stdio: Stdio) -> int:
    """Serve one client on these streams; returns the exit status."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    return build().server.run_stdio(stdio)


def build(engine: NotebookEngine | None = None) -> Features:
    """A server with every feature registered; it talks to nobody yet."""
    server = ServerBase("glosswright", __version__)
    excluding = Excluding(server)
    offering = Offering(server, excluding)
    recorder = Recorder()
    features = Features(
        server=server,
        engine=engine or NotebookEngine(Settings()),
        notices=Notices(server),
        status=StatusLine(server, offering),
        trust=Trust(server),
        offering=offering,
        excluding=excluding,
        recorder=recorder,
        speeds=Speeds(),
        impressions=Impressions(recorder.record, server.documents.get, _later),
    )
    parts = (
        configuration,
        inline_completion,
        completion,
        code_action,
        commands,
        why,
        feedback,
        document_status,
        alternatives,
        machine,
        following,
    )
    for part in (*parts, copilot, tabby, llm_ls):
        part.register(features)
    _connect(features)
    server.on_shutdown(features.engine.aclose)
    server.on_shutdown(lambda: asyncio.to_thread(recorder.close))
    server.on_shutdown(lambda: asyncio.to_thread(excluding.close))
    return features


def _later(seconds: float, work: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(seconds, work)


def _connect(features: Features) -> None:
    """Let the engine and the features hear of each other."""
    server, engine = features.server, features.engine
    notebooks, documents = server.notebooks, server.documents

    def warm_up() -> None:
        if not engine.models.given_up and (features.warming is None or features.warming.done()):
            features.warming = server.spawn(_warm_up(features), name="warm-up")

    def show_busy(busy: bool) -> None:
        features.status.show(Status("generating" if busy else "ready", model=engine.models.name))

    def cells_above(uri: str) -> list[Snapshot]:
        return [cell for one in notebooks.code_above(uri) if (cell := documents.get(one)) is not None]

    engine.models.on_wanted = warm_up
    engine.models.on_busy = show_busy
    # One answer for a notebook, not one for each of its cells.
    engine.ask_to_run = lambda uri: features.trust.may_run(notebooks.notebook_of(uri) or uri)
    engine.above = cells_above
    engine.is_cell = lambda uri: notebooks.notebook_of(uri) is not None
    features.offering.on_refused = engine.closed
    features.excluding.on_problem = lambda problem: features.notices.warn(problem, problem)


async def _warm_up(features: Features) -> None:
    """Start the model and show how far it is. The user may cancel that; the next request by hand begins again."""
    work = WorkDone(features.server, "Glosswright model", on_cancel=lambda: stop())

    def show(progress: LaunchProgress) -> None:
        features.status.show(
            Status(
                _STATES.get(progress.stage, "error"), progress.message, features.engine.models.name, progress.percentage
            )
        )
        work.report(progress.message or progress.stage, progress.percentage)

    def stop() -> None:
        features.status.show(Status("off", "stopped by the user", features.engine.models.name))
        features.server.spawn(features.engine.models.give_up(), name="stop the model's start")
        warming.cancel()

    warming = asyncio.ensure_future(features.engine.models.warm_up(show))
    try:
        async with work:
            await warming
    except ModelError as error:
        features.model_failed(error)
    else:
        # That it can be asked does not mean that it answers: what went wrong last is not told again for this.
        features.status.show(Status("ready", model=features.engine.models.name))
    finally:
        warming.cancel()
