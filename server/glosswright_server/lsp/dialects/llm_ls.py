"""The dialect of llm-ls, whose types are public: completions by a request of their own.

- `llm-ls/getCompletions` `{textDocument, position, …}` answers `{request_id, completions: [{generated_text}]}`; the
  text goes in at the cursor. There is always such an answer, with no completions where there is nothing.
- `llm-ls/acceptCompletion` `{requestId, acceptedCompletion, …}` and `llm-ls/rejectCompletion` `{requestId, …}` are
  requests and answer null. Older clients spell it `request_id`, as the answer above does.

What its clients send of a model, its URL, a token or a prompt format is not looked at: where code goes is decided by
the settings alone.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any
from uuid import uuid4

from glosswright_server.documents import Snapshot
from glosswright_server.engine.suggestion import Suggestion
from glosswright_server.errors import ModelError
from glosswright_server.feedback.impression import Surface
from glosswright_server.lsp.arguments import position_in
from glosswright_server.lsp.context import Context
from glosswright_server.lsp.convert import offset_of
from glosswright_server.lsp.features import Features
from glosswright_server.lsp.imports import taken

MOST_REMEMBERED = 100


def register(features: Features) -> None:
    """Understand the dialect."""
    server = features.server
    offers: OrderedDict[str, str] = OrderedDict()
    """The suggestion of each request that was answered with one."""

    @server.feature("llm-ls/getCompletions")
    async def get_completions(params: Any, context: Context) -> dict[str, Any]:
        position = position_in(params)
        request_id = str(uuid4())
        answer: dict[str, Any] = {"request_id": request_id, "completions": []}
        snapshot = context.snapshot
        if snapshot is None or not features.settings.inline.enabled or not await features.offers(snapshot):
            return answer
        offset = offset_of(snapshot, position)
        try:
            suggestion = await features.engine.inline(
                snapshot, offset, by_hand=False, current=lambda: features.current(snapshot.uri)
            )
        except ModelError as error:
            features.model_failed(error)
            return answer
        text = at_cursor(snapshot, suggestion, offset) if suggestion is not None else ""
        if suggestion is None or not text:
            return answer
        if suggestion.origin == "model":
            features.model_worked()
        offers[request_id] = features.offered(snapshot, suggestion, Surface.INLINE)
        while len(offers) > MOST_REMEMBERED:
            offers.popitem(last=False)
        answer["completions"] = [{"generated_text": text}]
        return answer

    @server.feature("llm-ls/acceptCompletion")
    async def accept(params: Any, context: Context) -> None:
        if (offer := _offer(params)) is not None:
            taken(features, offer)

    @server.feature("llm-ls/rejectCompletion")
    async def reject(params: Any, context: Context) -> None:
        if (offer := _offer(params)) is not None:
            features.impressions.dismissed(offer)

    def _offer(params: Any) -> str | None:
        fields = params if isinstance(params, dict) else {}
        request_id = fields.get("requestId", fields.get("request_id"))
        return offers.get(request_id) if isinstance(request_id, str) else None


def at_cursor(snapshot: Snapshot, suggestion: Suggestion, offset: int) -> str:
    """What to put in at the cursor for the suggestion to stand there; "" where that cannot be done by putting in."""
    replaced = snapshot.text[suggestion.start : suggestion.end]
    if suggestion.end != offset or not suggestion.text.startswith(replaced):
        return ""
    return suggestion.text[len(replaced) :]
