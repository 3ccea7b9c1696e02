"""Explicit generation, as code actions and commands share it: progress, cancel, and no edit of a text that moved on.

What was found out about the code is told at the end of the progress and in the status line, where it disturbs nobody;
a message pops up only where something is wrong with it.
"""

from __future__ import annotations

import asyncio

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from glosswright_server.documents import Snapshot
from glosswright_server.engine.changes import changes_of
from glosswright_server.engine.explanation import shortcoming, summary
from glosswright_server.engine.suggestion import Suggestion
from glosswright_server.errors import GlosswrightError
from glosswright_server.feedback.impression import Surface
from glosswright_server.generation.launch_options import LaunchProgress
from glosswright_server.intent.model import Intent, IntentKind

from .convert import workspace_edit
from .features import Features
from .progress import WorkDone
from .status import Status


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
    features.status.show(Status("ready", summary(suggestion), features.engine.model_name))
    if wrong := shortcoming(suggestion):
        # It is given all the same, since it was asked for; but not in silence.
        features.server.notify(
            types.WINDOW_SHOW_MESSAGE,
            types.ShowMessageParams(
                types.MessageType.Warning, f"Glosswright: look at this code before you keep it. {wrong}"
            ),
        )
    return suggestion


def edit_for(
    features: Features, snapshot: Snapshot, suggestion: Suggestion, surface: Surface, *, shown: bool = True
) -> tuple[types.WorkspaceEdit, str]:
    """The edit that puts a suggestion and its imports in, as the client takes it, and the id under which the suggestion
    is known from now on.

    A client that knows annotations is given the verdict with it, and shows code that fails before it is applied.
    """
    offer_id = features.offered(snapshot, suggestion, surface, shown=shown)
    supports = features.server.client_supports
    versioned = bool(supports("workspace.workspace_edit.document_changes", False))
    annotation = None
    if versioned and supports("workspace.workspace_edit.change_annotation_support") is not None:
        annotation = types.ChangeAnnotation(
            label=f"Glosswright: {suggestion.label}",
            needs_confirmation=not suggestion.verdict.passed,
            description=shortcoming(suggestion) or None,
        )
    return workspace_edit(snapshot, changes_of(suggestion), versioned=versioned, annotation=annotation), offer_id


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
        suggestion = await features.engine.fulfil(
            snapshot, intent, on_launch=launching, on_lines=writing, on_step=work.report, timeout_s=timeout_s
        )
        work.conclude(summary(suggestion) if suggestion is not None else "no usable code")
        return suggestion
