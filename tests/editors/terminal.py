"""A program in a terminal of its own: keys go in, and what it has drawn can be searched. Linux and macOS only."""

from __future__ import annotations

import os
import re
import select
import signal
import struct
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

_SEQUENCE = re.compile(rb"\x1b(\[[0-9;:?<>=!]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|P[^\x1b]*\x1b\\|[()][0-9A-B]|.)")


class Terminal:
    """A context manager; the program is gone at its end."""

    def __init__(
        self, command: Sequence[str], *, env: dict[str, str], cwd: Path, size: tuple[int, int] = (100, 30)
    ) -> None:
        """`size`: columns and lines."""
        import fcntl  # what is imported here is not on Windows, where the tests that need it are skipped
        import pty
        import termios

        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self._process = subprocess.Popen(
            command, env={**env, "TERM": "xterm-256color"}, cwd=cwd, stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self._drawn = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)
        self._reader.join(10)
        os.close(self._master)

    def press(self, keys: str) -> None:
        """Send keys as a terminal does."""
        os.write(self._master, keys.encode())

    @property
    def drawn(self) -> str:
        """All text drawn so far, without colours and positions: text in one colour stands together."""
        return _SEQUENCE.sub(b"", self._drawn).decode(errors="replace")

    def forget(self) -> None:
        """Look only at what is drawn from now on."""
        self._drawn = b""

    def wait(self, timeout_s: float) -> int:
        """The exit status of a program that ends by itself in time."""
        return self._process.wait(timeout_s)

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self._master], [], [], 0.2)
            if ready:
                try:
                    data = os.read(self._master, 1 << 16)
                except OSError:  # the other end is closed
                    return
                if not data:
                    return
                self._drawn += data
            elif self._process.poll() is not None:
                return
