"""What the store accepts, what it refuses, and how a document comes back into step."""

from __future__ import annotations

import time

import pytest

from glosswright_server.documents import Change, DocumentStore, Position, PositionEncoding, Unusable

URI = "file:///a"


def at(start: tuple[int, int], end: tuple[int, int], text: str) -> Change:
    return Change((Position(*start), Position(*end)), text)


def opened(text: str = "one\ntwo", **options: int) -> DocumentStore:
    store = DocumentStore(**options)
    store.open(URI, "python", 5, text)
    return store


def text_of(store: DocumentStore) -> str | None:
    snapshot = store.get(URI)
    return None if snapshot is None else snapshot.text


@pytest.mark.parametrize(
    ("version", "changes"),
    [
        pytest.param(5, [at((0, 0), (0, 0), "x")], id="the same version again"),
        pytest.param(4, [at((0, 0), (0, 0), "x")], id="an older version"),
        pytest.param(4, [Change(None, "x")], id="an older whole text"),
        pytest.param(6, [at((1, 0), (0, 0), "x")], id="an inverted range"),
        pytest.param(6, [at((0, 2), (0, 1), "x")], id="an inverted range in one line"),
        pytest.param(6, [at((0, 0), (0, 0), "x"), at((1, 0), (0, 0), "y")], id="the second change is bad"),
        pytest.param(6, [Change(None, "x"), at((0, 1), (0, 0), "y")], id="bad after a whole text"),
    ],
)
def test_refused_changes(version: int, changes: list[Change]) -> None:
    """After an edit that cannot be meant nobody knows the text, so nobody is given one until it comes whole."""
    store = opened()
    outcome = store.change(URI, version, changes)
    assert not outcome.applied
    assert outcome.report
    assert store.get(URI) is None
    assert store.why_not(URI) is Unusable.OUT_OF_STEP
    again = store.change(URI, 90, [at((0, 0), (0, 0), "x")])
    assert not again.applied
    assert not again.report, "logged once per document"
    assert store.change(URI, 91, [Change(None, "whole")]).applied
    assert text_of(store) == "whole"
    assert store.why_not(URI) is None


def test_reopening_heals() -> None:
    """didOpen brings the whole text, whatever was before, and its own count of versions."""
    store = opened()
    store.change(URI, 1, [])
    store.open(URI, "python", 1, "anew")
    assert text_of(store) == "anew"


def test_refusals_are_reported_once() -> None:
    """A client that errs once errs at every keystroke; the log must survive that."""
    store = opened()
    assert [store.change(URI, 1, []).report for _ in range(3)] == [True, False, False]
    assert [store.change("file:///unknown", 1, []).report for _ in range(3)] == [True, False, False]
    assert store.get("file:///unknown") is None
    assert store.why_not("file:///unknown") is Unusable.NOT_OPEN


def test_strangers_are_not_remembered_for_ever() -> None:
    """URIs that were never opened cost no unbounded memory."""
    store = DocumentStore()
    for number in range(1100):
        store.change(f"file:///{number}", 1, [])
    assert store.change("file:///0", 1, []).report is False
    assert store.change("file:///1099", 1, []).report is True


def test_changes_in_order() -> None:
    """Each change is relative to the text after the one before; a whole text ends what was before it."""
    store = opened()
    assert store.change(URI, 7, [at((0, 0), (0, 3), "1"), at((0, 1), (1, 0), "+")]).applied
    assert text_of(store) == "1+two"
    assert store.change(URI, 8, [at((0, 9), (0, 0), "bad"), Change(None, "ab"), at((0, 1), (0, 1), "-")]).applied
    assert text_of(store) == "a-b"
    snapshot = store.get(URI)
    assert snapshot is not None
    assert (snapshot.version, snapshot.language_id) == (8, "python")


def test_an_empty_notification_moves_the_version() -> None:
    """Versions count notifications, not edits."""
    store = opened()
    assert store.change(URI, 9, []).applied
    snapshot = store.get(URI)
    assert snapshot is not None
    assert (snapshot.version, snapshot.text) == (9, "one\ntwo")


