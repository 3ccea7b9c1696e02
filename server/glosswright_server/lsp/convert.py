"""Between the engine's offsets and the protocol's positions, versions and edits."""

from __future__ import annotations

from lsprotocol import types

from glosswright_server.documents import Position, Snapshot


def offset_of(snapshot: Snapshot, position: types.Position) -> int:
    """The code point offset of an LSP position; what lies outside the document is clamped."""
    return snapshot.offset_at(Position(position.line, position.character))


def range_of(snapshot: Snapshot, start: int, end: int) -> types.Range:
    """The LSP range of code point offsets `[start, end)`."""
    first, last = snapshot.position_at(start), snapshot.position_at(end)
    return types.Range(types.Position(first.line, first.character), types.Position(last.line, last.character))


def workspace_edit(snapshot: Snapshot, start: int, end: int, text: str, *, versioned: bool) -> types.WorkspaceEdit:
    """An edit of one document; with its version where the client takes one, so that a stale edit is refused."""
    edit = types.TextEdit(range_of(snapshot, start, end), text)
    if not versioned:
        return types.WorkspaceEdit(changes={snapshot.uri: [edit]})
    document = types.OptionalVersionedTextDocumentIdentifier(uri=snapshot.uri, version=snapshot.version)
    return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(text_document=document, edits=[edit])])


def as_snippet(text: str) -> str:
    """`text` as an LSP snippet that inserts exactly it (LSP 3.17, "Snippet Syntax")."""
    return text.replace("\\", "\\\\").replace("$", "\\$").replace("}", "\\}")
