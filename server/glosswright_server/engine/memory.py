"""What was suggested and what is being written, as edits of the cursor's line that can be found again while typing.

A suggestion that only puts text in at the cursor is kept and shared: the user may type along it, delete back into it,
or ask again while it is being written. One that replaces a placeholder is given once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from glosswright_server.documents import Snapshot
from glosswright_server.engine.fit import Edit, fit_to_line
from glosswright_server.engine.run import Run
from glosswright_server.engine.suggestion import Suggestion, Timing
from glosswright_server.generation.pending import PendingSuggestion, WaitEnd
from glosswright_server.generation.suggestions import Hit, SuggestionCache
from glosswright_server.intent.contract import Contract
from glosswright_server.intent.model import Intent
from glosswright_server.settings import Settings
from glosswright_server.verify.verdict import Verdict

SEVERAL = 3
"""Different candidates that are looked for, to be gone through."""
MOST_BESIDE = 5
"""Times that the model is asked for them: the first and one batch."""
CANCELLED_LINGER_S = 2.0
"""How long a generation goes on when its request was cancelled or superseded: longer than the longest debounce."""


def more_wanted(remembered: Suggestion, settings: Settings) -> int:
    """How many different candidates one who asks by hand for what is suggested already wants; 0: there is no more.

    Where there are examples that nobody has tried, it is one that passes them; else others beside the one, once.
    """
    has_examples = remembered.contract is not None and bool(remembered.contract.examples)
    if has_examples and not remembered.tried and settings.verify.run_examples != "never":
        return 1
    is_lone = sum(one.times for one in remembered.tried) < 2
    return SEVERAL if is_lone and not remembered.typed and settings.candidates.count > 1 else 0


@dataclass(frozen=True, slots=True)
class Made:
    """A place that a suggestion can be shown at: an intent, and the cursor's line it must fit."""

    snapshot: Snapshot
    cursor: int
    intent: Intent
    line_start: int
    line_end: int

    @classmethod
    def of(cls, snapshot: Snapshot, cursor: int, intent: Intent) -> Made | None:
        """None when no answer to this intent could be shown on the cursor's line."""
        line = snapshot.line_at(cursor)
        made = cls(snapshot, cursor, intent, snapshot.line_start(line), snapshot.line_end(line))
        return made if made.fit(f"{intent.lead}x{intent.tail}") is not None else None

    def fit(self, text: str) -> Edit | None:
        """`text`, which answers the intent, as an edit of the cursor's line."""
        whole = Edit(self.intent.start, self.intent.end, text)
        return fit_to_line(self.snapshot.text, whole, self.cursor, self.line_start, self.line_end)


