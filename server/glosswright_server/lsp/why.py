"""*Why this suggestion?*: what is known of code that a suggestion put in, as a hover, a command and a code action.

Elsewhere the hover is null at once, so that it stands in no other server's way.
- `glosswright.why` `[{"uri", "position"?, "show"?}?]`: `{"markdown", "facts"}`, or null where no suggestion is known.
  Without a position it is about what was taken last. It also shows one line as a message when `show` says so, or when
  there is no position: then an editor's bare command runs it, and shows no result.
"""

from __future__ import annotations

from typing import Any

from lsprotocol import types

from glosswright_server.documents import Snapshot
from glosswright_server.engine.explanation import as_plain, explanation, in_short
from glosswright_server.engine.suggestion import Suggestion

from .arguments import invalid, place_of
from .context import Context
from .convert import offset_of, range_of
from .features import Features
from .provenance import Offer

COMMAND = "glosswright.why"
TITLE = "Why this suggestion?"
NOTHING = "Glosswright: no suggestion of this session is known here."


def register(features: Features) -> None:
    """Offer the hover and the command."""
    server = features.server

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams, context: Context) -> types.Hover | None:
        snapshot = context.snapshot
        if snapshot is None or not await features.offers(snapshot):
            return None
        offer = _offer_at(features, snapshot, offset_of(snapshot, params.position))
        if offer is None:
            return None
        formats = server.client_supports("text_document.hover.content_format", ()) or ()
        return types.Hover(markup(offer.suggestion, formats), range_of(snapshot, offer.start, offer.end))

    @server.command(COMMAND)
    async def why(arguments: list[Any], context: Context) -> dict[str, Any] | None:
        place = arguments[0] if arguments else {}
        if not isinstance(place, dict):
            raise invalid('the argument must be {"uri": …, "position": …}')
        offer, exact = _asked(features, place, context)
        if place.get("show", not exact) is True:
            message = f"Glosswright: {in_short(offer.suggestion)}" if offer is not None else NOTHING
            server.notify(types.WINDOW_SHOW_MESSAGE, types.ShowMessageParams(types.MessageType.Info, message))
        if offer is None:
            return None
        return {"markdown": explanation(offer.suggestion), "facts": {"id": offer.id, **offer.suggestion.facts()}}


def why_action(features: Features, snapshot: Snapshot, offset: int) -> types.CodeAction | None:
    """The action on code that came from a suggestion, else None."""
    if _offer_at(features, snapshot, offset) is None:
        return None
    at = snapshot.position_at(offset)
    place = {"uri": snapshot.uri, "position": {"line": at.line, "character": at.character}, "show": True}
    return types.CodeAction(title=TITLE, command=types.Command(title=TITLE, command=COMMAND, arguments=[place]))


def markup(suggestion: Suggestion, formats: Any) -> types.MarkupContent:
    """The explanation in Markdown where the client takes it, else as plain text."""
    text = explanation(suggestion)
    if types.MarkupKind.Markdown in formats:
        return types.MarkupContent(types.MarkupKind.Markdown, text)
    return types.MarkupContent(types.MarkupKind.PlainText, as_plain(text))


def _asked(features: Features, place: dict[str, Any], context: Context) -> tuple[Offer | None, bool]:
    """What the argument is about, and whether it names a position. Raises an invalid-params error."""
    if place.get("position") is None:
        uri = place.get("uri")
        if uri is not None and not isinstance(uri, str):
            raise invalid("`uri` must be a string")
        return features.provenance.last(uri), False
    uri, position = place_of(place)
    snapshot = context.documents.get(uri)
    return _offer_at(features, snapshot, offset_of(snapshot, position)) if snapshot is not None else None, True


def _offer_at(features: Features, snapshot: Snapshot, offset: int) -> Offer | None:
    """The suggestion whose code stands around `offset`; a line's indentation belongs to what stands behind it."""
    line = snapshot.line_at(offset)
    start, end = snapshot.line_start(line), snapshot.line_end(line)
    if not snapshot.text[start:offset].strip():
        offset = end - len(snapshot.text[start:end].lstrip())
    offer = features.provenance.at(snapshot.uri, offset)
    # What is remembered is as new as the document, while this snapshot may be older.
    return offer if offer is not None and snapshot.text.startswith(offer.code, offer.start) else None
