"""Explicit generation, as code actions and commands share it: progress, cancel, and no edit of a text that moved on.

What was found out about the code is told at the end of the progress and in the status line, where it disturbs nobody;
a message pops up only where something is wrong with it.
"""

from __future__ import annotations

from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from glosswright_server.documents import Snapshot
from glosswright_server.engine.changes import changes_of
from glosswright_server.engine.explanation import shortcoming, summary
from glosswright_server.engine.suggestion import Suggestion
from glosswright_server.errors import GlosswrightError
from glosswright_server.feedback.impression import Surface
from glosswright_server.intent.model import Intent, IntentKind

from .arguments import invalid, place_of
from .context import Context
from .convert import offset_of, workspace_edit
from .features import Features
from .progress import WorkDone, in_progress
from .status import Status


class NoCode(GlosswrightError):
    """The model answered, but with nothing that could be put into the file."""


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
    suggestion = await in_progress(
        features.server,
        "Glosswright",
        lambda work: _fulfil(features, snapshot, intent, work, timeout_s),
        token=token,
    )
    if suggestion is None:
        what = "comment" if intent.kind is IntentKind.COMMENT else "function"
        raise NoCode(f"The model gave no usable code for this {what}; say more in it, or try a larger model.")
    refuse_if_changed(features, snapshot)
    features.model_worked()
    features.status.show(Status("ready", summary(suggestion), features.engine.models.name))
    if wrong := shortcoming(suggestion):
        # It is given all the same, since it was asked for; but not in silence.
        features.server.notify(
            types.WINDOW_SHOW_MESSAGE,
            types.ShowMessageParams(
                types.MessageType.Warning, f"Glosswright: look at this code before you keep it. {wrong}"
            ),
        )
    return suggestion


async def asked_at(features: Features, context: Context, place: Any, preferred: IntentKind) -> tuple[Snapshot, Intent]:
    """The document and what is asked for at `{"uri", "position"}`, of the preferred kind if there is such. Raises an
    invalid-params error where nothing is."""
    uri, position = place_of(place)
    snapshot = context.documents.get(uri)
    if snapshot is None:
        why = context.documents.why_not(uri)
        raise invalid(f"the document is {why.value if why else 'not open'}")
    await refuse_where_nothing_is_offered(features, snapshot)
    offset = offset_of(snapshot, position)
    intents = features.engine.actions(snapshot, offset, offset)
    if not intents:
        raise invalid("there is no comment and no function without a body at that place")
    return snapshot, next((intent for intent in intents if intent.kind is preferred), intents[0])


async def refuse_where_nothing_is_offered(features: Features, snapshot: Snapshot) -> None:
    """Raise an invalid-params error that says why nothing is offered in this document, where that is so."""
    if (refusal := await features.offering.why_not(snapshot)) is not None:
        raise invalid(f"nothing is offered in this document: {refusal.detail}")


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


def refuse_if_changed(features: Features, snapshot: Snapshot) -> None:
    """Raise a "content modified" error when the document's text is another by now."""
    now = features.current(snapshot.uri)
    if now is None or now.text != snapshot.text:
        raise JsonRpcException(
            "the document has changed while the code was generated; ask again",
            types.LSPErrorCodes.ContentModified.value,
        )


async def _fulfil(
    features: Features, snapshot: Snapshot, intent: Intent, work: WorkDone, timeout_s: float | None
) -> Suggestion | None:
    work.report("asking the model")
    suggestion = await features.engine.fulfil(
        snapshot,
        intent,
        on_launch=lambda progress: work.report(progress.message or progress.stage, progress.percentage),
        on_lines=lambda lines: work.report(f"writing, {lines} lines so far"),
        on_step=work.report,
        timeout_s=timeout_s,
    )
    work.conclude(summary(suggestion) if suggestion is not None else "no usable code")
    return suggestion
