"""The dialect of tabby-agent, as its public protocol file describes it.

- Items carry `data.eventId` `{completionId, choiceIndex}`, inline ones too, and their list `isIncomplete`.
- `tabby/telemetry/event` `{type: view|select|dismiss, selectKind?: "line", eventId, …}`.
- `tabby/status` answers `{status, tooltip?}`; `tabby/status/didChange` is sent to clients that take it.
- `tabby/config`: which server it is. A token is never given.

The events are counted as `feedback` counts, and go nowhere.
"""

from __future__ import annotations

from typing import Any

from glosswright_server.lsp.context import Context
from glosswright_server.lsp.features import Features
from glosswright_server.lsp.imports import taken
from glosswright_server.lsp.status import NOT_STARTED, Status

STATUS_CHANGED = "tabby/status/didChange"
_LOADING = ("starting", "downloading", "loading")


def register(features: Features) -> None:
    """Understand the dialect."""
    server = features.server
    last: list[dict[str, Any]] = [{}]

    def tell(status: Status) -> None:
        info = status_info(status)
        if features.spoken.tabby_status and info != last[0]:
            last[0] = info
            server.notify(STATUS_CHANGED, info)

    features.status.listeners.append(tell)

    @server.feature("tabby/telemetry/event")
    def event(params: Any, context: Context) -> None:
        features.spoken.tabby = True
        offer = _offer(params)
        if offer is None:
            return
        kind = params.get("type")
        if kind == "view":
            features.impressions.shown(offer)
        elif kind == "select" and params.get("selectKind") == "line":
            features.impressions.partly_accepted(offer)
        elif kind == "select":
            taken(features, offer)
        elif kind == "dismiss":
            features.impressions.dismissed(offer)

    @server.feature("tabby/status")
    async def status(params: Any, context: Context) -> dict[str, Any]:
        return status_info(features.status.current)

    @server.feature("tabby/config")
    async def config(params: Any, context: Context) -> dict[str, Any]:
        return {"server": {"endpoint": features.settings.endpoint.url, "token": "", "requestHeaders": {}}}


def event_data(offer_id: str) -> dict[str, Any]:
    """The `data` of an item."""
    return {"eventId": {"completionId": offer_id, "choiceIndex": 0}}


def status_info(status: Status) -> dict[str, Any]:
    """The status in the dialect's words."""
    state = "ready"
    if status.state in _LOADING:
        state = "connecting"
    elif status.state == "generating":
        state = "fetching"
    elif status.state in ("error", "off") and status != NOT_STARTED:  # that one the first request starts
        state = "disconnected"
    return {"status": state, **({"tooltip": status.message} if status.message else {})}


def _offer(params: Any) -> str | None:
    event_id = params.get("eventId") if isinstance(params, dict) else None
    offer = event_id.get("completionId") if isinstance(event_id, dict) else None
    return offer if isinstance(offer, str) else None
