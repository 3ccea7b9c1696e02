"""The imports that accepted code needs, where the protocol has no field for them: added once the code is there.

An inline completion item changes its own line and nothing else, so its command brings the server back. The edit is made
for the document as it is then, and only when the accepted code really stands in it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from lsprotocol import types

from glosswright_server.documents import Snapshot
from glosswright_server.engine.changes import TextChange
from glosswright_server.errors import GlosswrightError
from glosswright_server.verify.imports import import_edit

from .convert import workspace_edit
from .features import Features
from .provenance import Offer

logger = logging.getLogger(__name__)

ACCEPTED = "glosswright.accepted"
"""The command that a client runs when an item was accepted; its argument says what the item was."""
APPLY_TIMEOUT_S = 60.0
"""A client may ask its user before it applies an edit."""
ARRIVAL_S = 1.5
"""Clients may send the command before the change that put the code in."""
_STEP_S = 0.02


async def take(features: Features, offer: str | None) -> dict[str, Any] | None:
    """The user has taken an offer: it is counted, and what it needs imported. What an accept command answers."""
    if offer is not None:
        features.impressions.accepted(offer)
    return await import_what_is_missing(features, offer)


def taken(features: Features, offer: str) -> None:
    """As `take`, for clients that report acceptance without waiting for anything."""
    features.impressions.accepted(offer)
    if features.server.client_supports("workspace.apply_edit", False):
        features.server.spawn(import_what_is_missing(features, offer), name="import what is missing")


async def import_what_is_missing(features: Features, offer_id: Any) -> dict[str, Any] | None:
    """Add what the code of an accepted offer imports and its document lacks.

    `{"imported": [statements]}`, or None where nothing was to be done. Never raises: it is a convenience that nobody
    asked for by name.
    """
    offer = features.provenance.get(offer_id) if isinstance(offer_id, str) else None
    if offer is None or offer.suggestion.import_edit is None:
        return None
    snapshot = await _arrived(features, offer)
    if snapshot is None:
        logger.info("nothing is imported: the accepted code is not in the document")
        return None
    statements = offer.suggestion.verdict.imports
    edit = import_edit(snapshot.text, offer.suggestion.intent.language, statements)
    if edit is None:
        return None
    versioned = bool(features.server.client_supports("workspace.workspace_edit.document_changes", False))
    at, text = edit
    change = workspace_edit(snapshot, [TextChange(at, at, text)], versioned=versioned)
    try:
        answer = await features.server.request(
            types.WORKSPACE_APPLY_EDIT,
            types.ApplyWorkspaceEditParams(edit=change, label="Glosswright: imports"),
            timeout_s=APPLY_TIMEOUT_S,
        )
    except GlosswrightError as error:
        logger.info("nothing is imported: %s", error)
        return None
    return {"imported": list(statements)} if answer.applied else None


async def _arrived(features: Features, offer: Offer) -> Snapshot | None:
    """The document once the offered code is in it, or None when it does not come."""
    for _ in range(int(ARRIVAL_S / _STEP_S)):
        if offer.present:
            return features.current(offer.uri)
        await asyncio.sleep(_STEP_S)
    return None
