"""A program in a terminal of its own: keys go in, and what it has drawn can be searched. Linux and macOS only.

`TerminalEditor` is one that edits a file of a bench: what the editors that run in a terminal have in common.
"""

from __future__ import annotations

import os
import re
import select
import signal
import struct
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .workbench import WAIT_S, Workbench, wait_for

if TYPE_CHECKING:
    from typing_extensions import Self

_SEQUENCE = re.compile(rb"\x1b(\[[0-9;:?<>=!]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|P[^\x1b]*\x1b\\|[()][0-9A-B]|.)")


class Terminal:
    """A context manager; the program is gone at its end."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: dict[str, str],
        cwd: Path,
        kind: str = "xterm-256color",
        size: tuple[int, int] = (100, 30),
    ) -> None:
        """`kind` is what the program takes the terminal for (TERM); `size`: columns and lines."""
        import fcntl  # what is imported here is not on Windows, where the tests that need it are skipped
        import pty
        import termios

        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self._process = subprocess.Popen(
            command, env={**env, "TERM": kind}, cwd=cwd, stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0),  # so that /dev/tty is this one
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


class TerminalEditor:
    """A session of an editor on a file. A context manager: it must end well when it is asked to."""

    kind = "xterm-256color"
    to_save = ""
    """The keys that save the file, from wherever the keyboard is."""
    to_quit = ""
    """The keys that leave an editor whose files are saved."""

    def __init__(self, command: Sequence[str], bench: Workbench, file: Path) -> None:
        self._bench = bench
        self.file = file
        self._process = Terminal(command, env=bench.env, cwd=bench.project, kind=self.kind)

    def __enter__(self) -> Self:
        self._process.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc_info: object) -> None:
        try:
            if kind is None:
                self.press(self.to_quit)
                assert self._process.wait(WAIT_S) == 0
        finally:
            self._process.__exit__()

    def press(self, keys: str) -> None:
        """Press keys."""
        self._process.press(keys)

    def type(self, text: str, pause_s: float = 0.01) -> None:
        """Type plain text key by key, faster than anyone does."""
        for key in text:
            self._process.press("\r" if key == "\n" else key)
            time.sleep(pause_s)

    def sees(self, text: str, timeout_s: float = WAIT_S) -> None:
        """Wait until something has been drawn since the last `forget`."""
        try:
            wait_for(lambda: text in self._process.drawn, f"{text!r} on the screen", timeout_s)
        except AssertionError as error:
            raise AssertionError(f"{error}; drawn: {self._process.drawn[-1000:]!r}") from None

    def forget(self) -> None:
        """Look only at what is drawn from now on."""
        self._process.forget()

    @property
    def shown(self) -> str:
        """All that was drawn since the last `forget`."""
        return self._process.drawn

    def answered(self, method: str, timeout_s: float = WAIT_S) -> None:
        """Wait until the server has answered a request of one kind."""
        wait_for(lambda: self._bench.answers(method), f"an answer to {method}", timeout_s)

    def saves(self, text: str) -> None:
        """Save the file until it reads so."""
        try:
            wait_for(lambda: self._saved() == text, f"{text!r} in the file")
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {self._saved()!r}; drawn: {self._process.drawn[-500:]!r}") from None

    def saves_other_than(self, text: str, timeout_s: float) -> str:
        """Save the file until it reads otherwise; how it reads then."""
        wait_for(lambda: self._saved() not in (text, ""), "a change", timeout_s)
        return self._saved()

    def _saved(self) -> str:
        self.press(self.to_save)
        time.sleep(0.2)
        try:
            return self.file.read_text(encoding="utf-8")
        except FileNotFoundError:  # for a moment, while it is replaced
            return ""
