"""When the process must end although nothing in it asks to: its parent is gone, or ending takes too long.

Both watch from threads of their own, so that they work while the event loop is stuck.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import psutil

EXIT_TIMEOUT_S = 2.0
PARENT_POLL_S = 2.0


class ExitDeadline:
    """Ends the process with `status`, whatever still runs, `timeout_s` seconds after `arm` was first called."""

    def __init__(self, timeout_s: float = EXIT_TIMEOUT_S) -> None:
        self.status = 1
        self._timer = threading.Timer(timeout_s, self._end)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._armed = False

    def arm(self) -> None:
        """Start the clock; later calls change nothing."""
        with self._lock:
            if not self._armed:
                self._armed = True
                self._timer.start()

    def _end(self) -> None:
        os._exit(self.status)  # not sys.exit: threads that do not end are the reason to be here


class ParentWatch:
    """Calls `on_gone`, in its own thread, once the process `pid` has ended.

    A pid that names no process from here (the client lives in another container or on another machine) is not watched;
    the end of standard input tells of such a client's death.
    """

    def __init__(self, pid: int, on_gone: Callable[[], None], *, poll_s: float = PARENT_POLL_S) -> None:
        self._pid = pid
        self._on_gone = on_gone
        self._poll_s = poll_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="glosswright-parent-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer."""
        self._stop.set()

    def _run(self) -> None:
        try:
            parent = psutil.Process(self._pid)
        except (psutil.Error, ValueError, OverflowError):
            return
        while not self._stop.wait(self._poll_s):
            if not _is_alive(parent):
                self._on_gone()
                return


def _is_alive(process: psutil.Process) -> bool:
    try:
        # is_running compares start times, so a pid that was given to another process counts as gone.
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True
