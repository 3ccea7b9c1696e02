"""Suggestions found again by typing on and going back: tables, running generations, speed, any sequence of edits."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from glosswright_server.errors import EndpointBusy
from glosswright_server.generation.pending import PendingSuggestion, WaitEnd
from glosswright_server.generation.suggestions import LEFT_WINDOW, RIGHT_WINDOW, Hit, SuggestionCache

URI = "file:///a.py"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def split(marked: str) -> tuple[str, int]:
    """`"ab|cd"` → text and offset of the mark."""
    return marked.replace("|", ""), marked.index("|")


def check(made_at: str, suggestion: str, asked_at: str, expected: str | None) -> None:
    cache: SuggestionCache[str] = SuggestionCache()
    cache.put(URI, *split(made_at), suggestion, "payload")
    hit = cache.lookup(URI, *split(asked_at))
    assert (hit.text if hit else None) == expected
    if hit:
        assert hit.payload == "payload"


@pytest.mark.parametrize(
    ("made_at", "suggestion", "asked_at", "expected"),
    [
        pytest.param("def f():\n    |\n", "return 1", "def f():\n    |\n", "return 1", id="same-place"),
        pytest.param("def f():\n    |\n", "return 1", "def f():\n    ret|\n", "urn 1", id="typed-through"),
        pytest.param("def f():\n    |\n", "return 1", "def f():\n    rex|\n", None, id="typed-otherwise"),
        pytest.param("def f():\n    |\n", "return 1", "def f():\n    return 1|\n", None, id="typed-to-the-end"),
        pytest.param("def f():\n    |\n", "return 1", "def f():\n    return 12|\n", None, id="typed-past-the-end"),
        pytest.param("def f():\n    |\n", "return 1", "def f():\n  |\n", "  return 1", id="went-back"),
        pytest.param("def f():\n    |\n", "return 1", "def f|\n", "():\n    return 1", id="went-back-over-a-line"),
        pytest.param("def f():\n    |\n", "return 1", "def g|\n", None, id="another-place-before"),
        pytest.param("def f():\n    |\n", "return 1", "def f():\n    |x\n", None, id="another-right-side"),
        pytest.param("def f():\n    |\n", "return 1", "def g():\n    |\n", None, id="another-left-side"),
        pytest.param("|", "x = 1", "|", "x = 1", id="empty-document"),
        pytest.param("|", "x = 1", "y\n|", None, id="start-of-document-is-a-place"),
        pytest.param("ab|", "c", "zab|", None, id="short-left-side-is-whole"),
        pytest.param("abcd|", "e", "zab|", None, id="short-left-side-is-whole-going-back"),
        pytest.param("ab|", "abab", "abab|", "ab", id="repetition"),
        pytest.param("x|", "", "x|", None, id="empty-suggestion"),
        pytest.param("a" * 3000 + "|", "b", "z" + "a" * 3000 + "|", "b", id="edit-beyond-the-window"),
        pytest.param("a" * 3000 + "|", "b", "a" * 2000 + "z" + "a" * 999 + "|", None, id="edit-within-the-window"),
        pytest.param("|" + "a" * 300 + "z", "b", "|" + "a" * 300 + "y", "b", id="edit-beyond-the-right-window"),
        pytest.param("q" * 200 + "|", "b", "q" * 72 + "|", "q" * 128 + "b", id="went-back-as-far-as-possible"),
        pytest.param("q" * 200 + "|", "b", "q" * 71 + "|", None, id="went-back-too-far"),
        pytest.param("a\r\n|\r\n", "b\nc\n", "a\r\n|\r\n", "b\nc\n", id="crlf-same-place"),
        pytest.param("a\r\n|\r\n", "b\nc", "a\r\nb\r\n|\r\n", "c", id="crlf-typed-through"),
        pytest.param("a\r\n|\r\n", "b\r\nc", "a\r\nb|\r\n", "\nc", id="crlf-suggestion"),
        pytest.param("ab\r\n  |", "c", "a|", "b\n  c", id="crlf-went-back"),
        pytest.param("a\r\n|\r\n", "b", "a\n|\n", "b", id="line-ends-changed"),
        pytest.param("# 漢字 😀\n|", "x = '😀'", "# 漢字 😀\nx = '|", "😀'", id="any-characters"),
    ],
)
def test_lookup(made_at: str, suggestion: str, asked_at: str, expected: str | None) -> None:
    """Where a suggestion is found again, and where it is not."""
    check(made_at, suggestion, asked_at, expected)


def test_what_a_hit_tells() -> None:
    """The engine shows the rest, and must know what stands there and what it would bring back."""
    cache: SuggestionCache[int] = SuggestionCache()
    cache.put(URI, "def f", 5, "oo():", 7)
    assert cache.lookup(URI, "def foo", 7) == Hit("():", "oo", "", 7)
    assert cache.lookup(URI, "de", 2) == Hit("f foo():", "", "f f", 7)
    assert cache.lookup("file:///b.py", "def foo", 7) is None


def test_the_nearest_and_newest_wins() -> None:
    """Two suggestions fit: the one made nearest to the cursor; of two made at one place, the newer."""
    cache: SuggestionCache[str] = SuggestionCache()
    cache.put(URI, "a", 1, "b old", "far")
    cache.put(URI, "a", 1, "b new", "far")
    assert cache.lookup(URI, "a", 1) == Hit("b new", "", "", "far")
    assert len(cache) == 1
    cache.put(URI, "ab", 2, " own", "near")
    assert cache.lookup(URI, "ab", 2) == Hit(" own", "", "", "near")
    assert cache.lookup(URI, "ab n", 4) == Hit("ew", "b n", "", "far")


def test_old_and_least_used_go() -> None:
    """Bounded in number and in time, or a long session would suggest the past."""
    clock = Clock()
    cache: SuggestionCache[None] = SuggestionCache(capacity=2, ttl_s=10, clock=clock)
    for number in range(3):
        cache.put(URI, f"line {number}\n", 7, "x", None)
        if number == 1:
            assert cache.lookup(URI, "line 0\n", 7)
    assert [bool(cache.lookup(URI, f"line {number}\n", 7)) for number in range(3)] == [True, False, True]
    clock.now = 10.0
    assert cache.lookup(URI, "line 0\n", 7) is None
    assert cache.lookup(URI, "line 0", 6) is None
    cache.put(URI, "new", 3, "x", None)
    assert len(cache) == 1


def test_forgets_a_closed_document() -> None:
    """Closed documents leave nothing in memory."""
    cache: SuggestionCache[None] = SuggestionCache()
    cache.put(URI, "a", 1, "x", None)
    cache.put("file:///b.py", "a", 1, "x", None)
    cache.forget(URI)
    assert cache.lookup(URI, "a", 1) is None
    assert len(cache) == 1
    assert list(cache._index) == [("file:///b.py", "")]


def test_lookups_are_fast_in_a_long_document() -> None:
    """Typing through is answered for each key: far under a millisecond, and no walk through 5,000 lines."""
    cache: SuggestionCache[None] = SuggestionCache()
    text = "    value = compute(value, 1)  # a usual line\n" * 5000
    for number in range(200):
        cache.put(URI, text + f"# {number}\n", len(text) + 4, "return value\n" * 100, None)
    asked = text + "# 7\nnothing fits this"
    best = min(_timed(lambda: cache.lookup(URI, asked, len(asked))) for _ in range(50))
    assert best < 0.001, f"{best * 1e6:.0f} µs"


def _timed(call: object) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


class Producer:
    """A generation driven by the test: each piece is published when the test says so."""

    def __init__(self) -> None:
        self.pieces: asyncio.Queue[str | Exception | None] = asyncio.Queue()
        self.cancelled = False

    async def __call__(self, pending: PendingSuggestion[str]) -> tuple[str, str] | None:
        text = ""
        try:
            while (piece := await self.pieces.get()) is not None:
                if isinstance(piece, Exception):
                    raise piece
                text += piece
                pending.publish(text)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return (text, "payload") if text else None

    async def say(self, *pieces: str | Exception | None) -> None:
        for piece in pieces:
            self.pieces.put_nowait(piece)
        for _ in range(4 * len(pieces)):
            await asyncio.sleep(0)


async def test_a_newer_request_takes_over_what_is_being_generated() -> None:
    """Typing what the model is saying must not throw its work away; the rest is kept for the request after."""
    cache: SuggestionCache[str] = SuggestionCache()
    producer = Producer()
    pending = cache.begin(URI, "x = ", 4, producer)
    await producer.say("foo", "(1")
    attached = cache.attach(URI, "x = fo", 6)
    assert attached is not None
    assert attached.pending is pending
    assert (attached.typed, attached.rest()) == ("fo", "o(1")
    assert cache.attach(URI, "x = fx", 6) is None
    assert cache.attach(URI, "x = foo(12", 10) is None
    assert cache.attach("file:///b.py", "x = fo", 6) is None
    waiting = asyncio.create_task(pending.wait(5))
    await producer.say(")", None)
    assert await waiting is WaitEnd.DONE
    assert pending.result == ("foo(1)", "payload")
    assert cache.attach(URI, "x = fo", 6) is None
    assert cache.lookup(URI, "x = foo(", 8) == Hit("1)", "foo(", "", "payload")


async def test_waiting_for_some_of_it() -> None:
    """A deadline answers with what there is, a condition as soon as it holds; the model goes on in both cases."""
    cache: SuggestionCache[str] = SuggestionCache()
    producer = Producer()
    pending = cache.begin(URI, "", 0, producer)
    assert await pending.wait(0.01) is WaitEnd.TIMEOUT
    reached = asyncio.create_task(pending.wait(5, until=lambda text: "\n" in text))
    await producer.say("a", "b\n")
    assert await reached is WaitEnd.REACHED
    assert (pending.text, pending.done) == ("ab\n", False)
    await producer.say("c", None)
    assert await pending.wait(5, until=lambda text: False) is WaitEnd.DONE
    assert pending.text == "ab\nc"


async def test_nothing_to_keep() -> None:
    """A producer may end without a suggestion: verification refused it."""
    cache: SuggestionCache[str] = SuggestionCache()
    producer = Producer()
    pending = cache.begin(URI, "", 0, producer)
    await producer.say(None)
    assert await pending.wait(5) is WaitEnd.DONE
    assert pending.result is None
    assert len(cache) == 0


@pytest.mark.parametrize("how", ["begin", "prune", "forget", "aclose"])
async def test_generations_that_no_longer_fit_end(how: str) -> None:
    """The model is freed when the text goes elsewhere; other documents' generations are not touched."""
    cache: SuggestionCache[str] = SuggestionCache()
    producer, other = Producer(), Producer()
    pending = cache.begin(URI, "x = ", 4, producer)
    bystander = cache.begin("file:///b.py", "x = ", 4, other)
    await producer.say("foo")
    waiting = asyncio.create_task(pending.wait(5))
    await asyncio.sleep(0)
    assert cache.prune(URI, "x = f", 5) == 0
    if how == "begin":
        cache.begin(URI, "y = ", 4, Producer())
    elif how == "prune":
        assert cache.prune(URI, "x = g", 5) == 1
    elif how == "forget":
        cache.forget(URI)
    else:
        await asyncio.wait_for(cache.aclose(), 5)
    assert await asyncio.wait_for(waiting, 5) is WaitEnd.DROPPED
    assert producer.cancelled
    assert bystander.done is (how == "aclose")
    await cache.aclose()


