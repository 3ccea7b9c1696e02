"""`textDocument/inlineCompletion` (LSP 3.18): ghost text. One plain string on the cursor's line, or nothing.

Asked for by hand there may be several, which clients let the user go through: the best first, then those others that
were tried and hold.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from lsprotocol import types

from glosswright_server.documents import Snapshot
from glosswright_server.engine.suggestion import Suggestion
from glosswright_server.errors import ModelError
from glosswright_server.feedback.impression import Surface

from .context import Context
from .convert import offset_of, range_of
from .dialects import copilot, tabby
from .features import Features
from .imports import ACCEPTED


def register(features: Features) -> None:
    """Offer inline completions."""

    # The options object is required: without it pygls does not announce the capability.
    @features.server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    async def inline_completion(
        params: types.InlineCompletionParams, context: Context
    ) -> types.InlineCompletionList | dict[str, Any] | None:
        snapshot = context.snapshot
        if snapshot is None or not features.settings.inline.enabled or not await features.offers(snapshot):
            return None
        if (unit := copilot.indent_unit(context.raw)) != snapshot.indent_unit:
            snapshot = dataclasses.replace(snapshot, indent_unit=unit)
        by_hand = params.context.trigger_kind == types.InlineCompletionTriggerKind.Invoked
        selected = params.context.selected_completion_info
        offset = offset_of(snapshot, params.position)
        # With an item selected in the completion list, the suggestion goes on from that item's text.
        assumed = _with_selected(snapshot, selected) if selected else None
        if selected is not None and assumed is None:
            return None  # what does not extend the selected item is not to be shown (LSP 3.18)
        read, at = assumed or (snapshot, offset)
        try:
            suggestion = await features.engine.inline(
                read, at, by_hand=by_hand, current=lambda: features.current(snapshot.uri)
            )
        except ModelError as error:
            features.model_failed(error)
            return None
        if suggestion is None:
            return None
        if suggestion.origin == "model":
            features.model_worked()
        offered: list[tuple[types.InlineCompletionItem, str]] = []
        for one in (suggestion, *suggestion.others):
            item: types.InlineCompletionItem | None = _item(read, one)
            if item is not None and selected is not None:
                item = _after_selected(item, selected, one, at)
            if item is not None:
                ahead = selected.text if selected is not None else ""
                offer_id = features.offered(read, one, Surface.INLINE, shown=not offered, ahead=ahead)
                item.command = _command(features, one, offer_id)
                offered.append((item, offer_id))
        if not offered:
            return None
        answer = types.InlineCompletionList(items=[item for item, _ in offered])
        return _for_tabby(features, answer, [number for _, number in offered]) if features.spoken.tabby else answer


def _item(snapshot: Snapshot, suggestion: Suggestion) -> types.InlineCompletionItem:
    replaced = snapshot.text[suggestion.start : suggestion.end]
    return types.InlineCompletionItem(
        insert_text=suggestion.text,
        # Clients show an item only while the text it replaces is a prefix of this.
        filter_text=replaced if replaced.strip() else None,
        range=range_of(snapshot, suggestion.start, suggestion.end),
    )


def _command(features: Features, suggestion: Suggestion, offer_id: str) -> types.Command:
    """What the client runs when the item was accepted."""
    if features.spoken.copilot and copilot.ACCEPTED not in features.server.unannounced:
        return types.Command(title=suggestion.label, command=copilot.ACCEPTED, arguments=[offer_id])
    return types.Command(title=suggestion.label, command=ACCEPTED, arguments=[{"id": offer_id, **suggestion.facts()}])


def _for_tabby(features: Features, answer: types.InlineCompletionList, offer_ids: list[str]) -> dict[str, Any]:
    """The same as a plain object: LSP has no `data` in an inline item, and that dialect has."""
    plain: dict[str, Any] = features.server.protocol.plain(answer)
    marked = zip(plain["items"], offer_ids, strict=True)
    return {"isIncomplete": False, "items": [{**item, "data": tabby.event_data(number)} for item, number in marked]}


def _with_selected(snapshot: Snapshot, selected: types.SelectedCompletionInfo) -> tuple[Snapshot, int] | None:
    """The document as if the selected item were in it, and the offset after it; None for a range that cannot be."""
    start, end = offset_of(snapshot, selected.range.start), offset_of(snapshot, selected.range.end)
    if end < start:
        return None
    return snapshot.edited(start, end, selected.text), start + len(selected.text)


def _after_selected(
    item: types.InlineCompletionItem,
    selected: types.SelectedCompletionInfo,
    suggestion: Suggestion,
    offset: int,
) -> types.InlineCompletionItem | None:
    """The item with the selected item's range and its text extended (LSP 3.18, `SelectedCompletionInfo`)."""
    if suggestion.start != offset or suggestion.end != offset:
        return None
    item.insert_text = selected.text + str(item.insert_text)
    item.range = selected.range
    return item
