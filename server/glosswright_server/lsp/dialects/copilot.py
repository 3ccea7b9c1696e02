"""The dialect of the Copilot language server, as its public README describes it.

- Items carry `command` `github.copilot.didAcceptCompletionItem` with the suggestion's id as its only argument.
- Inline requests carry `formattingOptions` `{tabSize, insertSpaces}`: how to indent where the file does not show it.
- `textDocument/didShowCompletion` `{item}` and `textDocument/didPartiallyAcceptCompletion` `{item, acceptedLength}`,
  the length in UTF-16 code units from the start of `insertText`.
- `textDocument/didFocus` `{textDocument?}`: which document is looked at; the status is about that one.
- `didChangeStatus` `{kind, message, busy}` is sent when the status changes.
- `textDocument/copilotPanelCompletion`: several examined candidates for a place, the best first, as such items whose
  command is `github.copilot.didAcceptPanelCompletionItem`.
- `checkStatus`, `signIn`, `signOut`: there is nobody to sign in to; the answers say that all is well.

Nothing of it is sent anywhere: what is shown and accepted is counted as `feedback` counts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from glosswright_server.documents import Snapshot
from glosswright_server.engine.suggestion import Suggestion
from glosswright_server.errors import ModelError
from glosswright_server.feedback.impression import Surface
from glosswright_server.lsp.arguments import offer_in, position_in
from glosswright_server.lsp.context import Context
from glosswright_server.lsp.convert import offset_of, range_of
from glosswright_server.lsp.features import Features
from glosswright_server.lsp.imports import take
from glosswright_server.lsp.status import NOT_STARTED, Status

ACCEPTED = "github.copilot.didAcceptCompletionItem"
PANEL_ACCEPTED = "github.copilot.didAcceptPanelCompletionItem"
COMMANDS = frozenset({ACCEPTED, PANEL_ACCEPTED})
STATUS = "didChangeStatus"
USER = "glosswright"
PANEL_COUNT = 4
_BUSY = ("starting", "downloading", "loading", "generating")


def register(features: Features) -> None:
    """Understand the dialect."""
    server = features.server
    focus = Focus(features)
    features.status.listeners.append(focus.tell)
    features.offering.on_changed.append(focus.tell_again)

    @server.feature("textDocument/didShowCompletion")
    def did_show(params: Any, context: Context) -> None:
        features.spoken.copilot = True
        if (offer := offer_of(params)) is not None:
            features.impressions.shown(offer)

    @server.feature("textDocument/didPartiallyAcceptCompletion")
    def did_partly_accept(params: Any, context: Context) -> None:
        features.spoken.copilot = True
        length = params.get("acceptedLength") if isinstance(params, dict) else None
        if (offer := offer_of(params)) is not None and type(length) is int:
            features.impressions.partly_accepted(offer, length)

    @server.feature("textDocument/didFocus")
    def did_focus(params: Any, context: Context) -> None:
        features.spoken.copilot = True
        focus.on(context.uri)

    @server.feature("textDocument/copilotPanelCompletion")
    async def panel(params: Any, context: Context) -> dict[str, Any]:
        features.spoken.copilot = True
        position = position_in(params)
        snapshot = context.snapshot
        if snapshot is None or not await features.offers(snapshot):
            return {"items": []}
        try:
            found = await _candidates(features, snapshot, offset_of(snapshot, position))
        except ModelError as error:
            features.model_failed(error)
            return {"items": []}
        return {"items": [_item(features, snapshot, one) for one in found]}

    @server.command(ACCEPTED)
    async def accepted(arguments: list[Any], context: Context) -> dict[str, Any] | None:
        return await take(features, offer_in(arguments))

    server.command(PANEL_ACCEPTED)(accepted)

    @server.feature("checkStatus")
    async def check_status(params: Any, context: Context) -> dict[str, Any]:
        return {"status": "OK", "user": USER}

    @server.feature("signIn")
    async def sign_in(params: Any, context: Context) -> dict[str, Any]:
        return {"status": "AlreadySignedIn", "user": USER}

    @server.feature("signOut")
    async def sign_out(params: Any, context: Context) -> dict[str, Any]:
        return {"status": "OK", "user": USER}


def indent_unit(params: Any) -> str:
    """One level of indentation as the `formattingOptions` of a request have it; "" where there are none."""
    options = params.get("formattingOptions") if isinstance(params, dict) else None
    if not isinstance(options, dict):
        return ""
    size, spaces = options.get("tabSize"), options.get("insertSpaces")
    if spaces is False:
        return "\t"
    return " " * size if spaces is True and type(size) is int and 1 <= size <= 16 else ""


async def _candidates(features: Features, snapshot: Snapshot, offset: int) -> Sequence[Suggestion]:
    """Several for a comment or a function, where they can be told apart; one to go on with the code elsewhere."""
    intents = features.engine.actions(snapshot, offset, offset)
    if intents:
        return await features.engine.alternatives(snapshot, intents[0], wanted=PANEL_COUNT)
    one = await features.engine.inline(snapshot, offset, by_hand=True, current=lambda: features.current(snapshot.uri))
    return [one] if one is not None else []


def _item(features: Features, snapshot: Snapshot, suggestion: Suggestion) -> dict[str, Any]:
    offer_id = features.offered(snapshot, suggestion, Surface.PANEL)
    return {
        "insertText": suggestion.text,
        "range": features.server.protocol.plain(range_of(snapshot, suggestion.start, suggestion.end)),
        "command": {"title": suggestion.label, "command": PANEL_ACCEPTED, "arguments": [offer_id]},
    }


class Focus:
    """The document that is looked at, and the status as this dialect tells it: about that document."""

    def __init__(self, features: Features) -> None:
        self._features = features
        self._uri: str | None = None
        self._last: dict[str, Any] | None = None

    def on(self, uri: str | None) -> None:
        """The user looks at this document, or at none."""
        self._uri = uri
        self.tell_again()

    def tell_again(self) -> None:
        """Tell the status, unless the client knows it."""
        self.tell(self._features.status.current)

    def tell(self, status: Status) -> None:
        """As `tell_again`, with a status at hand."""
        if not self._features.spoken.copilot:
            return
        refusal = self._features.offering.known(self._uri) if self._uri is not None else None
        said: dict[str, Any] = {
            "kind": "Inactive" if refusal is not None else _kind(status),
            "message": refusal.detail if refusal is not None else status.message,
            "busy": status.state in _BUSY and refusal is None,
        }
        if said != self._last:
            self._last = said
            self._features.server.notify(STATUS, said)


def offer_of(params: Any) -> str | None:
    """The id of the suggestion that `params.item` is."""
    item = params.get("item") if isinstance(params, dict) else None
    command = item.get("command") if isinstance(item, dict) else None
    return offer_in(command.get("arguments") if isinstance(command, dict) else None)


def _kind(status: Status) -> str:
    if status == NOT_STARTED:
        return "Normal"  # the first request starts it
    # `Error` makes clients of this dialect ask their user to sign in; a model that cannot be reached is a `Warning`.
    return {"error": "Warning", "off": "Inactive"}.get(status.state, "Normal")
