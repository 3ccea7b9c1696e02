"""What the sources share: the pump that never hangs, HTTP answers, mirrors in folders."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from model.weights.standins import Answer, StandInServer, make_data, make_entry

from glosswright_model.errors import PullCancelled, SourceUnavailable
from glosswright_model.weights.progress import Progress, Watch
from glosswright_model.weights.sources import mirror_source
from glosswright_model.weights.sources.http import read_http
from glosswright_model.weights.sources.pump import Patience, pumped

DATA = make_data(100_000)
ENTRY = make_entry(DATA)


def counting(closed: threading.Event) -> Generator[int, None, None]:
    try:
        number = 0
        while True:
            yield number
            number += 1
    finally:
        closed.set()


def test_the_pump_hands_on_items_in_order() -> None:
    """More items than its queue holds, none lost."""
    assert list(pumped((n for n in range(100)), Watch("a", 1), Patience())) == list(range(100))


def test_the_pump_raises_what_the_reader_raised() -> None:
    """In the caller's thread, after the items before it."""

    def failing() -> Generator[int, None, None]:
        yield 1
        raise SourceUnavailable("broken")

    items = pumped(failing(), Watch("a", 1), Patience())
    assert next(items) == 1
    with pytest.raises(SourceUnavailable, match="broken"):
        next(items)


def test_closing_the_pump_ends_the_reader() -> None:
    """A reader blocked on a full queue must notice that nobody listens any more, and close its connection."""
    closed = threading.Event()
    items = pumped(counting(closed), Watch("a", 1), Patience())
    assert next(items) == 0
    items.close()
    assert closed.wait(5)


@pytest.mark.parametrize("silent_after", [0, 1])
def test_the_pump_gives_up_on_silence(silent_after: int) -> None:
    """Before the first item and between two, each with its own patience."""
    release = threading.Event()

    def silent() -> Generator[int, None, None]:
        yield from range(silent_after)
        release.wait(30)

    items = pumped(silent(), Watch("a", 1), Patience(first_s=0.3, next_s=0.3))
    begun = time.monotonic()
    with pytest.raises(SourceUnavailable, match="no answer"):
        list(items)
    release.set()
    assert time.monotonic() - begun < 5


def test_the_pump_asks_whether_to_stop() -> None:
    """While nothing comes."""
    release = threading.Event()

    def silent() -> Generator[int, None, None]:
        release.wait(30)
        yield 1

    with pytest.raises(PullCancelled):
        list(pumped(silent(), Watch("a", 1, cancelled=lambda: True), Patience()))
    release.set()


@pytest.mark.parametrize(
    "url", ["http://", "http://127.0.0.1:port/", "http://[", "nonsense:", "http://127.0.0.1:9/x?token=secret"]
)
def test_addresses_that_lead_nowhere(url: str) -> None:
    """Whatever the user wrote becomes a reason, without what follows the question mark."""
    with pytest.raises(SourceUnavailable) as caught:
        list(read_http(url, {}, 0, 10))
    assert "secret" not in str(caught.value)


def test_a_compressed_answer_is_unpacked() -> None:
    """Some proxies compress whatever they are told; the length of the body then says nothing."""
    import gzip

    packed = gzip.compress(DATA)
    with StandInServer({"/f": Answer(packed, {"Content-Encoding": "gzip"})}) as server:
        chunks = list(read_http(f"{server.url}/f", {}, 0, len(DATA)))
    assert b"".join(chunk.data for chunk in chunks) == DATA
    assert chunks[0].offset == 0


def test_a_folder_that_cannot_be_read(tmp_path: Path) -> None:
    """The file vanished between looking and opening, as on a network drive."""
    source = mirror_source(ENTRY, str(tmp_path))
    assert source.scratch_bytes() == 0
    with pytest.raises(SourceUnavailable, match=ENTRY.file):
        list(source.stream(0, Watch("a", 1), tmp_path))


def test_a_folder_is_read_from_the_offset(tmp_path: Path) -> None:
    """Copying from a slow drive resumes as well."""
    (tmp_path / ENTRY.file).write_bytes(DATA)
    (chunk,) = mirror_source(ENTRY, str(tmp_path)).stream(99_000, Watch("a", 1), tmp_path)
    assert (chunk.offset, chunk.data) == (99_000, DATA[99_000:])


def test_rate_and_throttle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports come at most ten times a second, and the rate is that of the last seconds, not of the whole pull."""
    clock = [100.0]
    monkeypatch.setattr("glosswright_model.weights.progress.time.monotonic", lambda: clock[0])
    reports: list[Progress] = []
    watch = Watch("a", 10_000, reports.append)
    watch.begin("downloading", "somewhere")
    for _ in range(1000):  # ten seconds at 100 bytes a second
        clock[0] += 0.01
        watch.moved_to(watch_position(reports, clock))
    assert 90 <= len(reports) <= 110
    assert reports[-1].bytes_per_s == pytest.approx(100, rel=0.05)
    clock[0] += 20
    watch.moved_to(1001)
    assert reports[-1].bytes_per_s < 10


def watch_position(reports: list[Progress], clock: list[float]) -> int:
    return round((clock[0] - 100.0) * 100)


def test_bytes_ahead_never_exceed_the_file_or_fall() -> None:
    """Compressed and plain counts meet unevenly; a bar that jumps back looks broken."""
    reports: list[Progress] = []
    watch = Watch("a", 100, reports.append)
    watch.begin("downloading", "somewhere", 10)
    watch.ahead(500)
    watch.moved_to(20)
    watch.finish()
    assert reports[-1].done_bytes == 100
