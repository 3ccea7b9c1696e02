"""`workspace/executeCommand`: generate code at a place and apply it, with progress and cancel.

- `glosswright.generate` `[{"uri", "position"}]`: code for the comment there; else the body of the function there.
- `glosswright.implement` `[{"uri", "position"}]`: the other way round.
- `glosswright.accepted` `[facts]`: a client's report that an item was accepted; what the code must import is added.
- `glosswright.trust` `[{"uri"}?]`: asks anew whether the examples of a workspace may be run.
- `glosswright.status` `[]`: what the status line would show.

The first two answer `{"applied": bool, "reason"?: str, …facts}`, or null when the user cancelled.
"""

from __future__ import annotations

import asyncio
from typing import Any

from lsprotocol import types

from glosswright_server.documents import Snapshot
from glosswright_server.feedback.impression import Surface
from glosswright_server.intent.model import IntentKind

from .arguments import invalid, offer_in, token_in
from .context import Context
from .features import Features
from .generate import asked_at, edit_for, generate
from .imports import ACCEPTED, APPLY_TIMEOUT_S, take
from .progress import Stopped

_LOOK_S = 0.1


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
    async def accepted(arguments: list[Any], context: Context) -> dict[str, Any] | None:
        return await take(features, offer_in(arguments))

    @server.command("glosswright.trust")
    async def trust(arguments: list[Any], context: Context) -> dict[str, Any]:
        return await features.trust.ask_again(_folder_asked(features, arguments))

    @server.command("glosswright.status")
    async def status(arguments: list[Any], context: Context) -> dict[str, Any]:
        return features.status.payload()


async def _generate_and_apply(
    features: Features, arguments: list[Any], context: Context, preferred: IntentKind
) -> dict[str, Any] | None:
    snapshot, intent = await asked_at(features, context, arguments[0] if arguments else None, preferred)
    working = asyncio.ensure_future(generate(features, snapshot, intent, token=token_in(context.raw)))
    try:
        if features.spoken.resolves_badly and not await _holds(features, snapshot, working):
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)  # the end of progress clears Helix's status line
            return _not_applied(features, "the document has changed meanwhile")
        suggestion = await working
    except Stopped:
        return None
    finally:
        working.cancel()
    edit, offer_id = edit_for(features, snapshot, suggestion, Surface.COMMAND)
    answer = await features.server.request(
        types.WORKSPACE_APPLY_EDIT,
        types.ApplyWorkspaceEditParams(edit=edit, label="Glosswright"),
        timeout_s=APPLY_TIMEOUT_S,
    )
    if not answer.applied:
        reason = answer.failure_reason or "the editor did not apply the edit"
        return {**_not_applied(features, reason), **suggestion.facts()}
    features.impressions.accepted(offer_id)
    return {"applied": True, **suggestion.facts()}


async def _holds(features: Features, snapshot: Snapshot, working: asyncio.Future[Any]) -> bool:
    """Whether the document stays as it is until the code is there. What could not be put in is worked at no longer."""
    while not working.done():
        await asyncio.wait({working}, timeout=_LOOK_S)
        now = features.current(snapshot.uri)
        if now is None or now.version != snapshot.version:
            return False
    return True


def _not_applied(features: Features, reason: str) -> dict[str, Any]:
    if features.spoken.resolves_badly:  # such a client shows its user no result of a command
        message = f"Glosswright: nothing was put in: {reason}"
        features.server.notify(types.WINDOW_SHOW_MESSAGE, types.ShowMessageParams(types.MessageType.Warning, message))
    return {"applied": False, "reason": reason}


def _folder_asked(features: Features, arguments: list[Any]) -> str:
    """The URI that the argument names; without one, the folder that is open. Raises an invalid-params error."""
    place = arguments[0] if arguments else None
    if isinstance(place, dict) and isinstance(place.get("uri"), str):
        return str(place["uri"])
    folders = features.server.workspace_folders
    if place is not None or len(folders) != 1:
        raise invalid('the argument must be {"uri": …}, a document or a workspace folder')
    return folders[0].uri
