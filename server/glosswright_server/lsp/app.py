"""The language server put together: engine, features, and the model's state shown to the user."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from lsprotocol import types

from glosswright_server import __version__
from glosswright_server.documents import Snapshot
from glosswright_server.engine.engine import Engine
from glosswright_server.errors import ModelError
from glosswright_server.feedback.impressions import Impressions
from glosswright_server.feedback.recorder import Recorder
from glosswright_server.generation.launch_options import LaunchProgress
from glosswright_server.intent.languages import LANGUAGES, PLAIN, language_for
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
    inline_completion,
    machine,
    why,
)
from .context import Context
from .convert import offset_of
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


def build(engine: Engine | None = None) -> Features:
    """A server with every feature registered; it talks to nobody yet."""
    server = ServerBase("glosswright", __version__)
    excluding = Excluding(server)
    offering = Offering(server, excluding)
    recorder = Recorder()
    features = Features(
        server=server,
        engine=engine or Engine(Settings()),
        notices=Notices(server),
        status=StatusLine(server, offering),
        trust=Trust(server),
        offering=offering,
        excluding=excluding,
        recorder=recorder,
        speeds=Speeds(),
        impressions=Impressions(recorder.record, server.documents.get, _later),
    )
    features.engine.ask_to_run = features.trust.may_run
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
    )
    for part in (*parts, copilot, tabby, llm_ls):
        part.register(features)
    _follow_documents(features)
    server.on_shutdown(features.engine.aclose)
    server.on_shutdown(lambda: asyncio.to_thread(recorder.close))
    server.on_shutdown(lambda: asyncio.to_thread(excluding.close))
    return features


def _later(seconds: float, work: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(seconds, work)


def _follow_documents(features: Features) -> None:
    server = features.server

    def warm_up() -> None:
        if not features.engine.given_up and (features.warming is None or features.warming.done()):
            features.warming = server.spawn(_warm_up(features), name="warm-up")

    def show_busy(busy: bool) -> None:
        features.status.show(Status("generating" if busy else "ready", model=features.engine.model_name))

    features.offering.on_refused = features.engine.closed
    features.excluding.on_problem = lambda problem: features.notices.warn(problem, problem)
    features.engine.on_model_wanted = warm_up
    features.engine.on_busy = show_busy

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams, context: Context) -> None:
        features.offering.changed()
        if context.uri is not None:
            server.spawn(open_up(context.uri, context.snapshot), name="open a document")

    async def open_up(uri: str, snapshot: Snapshot | None) -> None:
        if snapshot is None or not (await features.offering.look_at(uri))["offered"]:
            return
        if language_for(snapshot.language_id, snapshot.uri) not in (PLAIN, LANGUAGES["text"]):
            # A file that code could be asked for: have the model ready by the time it is. Prose is not worth the model.
            warm_up()

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def files_changed(params: types.DidChangeWatchedFilesParams, context: Context) -> None:
        await ignore_files_changed()

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def folders_changed(params: types.DidChangeWorkspaceFoldersParams, context: Context) -> None:
        await ignore_files_changed()

    async def ignore_files_changed() -> None:
        features.excluding.forget()
        await features.offering.look_at_all()

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams, context: Context) -> None:
        snapshot = context.snapshot
        cursor = _end_of_edit(params, snapshot)
        if context.uri is not None:
            features.engine.edited(context.uri, snapshot, cursor)
        if snapshot is not None:
            came = features.provenance.changed(snapshot)
            # What is typed out letter by letter was not accepted, even though it reads the same.
            if any(len(change.text) > 1 for change in params.content_changes):
                for offer in came:
                    features.impressions.accepted(offer.id)
            features.impressions.edited(snapshot, cursor)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams, context: Context) -> None:
        if context.uri is not None:
            features.engine.closed(context.uri)
            features.provenance.closed(context.uri)
            features.impressions.closed(context.uri)
            features.offering.closed(context.uri)
            features.offering.changed()


def _end_of_edit(params: types.DidChangeTextDocumentParams, snapshot: Snapshot | None) -> int | None:
    """Where the cursor is likely to be: behind the last edit. None when the whole text was sent."""
    last = params.content_changes[-1] if params.content_changes else None
    if snapshot is None or not isinstance(last, types.TextDocumentContentChangePartial):
        return None
    return offset_of(snapshot, last.range.start) + len(last.text)


async def _warm_up(features: Features) -> None:
    """Start the model and show how far it is. The user may cancel that; the next request by hand begins again."""
    work = WorkDone(features.server, "Glosswright model", on_cancel=lambda: stop())

    def show(progress: LaunchProgress) -> None:
        features.status.show(
            Status(
                _STATES.get(progress.stage, "error"), progress.message, features.engine.model_name, progress.percentage
            )
        )
        work.report(progress.message or progress.stage, progress.percentage)

    def stop() -> None:
        features.status.show(Status("off", "stopped by the user", features.engine.model_name))
        features.server.spawn(features.engine.give_up(), name="stop the model's start")
        warming.cancel()

    warming = asyncio.ensure_future(features.engine.warm_up(show))
    try:
        async with work:
            await warming
    except ModelError as error:
        features.model_failed(error)
    else:
        # That it can be asked does not mean that it answers: what went wrong last is not told again for this.
        features.status.show(Status("ready", model=features.engine.model_name))
    finally:
        warming.cancel()
