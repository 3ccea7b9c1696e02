"""What happens when documents open, change and close, cells of notebooks among them: everybody who follows them is
told."""

from __future__ import annotations

from typing import Any

from lsprotocol import types

from glosswright_server.documents import Position, Snapshot
from glosswright_server.intent.languages import LANGUAGES, PLAIN, language_for

from .context import Context
from .features import Features
from .notebook_sync import closed_cells, opened_cells, text_changes


def register(features: Features) -> None:
    """Follow the documents of the client."""
    server = features.server
    following = Following(features)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams, context: Context) -> None:
        following.opened(context.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams, context: Context) -> None:
        following.changed(context.raw)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams, context: Context) -> None:
        following.closed(context.uri)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    def notebook_opened(params: types.DidOpenNotebookDocumentParams, context: Context) -> None:
        for uri in opened_cells(context.raw):
            following.opened(uri)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def notebook_changed(params: types.DidChangeNotebookDocumentParams, context: Context) -> None:
        for uri in closed_cells(context.raw):
            following.closed(uri)
        for uri in opened_cells(context.raw):
            following.opened(uri)
        for change in text_changes(context.raw):
            following.changed(change)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def notebook_closed(params: types.DidCloseNotebookDocumentParams, context: Context) -> None:
        for uri in closed_cells(context.raw):
            following.closed(uri)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def files_changed(params: types.DidChangeWatchedFilesParams, context: Context) -> None:
        await following.ignore_files_changed()

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def folders_changed(params: types.DidChangeWorkspaceFoldersParams, context: Context) -> None:
        await following.ignore_files_changed()


class Following:
    """Tells the features of what became of documents; the store knows it already."""

    def __init__(self, features: Features) -> None:
        self._features = features

    def opened(self, uri: str | None) -> None:
        """A document is there."""
        self._features.offering.changed()
        if uri is not None:
            self._features.server.spawn(self._open_up(uri), name="open a document")

    def changed(self, raw: Any) -> None:
        """A document has another text; `raw` is as in `textDocument/didChange`."""
        features = self._features
        document = raw.get("textDocument") if isinstance(raw, dict) else None
        uri = document.get("uri") if isinstance(document, dict) else None
        if not isinstance(uri, str):
            return
        snapshot = features.current(uri)
        changes = raw.get("contentChanges")
        changes = [one for one in changes if isinstance(one, dict)] if isinstance(changes, list) else []
        cursor = _end_of_edit(changes, snapshot)
        features.engine.edited(uri, snapshot, cursor)
        if snapshot is not None:
            came = features.provenance.changed(snapshot)
            # What is typed out letter by letter was not accepted, even though it reads the same.
            if any(len(one.get("text") or "") > 1 for one in changes):
                for offer in came:
                    features.impressions.accepted(offer.id)
            features.impressions.edited(snapshot, cursor)

    def closed(self, uri: str | None) -> None:
        """A document is gone."""
        features = self._features
        if uri is not None:
            features.engine.closed(uri)
            features.provenance.closed(uri)
            features.impressions.closed(uri)
            features.offering.closed(uri)
            features.offering.changed()

    async def ignore_files_changed(self) -> None:
        """Ignore files, or the folders that they are looked for in, are others."""
        self._features.excluding.forget()
        await self._features.offering.look_at_all()

    async def _open_up(self, uri: str) -> None:
        features = self._features
        snapshot = features.current(uri)
        if snapshot is None or not (await features.offering.look_at(uri))["offered"]:
            return
        if language_for(snapshot.language_id, uri) not in (PLAIN, LANGUAGES["text"]):
            # A file that code could be asked for: have the model ready by the time it is. Prose is not worth the model.
            features.engine.models.on_wanted()


def _end_of_edit(changes: list[dict[str, Any]], snapshot: Snapshot | None) -> int | None:
    """Where the cursor is likely to be: behind the last edit. None when the whole text was sent."""
    last = changes[-1] if changes else {}
    span, text = last.get("range"), last.get("text")
    start = span.get("start") if isinstance(span, dict) else None
    if snapshot is None or not isinstance(start, dict) or not isinstance(text, str):
        return None
    line, character = start.get("line"), start.get("character")
    if type(line) is not int or type(character) is not int:
        return None
    return snapshot.offset_at(Position(line, character)) + len(text)
