"""Finding models and keeping the cache: resolve, installed, verify, remove."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import filelock
import pytest
from model.weights.standins import make_data, make_entry

from glosswright_model.errors import HashMismatch, PullCancelled, UnknownModel, WeightsError
from glosswright_model.weights import Progress, cache_folder, catalogue, installed, remove, resolve, verify
from glosswright_model.weights import store as store_module
from glosswright_model.weights.catalogue import ModelEntry
from glosswright_model.weights.store import Files

DATA = make_data()
ENTRY = make_entry(DATA, default=True)


@pytest.fixture
def small_catalogue(monkeypatch: pytest.MonkeyPatch) -> ModelEntry:
    """A catalogue whose one model is small enough to be in the cache."""
    for module in ("store", "resolve"):
        name = f"glosswright_model.weights.{module}"
        monkeypatch.setattr(sys.modules[name], "catalogue", lambda: (ENTRY,))
        monkeypatch.setattr(sys.modules[name], "find_entry", lambda text: ENTRY if text == ENTRY.name else None)
    return ENTRY


def put(cache: Path, data: bytes = DATA, *, marked: bool = True) -> Files:
    cache.mkdir(parents=True, exist_ok=True)
    files = Files.of(ENTRY, cache)
    files.final.write_bytes(data)
    if marked:
        files.mark_verified()
    return files


def test_where_the_cache_is(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable wins; without it, the user's cache folder as the system names it."""
    assert cache_folder() == cache
    monkeypatch.setenv("GLOSSWRIGHT_CACHE_DIR", "~/elsewhere")
    assert cache_folder() == Path.home() / "elsewhere" / "weights"
    monkeypatch.delenv("GLOSSWRIGHT_CACHE_DIR")
    assert cache_folder().parts[-2:] == ("glosswright", "weights") or sys.platform != "linux"


def test_resolve_a_name(cache: Path, small_catalogue: ModelEntry) -> None:
    """Present means verified: what is only there must go through `pull` once."""
    missing = resolve("stand-in")
    assert (missing.present, missing.family, missing.entry) == (False, "generic", ENTRY)
    put(cache, marked=False)
    assert not resolve("stand-in").present
    files = put(cache)
    found = resolve("stand-in")
    assert (found.present, found.path) == (True, files.final)
    files.final.write_bytes(b"truncated")
    assert not resolve("stand-in").present


def test_a_marker_cannot_vouch_for_a_file_of_the_wrong_size(cache: Path) -> None:
    """Written by `mark_verified` for whatever is there: the size in the catalogue is compared as well."""
    assert not put(cache, b"short").verified()


def test_resolve_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's own GGUF file or model folder; the family is left to the back end, which reads the file."""
    (tmp_path / "My.GGUF").write_bytes(b"GGUF")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    for given, path in [(tmp_path / "My.GGUF", "My.GGUF"), ("My.GGUF", "My.GGUF"), ("model", "model")]:
        found = resolve(given)
        assert (found.path, found.entry, found.family, found.present) == (tmp_path / path, None, None, True)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("qwen-coder-0.5b", "Did you mean qwen2.5-coder-0.5b"),
        ("smollm", "Did you mean smollm2-135m"),
        ("gpt", "No model is called 'gpt'. Known models: qwen2.5-coder-0.5b, qwen2.5-coder-1.5b, django-lstm."),
        ("", "No model is called ''"),
        ("missing.gguf", "There is no file missing.gguf"),
        ("some/folder", "There is no file"),
        ("notes.txt", "is not a GGUF file"),
        ("empty", "has no config.json"),
    ],
)
def test_resolve_what_is_not_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, told: str) -> None:
    """The message must hold the next step: the nearest name, all names, or what is wrong with the path."""
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownModel) as caught:
        resolve(given)
    assert told in str(caught.value)


