"""The documents that the client has open, kept in step with it edit by edit.

The store never guesses. An edit that cannot be meant (a version that does not grow, a range that ends before it starts)
leaves the text alone and marks the document as out of step; from then on nobody is given its text until the client
sends the whole of it again, because a suggestion made from wrong text is worse than none. It never reads the disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType

from .positions import Position, PositionEncoding, join_surrogates
from .snapshot import Snapshot

DEFAULT_MAX_DOCUMENT_CHARS = 2_000_000
_MAX_STRANGERS = 1000
"""For so many URIs that were never opened it is remembered that they have been reported."""


class Unusable(str, Enum):
    """Why there is no text for a document. The value is a phrase for people."""

    NOT_OPEN = "not open"
    TOO_LARGE = "too large"
    BINARY = "binary"
    OUT_OF_STEP = "out of step with the editor"


@dataclass(frozen=True, slots=True)
class Change:
    """One edit: `text` in the place of the range, or the whole new text where `range` is None."""

    range: tuple[Position, Position] | None
    text: str


@dataclass(frozen=True, slots=True)
class ChangeOutcome:
    """What became of one change notification."""

    applied: bool
    why: str = ""
    """Why it was refused or why the text is not kept, as a phrase for people; never holds document text."""
    report: bool = False
    """Whether to log `why`: true once per document, until it is in step again."""


@dataclass(frozen=True, slots=True)
class _Document:
    """What is known of an open document. Without a snapshot, `unusable` says why."""

    language_id: str
    version: int
    snapshot: Snapshot | None
    unusable: Unusable | None = None


class DocumentView:
    """The open documents as they were at one moment. Immutable, and free to take."""

    __slots__ = ("_documents",)

    def __init__(self, documents: Mapping[str, _Document] = MappingProxyType({})) -> None:
        self._documents = documents

    def get(self, uri: str) -> Snapshot | None:
        """The document's text, or None when there is none to go by; `why_not` says why."""
        document = self._documents.get(uri)
        return document.snapshot if document is not None else None

    def why_not(self, uri: str) -> Unusable | None:
        """Why `get` gives None, or None when it gives a snapshot."""
        document = self._documents.get(uri)
        return document.unusable if document is not None else Unusable.NOT_OPEN

    def uris(self) -> list[str]:
        """The documents that are open, usable or not, in the order in which they were opened."""
        return list(self._documents)


