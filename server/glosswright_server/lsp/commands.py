"""`workspace/executeCommand`: generate code at a place and apply it, with progress and cancel.

- `glosswright.generate` `[{"uri", "position"}]`: code for the comment there; else the body of the function there.
- `glosswright.implement` `[{"uri", "position"}]`: the other way round.
- `glosswright.accepted` `[facts]`: a client's report that an inline item was accepted.
- `glosswright.status` `[]`: what the status line would show.

The first two answer `{"applied": bool, "reason"?: str, …facts}`, or null when the user cancelled.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from glosswright_server.documents import Snapshot
from glosswright_server.intent.model import Intent, IntentKind

from .context import Context
from .convert import offset_of, workspace_edit
from .features import Features
from .generate import Stopped, generate
from .inline_completion import ACCEPTED

APPLY_TIMEOUT_S = 60.0
"""A client may ask its user before it applies an edit."""


def register(features: Features) -> None:
    """Offer the commands."""
    server = features.server

    @server.command("glosswright.generate")
    async def generate_code(arguments: list[Any], context: Context) -> dict[str, Any] | None:
        return await _generate_and_apply(features, arguments, context, IntentKind.COMMENT)

    @server.command("glosswright.implement")
    async def implement(arguments: list[Any], context: Context) -> dict[str, Any] | None:
        return await _generate_and_apply(features, arguments, context, IntentKind.BODY)

    @server.command(ACCEPTED)
    async def accepted(arguments: list[Any], context: Context) -> None:
        """Nothing to do yet: the client is only kept from an "unknown command"."""

    @server.command("glosswright.status")
    async def status(arguments: list[Any], context: Context) -> dict[str, Any]:
        current = features.status.current
        return dataclasses.asdict(current) if current is not None else {"state": "off", "message": "not started yet"}


async def _generate_and_apply(
    features: Features, arguments: list[Any], context: Context, preferred: IntentKind
) -> dict[str, Any] | None:
    snapshot, intent = _asked(features, arguments, context, preferred)
    token = context.raw.get("workDoneToken") if isinstance(context.raw, dict) else None
    try:
        suggestion = await generate(features, snapshot, intent, token=token if isinstance(token, (str, int)) else None)
    except Stopped:
        return None
    versioned = bool(features.server.client_supports("workspace.workspace_edit.document_changes", False))
    edit = workspace_edit(snapshot, suggestion.start, suggestion.end, suggestion.text, versioned=versioned)
    answer = await features.server.request(
        types.WORKSPACE_APPLY_EDIT,
        types.ApplyWorkspaceEditParams(edit=edit, label="Glosswright"),
        timeout_s=APPLY_TIMEOUT_S,
    )
    result = {"applied": bool(answer.applied), **suggestion.facts()}
    if not answer.applied:
        result["reason"] = answer.failure_reason or "the editor did not apply the edit"
    return result


def _asked(
    features: Features, arguments: list[Any], context: Context, preferred: IntentKind
) -> tuple[Snapshot, Intent]:
    """The document and the intent at the place that the arguments name. Raises an invalid-params error."""
    place = arguments[0] if arguments and isinstance(arguments[0], dict) else {}
    uri, position = place.get("uri"), place.get("position")
    if not isinstance(uri, str) or not isinstance(position, dict):
        raise _invalid('the argument must be {"uri": …, "position": {"line": …, "character": …}}')
    line, character = position.get("line"), position.get("character")
    # `type`, because true is an int to isinstance and a line to nobody.
    if type(line) is not int or type(character) is not int or line < 0 or character < 0:
        raise _invalid("`position` must hold a line and a character, both zero or more")
    snapshot = context.documents.get(uri)
    if snapshot is None:
        why = context.documents.why_not(uri)
        raise _invalid(f"the document is {why.value if why else 'not open'}")
    if not features.offers(snapshot):
        raise _invalid("Glosswright is turned off for this document")
    offset = offset_of(snapshot, types.Position(line, character))
    intents = features.engine.actions(snapshot, offset, offset)
    if not intents:
        raise _invalid("there is no comment and no function without a body at that place")
    return snapshot, next((intent for intent in intents if intent.kind is preferred), intents[0])


def _invalid(message: str) -> JsonRpcException:
    return JsonRpcException(message, types.ErrorCodes.InvalidParams.value)