def test_installed(cache: Path, small_catalogue: ModelEntry) -> None:
    """What `model list` shows, for a cache that does not exist, too."""
    assert installed() == ()
    put(cache, marked=False)
    (found,) = installed()
    assert (found.entry, found.size_bytes, found.verified) == (ENTRY, len(DATA), False)
    put(cache)
    assert installed(cache_dir=cache)[0].verified


def test_verify(cache: Path, small_catalogue: ModelEntry) -> None:
    """Hashes what is there, and marks it; with progress, and stoppable."""
    files = put(cache, marked=False)
    reports: list[Progress] = []
    assert verify("stand-in", progress=reports.append) == files.final
    assert files.verified()
    assert reports[-1].done_bytes == len(DATA)
    assert {report.phase for report in reports} == {"verifying"}
    with pytest.raises(PullCancelled):
        verify("stand-in", cancelled=lambda: True)


def test_verify_finds_a_file_that_changed_behind_the_marker(cache: Path, small_catalogue: ModelEntry) -> None:
    """Same size, and a marker written for it: only hashing tells. Then it counts as missing."""
    files = put(cache, b"\0" * len(DATA))
    assert files.verified()
    with pytest.raises(HashMismatch, match=f"expected SHA-256 {ENTRY.sha256}, found .*model pull stand-in"):
        verify("stand-in")
    assert not files.verified()


def test_verify_in_a_cache_that_cannot_be_written(
    cache: Path, small_catalogue: ModelEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shared, read-only cache serves good models; only the marker cannot be kept."""

    def refused(self: Files) -> None:
        raise PermissionError(13, "Permission denied")

    files = put(cache, marked=False)
    monkeypatch.setattr(Files, "mark_verified", refused)
    assert verify("stand-in") == files.final


@pytest.mark.parametrize(("name", "error"), [("nobody", UnknownModel), ("stand-in", WeightsError)])
def test_verify_what_is_not_there(
    cache: Path, small_catalogue: ModelEntry, name: str, error: type[WeightsError]
) -> None:
    """An unknown name and a model not fetched are two different mistakes."""
    with pytest.raises(error, match="glosswright model"):
        verify(name)


def test_remove(cache: Path, small_catalogue: ModelEntry) -> None:
    """Frees all it took, unfinished downloads too, and does not mind when nothing is there."""
    assert remove("stand-in") == 0
    files = put(cache)
    marker_bytes = files.marker.stat().st_size
    files.partial.write_bytes(b"12345")
    (files.scratch / "part").mkdir(parents=True)
    assert remove("stand-in") == len(DATA) + 5 + marker_bytes
    assert [path.name for path in cache.iterdir()] == [files.lock.name]
    with pytest.raises(UnknownModel):
        remove("nobody")


def test_remove_while_another_process_downloads(cache: Path, small_catalogue: ModelEntry) -> None:
    """Deleting the partial file under a running download would waste it."""
    files = put(cache)
    with filelock.FileLock(files.lock), pytest.raises(WeightsError, match="being downloaded"):
        remove("stand-in")
    assert files.final.exists()


def test_remove_a_file_in_use(cache: Path, small_catalogue: ModelEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows does not delete an open file: told in words."""

    def refused(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "in use", str(self))

    put(cache)
    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(WeightsError, match="No permission"):
        remove("stand-in")


def test_disk_full_codes_exist_on_this_system() -> None:
    """Quotas are a disk that is full for one user; not every system has a code for them."""
    assert store_module._DISK_FULL


def test_names_need_no_cache(tmp_path: Path) -> None:
    """Looking must not create folders: `model list` on a fresh machine leaves no trace."""
    code = "from glosswright_model.weights import installed, resolve; installed(); resolve('smollm2-135m')"
    folder = tmp_path / "none"
    subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "GLOSSWRIGHT_CACHE_DIR": str(folder)}, timeout=60, check=True
    )
    assert not folder.exists()
    assert len(catalogue()) == 3
