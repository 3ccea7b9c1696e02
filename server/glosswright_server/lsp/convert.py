"""Between the engine's offsets and the protocol's positions, versions and edits."""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types

from glosswright_server.documents import Position, Snapshot
from glosswright_server.engine.changes import TextChange

_ANNOTATION = "glosswright"


def offset_of(snapshot: Snapshot, position: types.Position) -> int:
    """The code point offset of an LSP position; what lies outside the document is clamped."""
    return snapshot.offset_at(Position(position.line, position.character))


def range_of(snapshot: Snapshot, start: int, end: int) -> types.Range:
    """The LSP range of code point offsets `[start, end)`."""
    first, last = snapshot.position_at(start), snapshot.position_at(end)
    return types.Range(types.Position(first.line, first.character), types.Position(last.line, last.character))


def workspace_edit(
    snapshot: Snapshot,
    changes: Sequence[TextChange],
    *,
    versioned: bool,
    annotation: types.ChangeAnnotation | None = None,
) -> types.WorkspaceEdit:
    """An edit of one document, made of changes that do not overlap; with its version where the client takes one, so
    that a stale edit is refused. Only a versioned edit can carry an annotation."""
    if not versioned:
        return types.WorkspaceEdit(changes={snapshot.uri: [text_edit(snapshot, change) for change in changes]})
    edits: list[types.TextEdit | types.AnnotatedTextEdit | types.SnippetTextEdit] = []
    for change in changes:
        plain = text_edit(snapshot, change)
        if annotation is None:
            edits.append(plain)
        else:
            edits.append(types.AnnotatedTextEdit(annotation_id=_ANNOTATION, range=plain.range, new_text=plain.new_text))
    document = types.OptionalVersionedTextDocumentIdentifier(uri=snapshot.uri, version=snapshot.version)
    return types.WorkspaceEdit(
        document_changes=[types.TextDocumentEdit(text_document=document, edits=edits)],
        change_annotations={_ANNOTATION: annotation} if annotation is not None else None,
    )


def text_edit(snapshot: Snapshot, change: TextChange) -> types.TextEdit:
    """One change as the protocol says it."""
    return types.TextEdit(range_of(snapshot, change.start, change.end), change.text)


def as_snippet(text: str) -> str:
    """`text` as an LSP snippet that inserts exactly it (LSP 3.17, "Snippet Syntax")."""
    return text.replace("\\", "\\\\").replace("$", "\\$").replace("}", "\\}")
