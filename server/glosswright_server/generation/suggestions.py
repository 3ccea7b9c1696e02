"""Suggestions that were made, and those in the making, found again while the user types through them or goes back.

A suggestion belongs to a place: the text left of its anchor and the text right of it, each within a window, so that a
look-up never walks a whole document. Line ends count as one line feed on both sides, and so they come out: the caller
turns them into the document's own. A generation that still runs is found the same way by what it has said so far.
Nothing here knows how suggestions are made or shown.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from glosswright_server.generation.pending import PendingSuggestion

P = TypeVar("P")

LEFT_WINDOW = 2000
RIGHT_WINDOW = 200
LOOK_BACK = 128
LONGEST_TYPED = 1000
"""Characters of a suggestion that a user may have typed; what is typed beyond is not looked for."""
_TAIL = 32


@dataclass(frozen=True, slots=True)
class Hit(Generic[P]):
    """What to suggest at the place asked for."""

    text: str
    """To be inserted at the cursor, with line feeds; never empty."""
    typed: str
    """The first part of the suggestion, which stands left of the cursor already."""
    restored: str
    """Text before the anchor that the user has deleted; `text` begins with it."""
    payload: P
    """What `put` was given."""


@dataclass(frozen=True, slots=True)
class Attachment(Generic[P]):
    """A running generation that fits the place asked for."""

    pending: PendingSuggestion[P]
    typed: str
    """The first part of its text, which stands left of the cursor already."""

    def rest(self) -> str:
        """What there is to suggest so far."""
        return self.pending.text[len(self.typed) :]


@dataclass(frozen=True, slots=True)
class _Place:
    """The surroundings of an offset, cut to the windows, with line feeds only."""

    uri: str
    left: str
    right: str
    offset: int
    before: str
    """The last characters before the offset as they stand in the document, line ends included."""


@dataclass(slots=True, eq=False)
class _Entry(Generic[P]):
    place: _Place
    text: str
    payload: P
    expires_at: float


class SuggestionCache(Generic[P]):
    """The last suggestions of all documents, least recently used out first. Belongs to one event loop.

    `uri` may be any string that keeps apart what must not be mixed, such as a kind of request and a document.
    """

    def __init__(
        self,
        *,
        capacity: int = 200,
        ttl_s: float = 300.0,
        linger_s: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`linger_s`: how long a generation goes on when nobody waits for it, for a request that may come."""
        self._capacity = capacity
        self._ttl_s = ttl_s
        self._linger_s = linger_s
        self._clock = clock
        self._entries: OrderedDict[int, _Entry[P]] = OrderedDict()
        self._next_id = 0
        # (uri, right window) → last characters of the left window → ids, newest last.
        self._index: dict[tuple[str, str], dict[str, list[int]]] = {}
        self._pending: list[tuple[_Place, PendingSuggestion[P]]] = []

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, uri: str, text: str, offset: int, suggestion: str, payload: P) -> None:
        """Keep `suggestion` for the place at `offset` (code points) of the document `text`, unless it is empty."""
        self._put(_place(uri, text, offset), suggestion, payload)

    def lookup(self, uri: str, text: str, offset: int) -> Hit[P] | None:
        """What to suggest at `offset`: the rest of a suggestion typed through, or one that the user went back from."""
        place = _place(uri, text, offset, extra=LONGEST_TYPED)
        bucket = self._index.get((uri, place.right))
        if not bucket:
            return None
        return self._typed_through(place, bucket) or self._looked_back(place, bucket)

    def begin(
        self,
        uri: str,
        text: str,
        offset: int,
        produce: Callable[[PendingSuggestion[P]], Awaitable[tuple[str, P] | None]],
    ) -> PendingSuggestion[P]:
        """Start a generation for the place at `offset`; generations of the same `uri` that are under way end.

        `produce` publishes text as it comes and returns the final text with its payload, which is kept as by `put`, or
        None when there is nothing to keep. It is cancelled when nobody has waited for `linger_s` seconds.
        """
        place = _place(uri, text, offset)
        self._drop(lambda other, _: other.uri == uri)

        def ended(pending: PendingSuggestion[P]) -> None:
            self._pending = [item for item in self._pending if item[1] is not pending]
            if pending.result is not None:
                self._put(place, *pending.result)

        pending = PendingSuggestion(produce, ended, self._linger_s)
        self._pending.append((place, pending))
        return pending

    def attach(self, uri: str, text: str, offset: int) -> Attachment[P] | None:
        """The running generation that a request at `offset` can wait for instead of starting its own."""
        place = _place(uri, text, offset, extra=LONGEST_TYPED)
        for began, pending in reversed(self._pending):
            typed = _typed(began, place, pending.text)
            if typed is not None:
                return Attachment(pending, typed)
        return None

    def prune(self, uri: str, text: str, offset: int) -> int:
        """End generations of `uri` that do not fit the document as it is now; returns how many. For each edit."""
        place = _place(uri, text, offset, extra=LONGEST_TYPED)
        return self._drop(lambda began, pending: began.uri == uri and _typed(began, place, pending.text) is None)

    def forget(self, uri: str) -> None:
        """Drop everything of `uri`: its document was closed."""
        self._drop(lambda place, _: place.uri == uri)
        for key in [key for key, entry in self._entries.items() if entry.place.uri == uri]:
            self._remove(key)

    async def aclose(self) -> None:
        """End every generation and wait until it has ended."""
        tasks = [pending.task for _, pending in self._pending]
        self._drop(lambda place, pending: True)
        if tasks:
            await asyncio.wait(tasks)

    def _typed_through(self, place: _Place, bucket: dict[str, list[int]]) -> Hit[P] | None:
        end = len(place.left)
        # The shortest typed part first: the suggestion made nearest to the cursor.
        for typed_length in range(min(end, LONGEST_TYPED) + 1):
            anchor = end - typed_length
            for key in reversed(bucket.get(place.left[max(anchor - _TAIL, 0) : anchor], ())):
                entry = self._living(key)
                if entry is None or len(entry.text) <= typed_length:
                    continue
                typed = place.left[anchor:]
                if entry.text.startswith(typed) and _same_left(entry.place, place, anchor):
                    self._entries.move_to_end(key)
                    return Hit(entry.text[typed_length:], typed, "", entry.payload)
        return None

    def _looked_back(self, place: _Place, bucket: dict[str, list[int]]) -> Hit[P] | None:
        for key in sorted((key for keys in bucket.values() for key in keys), reverse=True):
            entry = self._living(key)
            if entry is None:
                continue
            began = entry.place
            deleted = began.offset - place.offset
            if not 0 < deleted <= len(began.before):
                continue
            restored = _line_feeds(began.before[-deleted:])
            kept = began.left[: -len(restored)]
            # A left window that is not full reaches to the start of the document, and so must this one.
            same = place.left.endswith(kept) if len(began.left) == LEFT_WINDOW else place.left == kept
            if same and began.left.endswith(restored):
                self._entries.move_to_end(key)
                return Hit(restored + entry.text, "", restored, entry.payload)
        return None

    def _living(self, key: int) -> _Entry[P] | None:
        entry = self._entries[key]
        return entry if entry.expires_at > self._clock() else None

    def _put(self, place: _Place, suggestion: str, payload: P) -> None:
        suggestion = _line_feeds(suggestion)
        if not suggestion:
            return
        now = self._clock()
        for key in [key for key, entry in self._entries.items() if entry.expires_at <= now]:
            self._remove(key)
        bucket = self._index.setdefault((place.uri, place.right), {})
        keys = bucket.setdefault(place.left[-_TAIL:], [])
        for key in [key for key in keys if self._entries[key].place.left == place.left]:
            keys.remove(key)
            del self._entries[key]
        self._next_id += 1
        keys.append(self._next_id)
        self._entries[self._next_id] = _Entry(place, suggestion, payload, now + self._ttl_s)
        while len(self._entries) > self._capacity:
            self._remove(next(iter(self._entries)))

    def _remove(self, key: int) -> None:
        place = self._entries.pop(key).place
        bucket = self._index[place.uri, place.right]
        tail = place.left[-_TAIL:]
        bucket[tail].remove(key)
        if not bucket[tail]:
            del bucket[tail]
        if not bucket:
            del self._index[place.uri, place.right]

    def _drop(self, matches: Callable[[_Place, PendingSuggestion[P]], bool]) -> int:
        dropped = [pending for place, pending in self._pending if matches(place, pending)]
        self._pending = [item for item in self._pending if item[1] not in dropped]
        for pending in dropped:
            pending.cancel()
        return len(dropped)


