"""`textDocument/codeAction` and its resolve: *Generate code from this comment*, *Implement this function*, and on code
that came from a suggestion *Why this suggestion?*.

The list is cheap: it only reads what could be asked for. The code is generated when an action is resolved; for a client
without resolve, while the list is asked for by hand, or by a command where that takes too long.
"""

from __future__ import annotations

import hashlib
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from glosswright_server.documents import Snapshot
from glosswright_server.engine.suggestion import Suggestion
from glosswright_server.errors import ModelError
from glosswright_server.feedback.impression import Surface
from glosswright_server.intent.model import Intent, IntentKind

from .context import Context
from .convert import offset_of, range_of
from .features import Features
from .generate import NoCode, edit_for, generate, refuse_where_nothing_is_offered
from .progress import Stopped
from .why import why_action

KIND = types.CodeActionKind.RefactorRewrite
EAGER_S = 8.0
"""A client without resolve waits for the list; some give up after ten seconds."""


def register(features: Features) -> None:
    """Offer code actions."""
    server = features.server

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=[KIND], resolve_provider=True)
    )
    async def code_action(params: types.CodeActionParams, context: Context) -> list[types.CodeAction] | None:
        snapshot = context.snapshot
        if snapshot is None or not _wanted(params.context.only) or not await features.offers(snapshot):
            return None
        start, end = offset_of(snapshot, params.range.start), offset_of(snapshot, params.range.end)
        intents = features.engine.actions(snapshot, start, end)
        actions = [_action(features, snapshot, intent) for intent in intents]
        by_hand = params.context.trigger_kind != types.CodeActionTriggerKind.Automatic
        if actions and not _resolves(features):
            await _complete(features, snapshot, intents, actions, eager=by_hand and not features.spoken.resolves_badly)
        # It changes nothing and so has no kind; and it is not worth a lightbulb at each step of the cursor.
        if by_hand and not params.context.only and (asked := why_action(features, snapshot, start)) is not None:
            actions.append(asked)
        return actions or None

    @server.feature(types.CODE_ACTION_RESOLVE)
    async def resolve(action: types.CodeAction, context: Context) -> types.CodeAction:
        data = action.data
        if not isinstance(data, dict) or action.edit is not None:
            return action
        snapshot, intent = _found_again(features, context, data)
        await refuse_where_nothing_is_offered(features, snapshot)  # which may be so since the action was listed
        try:
            suggestion = await generate(features, snapshot, intent)
        except Stopped:
            return action  # as it was, without an edit: `null` is no answer here, and an error would pop up
        _put(features, snapshot, action, suggestion)
        return action


def _action(features: Features, snapshot: Snapshot, intent: Intent) -> types.CodeAction:
    action = types.CodeAction(
        title=_title(intent),
        kind=KIND,
        data={
            "uri": snapshot.uri,
            "version": snapshot.version,
            "digest": _digest(snapshot),
            "kind": intent.kind.value,
            "start": intent.start,
            "end": intent.end,
        },
    )
    if features.server.client_supports("text_document.code_action.tag_support"):
        action.tags = [types.CodeActionTag.LlmGenerated]
    return action


def _title(intent: Intent) -> str:
    if intent.kind is IntentKind.COMMENT:
        return "Generate code from this comment"
    return "Implement this function from its docstring" if intent.request else "Implement this function"


async def _complete(
    features: Features,
    snapshot: Snapshot,
    intents: tuple[Intent, ...],
    actions: list[types.CodeAction],
    *,
    eager: bool,
) -> None:
    """Give actions of a client without resolve their edit, or a command that generates and applies it."""
    for index, (intent, action) in enumerate(zip(intents, actions, strict=True)):
        action.data = None
        if eager and index == 0:
            try:
                suggestion = await generate(features, snapshot, intent, timeout_s=EAGER_S)
            except (NoCode, ModelError, Stopped):
                suggestion = None  # the command says why, when it is picked
            if suggestion is not None and suggestion.complete:
                _put(features, snapshot, action, suggestion)
                continue
        where = range_of(snapshot, intent.start, intent.end).start
        place = {"uri": snapshot.uri, "position": {"line": where.line, "character": where.character}}
        name = "glosswright.generate" if intent.kind is IntentKind.COMMENT else "glosswright.implement"
        action.command = types.Command(title=action.title, command=name, arguments=[place])


def _found_again(features: Features, context: Context, data: dict[str, Any]) -> tuple[Snapshot, Intent]:
    """The document and intent that an action was made from. Raises when the document has changed since."""
    snapshot = context.documents.get(str(data.get("uri")))
    if snapshot is not None and (snapshot.version == data.get("version") or _digest(snapshot) == data.get("digest")):
        start, end = data.get("start"), data.get("end")
        if isinstance(start, int) and isinstance(end, int):
            for intent in features.engine.actions(snapshot, start, end):
                if (intent.kind.value, intent.start, intent.end) == (data.get("kind"), start, end):
                    return snapshot, intent
    raise JsonRpcException(
        "the document has changed since this action was listed; ask for the actions again",
        types.LSPErrorCodes.ContentModified.value,
    )


def _put(features: Features, snapshot: Snapshot, action: types.CodeAction, suggestion: Suggestion) -> None:
    # A client without resolve gets its edits with the list, whether or not one of them is ever looked at.
    action.edit, _ = edit_for(features, snapshot, suggestion, Surface.ACTION, shown=_resolves(features))
    if isinstance(action.data, dict):
        action.data["facts"] = suggestion.facts()


def _resolves(features: Features) -> bool:
    if features.spoken.resolves_badly:
        return False
    properties = features.server.client_supports("text_document.code_action.resolve_support.properties", ()) or ()
    return "edit" in properties


def _wanted(only: Any) -> bool:
    """Whether our kind is among those asked for; "refactor" asks for "refactor.rewrite" too (LSP 3.17)."""
    return not only or any(KIND.value == str(kind) or KIND.value.startswith(f"{kind}.") or kind == "" for kind in only)


def _digest(snapshot: Snapshot) -> str:
    return hashlib.blake2b(snapshot.text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
