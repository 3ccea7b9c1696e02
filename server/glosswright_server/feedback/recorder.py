"""Hands impressions to the file from a thread of its own, so that nobody who types ever waits for a disk.

What cannot be written now (another window holds the file, the disk is full) is kept and tried again, less and less
often; it is said once in the log. What piles up is bounded: the oldest goes first. A thread that is stuck in the file
system keeps nobody: it is a daemon, and `close` waits for a moment only.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict

from glosswright_server.errors import FeedbackUnavailable

from .file import FeedbackFile
from .impression import Impression

logger = logging.getLogger(__name__)

MOST_PENDING = 2000
GATHER_S = 1.0
"""So long impressions gather before they are written, so that a burst is one transaction."""
RETRY_S = (2.0, 300.0)


class Recorder:
    """One language server's way to the file. `record` may be called from any thread and returns at once."""

    def __init__(
        self,
        file: FeedbackFile | None = None,
        *,
        gather_s: float = GATHER_S,
        retry_s: tuple[float, float] = RETRY_S,
    ) -> None:
        """No thread is started before something is recorded."""
        self.file = file if file is not None else FeedbackFile()
        self._gather_s = gather_s
        self._retry_s = retry_s
        self._changed = threading.Condition()
        self._pending: OrderedDict[tuple[str, int], Impression] = OrderedDict()
        self._writing = False
        self._thread: threading.Thread | None = None
        self._enabled = True
        self._closing = False
        self._hurry = False
        self._told = False

    @property
    def enabled(self) -> bool:
        """Whether anything is kept."""
        return self._enabled

    def turn(self, *, on: bool) -> None:
        """Keep things or keep nothing. What was not written yet is dropped when it is turned off."""
        with self._changed:
            self._enabled = on
            if not on:
                self._pending.clear()

    def record(self, impression: Impression) -> None:
        """Keep this; it takes the place of an older one of the same name."""
        with self._changed:
            if not self._enabled or self._closing:
                return
            name = (impression.session, impression.number)
            self._pending[name] = impression
            self._pending.move_to_end(name)
            while len(self._pending) > MOST_PENDING:
                self._pending.popitem(last=False)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="glosswright-feedback", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def forget_pending(self) -> None:
        """Drop what was not written yet: the user has wiped everything."""
        with self._changed:
            self._pending.clear()

    def flush(self, timeout_s: float) -> bool:
        """Write what is there; whether that was done in time."""
        ends_at = time.monotonic() + timeout_s
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            while (self._pending or self._writing) and self._thread is not None:
                left = ends_at - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, 0.05))
        return True

    def close(self, timeout_s: float = 0.5) -> None:
        """Write what is there, but wait for no longer than that."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(timeout_s)

    def _run(self) -> None:
        wait_s = self._gather_s
        failures = 0
        while True:
            with self._changed:
                while not self._pending and not self._closing:
                    self._changed.wait()
                if not self._closing:
                    self._changed.wait_for(lambda: self._closing or self._hurry, wait_s)
                self._hurry = False
                batch = dict(self._pending)
                closing = self._closing
                self._pending.clear()
                self._writing = bool(batch)
            try:
                if batch:
                    self.file.write(list(batch.values()))
            except FeedbackUnavailable as error:
                failures += 1
                wait_s = min(self._retry_s[0] * 2.0 ** min(failures - 1, 20), self._retry_s[1])
                self._failed(batch, error, again=not closing)
            else:
                failures, wait_s = 0, self._gather_s
                self._told = False
            finally:
                with self._changed:
                    self._writing = False
                    self._changed.notify_all()
            if closing:
                return

    def _failed(self, batch: dict[tuple[str, int], Impression], error: FeedbackUnavailable, *, again: bool) -> None:
        if not self._told:
            self._told = True
            logger.warning("feedback is not written for the time being: %s", error)
        if again:
            with self._changed:
                if self._enabled:
                    newer = self._pending
                    # What has come meanwhile is newer than what could not be written.
                    self._pending = OrderedDict({**batch, **newer})
                    while len(self._pending) > MOST_PENDING:
                        self._pending.popitem(last=False)
