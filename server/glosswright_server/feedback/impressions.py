"""Follows each suggestion of one session from being shown to what became of it, whatever the client tells of that.

Some clients report what they show and what is accepted; most only run an item's command, or nothing at all. So what a
suggestion became is also read from the document: code that came to stand where it was offered was accepted, and ghost
text that no longer goes with what is being typed was dismissed. A suggestion that is offered again while the user types
along, or deletes back into it, is one suggestion. Documents are looked at in memory and nothing of them is kept.
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from glosswright_server.documents import Snapshot
from glosswright_server.engine.suggestion import Suggestion
from glosswright_server.intent.model import Intent

from .impression import Impression, Outcome, Surface, impression_of, verdict_class
from .kept import share_kept

KEPT_AFTER_S = 60.0
MOST_FOLLOWED = 500
MOST_TEXTS = 32
"""Of one suggestion."""

Current = Callable[[str], "Snapshot | None"]
"""The document of a URI as it is now."""
Later = Callable[[float, Callable[[], None]], object]
"""Calls something after so many seconds."""


@dataclass(frozen=True, slots=True)
class _Offer:
    """One thing that a client was given."""

    followed: _Followed
    suggestion: Suggestion
    ahead: int
    """So many UTF-16 code units of the client's item stand before the suggestion's own text."""


@dataclass(slots=True, eq=False)
class _Followed:
    """One suggestion, with those that were offered beside it to choose from, and what is known of it."""

    uri: str
    intent: Intent
    impression: Impression
    texts: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=MOST_TEXTS))
    """What was offered of it, as offset and text: the candidates, and the rest of them while the user types along."""
    start: int = 0
    """Where the accepted code was put in."""
    recorded: bool = False
    """Whether it was shown, as far as is known."""
    code: str = ""
    """What of it was accepted."""
    watched: bool = False
    """Whether it is known already when to look whether it was kept."""


class Impressions:
    """The suggestions of one session. Belongs to one event loop; no method raises or waits."""

    def __init__(
        self,
        record: Callable[[Impression], None],
        current: Current,
        later: Later,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._record = record
        self._current = current
        self._later = later
        self._now = now
        self._session = secrets.token_hex(8)
        self._count = 0
        self._by_id: OrderedDict[str, _Offer] = OrderedDict()
        self._ghost: dict[str, _Followed] = {}
        """The ghost text of each document that is not decided yet."""

    def offered(
        self,
        offer_id: str,
        snapshot: Snapshot,
        suggestion: Suggestion,
        surface: Surface,
        *,
        shown: bool,
        ahead: str = "",
    ) -> None:
        """A client was given a suggestion for `snapshot`; `shown` says whether that means that the user sees it,
        `ahead` what stands before it in the client's item."""
        followed = self._same(snapshot.uri, suggestion, surface)
        if followed is None:
            self._count += 1
            impression = impression_of(suggestion, surface, session=self._session, number=self._count, now=self._now())
            followed = _Followed(snapshot.uri, suggestion.intent, impression)
        followed.texts.append((suggestion.start, _line_feeds(suggestion.text)))
        self._by_id[offer_id] = _Offer(followed, suggestion, len(_units(ahead)) // 2)
        while len(self._by_id) > MOST_FOLLOWED:
            oldest = self._by_id.popitem(last=False)[1].followed
            if self._ghost.get(oldest.uri) is oldest:
                del self._ghost[oldest.uri]
        if surface is Surface.INLINE:
            before = self._ghost.get(snapshot.uri)
            if before is not None and before is not followed:
                self._decide(before, Outcome.DISMISSED)
            self._ghost[snapshot.uri] = followed
        if shown:
            self._show(followed)

    def shown(self, offer_id: str) -> None:
        """The client has shown it."""
        if (offer := self._by_id.get(offer_id)) is not None:
            self._show(offer.followed)

    def accepted(self, offer_id: str) -> None:
        """The whole of it was put into the document."""
        if (offer := self._by_id.get(offer_id)) is not None:
            self._accept(offer, offer.suggestion.text, Outcome.ACCEPTED)

    def partly_accepted(self, offer_id: str, accepted_utf16: int | None = None) -> None:
        """The first `accepted_utf16` UTF-16 code units of its item were put in; without a number, its first line."""
        offer = self._by_id.get(offer_id)
        if offer is None:
            return
        text = offer.suggestion.text
        if accepted_utf16 is None:
            part = text[: text.find("\n", len(text) - len(text.lstrip("\r\n"))) + 1] or text
        else:
            units = 2 * max(accepted_utf16 - offer.ahead, 0)
            part = _units(text)[:units].decode("utf-16-le", "surrogatepass")
        if part.strip():
            self._accept(offer, part, Outcome.ACCEPTED if part == text else Outcome.PARTLY_ACCEPTED)

    def dismissed(self, offer_id: str) -> None:
        """The user has refused it."""
        if (offer := self._by_id.get(offer_id)) is not None:
            self._decide(offer.followed, Outcome.DISMISSED)

    def edited(self, snapshot: Snapshot, cursor: int | None) -> None:
        """A document has changed and the last edit ended at `cursor`: does its ghost text still go with it?"""
        followed = self._ghost.get(snapshot.uri)
        if followed is None or cursor is None:
            return
        for start, text in followed.texts:
            if start <= cursor and text.startswith(_line_feeds(snapshot.text[start:cursor])):
                return
        self._decide(followed, Outcome.DISMISSED)

    def closed(self, uri: str) -> None:
        """A document was closed: what was shown in it and not taken is not wanted."""
        if (followed := self._ghost.get(uri)) is not None:
            self._decide(followed, Outcome.DISMISSED)

    def _same(self, uri: str, suggestion: Suggestion, surface: Surface) -> _Followed | None:
        """The suggestion that this one is the rest of, or the whole of, or a choice beside: all answer one intent."""
        for followed in (offer.followed for offer in reversed(self._by_id.values())):
            # By identity: each request reads its own intent, and what is given from memory keeps the one it was made
            # for.
            if followed.uri == uri and followed.intent is suggestion.intent and followed.impression.surface is surface:
                return followed
        return None

    def _show(self, followed: _Followed) -> None:
        if not followed.recorded:
            followed.recorded = True
            self._record(followed.impression)

    def _accept(self, offer: _Offer, code: str, outcome: Outcome) -> None:
        followed, suggestion = offer.followed, offer.suggestion
        followed.recorded = True
        if len(code) > len(followed.code):
            followed.code, followed.start = code, suggestion.start
            # The one that was taken is the one that counts.
            followed.impression = replace(followed.impression, verdict=verdict_class(suggestion.verdict))
        self._decide(followed, outcome)
        if not followed.watched:
            followed.watched = True
            self._later(KEPT_AFTER_S, lambda: self._look(followed))

    def _decide(self, followed: _Followed, outcome: Outcome) -> None:
        """What became of it; acceptance outweighs whatever was said before, and nothing outweighs acceptance."""
        if self._ghost.get(followed.uri) is followed and outcome is not Outcome.PARTLY_ACCEPTED:
            del self._ghost[followed.uri]
        rank = (Outcome.SHOWN, Outcome.DISMISSED, Outcome.PARTLY_ACCEPTED, Outcome.ACCEPTED)
        if not followed.recorded or rank.index(outcome) <= rank.index(followed.impression.outcome):
            return
        followed.impression = replace(followed.impression, outcome=outcome)
        self._record(followed.impression)

    def _look(self, followed: _Followed) -> None:
        """Whether what was accepted a minute ago still stands there."""
        snapshot = self._current(followed.uri)
        if snapshot is None:
            return
        line = snapshot.line_at(min(followed.start, len(snapshot.text)))
        followed.impression = replace(
            followed.impression, kept=round(share_kept(followed.code, snapshot.text, line), 3)
        )
        followed.code = ""
        self._record(followed.impression)


def _units(text: str) -> bytes:
    """The UTF-16 code units of a text; half a surrogate pair is one, too."""
    return text.encode("utf-16-le", "surrogatepass")


def _line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n")
