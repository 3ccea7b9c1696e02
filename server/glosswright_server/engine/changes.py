"""What a suggestion changes in its document, as plain edits of one text. Nothing is sent or written here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import overload

from glosswright_server.documents import Snapshot
from glosswright_server.engine.suggestion import ImportEdit, Suggestion


@dataclass(frozen=True, slots=True)
class TextChange:
    """`text` in the place of the code point offsets `[start, end)`."""

    start: int
    end: int
    text: str


def changes_of(suggestion: Suggestion) -> list[TextChange]:
    """The imports, where the suggestion has any, and the code, in the order of the document.

    All offsets are of the one text it was made for. Imports that would stand inside what the code replaces are left
    out: the two edits would overlap.
    """
    code = TextChange(suggestion.start, suggestion.end, suggestion.text)
    imports = suggestion.import_edit
    if imports is None or not imports.text or code.start < imports.at < code.end:
        return [code]
    added = TextChange(imports.at, imports.at, imports.text)
    # At one place the order of the edits is the order in the text (LSP 3.17, "TextEdit[]"): imports come first.
    return [added, code] if imports.at <= code.start else [code, added]


def applied(text: str, changes: Sequence[TextChange]) -> str:
    """`text` with changes that stand in the order of the document and do not overlap."""
    pieces = []
    at = 0
    for change in changes:
        pieces += [text[at : change.start], change.text]
        at = change.end
    return "".join((*pieces, text[at:]))


@overload
def with_imports(snapshot: Snapshot, suggestion: Suggestion) -> Suggestion: ...


@overload
def with_imports(snapshot: Snapshot, suggestion: None) -> None: ...


def with_imports(snapshot: Snapshot, suggestion: Suggestion | None) -> Suggestion | None:
    """The suggestion with the edit that brings its missing imports into the document as it is now."""
    if suggestion is None or not suggestion.verdict.imports:
        return suggestion
    from glosswright_server.verify.imports import import_edit

    gap = (suggestion.start, suggestion.end)
    edit = import_edit(snapshot.text, suggestion.intent.language, suggestion.verdict.imports, gap=gap)
    return replace(suggestion, import_edit=None if edit is None else ImportEdit(at=edit[0], text=edit[1]))
