"""Explicit generation, as code actions and commands share it: progress, cancel, and no edit of a text that moved on."""

from __future__ import annotations

import asyncio

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from glosswright_server.documents import Snapshot
from glosswright_server.engine.suggestion import Suggestion
from glosswright_server.errors import GlosswrightError
from glosswright_server.generation.launch_options import LaunchProgress
from glosswright_server.intent.model import Intent, IntentKind

from .features import Features
from .progress import WorkDone


class NoCode(GlosswrightError):
    """The model answered, but with nothing that could be put into the file."""


class Stopped(GlosswrightError):
    """The user cancelled the generation where its progress is shown."""


async def generate(
    features: Features,
    snapshot: Snapshot,
    intent: Intent,
    *,
    token: types.ProgressToken | None = None,
    timeout_s: float | None = None,
) -> Suggestion:
    """Code for one intent, with progress that the user can cancel.

    Raises NoCode, ModelError, Stopped, and a "content modified" error when the document changed while the model wrote.
    """
    task = asyncio.ensure_future(_fulfil(features, snapshot, intent, token, timeout_s))
    try:
        suggestion = await asyncio.shield(task)
    except asyncio.CancelledError:
        if task.cancelled():
            raise Stopped("cancelled") from None
        task.cancel()
        await asyncio.wait({task})
        raise
    if suggestion is None:
        what = "comment" if intent.kind is IntentKind.COMMENT else "function"
        raise NoCode(f"The model gave no usable code for this {what}; say more in it, or try a larger model.")
    now = features.current(snapshot.uri)
    if now is None or now.text != snapshot.text:
        raise JsonRpcException(
            "the document has changed while the code was generated; ask again",
            types.LSPErrorCodes.ContentModified.value,
        )
    features.model_worked()
    if not suggestion.verdict.passed or not suggestion.complete:
        # It is given all the same, since it was asked for; but not in silence.
        features.server.notify(
            types.WINDOW_SHOW_MESSAGE,
            types.ShowMessageParams(
                types.MessageType.Warning, f"Glosswright: look at this code before you keep it: {suggestion.label}."
            ),
        )
    return suggestion


async def _fulfil(
    features: Features,
    snapshot: Snapshot,
    intent: Intent,
    token: types.ProgressToken | None,
    timeout_s: float | None,
) -> Suggestion | None:
    me = asyncio.current_task()
    async with WorkDone(
        features.server, "Glosswright", token=token, on_cancel=me.cancel if me is not None else None
    ) as work:

        def launching(progress: LaunchProgress) -> None:
            work.report(progress.message or progress.stage, progress.percentage)

        def writing(lines: int) -> None:
            work.report(f"writing, {lines} lines so far")

        work.report("asking the model")
        return await features.engine.fulfil(
            snapshot, intent, on_launch=launching, on_lines=writing, timeout_s=timeout_s
        )
