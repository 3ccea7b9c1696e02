"""Starting the local model server as a process that outlives this one, and saying why it ended when it does.

The process is detached: it belongs to all editor windows and ends by itself after its idle time. Its folder is the
private runtime folder, never the workspace, whose modules Python would otherwise import. What it says goes to a log
file. Finding and asking the server is not done here.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from glosswright_server.errors import LaunchError

ALREADY_RUNNING = 3
"""Exit code of `serve` when another server of this user won the race."""
MAX_LOG_BYTES = 1_048_576
_TAIL_BYTES = 8192
_QUOTE_CHARS = 240
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


class ModelProcess:
    """One started server process. Made by `start`; it is watched, never owned."""

    def __init__(self, process: subprocess.Popen[bytes], log_path: Path, log_start: int) -> None:
        self.log_path = log_path
        self.pid = process.pid
        self._log_start = log_start
        self._exit_code: int | None = None
        # A thread, because nobody else may be there to collect the exit status when the server ends in an hour.
        threading.Thread(target=self._reap, args=(process,), name="glosswright-reaper", daemon=True).start()

    @classmethod
    async def start(
        cls, command: Sequence[str], *, directory: Path, log_path: Path, environment: Mapping[str, str]
    ) -> ModelProcess:
        """Start `command` detached, in `directory`, with `environment` on top of ours. Raises LaunchError."""
        return await asyncio.to_thread(cls._start, command, directory, log_path, environment)

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._exit_code

    def explanation(self) -> str:
        """One or two sentences: how it ended, its last words, and what to do."""
        words = self._last_words()
        said = f" It says: {words}" if words else ""
        if "pip install" not in words and ("No module named" in words or "BackendMissing" in words):
            said = f"{said} Install an engine: pip install 'glosswright[llamacpp]'."
        return f"The local model server ended at once (exit code {self._exit_code}).{said} Log: {self.log_path}"

    @classmethod
    def _start(
        cls, command: Sequence[str], directory: Path, log_path: Path, environment: Mapping[str, str]
    ) -> ModelProcess:
        try:
            log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0), 0o600)
        except OSError as error:
            raise LaunchError(f"The log file {log_path} cannot be written ({error.strerror}).") from None
        try:
            if os.fstat(log).st_size > MAX_LOG_BYTES:
                os.ftruncate(log, 0)
            log_start = os.fstat(log).st_size
            process = subprocess.Popen(  # noqa: S603 - a list without a shell; the settings in it are not a workspace's
                list(command),
                cwd=directory,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                creationflags=_creation_flags(),
            )
        except OSError as error:
            raise LaunchError(f"The local model server cannot be started: {error.strerror} ({command[0]}).") from None
        finally:
            os.close(log)
        return cls(process, log_path, log_start)

    def _reap(self, process: subprocess.Popen[bytes]) -> None:
        self._exit_code = process.wait()

    def _last_words(self) -> str:
        try:
            with self.log_path.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(min(self._log_start, size), size - _TAIL_BYTES))
                text = log.read(_TAIL_BYTES).decode("utf-8", "replace")
        except OSError:
            return ""
        lines = [line.strip() for line in _ESCAPES.sub("", text).splitlines() if line.strip()]
        last = "".join(char for char in lines[-1] if char.isprintable()) if lines else ""
        return last if len(last) <= _QUOTE_CHARS else last[:_QUOTE_CHARS] + "…"


def serve_command(*, model: str, backend: str, idle_minutes: int, log_path: Path, download: bool) -> list[str]:
    """The command line of the model server, for this very Python."""
    command = [sys.executable, "-m", "glosswright_model", "serve", "--model", model, "--backend", backend]
    command += ["--idle-minutes", str(idle_minutes), "--log-file", str(log_path)]
    return command if download else [*command, "--no-download"]


async def check_model(model: str, directory: Path) -> None:
    """Ask the model package whether it could serve `model`. Raises LaunchError with its words where it could not."""
    command = [sys.executable, "-m", "glosswright_model", "check", model]

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - as in `_start`
            command, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
        )

    try:
        done = await asyncio.to_thread(run)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LaunchError(f"The model `{model}` could not be checked ({type(error).__name__}).") from None
    if done.returncode != 0:
        words = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1].removeprefix("glosswright model: ")
        raise LaunchError(f"The running model was left alone: {words}")


def _creation_flags() -> int:
    if sys.platform == "win32":
        return subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    return 0
