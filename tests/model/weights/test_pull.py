"""Pulling from a mirror on loopback: resume, restart, wrong bytes, cancellation, disk space, two processes at once."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import namedtuple
from collections.abc import Generator
from pathlib import Path

import pytest
from model.weights.standins import FileServer, make_data, make_entry

from glosswright_model.errors import HashMismatch, NotEnoughSpace, PullCancelled, SourceUnavailable, WeightsError
from glosswright_model.weights import Progress, pull, resolve
from glosswright_model.weights.partial import PartialFile
from glosswright_model.weights.progress import Watch
from glosswright_model.weights.sources import Chunk, mirror_source
from glosswright_model.weights.store import Files

DATA = make_data()
ENTRY = make_entry(DATA)
Usage = namedtuple("Usage", "total used free")


class Scripted:
    """A source that says what it is told to: chunks, or an error."""

    def __init__(self, *items: Chunk | BaseException, name: str = "scripted", scratch: int = 0) -> None:
        self.name = name
        self.items = items
        self.scratch = scratch
        self.offsets: list[int] = []

    def unavailable(self) -> str | None:
        return None

    def scratch_bytes(self) -> int:
        return self.scratch

    def stream(self, offset: int, watch: Watch, scratch: Path) -> Generator[Chunk, None, None]:
        self.offsets.append(offset)
        for item in self.items:
            if isinstance(item, BaseException):
                raise item
            yield item


def from_server(server: FileServer, cache: Path, **options: object) -> Path:
    return pull(ENTRY, cache_dir=cache, sources=[mirror_source(ENTRY, server.base)], **options)  # type: ignore[arg-type]  # options are passed on


def leftovers(cache: Path) -> list[str]:
    """Names in the cache beside the lock, which stays on purpose."""
    return sorted(path.name for path in cache.iterdir() if path.suffix != ".lock")


def check_whole(path: Path, cache: Path) -> None:
    assert path.read_bytes() == DATA
    assert leftovers(cache) == [ENTRY.file, f"{ENTRY.file}.verified.json"]


def test_fetches_whole_and_only_once(cache: Path) -> None:
    """The plain case, and the second pull, which must not touch the network."""
    with FileServer(ENTRY, DATA) as server:
        check_whole(from_server(server, cache), cache)
        check_whole(from_server(server, cache), cache)
        assert len(server.gets()) == 1
        assert "range" not in server.gets()[0].headers


def test_goes_on_where_the_server_dropped_the_connection(cache: Path) -> None:
    """An interrupted pull keeps its bytes; the next one asks for the rest only and ends right."""
    with FileServer(ENTRY, DATA) as server:
        server.manners.drop_after = 98_304
        server.manners.drops = 1
        with pytest.raises(SourceUnavailable, match="without sending complete"):
            pull(ENTRY, cache_dir=cache, sources=[Once(server)])
        kept = (cache / f"{ENTRY.file}.partial").stat().st_size
        assert kept == 98_304
        check_whole(from_server(server, cache), cache)
        assert server.gets()[-1].headers["range"] == f"bytes={kept}-"


class Once:
    """A mirror that is asked once and breaks for good afterwards, so that one pull cannot mend itself."""

    name = "once"

    def __init__(self, server: FileServer) -> None:
        self.inner = mirror_source(ENTRY, server.base)
        self.asked = False

    def unavailable(self) -> str | None:
        return None

    def scratch_bytes(self) -> int:
        return 0

    def stream(self, offset: int, watch: Watch, scratch: Path) -> Generator[Chunk, None, None]:
        if self.asked:
            raise SourceUnavailable("connection closed without sending complete body")
        self.asked = True
        return self.inner.stream(offset, watch, scratch)


def test_one_pull_survives_drops_as_long_as_bytes_come(cache: Path) -> None:
    """A flaky line must not cost the user a second command."""
    with FileServer(ENTRY, DATA) as server:
        server.manners.drop_after = 131_072
        server.manners.drops = 2
        check_whole(from_server(server, cache), cache)
        assert [seen.headers.get("range") for seen in server.gets()] == [None, "bytes=131072-", "bytes=262144-"]


def test_gives_up_on_a_server_that_always_drops(cache: Path) -> None:
    """Retries are bounded, or a pull would never end."""
    with FileServer(ENTRY, DATA) as server:
        server.manners.drop_after = 16_384
        with pytest.raises(SourceUnavailable, match="mirror"):
            from_server(server, cache)
        assert len(server.gets()) == 4


def test_begins_again_when_the_server_ignores_ranges(cache: Path) -> None:
    """A 200 to a range request carries the whole file: appending it would corrupt the copy."""
    cache.mkdir(parents=True)
    (cache / f"{ENTRY.file}.partial").write_bytes(DATA[:50_000])
    with FileServer(ENTRY, DATA) as server:
        server.manners.ignore_range = True
        check_whole(from_server(server, cache), cache)
        assert [seen.headers["range"] for seen in server.gets()] == ["bytes=50000-"]


def test_a_bad_prefix_from_an_earlier_pull_is_not_blamed_on_the_source(cache: Path) -> None:
    """The kept bytes are hashed too; when they were the bad ones, the good source gets its own try."""
    cache.mkdir(parents=True)
    (cache / f"{ENTRY.file}.partial").write_bytes(b"\0" * 50_000)
    with FileServer(ENTRY, DATA) as server:
        check_whole(from_server(server, cache), cache)
        assert [seen.headers.get("range") for seen in server.gets()] == ["bytes=50000-", None]


@pytest.mark.parametrize("kept", [DATA, b"\0" * len(DATA), DATA + b"more"], ids=["right", "wrong", "too long"])
def test_a_partial_file_that_is_complete(cache: Path, kept: bytes) -> None:
    """A process killed between the last byte and the rename leaves a whole file: no source is asked for a right one."""
    cache.mkdir(parents=True)
    (cache / f"{ENTRY.file}.partial").write_bytes(kept)
    with FileServer(ENTRY, DATA) as server:
        check_whole(from_server(server, cache), cache)
        assert len(server.gets()) == (0 if kept == DATA else 1)


def test_wrong_bytes_are_refused_and_nothing_is_kept(cache: Path) -> None:
    """The one promise of this package. Expected and found are named, so that a user can tell whom to ask."""
    with FileServer(ENTRY, DATA) as server:
        server.manners.corrupt = True
        with pytest.raises(HashMismatch) as caught:
            from_server(server, cache)
    assert ENTRY.sha256 in str(caught.value)
    assert "found" in str(caught.value)
    assert leftovers(cache) == []


def test_after_wrong_bytes_the_next_source_is_tried(cache: Path, tmp_path: Path) -> None:
    """One bad mirror must not keep the user from a good source."""
    (tmp_path / ENTRY.file).write_bytes(DATA)
    good = mirror_source(ENTRY, str(tmp_path))
    bad = Scripted(Chunk(0, DATA[:-1] + b"!"))
    check_whole(pull(ENTRY, cache_dir=cache, sources=[bad, good]), cache)
    assert bad.offsets == [0]


def test_another_source_goes_on_from_the_bytes_of_the_first(cache: Path, tmp_path: Path) -> None:
    """The same file is the same file wherever it comes from: failing over does not begin again."""
    broken = Scripted(Chunk(0, DATA[:1000]), SourceUnavailable("gone"))
    rest = Scripted(Chunk(1000, DATA[1000:]))
    check_whole(pull(ENTRY, cache_dir=cache, sources=[broken, rest]), cache)
    assert broken.offsets == [0, 1000]  # the second answer would begin at 0 again and is broken, too
    assert rest.offsets == [1000]


@pytest.mark.parametrize(
    ("chunks", "error", "told"),
    [
        ([Chunk(0, DATA + b"!")], HashMismatch, "found more"),
        ([Chunk(0, DATA), Chunk(len(DATA), b"!")], HashMismatch, "found more"),
        ([Chunk(10, DATA)], SourceUnavailable, "out of order"),
        ([Chunk(0, DATA[:10]), Chunk(11, DATA[11:])], SourceUnavailable, "out of order"),
        ([Chunk(0, DATA[:-1])], SourceUnavailable, "ended after"),
        ([], SourceUnavailable, "ended after 0 of"),
    ],
)
def test_a_source_that_breaks_its_contract(
    cache: Path, chunks: list[Chunk], error: type[WeightsError], told: str
) -> None:
    """Too much, too little, or elsewhere: refused, and never a file under the final name."""
    with pytest.raises(error, match=told):
        pull(ENTRY, cache_dir=cache, sources=[Scripted(*chunks)])
    assert not (cache / ENTRY.file).exists()


@pytest.mark.parametrize(
    ("status", "wrong_range", "told"), [(404, False, "HTTP 404"), (503, False, "HTTP 503"), (None, True, "range")]
)
def test_what_a_refusing_mirror_is_told_as(cache: Path, status: int | None, wrong_range: bool, told: str) -> None:
    """The message must hold the reason of each source, and what the user can do."""
    cache.mkdir(parents=True)
    (cache / f"{ENTRY.file}.partial").write_bytes(DATA[:1000])
    with FileServer(ENTRY, DATA) as server:
        server.manners.status, server.manners.wrong_range = status, wrong_range
        with pytest.raises(SourceUnavailable, match=told) as caught:
            from_server(server, cache)
    assert "GLOSSWRIGHT_WEIGHTS_MIRROR" in str(caught.value)
    assert (cache / f"{ENTRY.file}.partial").read_bytes() == DATA[:1000]


def test_a_log_in_page_is_not_taken_for_a_model(cache: Path) -> None:
    """Captive portals answer 200 with HTML: the size tells, before a byte is written."""
    with FileServer(ENTRY, b"<html>log in</html>") as server:
        with pytest.raises(SourceUnavailable, match="19 bytes where 300000 are expected"):
            from_server(server, cache)
        cache.joinpath(f"{ENTRY.file}.partial").write_bytes(DATA[:1000])
        with pytest.raises(SourceUnavailable, match="has a smaller file"):
            from_server(server, cache)


def test_no_source_at_all(cache: Path) -> None:
    """An empty list is an answer of its own, not a crash."""
    with pytest.raises(SourceUnavailable, match="no source is known"):
        pull(ENTRY, cache_dir=cache, sources=[])


def test_the_mirror_variable_comes_first(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Teams set it to keep machines off the internet: nothing else may be asked then."""
    (tmp_path / ENTRY.file).write_bytes(DATA)
    for where in (str(tmp_path), tmp_path.as_uri(), str(tmp_path / ENTRY.file)):
        monkeypatch.setenv("GLOSSWRIGHT_WEIGHTS_MIRROR", where)
        shutil.rmtree(cache, ignore_errors=True)
        assert pull(ENTRY) == cache / ENTRY.file
        check_whole(cache / ENTRY.file, cache)


