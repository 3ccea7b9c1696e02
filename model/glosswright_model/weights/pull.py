"""Fetch a model into the cache: from the first source that can deliver it, whole, verified, and only once.

Promises: a file under its final name has the hash of the catalogue; an interrupted pull goes on where it stopped,
with whatever source; two processes that pull at once fetch once. Sources are tried in order and never trusted.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import filelock

from glosswright_model.errors import HashMismatch, NotEnoughSpace, SourceUnavailable, WeightsError
from glosswright_model.weights.catalogue import ModelEntry
from glosswright_model.weights.partial import PartialFile
from glosswright_model.weights.progress import Cancelled, OnProgress, Watch
from glosswright_model.weights.sources import MIRROR_VARIABLE, Source, sources_of
from glosswright_model.weights.store import LOCK_POLL_S, Files, explained

MARGIN_BYTES = 32 << 20
"""Disk space that a pull leaves free."""
RETRIES = 3
"""How often a source that broke off is asked again, provided that it delivered something."""
RETRY_AFTER_S = 0.5


def pull(
    entry: ModelEntry,
    *,
    cache_dir: Path | None = None,
    progress: OnProgress | None = None,
    cancelled: Cancelled | None = None,
    sources: Sequence[Source] | None = None,
) -> Path:
    """The path of the verified file of `entry`, fetched when it is not in the cache. Blocks; safe in any thread.

    `progress` is called in this thread; `cancelled` is asked at least every second, and a pull stopped by it goes on
    later from where it was. `cache_dir` replaces `cache_folder()`, `sources` those of the mirror and the catalogue.

    Raises HashMismatch (nothing was kept), NotEnoughSpace, SourceUnavailable, PullCancelled, or WeightsError when the
    cache folder cannot be used.
    """
    files = Files.of(entry, cache_dir)
    if files.verified():
        return files.final
    watch = Watch(entry.name, entry.size, progress, cancelled)
    watch.check()
    with explained(files.folder):
        files.folder.mkdir(parents=True, exist_ok=True)
        with _locked(files.lock, watch):
            if files.verified():  # by the process that was waited for
                return files.final
            try:
                if not _adopted(files, watch):
                    _fetch(files, watch, sources_of(entry) if sources is None else sources)
                shutil.rmtree(files.scratch, ignore_errors=True)
            finally:
                with contextlib.suppress(OSError):  # it is missing, or holds what the next pull wants
                    files.scratch.rmdir()
    return files.final


@contextlib.contextmanager
def _locked(path: Path, watch: Watch) -> Iterator[None]:
    lock = filelock.FileLock(path, timeout=0)
    waiting = False
    while True:
        try:
            lock.acquire()
            break
        except filelock.Timeout:
            if not waiting:
                watch.begin("waiting")
            waiting = True
            watch.check()
            time.sleep(LOCK_POLL_S)
    try:
        yield
    finally:
        lock.release()


def _adopted(files: Files, watch: Watch) -> bool:
    """Whether the file lies there already, put by hand or changed in time only. A wrong one is deleted."""
    if not files.final.is_file():
        return False
    if files.final.stat().st_size == files.entry.size and files.check(watch) == files.entry.sha256:
        return True
    files.final.unlink()
    return False


def _fetch(files: Files, watch: Watch, sources: Sequence[Source]) -> None:
    failures: list[tuple[str, WeightsError]] = []
    with PartialFile(files.partial, files.entry.size, watch) as partial:
        if _finished_before(partial, files, watch):
            return
        for source in sources:
            reason = source.unavailable()
            if reason is not None:
                failures.append((source.name, SourceUnavailable(reason)))
                continue
            try:
                _from_source(source, partial, files, watch)
                return
            except (HashMismatch, SourceUnavailable) as error:
                failures.append((source.name, error))
    if files.partial.exists() and files.partial.stat().st_size == 0:
        files.partial.unlink()
    raise _verdict(files.entry, failures)


def _finished_before(partial: PartialFile, files: Files, watch: Watch) -> bool:
    """Whether all bytes had come when an earlier pull was ended, so that no source need be asked."""
    if partial.position < files.entry.size:
        return False
    watch.begin("verifying", "cache")
    partial.rewind(partial.position)
    try:
        _complete(partial, files)
    except HashMismatch:
        partial.drop()
        return False
    return True


def _from_source(source: Source, partial: PartialFile, files: Files, watch: Watch) -> None:
    """Complete the file from one source, asking again after a break. Raises HashMismatch or SourceUnavailable."""
    retries = RETRIES
    while True:
        _require_space(source, partial, files)
        began = partial.position
        try:
            _deliver(source, partial, files, watch)
            _complete(partial, files)
            watch.finish()
            return
        except HashMismatch:
            if partial.position == began:
                raise  # said before a byte of it came: no reason to doubt the bytes of other sources
            partial.drop()
            shutil.rmtree(files.scratch, ignore_errors=True)
            if began == 0:
                raise
            # The bytes this source went on from may have been the bad ones: give it one try with all its own.
        except SourceUnavailable:
            retries -= 1
            if partial.position <= began or retries < 0:
                raise
            watch.check()
            time.sleep(RETRY_AFTER_S)


def _deliver(source: Source, partial: PartialFile, files: Files, watch: Watch) -> None:
    watch.begin("downloading", source.name, partial.position)
    started = False
    with contextlib.closing(source.stream(partial.position, watch, files.scratch)) as chunks:
        for chunk in chunks:
            watch.check()
            if not started and partial.must_rewind(chunk.offset):
                watch.begin("verifying", source.name)
                partial.rewind(min(chunk.offset, partial.position))
                watch.begin("downloading", source.name, partial.position)
            started = True
            if chunk.offset != partial.position:
                raise SourceUnavailable("delivered bytes out of order")
            partial.append(chunk.data)
            watch.moved_to(partial.position)
    if partial.position < files.entry.size:
        raise SourceUnavailable(f"ended after {partial.position} of {files.entry.size} bytes")


def _complete(partial: PartialFile, files: Files) -> None:
    files.marker.unlink(missing_ok=True)
    partial.complete(files.entry.sha256, files.final)
    files.mark_verified()


def _require_space(source: Source, partial: PartialFile, files: Files) -> None:
    needed = files.entry.size - partial.position + source.scratch_bytes() + MARGIN_BYTES
    free = shutil.disk_usage(files.folder).free
    if free < needed:
        raise NotEnoughSpace(
            f"{files.entry.name} needs {_mb(needed)} of free disk space in {files.folder} while it is fetched; "
            f"{_mb(free)} are free."
        )


def _verdict(entry: ModelEntry, failures: Sequence[tuple[str, WeightsError]]) -> WeightsError:
    """One error for all sources: the wrong hash when there was one, since that is what nobody may overlook."""
    told = "; ".join(f"{name}: {error}" for name, error in failures) or "no source is known"
    if any(isinstance(error, HashMismatch) for _, error in failures):
        return HashMismatch(f"{entry.name} was not kept, because the bytes are not the right ones ({told}).")
    return SourceUnavailable(
        f"{entry.name} could not be fetched ({told}). "
        f"If you have {entry.file}, set {MIRROR_VARIABLE} to its folder or give its path as the model."
    )


def _mb(count: int) -> str:
    return f"{count / 1e6:.0f} MB"