class DocumentStore:
    """All open documents. Not safe for threads: it belongs to the event loop."""

    def __init__(self, *, max_document_chars: int = DEFAULT_MAX_DOCUMENT_CHARS) -> None:
        self._max_document_chars = max_document_chars
        self._encoding = PositionEncoding.UTF16
        self._documents: Mapping[str, _Document] = {}
        self._revision = 0
        self._strangers: set[str] = set()

    @property
    def encoding(self) -> PositionEncoding:
        """The position encoding that was agreed on with the client."""
        return self._encoding

    def set_encoding(self, encoding: PositionEncoding) -> None:
        """Set the position encoding. Raises RuntimeError once a document is open: its edits would be misread."""
        if self._documents:
            raise RuntimeError("the position encoding cannot change while documents are open")
        self._encoding = encoding

    def view(self) -> DocumentView:
        """The open documents as they are now; later edits do not show in it."""
        return DocumentView(self._documents)

    def get(self, uri: str) -> Snapshot | None:
        """The document's text now, or None when there is none to go by; `why_not` says why."""
        return self.view().get(uri)

    def why_not(self, uri: str) -> Unusable | None:
        """Why `get` gives None, or None when it gives a snapshot."""
        return self.view().why_not(uri)

    def open(self, uri: str, language_id: str, version: int, text: str) -> ChangeOutcome:
        """Take up a document. Opening an open one again replaces it."""
        return self._keep_whole(uri, language_id, version, text)

    def change(self, uri: str, version: int, changes: Sequence[Change]) -> ChangeOutcome:
        """Apply all changes of one notification in order, or none of them.

        Refused are: a document that is not open, a version that is not greater than the current one, an inverted range.
        After a refusal the document is out of step until a whole text arrives.
        """
        document = self._documents.get(uri)
        if document is None:
            return self.refuse(uri, "a change to a document that is not open")
        if version <= document.version:
            return self.refuse(uri, f"version {version} does not follow version {document.version}")
        # Whatever stands before the last whole text has no effect.
        whole = max((index for index, change in enumerate(changes) if change.range is None), default=None)
        if whole is None:
            if document.snapshot is None:
                self._put(uri, replace(document, version=version))
                return ChangeOutcome(applied=False, why=(document.unusable or Unusable.OUT_OF_STEP).value)
            snapshot, edits = document.snapshot, changes
        else:
            outcome = self._keep_whole(uri, document.language_id, version, changes[whole].text)
            edits = changes[whole + 1 :]
            kept = self._documents[uri].snapshot
            if kept is None or not edits:
                return outcome
            snapshot = kept
        return self._apply(uri, snapshot, version, edits)

    def refuse(self, uri: str, why: str) -> ChangeOutcome:
        """Mark an open document as out of step because `why`: an edit to it arrived that could not be read."""
        document = self._documents.get(uri)
        if document is None:
            report = uri not in self._strangers
            if len(self._strangers) < _MAX_STRANGERS:
                self._strangers.add(uri)
            return ChangeOutcome(applied=False, why=why, report=report)
        if document.unusable is not None:
            return ChangeOutcome(applied=False, why=why)
        self._put(uri, replace(document, snapshot=None, unusable=Unusable.OUT_OF_STEP))
        return ChangeOutcome(applied=False, why=why, report=True)

    def close(self, uri: str) -> bool:
        """Forget a document; False when it was not open."""
        documents = dict(self._documents)
        known = documents.pop(uri, None) is not None
        self._documents = documents
        return known

    def clear(self) -> None:
        """Forget every document."""
        self._documents = {}

    def _apply(self, uri: str, snapshot: Snapshot, version: int, changes: Sequence[Change]) -> ChangeOutcome:
        edits = [(*change.range, join_surrogates(change.text)) for change in changes if change.range is not None]
        edited = snapshot.edited_upwards(edits) if len(edits) > 1 else None
        if edited is None:
            edited = snapshot
            for start, end, inserted in edits:
                if end < start:
                    return self.refuse(uri, "a range that ends before it starts")
                edited = edited.edited(edited.offset_at(start), edited.offset_at(end), inserted)
        for _, _, inserted in edits:
            if unusable := self._unusable(inserted, len(edited.text)):
                return self._keep_marker(uri, snapshot.language_id, version, unusable)
        self._keep(edited, version)
        return ChangeOutcome(applied=True)

    def _keep_whole(self, uri: str, language_id: str, version: int, text: str) -> ChangeOutcome:
        if unusable := self._unusable(text, len(text)):
            return self._keep_marker(uri, language_id, version, unusable)
        text = join_surrogates(text)
        self._keep(
            Snapshot(uri=uri, language_id=language_id, version=version, text=text, encoding=self._encoding), version
        )
        return ChangeOutcome(applied=True)

    def _keep(self, snapshot: Snapshot, version: int) -> None:
        self._revision += 1
        snapshot = snapshot.numbered(version=version, revision=self._revision)
        self._put(snapshot.uri, _Document(snapshot.language_id, version, snapshot))

    def _keep_marker(self, uri: str, language_id: str, version: int, unusable: Unusable) -> ChangeOutcome:
        known = self._documents.get(uri)
        self._put(uri, _Document(language_id, version, None, unusable))
        return ChangeOutcome(applied=False, why=unusable.value, report=known is None or known.unusable is not unusable)

    def _put(self, uri: str, document: _Document) -> None:
        # A new mapping each time, so that a view taken before keeps what it saw.
        self._documents = {**self._documents, uri: document}

    def _unusable(self, text: str, document_chars: int) -> Unusable | None:
        if document_chars > self._max_document_chars:
            return Unusable.TOO_LARGE
        return Unusable.BINARY if "\0" in text else None
