"""`glosswright/feedback`, `glosswright/stats`, `glosswright/wipeStats`: what clients can tell of suggestions, and ask.

The file is read and wiped off the event loop; what goes wrong with it is an error of that one request.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from glosswright_server.errors import FeedbackUnavailable

from .arguments import invalid
from .context import Context
from .features import Features

_DAY_S = 86_400.0
_FLUSH_S = 3.0


def register(features: Features) -> None:
    """Take feedback and give statistics."""
    server = features.server

    @server.feature("glosswright/feedback")
    def feedback(params: Any, context: Context) -> None:
        fields = params if isinstance(params, dict) else {}
        offer, event, length = fields.get("id"), fields.get("event"), fields.get("acceptedLength")
        if not isinstance(offer, str):
            return
        if event == "shown":
            features.impressions.shown(offer)
        elif event == "accepted":
            features.impressions.accepted(offer)
        elif event == "partlyAccepted":
            features.impressions.partly_accepted(offer, length if type(length) is int else None)
        elif event == "dismissed":
            features.impressions.dismissed(offer)

    @server.feature("glosswright/stats")
    async def stats(params: Any, context: Context) -> dict[str, Any]:
        days = params.get("days") if isinstance(params, dict) else None
        if days is not None and (type(days) is not int or days < 1):
            raise invalid("`days` must be a whole number from 1 on")
        return await asyncio.to_thread(_statistics, features, days)

    @server.feature("glosswright/wipeStats")
    async def wipe(params: Any, context: Context) -> dict[str, Any]:
        features.recorder.forget_pending()
        return {"wiped": await asyncio.to_thread(features.recorder.file.wipe)}


def _statistics(features: Features, days: int | None) -> dict[str, Any]:
    from glosswright_server.feedback.statistics import as_json, count_up

    file = features.recorder.file
    if not features.recorder.flush(_FLUSH_S):
        raise FeedbackUnavailable(f"{file.path} could not be written in time; ask again.")
    since = time.time() - days * _DAY_S if days is not None else 0.0
    return {
        "enabled": features.recorder.enabled,
        "path": str(file.path),
        **as_json(count_up(file.read(since))),
    }