def _typed(began: _Place, now: _Place, said: str) -> str | None:
    """The part of `said` that was typed since, if the place is the same but for it; None if it is another place."""
    if began.uri != now.uri or began.right != now.right:
        return None
    said = _line_feeds(said)
    for anchor in _anchors(began, now, len(said)):
        typed = now.left[anchor:]
        if said.startswith(typed) and _same_left(began, now, anchor):
            return typed
    return None


def _anchors(began: _Place, now: _Place, longest: int) -> Iterator[int]:
    end = len(now.left)
    for typed_length in range(min(end, longest, LONGEST_TYPED) + 1):
        anchor = end - typed_length
        if now.left[max(anchor - _TAIL, 0) : anchor] == began.left[-_TAIL:]:
            yield anchor


def _same_left(began: _Place, now: _Place, anchor: int) -> bool:
    return began.left == now.left[max(anchor - LEFT_WINDOW, 0) : anchor]


def _place(uri: str, text: str, offset: int, extra: int = 0) -> _Place:
    """The windows around `offset`; `extra` more characters on the left, for what may have been typed since."""
    # Twice as many characters are read as wanted: in the worst case each of them is a CR LF.
    left = _line_feeds(text[max(offset - 2 * (LEFT_WINDOW + extra), 0) : offset])[-(LEFT_WINDOW + extra) :]
    right = _line_feeds(text[offset : offset + 2 * RIGHT_WINDOW])[:RIGHT_WINDOW]
    return _Place(uri, left, right, offset, text[max(offset - LOOK_BACK, 0) : offset])


def _line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