@pytest.mark.parametrize(
    ("bad", "good", "reason"),
    [("x" * 11, "x" * 10, Unusable.TOO_LARGE), ("a\0b", "ab", Unusable.BINARY)],
)
def test_unsuitable_texts(bad: str, good: str, reason: Unusable) -> None:
    """Huge and binary documents are known to be open, and nothing of them is kept."""
    store = DocumentStore(max_document_chars=10)
    assert store.open(URI, "python", 1, bad).report
    assert (store.get(URI), store.why_not(URI), store.view().uris()) == (None, reason, [URI])
    assert not store.change(URI, 2, [at((0, 0), (0, 1), "")]).report
    assert store.why_not(URI) is reason, "what is left of it is not known"
    assert store.change(URI, 3, [Change(None, good)]).applied
    assert text_of(store) == good
    assert not store.change(URI, 4, [at((0, 0), (0, 0), bad)]).applied
    assert store.why_not(URI) is reason


def test_too_large_after_a_whole_text() -> None:
    """The limit holds within one notification, too."""
    store = opened(max_document_chars=10)
    assert not store.change(URI, 6, [Change(None, "x" * 11), at((0, 0), (0, 0), "y")]).applied
    assert store.why_not(URI) is Unusable.TOO_LARGE


def test_views_keep_what_they_saw() -> None:
    """A request reads the documents as they were when it arrived, whatever happens later."""
    store = opened()
    view = store.view()
    store.change(URI, 6, [Change(None, "later")])
    store.open("file:///b", "python", 1, "")
    seen = view.get(URI)
    assert seen is not None
    assert seen.text == "one\ntwo"
    assert view.uris() == [URI]
    assert store.close(URI)
    assert not store.close(URI)
    assert view.get(URI) is seen
    assert store.get(URI) is None
    store.clear()
    assert store.view().uris() == []


def test_revisions_grow() -> None:
    """A revision names one text for good, even across close and reopen, where versions start again."""
    store = opened()
    revisions = []
    for step in (lambda: store.change(URI, 6, [at((0, 0), (0, 0), "x")]), lambda: store.open(URI, "python", 5, "x")):
        step()
        snapshot = store.get(URI)
        assert snapshot is not None
        revisions.append(snapshot.revision)
    assert revisions == [2, 3]


def test_encoding_is_settled_before_documents() -> None:
    """A change of encoding in between would misread every later edit."""
    store = DocumentStore()
    store.set_encoding(PositionEncoding.UTF8)
    assert store.encoding is PositionEncoding.UTF8
    store.open(URI, "python", 1, "é")
    snapshot = store.get(URI)
    assert snapshot is not None
    assert snapshot.position_at(1) == Position(0, 2)
    with pytest.raises(RuntimeError):
        store.set_encoding(PositionEncoding.UTF16)


def test_halves_of_a_character_that_meet() -> None:
    """Some editors send a surrogate pair in two edits; once together it is one character for both sides."""
    store = opened("ab\n")
    store.change(URI, 6, [at((0, 1), (0, 1), "\ud83d")])
    store.change(URI, 7, [at((0, 2), (0, 2), "\ude00")])
    assert text_of(store) == "a😀b\n"
    store.change(URI, 8, [at((0, 3), (0, 4), "c")])
    assert text_of(store) == "a😀c\n"
    store.change(URI, 9, [at((0, 0), (0, 0), "\ud83d\ude00")])
    assert text_of(store) == "😀a😀c\n"


def test_replace_all() -> None:
    """A "replace all" comes as thousands of edits in one notification; it must not stop the server for seconds."""
    lines = 20_000
    store = opened("    some line of code = value + 1\n" * lines)
    started = time.monotonic()
    assert store.change(URI, 6, [at((line, 4), (line, 8), "one") for line in reversed(range(lines))]).applied
    assert time.monotonic() - started < 2
    assert text_of(store) == "    one line of code = value + 1\n" * lines