async def test_lingers_for_a_while_when_nobody_waits() -> None:
    """The next key may want the rest; a user who left must not keep the model busy."""
    cache: SuggestionCache[str] = SuggestionCache(linger_s=0.4)
    producer = Producer()
    pending = cache.begin(URI, "", 0, producer)
    assert await pending.wait(0.6) is WaitEnd.TIMEOUT
    assert not pending.done
    leaving = asyncio.create_task(pending.wait(5))
    await asyncio.sleep(0.05)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert not pending.done
    await asyncio.wait([pending.task], timeout=5)
    assert producer.cancelled
    assert await pending.wait(5) is WaitEnd.DROPPED
    assert cache.attach(URI, "", 0) is None


@pytest.mark.parametrize(("error", "logged"), [(EndpointBusy("full"), 0), (KeyError("secret text"), 1)])
async def test_errors_reach_those_who_wait(error: Exception, logged: int, caplog: pytest.LogCaptureFixture) -> None:
    """Every waiter sees the failure; with none, an expected one is silent and a defect is logged without its words."""
    cache: SuggestionCache[str] = SuggestionCache()
    producer = Producer()
    pending = cache.begin(URI, "", 0, producer)
    waiting = [asyncio.create_task(pending.wait(5)) for _ in range(2)]
    await asyncio.sleep(0)
    await producer.say(error)
    for task in waiting:
        with pytest.raises(type(error)):
            await task
    assert caplog.records == []
    alone = Producer()
    cache.begin(URI, "", 0, alone)
    await alone.say(error)
    assert len(caplog.records) == logged
    assert "secret" not in caplog.text