def test_an_empty_mirror_folder_says_which_file_it_lacks(cache: Path, tmp_path: Path) -> None:
    """Most likely a typing mistake in the path: the message shows the whole of it."""
    with pytest.raises(SourceUnavailable, match="there is no file") as caught:
        pull(ENTRY, cache_dir=cache, sources=[mirror_source(ENTRY, str(tmp_path))])
    assert str(tmp_path / ENTRY.file) in str(caught.value)


def test_cancelling_keeps_what_came(cache: Path) -> None:
    """Stopping costs nothing: the next pull goes on from the bytes that are here."""
    reports: list[Progress] = []
    with FileServer(ENTRY, DATA) as server:
        server.manners.hang_after = 100_000
        partial = cache / f"{ENTRY.file}.partial"
        begun = time.monotonic()
        with pytest.raises(PullCancelled, match="stand-in"):
            from_server(server, cache, progress=reports.append, cancelled=lambda: time.monotonic() - begun > 0.7)
        # The server is silent for a minute: noticing the wish to stop must not wait for the socket.
        assert time.monotonic() - begun < 5
        assert partial.stat().st_size >= 98_304
        server.manners.hang_after = None
        check_whole(from_server(server, cache), cache)


def test_a_pull_cancelled_from_the_start_does_nothing(cache: Path) -> None:
    """Not even a folder: the user may have chosen another one meanwhile."""
    with pytest.raises(PullCancelled):
        pull(ENTRY, cache_dir=cache, cancelled=lambda: True, sources=[])
    assert not cache.exists()