class Memory:
    """The suggestions of one editor. Belongs to one event loop."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._cache: SuggestionCache[Suggestion] = SuggestionCache(clock=clock)
        self._writing: dict[PendingSuggestion[Suggestion], Writing] = {}

    def recall(self, snapshot: Snapshot, cursor: int, started: float) -> Suggestion | None:
        """The suggestion that the user has typed along, or gone back to."""
        hit = self._cache.lookup(snapshot.uri, snapshot.text, cursor)
        if hit is None:
            return None
        recalled = replace(
            hit.payload,
            start=cursor,
            end=cursor,
            text=_with_line_ends(hit.text, snapshot.eol),
            timing=Timing(total_ms=(self._clock() - started) * 1000),
            origin="memory",
            typed=bool(hit.typed or hit.restored),
        )
        others = (self._beside(hit, one, recalled, snapshot.eol) for one in hit.payload.others)
        return replace(recalled, others=tuple(one for one in others if one is not None))

    def _beside(self, hit: Hit[Suggestion], other: Suggestion, recalled: Suggestion, eol: str) -> Suggestion | None:
        """Another candidate for the place of one that is recalled; None where what was typed is not of it."""
        text = hit.restored + other.text.replace("\r\n", "\n")
        if not text.startswith(hit.typed) or text == hit.typed or other.start != other.end:
            return None
        rest = _with_line_ends(text[len(hit.typed) :], eol)
        return replace(
            other, start=recalled.start, end=recalled.end, text=rest, timing=recalled.timing, origin=recalled.origin
        )

    def attach(self, snapshot: Snapshot, cursor: int) -> Waiting | None:
        """What is being written for this place already."""
        attachment = self._cache.attach(snapshot.uri, snapshot.text, cursor)
        if attachment is None or attachment.pending not in self._writing:
            return None
        return Waiting(attachment.pending, self._writing[attachment.pending], attachment.typed, cursor)

    def begin(
        self,
        made: Made,
        run: Run,
        *,
        model: str,
        write: Callable[[Callable[[], None]], Awaitable[None]],
        judge: Callable[[str, bool], Verdict],
        contract: Contract,
        started: float,
    ) -> Waiting:
        """Start to write a suggestion; whatever was being written for the same document ends.

        `judge` is given a text and whether it is complete.
        """
        writing = Writing(made, run, model, judge, contract, started)

        async def produce(pending: PendingSuggestion[Suggestion]) -> tuple[str, Suggestion] | None:
            self._writing[pending] = writing
            try:
                await write(lambda: pending.publish(writing.said()))
            finally:
                del self._writing[pending]
            suggestion = writing.suggestion(final=True)
            if suggestion is None or suggestion.start != suggestion.end or not suggestion.verdict.passed:
                writing.given = suggestion
                return None
            return suggestion.text, suggestion

        snapshot = made.snapshot
        pending = self._cache.begin(snapshot.uri, snapshot.text, made.cursor, produce)
        return Waiting(pending, writing, "", made.cursor)

    def keep(self, made: Made, suggestion: Suggestion) -> None:
        """Remember a suggestion that puts text in at the cursor."""
        self._cache.put(made.snapshot.uri, made.snapshot.text, made.cursor, suggestion.text, suggestion)

    def prune(self, uri: str, text: str, cursor: int) -> None:
        """End what is being written for a document and no longer fits it."""
        self._cache.prune(uri, text, cursor)

    def end_generations(self, uri: str) -> None:
        """End whatever is being written for a document."""
        for pending, writing in list(self._writing.items()):
            if writing.made.snapshot.uri == uri:
                pending.cancel()

    def forget(self, uri: str) -> None:
        """Drop everything of a document."""
        self._cache.forget(uri)

    async def aclose(self) -> None:
        """End everything that is being written."""
        await self._cache.aclose()


class Writing:
    """A suggestion in the making."""

    def __init__(
        self,
        made: Made,
        run: Run,
        model: str,
        judge: Callable[[str, bool], Verdict],
        contract: Contract,
        started: float,
    ) -> None:
        self.made = made
        self.run = run
        self.given: Suggestion | None = None
        """The finished suggestion, where it is not one to be kept."""
        self._model = model
        self._judge = judge
        self._contract = contract
        self._started = started

    def said(self) -> str:
        """Everything so far, as it would stand at the cursor: what the user types is compared with it."""
        edit = self.made.fit(self.made.intent.lead + self.run.raw)
        return edit.text if edit is not None else ""

    def has_statement(self) -> bool:
        """Whether a complete statement has been written."""
        return self.run.partial() is not None

    def suggestion(self, *, final: bool) -> Suggestion | None:
        """The finished suggestion, or the complete statements so far."""
        shaped = self.run.result() if final else self.run.partial()
        edit = self.made.fit(shaped.text) if shaped is not None else None
        if shaped is None or edit is None:
            return None
        complete = final and shaped.complete
        return Suggestion(
            intent=self.made.intent,
            start=edit.start,
            end=edit.end,
            text=edit.text,
            verdict=self._judge(shaped.text, complete),
            model=self._model,
            timing=self.run.timing(self._started),
            complete=complete,
            contract=self._contract,
            origins=self.run.origins,
        )


@dataclass(frozen=True, slots=True)
class Waiting:
    """One request waiting for a suggestion in the making; `typed` of it stands left of the cursor already."""

    pending: PendingSuggestion[Suggestion]
    writing: Writing
    typed: str
    cursor: int

    async def answer(self, snapshot: Snapshot, *, deadline_s: float, patience_s: float) -> Suggestion | None:
        """The whole suggestion, or at the deadline the complete statements so far.

        Without a complete statement by then, the first one is waited for, `patience_s` seconds at most: a late answer
        is worth more than none to one who waits, and one who types on has superseded this request. Raises ModelError.
        """
        try:
            end = await self.pending.wait(max(deadline_s, 0.0))
            if end is WaitEnd.TIMEOUT and not self.writing.has_statement():
                end = await self.pending.wait(patience_s, until=lambda _: self.writing.has_statement())
        except asyncio.CancelledError:
            # A newer request may join in, once the user has stopped typing; without one the model is free soon.
            self.pending.linger(CANCELLED_LINGER_S)
            raise
        if end is WaitEnd.DROPPED:
            return None
        if end is not WaitEnd.DONE:
            return self._rest(self.writing.suggestion(final=False), snapshot)
        if self.pending.result is not None:
            return self._rest(self.pending.result[1], snapshot)
        return self._rest(self.writing.given, snapshot)

    def _rest(self, suggestion: Suggestion | None, snapshot: Snapshot) -> Suggestion | None:
        """What is left of a suggestion behind the part that was typed."""
        if suggestion is None:
            return None
        if not self.typed:
            return replace(suggestion, text=_with_line_ends(suggestion.text, snapshot.eol))
        text = suggestion.text.replace("\r\n", "\n")
        if not text.startswith(self.typed) or suggestion.start != suggestion.end:
            return None
        rest = text[len(self.typed) :]
        if not rest:
            return None
        return replace(suggestion, start=self.cursor, end=self.cursor, text=_with_line_ends(rest, snapshot.eol))


def _with_line_ends(text: str, eol: str) -> str:
    text = text.replace("\r\n", "\n")
    return text if eol == "\n" else text.replace("\n", eol)
