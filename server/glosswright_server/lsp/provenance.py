"""Which code in which document came from which suggestion, as far as this session knows.

A client need not tell that a suggestion was taken: each one that was offered is looked for where it would stand, at
every change of its document, and once found it is followed through the user's edits by its own text. Code that the user
has changed is no longer the suggestion's. Everything is bounded, nothing is kept beyond the session.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from glosswright_server.documents import Snapshot
from glosswright_server.engine.suggestion import Suggestion

MAX_OFFERED = 24
"""Suggestions of one document that may yet be taken."""
MAX_TAKEN = 64
"""Pieces of code of one document that are followed."""
MAX_DOCUMENTS = 200
NEAR_CHARS = 4000
"""So far from its last place a piece of code is looked for after edits that moved it."""
MIN_SEARCH_CHARS = 8
"""Shorter code is not looked for: something like it stands everywhere."""


@dataclass(slots=True, eq=False)
class Offer:
    """One suggestion that a client was given, and where its code stands once it was taken."""

    id: str
    uri: str
    suggestion: Suggestion
    code: str
    """As it was offered, without white space around it: clients put in their own."""
    start: int
    """Offset at which the code stands, or would stand."""
    taken: bool = False
    """Whether the code was seen in the document since it was offered."""
    present: bool = False
    """Whether it stands in the document now."""

    @property
    def end(self) -> int:
        """Offset behind the code."""
        return self.start + len(self.code)


@dataclass(slots=True)
class _Document:
    length: int
    offered: list[Offer] = field(default_factory=list)
    taken: list[Offer] = field(default_factory=list)


class Provenance:
    """What one session remembers."""

    def __init__(self) -> None:
        self._documents: OrderedDict[str, _Document] = OrderedDict()
        self._count = 0
        self._last: Offer | None = None

    def offered(self, snapshot: Snapshot, suggestion: Suggestion) -> str:
        """Remember a suggestion that a client is given for `snapshot`; its id."""
        self._count += 1
        code = suggestion.text.strip()
        indent = len(suggestion.text) - len(suggestion.text.lstrip())
        offer = Offer(f"s{self._count}", snapshot.uri, suggestion, code, suggestion.start + indent)
        document = self._documents.setdefault(snapshot.uri, _Document(len(snapshot.text)))
        document.length = len(snapshot.text)
        self._documents.move_to_end(snapshot.uri)
        while len(self._documents) > MAX_DOCUMENTS:
            self._documents.popitem(last=False)
        if code and not _stands(code, snapshot.text, offer.start):  # else nobody could tell whether it was taken
            document.offered.append(offer)
            del document.offered[:-MAX_OFFERED]
        return offer.id

    def changed(self, snapshot: Snapshot) -> list[Offer]:
        """A document has a new text: find out what was taken, which is returned, and follow what is there."""
        document = self._documents.get(snapshot.uri)
        if document is None:
            return []
        text = snapshot.text
        moved = len(text) - document.length
        document.length = len(text)
        for offer in document.taken:
            _follow(offer, text, moved)
        came = [offer for offer in document.offered if _came(offer, text)]
        for offer in came:
            self._take(document, offer)
        return came

    def get(self, offer_id: str) -> Offer | None:
        """The offer of this id, while it is remembered."""
        for document in self._documents.values():
            for offer in (*document.taken, *document.offered):
                if offer.id == offer_id:
                    return offer
        return None

    def at(self, uri: str, offset: int) -> Offer | None:
        """The suggestion whose code stands around `offset`; the smallest where one was taken inside another."""
        document = self._documents.get(uri)
        if document is None:
            return None
        around = [offer for offer in document.taken if offer.present and offer.start <= offset <= offer.end]
        return min(around, key=lambda offer: len(offer.code), default=None)

    def last(self, uri: str | None = None) -> Offer | None:
        """What was taken last, in this document or in any."""
        if uri is None:
            return self._last
        document = self._documents.get(uri)
        return document.taken[-1] if document is not None and document.taken else None

    def closed(self, uri: str) -> None:
        """Forget a document."""
        self._documents.pop(uri, None)
        if self._last is not None and self._last.uri == uri:
            self._last = None

    def _take(self, document: _Document, offer: Offer) -> None:
        offer.taken = offer.present = True
        # Ghost text is offered anew while the user types along it; what was taken is the whole of it.
        if any(o.present and o.start <= offer.start and offer.end <= o.end for o in document.taken):
            document.offered.remove(offer)
            return
        document.taken = [
            o for o in document.taken if not (o.present and offer.start <= o.start and o.end <= offer.end)
        ]
        document.taken.append(offer)
        del document.taken[:-MAX_TAKEN]
        document.offered.remove(offer)
        self._last = offer


def _came(offer: Offer, text: str) -> bool:
    """Whether an offered piece of code stands where it was to go, by itself or below the imports that it brought."""
    imports = offer.suggestion.import_edit
    shifts = (0, len(imports.text)) if imports is not None and imports.at <= offer.suggestion.start else (0,)
    for shift in shifts:
        if _stands(offer.code, text, offer.start + shift):
            offer.start += shift
            return True
    return False


def _follow(offer: Offer, text: str, moved: int) -> None:
    """Find the code again: where it stood, where one edit above it has moved it, or near there."""
    for start in (offer.start, offer.start + moved):
        if _stands(offer.code, text, start):
            offer.start, offer.present = start, True
            return
    if len(offer.code) < MIN_SEARCH_CHARS:
        offer.present = False
        return
    low = max(0, offer.start - NEAR_CHARS)
    window = text[low : offer.end + NEAR_CHARS]
    places = []
    at = window.find(offer.code)
    while at >= 0:
        if _stands(offer.code, text, low + at):
            places.append(low + at)
        at = window.find(offer.code, at + 1)
    offer.present = bool(places)
    if places:
        offer.start = min(places, key=lambda place: abs(place - offer.start))


def _stands(code: str, text: str, start: int) -> bool:
    """Whether `code` stands at `start`, as a whole: `count` is not what stands where `counter` does."""
    if start < 0 or not text.startswith(code, start):
        return False
    end = start + len(code)
    return end == len(text) or not (_is_word(code[-1]) and _is_word(text[end]))


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