class Edits(RuleBasedStateMachine):
    """Any sequence of edits and suggestions: an answer always completes to a suggestion that was really made there.

    No edit cuts a CR LF in two: editors have no position there (LSP 3.18, "Text Documents").
    """

    pieces = st.lists(st.sampled_from(["a", "b", " ", "\n", "\r\n"]), min_size=1, max_size=4).map("".join)

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.cache: SuggestionCache[int] = SuggestionCache(capacity=5, ttl_s=50, clock=self.clock)
        self.text = ""
        self.offset = 0
        self.made: list[tuple[str, str, float]] = []

    @property
    def left(self) -> str:
        return _lf(self.text[: self.offset])

    @property
    def right(self) -> str:
        return _lf(self.text[self.offset :])

    @rule(piece=pieces)
    def type(self, piece: str) -> None:
        self._replace(self.offset, self.offset, piece)

    @rule(count=st.integers(1, 6))
    def delete_back(self, count: int) -> None:
        self._replace(self._between(self.offset - count), self.offset, "")

    @rule(place=st.integers(0, 400), piece=pieces)
    def edit_elsewhere(self, place: int, piece: str) -> None:
        place = self._between(place)
        if place <= self.offset:
            self.offset += len(piece)
            self.text = self.text[:place] + piece + self.text[place:]

    @rule(block=st.integers(100, 2500))
    def paste(self, block: int) -> None:
        self._replace(self.offset, self.offset, ("abab\n" * (block // 5 + 1))[:block])

    @rule(place=st.integers(0, 10_000))
    def move(self, place: int) -> None:
        self.offset = self._between(place)

    @rule(suggestion=pieces)
    def suggest(self, suggestion: str) -> None:
        number = len(self.made)
        self.cache.put(URI, self.text, self.offset, suggestion, number)
        self.made.append((self.left + _lf(suggestion), self.right, self.clock.now))
        hit = self.cache.lookup(URI, self.text, self.offset)
        assert hit is not None, "a suggestion is found where it was just made"
        assert (hit.text, hit.payload) == (_lf(suggestion), number)

    @precondition(lambda self: self.made)
    @rule(data=st.data())
    def type_through(self, data: st.DataObject) -> None:
        hit = self.cache.lookup(URI, self.text, self.offset)
        if hit is not None and not hit.restored and len(hit.text) > 1:
            typed = hit.text[: data.draw(st.integers(1, len(hit.text) - 1))]
            self._replace(self.offset, self.offset, typed)
            again = self.cache.lookup(URI, self.text, self.offset)
            assert again is not None, "typing what was shown keeps something on show"

    @rule(seconds=st.integers(1, 30))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds

    @invariant()
    def answers_were_made_here(self) -> None:
        assert len(self.cache) <= 5
        hit = self.cache.lookup(URI, self.text, self.offset)
        if hit is None:
            return
        whole, right, when = self.made[hit.payload]
        assert hit.text
        assert self.clock.now < when + 50
        assert right[:RIGHT_WINDOW] == self.right[:RIGHT_WINDOW]
        # Up to the window the text left of the suggestion is the same; what lies before it may have changed.
        now = self.left + hit.text
        assert now[-LEFT_WINDOW:] == whole[-LEFT_WINDOW:]
        if hit.typed:
            assert self.left.endswith(hit.typed)
        assert hit.text.startswith(hit.restored)

    def _between(self, offset: int) -> int:
        offset = min(max(offset, 0), len(self.text))
        return offset - 1 if self.text[offset - 1 : offset + 1] == "\r\n" else offset

    def _replace(self, start: int, end: int, new: str) -> None:
        self.text = self.text[:start] + new + self.text[end:]
        self.offset = start + len(new)


def _lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


TestEdits = Edits.TestCase
TestEdits.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