def test_progress_tells_phase_source_and_bytes(cache: Path) -> None:
    """What a progress bar needs, in order: bytes never fall within a phase, and the last report is the whole."""
    cache.mkdir(parents=True)
    (cache / f"{ENTRY.file}.partial").write_bytes(DATA[:100_000])
    reports: list[Progress] = []
    with FileServer(ENTRY, DATA) as server:
        server.manners.slow_s = 0.03
        from_server(server, cache, progress=reports.append)
    assert [r.phase for r in reports if r.phase == "verifying"]
    downloading = [r for r in reports if r.phase == "downloading"]
    counts = [r.done_bytes for r in downloading]
    assert counts == sorted(counts)
    assert counts[0] == 100_000
    assert counts[-1] == len(DATA)
    assert {r.total_bytes for r in reports} == {len(DATA)}
    assert {r.source for r in downloading} == {"mirror"}
    assert downloading[-1].bytes_per_s > 0
    assert reports[-1] == downloading[-1]


def test_a_failing_progress_report_is_the_callers_error(cache: Path) -> None:
    """`glosswright model pull | head` closes the pipe: that is not a fault of the cache folder."""

    def broken(_: Progress) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    with FileServer(ENTRY, DATA) as server, pytest.raises(BrokenPipeError):
        from_server(server, cache, progress=broken)


