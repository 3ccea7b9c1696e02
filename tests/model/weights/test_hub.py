"""The hub as a source, through the real `huggingface_hub` and a stand-in that redirects as the real hub does."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from model.weights.standins import REPO, StandInHub, hub_source, make_data, make_entry

from glosswright_model.errors import HashMismatch, SourceUnavailable
from glosswright_model.weights import pull
from glosswright_model.weights.sources.hub import HubSource
from glosswright_model.weights.sources.pump import Patience

DATA = make_data()
ENTRY = make_entry(DATA, hub_source())


def use(hub: StandInHub, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in hub.environment.items():
        monkeypatch.setenv(name, value)


def test_follows_the_redirection_and_keeps_one_copy(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub only says where the bytes are; the library's own cache must stay empty, or models would lie twice."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    with StandInHub(ENTRY, DATA) as hub:
        use(hub, monkeypatch)
        assert pull(ENTRY).read_bytes() == DATA
        first, second = hub.asked()
        assert (first.method, first.path) == ("HEAD", f"/{REPO}/resolve/main/{ENTRY.file}")
        assert (second.method, second.path.partition("/")[2][:4]) == ("GET", "cdn/")
        assert "glosswright/" in first.headers["user-agent"]
    assert not (tmp_path / "hf").exists()


def test_goes_on_after_a_drop(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Resume through the redirection, with a range."""
    with StandInHub(ENTRY, DATA) as hub:
        use(hub, monkeypatch)
        hub.manners.drop_after, hub.manners.drops = 65_536, 1
        assert pull(ENTRY).read_bytes() == DATA
        assert [seen.headers.get("range") for seen in hub.gets("/cdn/")] == [None, "bytes=65536-"]


def test_another_file_on_the_hub_is_refused_before_it_is_downloaded(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The etag of a large file is its SHA-256; bytes of other sources that are here already stay."""
    cache.mkdir(parents=True)
    partial = cache / f"{ENTRY.file}.partial"
    partial.write_bytes(DATA[:1000])
    with StandInHub(ENTRY, DATA) as hub:
        use(hub, monkeypatch)
        hub.manners.etag = "f" * 64
        with pytest.raises(HashMismatch, match=f"expected SHA-256 {ENTRY.sha256}, the hub has ffff"):
            pull(ENTRY)
        assert hub.asked()[1:] == []
    assert partial.read_bytes() == DATA[:1000]


def test_a_corrupt_body_is_refused(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The etag is only a promise; the hash is taken of what came."""
    with StandInHub(ENTRY, DATA) as hub:
        use(hub, monkeypatch)
        hub.manners.corrupt = True
        with pytest.raises(HashMismatch, match="Hugging Face hub"):
            pull(ENTRY)
    assert not (cache / ENTRY.file).exists()


def test_another_size_is_refused(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub without SHA-256 etags still tells the size."""
    other = make_entry(DATA, hub_source(), size=len(DATA) + 1)
    with StandInHub(ENTRY, DATA) as hub:
        use(hub, monkeypatch)
        hub.manners.etag = "0123"
        with pytest.raises(SourceUnavailable, match="has a file of 300000 bytes where 300001 are expected"):
            pull(other)


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_offline_mode_asks_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """Also when it is switched on after the library was imported; the message names the variable."""
    with StandInHub(ENTRY, DATA) as hub:
        use(hub, monkeypatch)
        monkeypatch.setenv(variable, "1")
        with pytest.raises(SourceUnavailable, match=f"offline mode is on \\({variable}\\)"):
            pull(ENTRY)
        assert hub.seen == []


@pytest.mark.parametrize("status", [401, 404, 500])
def test_refusals_are_told_in_one_line(cache: Path, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """The library's messages run over many lines with advice that does not fit here."""
    with StandInHub(ENTRY, DATA) as hub:
        use(hub, monkeypatch)
        hub.manners.status = status
        with pytest.raises(SourceUnavailable, match=str(status)) as caught:
            pull(ENTRY)
    assert "\n" not in str(caught.value)


def test_nobody_listens(cache: Path) -> None:
    """Refused connections fail over at once."""
    begun = time.monotonic()
    with pytest.raises(SourceUnavailable, match="Hugging Face hub"):
        pull(ENTRY)
    assert time.monotonic() - begun < 5


def test_a_silent_hub_is_given_up_quickly(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A firewall that swallows packets must cost seconds, not minutes. (The stand-in hangs before the first byte.)"""
    with StandInHub(ENTRY, DATA) as hub:
        use(hub, monkeypatch)
        hub.manners.hang_after = 0
        begun = time.monotonic()
        with pytest.raises(SourceUnavailable, match="no answer for"):
            pull(ENTRY, sources=[HubSource(ENTRY, hub_source(), Patience(first_s=0.5))])
        assert time.monotonic() - begun < 5


def test_a_log_in_does_not_reach_another_host(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are redirected to storage of third parties, which must never see the user's token."""
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with StandInHub(ENTRY, DATA) as hub:
        use(hub, monkeypatch)
        assert pull(ENTRY).read_bytes() == DATA
        to_hub, to_storage = hub.asked()
    assert to_hub.headers["authorization"] == "Bearer hf_secret"
    assert "authorization" not in to_storage.headers


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """The base install is only the language server: say what to install."""
    source = HubSource(ENTRY, hub_source())
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "glosswright[serving]" in (source.unavailable() or "")


def test_a_broken_library_is_only_this_sources_failure(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment whose hub library does not import can still use the other sources."""

    def broken(name: str) -> None:
        raise ImportError("cannot import name 'x'")

    monkeypatch.setattr("importlib.import_module", broken)
    with pytest.raises(SourceUnavailable, match="huggingface_hub cannot be imported"):
        pull(ENTRY, cache_dir=cache, sources=[HubSource(ENTRY, hub_source())])


def test_the_library_is_not_imported_before_it_is_needed() -> None:
    """It takes a good part of a second: listing and finding models must not pay for it."""
    code = (
        "import sys, glosswright_model.weights as w; w.resolve('smollm2-135m'); w.installed();"
        "print([m for m in ('huggingface_hub', 'torch', 'pip') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
