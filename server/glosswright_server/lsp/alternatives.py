"""`glosswright/alternatives` and `glosswright/insert`: several answers side by side, each examined, one of them put in.

The list may be looked at for as long as the user likes: what is put in is checked against the document as it is then.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from glosswright_server.documents import Snapshot
from glosswright_server.engine.explanation import explanation, shortcoming
from glosswright_server.engine.suggestion import Suggestion
from glosswright_server.feedback.impression import Surface
from glosswright_server.intent.model import Intent, IntentKind

from .arguments import invalid, token_in
from .context import Context
from .convert import range_of
from .features import Features
from .generate import NoCode, asked_at, edit_for, refuse_if_changed
from .imports import APPLY_TIMEOUT_S
from .progress import Stopped, WorkDone, in_progress

DEFAULT_COUNT, MOST = 4, 16
MOST_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class _Choice:
    snapshot: Snapshot
    edit: types.WorkspaceEdit


def register(features: Features) -> None:
    """Offer alternatives."""
    server = features.server
    choices: OrderedDict[str, _Choice] = OrderedDict()
    """What may be put in, by id."""

    @server.feature("glosswright/alternatives")
    async def alternatives(params: Any, context: Context) -> dict[str, Any] | None:
        fields = params if isinstance(params, dict) else {}
        count = fields.get("count", DEFAULT_COUNT)
        if type(count) is not int or not 1 <= count <= MOST:
            raise invalid(f"`count` must be a whole number from 1 to {MOST}")
        place = {"uri": context.uri, "position": fields.get("position")}
        snapshot, intent = await asked_at(features, context, place, IntentKind.COMMENT)
        try:
            found = await in_progress(
                server,
                "Glosswright: alternatives",
                lambda work: _find(features, snapshot, intent, count, work),
                token=token_in(params),
            )
        except Stopped:
            return None
        if not found:
            raise NoCode("The model gave no usable code here; say more in the comment, or try a larger model.")
        refuse_if_changed(features, snapshot)
        features.model_worked()
        items = []
        for index, suggestion in enumerate(found):
            edit, offer_id = edit_for(features, snapshot, suggestion, Surface.PANEL)
            choices[offer_id] = _Choice(snapshot, edit)
            items.append(_item(features, suggestion, edit, offer_id, best=index == 0))
        while len(choices) > MOST_REMEMBERED:
            choices.popitem(last=False)
        return {
            "uri": snapshot.uri,
            "version": snapshot.version,
            "intent": {
                "kind": intent.kind.value,
                "request": intent.request,
                "range": server.protocol.plain(range_of(snapshot, intent.start, intent.end)),
            },
            "items": items,
        }

    @server.feature("glosswright/insert")
    async def insert(params: Any, context: Context) -> dict[str, Any]:
        offer_id = params.get("id") if isinstance(params, dict) else None
        choice = choices.get(offer_id) if isinstance(offer_id, str) else None
        if choice is None or not isinstance(offer_id, str):
            raise invalid("`id` must be that of an alternative that was given in this session")
        now = features.current(choice.snapshot.uri)
        # By its version, too: an edit with another version is one that clients refuse.
        if now is None or now.version != choice.snapshot.version or now.text != choice.snapshot.text:
            raise JsonRpcException(
                "the document has changed since these alternatives were made; ask for them again",
                types.LSPErrorCodes.ContentModified.value,
            )
        answer = await server.request(
            types.WORKSPACE_APPLY_EDIT,
            types.ApplyWorkspaceEditParams(edit=choice.edit, label="Glosswright"),
            timeout_s=APPLY_TIMEOUT_S,
        )
        if answer.applied:
            features.impressions.accepted(offer_id)
            return {"applied": True}
        return {"applied": False, "reason": answer.failure_reason or "the editor did not apply the edit"}


async def _find(
    features: Features, snapshot: Snapshot, intent: Intent, count: int, work: WorkDone
) -> tuple[Suggestion, ...]:
    work.report("asking the model")
    found = await features.engine.alternatives(
        snapshot,
        intent,
        wanted=count,
        on_launch=lambda progress: work.report(progress.message or progress.stage, progress.percentage),
        on_lines=lambda lines: work.report(f"writing, {lines} lines so far"),
        on_step=work.report,
    )
    work.conclude(f"{len(found)} alternatives" if len(found) != 1 else "one alternative")
    return found[:count]


def _item(
    features: Features, suggestion: Suggestion, edit: types.WorkspaceEdit, offer_id: str, *, best: bool
) -> dict[str, Any]:
    chosen = next((one for one in suggestion.tried if one.chosen), None)
    return {
        "id": offer_id,
        "text": suggestion.text,
        "label": suggestion.label,
        "passed": suggestion.verdict.passed,
        "best": best,
        "times": chosen.times if chosen is not None else 1,
        "detail": shortcoming(suggestion),
        "markdown": explanation(suggestion),
        "edit": features.server.protocol.plain(edit),
        "facts": suggestion.facts(),
    }