def test_too_little_disk_is_said_before_anything_is_asked(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting what the source needs for a while beside the file."""
    margin = sys.modules["glosswright_model.weights.pull"].MARGIN_BYTES
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 0, len(DATA) + margin + 4_999))
    source = Scripted(Chunk(0, DATA), scratch=5_000)
    with pytest.raises(NotEnoughSpace, match="MB of free disk space"):
        pull(ENTRY, cache_dir=cache, sources=[source])
    assert source.offsets == []
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 0, len(DATA) + margin + 5_000))
    check_whole(pull(ENTRY, cache_dir=cache, sources=[source]), cache)


@pytest.mark.parametrize(
    ("number", "error", "told"),
    [
        (errno.ENOSPC, NotEnoughSpace, "full"),
        (errno.EACCES, WeightsError, "No permission.*GLOSSWRIGHT_CACHE_DIR"),
        (errno.EIO, WeightsError, "cannot be used"),
    ],
)
def test_errors_while_writing_are_explained(
    cache: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[WeightsError], told: str
) -> None:
    """The disk may fill while the pull runs. What came stays, so that making room is all that is left to do."""

    def fail(self: PartialFile, data: bytes) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(PartialFile, "append", fail)
    with pytest.raises(error, match=told):
        pull(ENTRY, cache_dir=cache, sources=[Scripted(Chunk(0, DATA))])


def test_a_cache_folder_that_is_a_file(cache: Path) -> None:
    """A wrong GLOSSWRIGHT_CACHE_DIR is named, not shown as a traceback."""
    cache.parent.mkdir(parents=True)
    cache.write_text("not a folder")
    with pytest.raises(WeightsError, match="cannot be used"):
        pull(ENTRY, cache_dir=cache, sources=[])


def test_a_file_put_there_by_hand_is_verified_not_fetched(cache: Path) -> None:
    """Copying the file into the cache is a natural thing to do without the internet."""
    cache.mkdir(parents=True)
    (cache / ENTRY.file).write_bytes(DATA)
    reports: list[Progress] = []
    check_whole(pull(ENTRY, cache_dir=cache, sources=[], progress=reports.append), cache)
    assert {r.phase for r in reports} == {"verifying"}


@pytest.mark.parametrize("content", [b"short", b"\0" * len(DATA)])
def test_a_wrong_file_under_the_final_name_is_replaced(cache: Path, content: bytes) -> None:
    """A file changed behind our back must not be run as the model it claims to be."""
    cache.mkdir(parents=True)
    (cache / ENTRY.file).write_bytes(content)
    with FileServer(ENTRY, DATA) as server:
        check_whole(from_server(server, cache), cache)


def test_a_changed_file_is_not_verified_any_more(cache: Path) -> None:
    """The marker holds for the file it was written for: size, time and catalogue hash."""
    pull(ENTRY, cache_dir=cache, sources=[Scripted(Chunk(0, DATA))])
    files = Files.of(ENTRY, cache)
    assert files.verified()
    assert not Files.of(make_entry(DATA, sha256="0" * 64), cache).verified()
    os.utime(files.final, ns=(1, 1))
    assert not files.verified()
    files.marker.write_text("{broken")
    assert not files.verified()


PULL_IN_A_PROCESS = """
import json, sys
from model.weights.standins import make_data, make_entry
from glosswright_model.weights import pull
from glosswright_model.weights.sources import mirror_source
entry = make_entry(make_data())
phases = []
path = pull(entry, sources=[mirror_source(entry, sys.argv[1])], progress=lambda r: phases.append(r.phase))
print(json.dumps({"path": str(path), "waited": "waiting" in phases}))
"""


def other_process() -> dict[str, str]:
    """The environment of a process that can import what this one can."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def test_two_processes_fetch_once(cache: Path) -> None:
    """Two editor windows start at once. The second waits, says so, and finds the file."""
    environment = other_process()
    with FileServer(ENTRY, DATA) as server:
        server.manners.slow_s = 0.1  # 19 blocks: about two seconds
        command = [sys.executable, "-c", PULL_IN_A_PROCESS, server.base]
        running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        try:
            answers = [json.loads(process.communicate(timeout=60)[0]) for process in running]
        finally:
            for process in running:
                process.kill()
                process.communicate()
        assert [process.returncode for process in running] == [0, 0]
        assert len(server.gets()) == 1
    assert sorted(answer["waited"] for answer in answers) == [False, True]
    check_whole(Path(answers[0]["path"]), cache)


def test_waiting_for_another_pull_can_be_cancelled(cache: Path) -> None:
    """Also while it is not this process that downloads."""
    with FileServer(ENTRY, DATA) as server:
        server.manners.hang_after = 0
        stop = threading.Event()
        failures: list[BaseException] = []

        def first() -> None:
            try:
                from_server(server, cache, cancelled=stop.is_set)
            except PullCancelled as error:
                failures.append(error)

        thread = threading.Thread(target=first)
        thread.start()
        try:
            deadline = time.monotonic() + 10
            while not server.gets() and time.monotonic() < deadline:
                time.sleep(0.02)
            begun = time.monotonic()
            reports: list[Progress] = []
            with pytest.raises(PullCancelled):
                from_server(server, cache, progress=reports.append, cancelled=lambda: time.monotonic() - begun > 0.5)
            assert [r.phase for r in reports] == ["waiting"]
        finally:
            stop.set()
            thread.join(10)
    assert len(failures) == 1


def test_a_killed_pull_leaves_a_file_that_the_next_one_finishes(cache: Path) -> None:
    """SIGKILL in the middle: no lock remains held, and the bytes on disk are used."""
    environment = other_process()
    partial = cache / f"{ENTRY.file}.partial"
    with FileServer(ENTRY, DATA) as server:
        server.manners.slow_s = 0.2  # 19 blocks: slow enough to be killed in the middle
        process = subprocess.Popen([sys.executable, "-c", PULL_IN_A_PROCESS, server.base], env=environment)
        try:
            deadline = time.monotonic() + 30
            while not (partial.exists() and partial.stat().st_size) and time.monotonic() < deadline:
                time.sleep(0.02)
        finally:
            process.kill()
            process.wait(10)
        server.manners.slow_s = 0
        check_whole(from_server(server, cache), cache)
        assert "range" in server.gets()[-1].headers


def test_the_default_model_is_not_here_yet(cache: Path) -> None:
    """`resolve` and `pull` agree on where a file will be and on what "present" means."""
    before = resolve("qwen2.5-coder-0.5b")
    assert (before.present, before.path.parent) == (False, cache)
