"""`glosswright/status`, `glosswright/documentStatus` and `glosswright/pause` as requests: what is offered, where, and
stop it for a while."""

from __future__ import annotations

from typing import Any

from .arguments import invalid
from .context import Context
from .features import Features
from .offering import METHOD as DOCUMENT_STATUS
from .status import METHOD as STATUS

PAUSE = "glosswright/pause"


def register(features: Features) -> None:
    """Answer for the status, and pause."""
    server = features.server

    @server.feature(STATUS)
    async def status(params: Any, context: Context) -> dict[str, Any]:
        return features.status.payload()

    @server.feature(DOCUMENT_STATUS)
    async def document_status(params: Any, context: Context) -> dict[str, Any]:
        if context.uri is None:
            raise invalid('the parameters must be {"textDocument": {"uri": …}}')
        return await features.offering.look_at(context.uri)

    @server.feature(PAUSE)
    async def pause(params: Any, context: Context) -> dict[str, Any]:
        fields = params if isinstance(params, dict) else {}
        paused, language = fields.get("paused"), fields.get("language")
        if not isinstance(paused, bool) or not (language is None or (isinstance(language, str) and language)):
            raise invalid('the parameters must be {"paused": true or false, "language": an LSP language id or nothing}')
        offering = features.offering
        if language is None:
            offering.paused = paused
        elif paused:
            offering.paused_languages.add(language)
        else:
            offering.paused_languages.discard(language)
        offering.changed()
        await offering.look_at_all()
        return features.status.payload()
