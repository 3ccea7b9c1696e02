"""Which open documents the user keeps to themselves: `exclusion` asked off the event loop, and told when it changed.

A document is asked for before each use of its text; answers are believed for a moment, so that a burst of requests
costs one look at the disk. An answer that does not come in time excludes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from lsprotocol import types

from glosswright_server.errors import GlosswrightError
from glosswright_server.exclusion.ignore_files import IGNORE_FILE, LOOK_AGAIN_S, IgnoreFiles

from .server_base import ServerBase
from .trust import path_of

logger = logging.getLogger(__name__)

PATIENCE_S = 2.0
TOO_SLOW = "whether it is excluded could not be found out in time"
_THREADS = 8
_LOCAL_SCHEMES = frozenset({"file", "vscode-notebook-cell", "git"})
"""Schemes whose path is that of a file on this machine."""
_SECRET_LANGUAGES = frozenset({"dotenv"})


class Excluding:
    """The answers for the documents of one client. Belongs to one event loop."""

    def __init__(self, server: ServerBase, files: IgnoreFiles | None = None) -> None:
        self._server = server
        self._files = files if files is not None else IgnoreFiles()
        self._answers: dict[str, tuple[str, float]] = {}
        self._asking: dict[str, asyncio.Task[str]] = {}
        # Threads of its own: a file system that hangs must not keep what else runs in threads.
        self._threads = ThreadPoolExecutor(_THREADS, "glosswright-exclusion")
        self.on_problem: Callable[[str], None] = lambda problem: None
        """Told each thing that is wrong with an ignore file, once."""

    async def why(self, uri: str, language_id: str) -> str:
        """Why nothing of this document may be used, one phrase for people; "" when it may. Never raises."""
        if language_id in _SECRET_LANGUAGES and path_of(uri) is None:
            return f"excluded by its language, {language_id}"
        known = self._answers.get(uri)
        loop = asyncio.get_running_loop()
        if known is not None and loop.time() - known[1] < LOOK_AGAIN_S:
            return known[0]
        task = self._asking.get(uri)
        if task is None:
            task = self._server.spawn(self._ask(uri), name="exclusion")
            self._asking[uri] = task
            task.add_done_callback(lambda _: self._asking.pop(uri, None))
        await asyncio.wait({task}, timeout=PATIENCE_S)
        if not task.done() or task.cancelled() or task.exception() is not None:
            return TOO_SLOW
        return task.result()

    def known(self, uri: str) -> str:
        """The last answer, however old; "" where nobody has asked."""
        return self._answers.get(uri, ("", 0.0))[0]

    def forget(self, uri: str | None = None) -> None:
        """A document was closed; without a name, ignore files or folders have changed."""
        if uri is not None:
            self._answers.pop(uri, None)
            return
        self._files.forget()
        self._answers = {uri: (answer, float("-inf")) for uri, (answer, _) in self._answers.items()}

    async def watch(self) -> None:
        """Have the client tell when an ignore file changes, where it can; else it is found out a second later."""
        if not self._server.client_supports("workspace.did_change_watched_files.dynamic_registration", False):
            return
        watcher = types.FileSystemWatcher(glob_pattern=f"**/{IGNORE_FILE}")
        registration = types.Registration(
            id="glosswright-ignore-files",
            method=types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
            register_options=types.DidChangeWatchedFilesRegistrationOptions(watchers=[watcher]),
        )
        try:
            await self._server.request(
                types.CLIENT_REGISTER_CAPABILITY, types.RegistrationParams(registrations=[registration])
            )
        except GlosswrightError as error:
            logger.info("changes of ignore files are not announced: %s", error)

    def close(self) -> None:
        """Wait for no thread."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, uri: str) -> str:
        folders = [path for f in self._server.workspace_folders if (path := path_of(f.uri)) is not None]
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._threads, self._look, uri, folders)
        self._answers[uri] = (answer, loop.time())
        for problem in await loop.run_in_executor(self._threads, self._files.new_problems):
            self.on_problem(str(problem))
        return answer

    def _look(self, uri: str, folders: list[Path]) -> str:
        path = local_path(uri)
        if path is not None:
            found = self._files.why(path, folders)
        else:
            found = self._files.why_by_name(PurePosixPath(_name_of(uri)))
        return found.why if found is not None else ""


def local_path(uri: str) -> Path | None:
    """The file on this machine that a document's URI stands for: itself, a notebook's cell, a version of it in git."""
    scheme, colon, rest = uri.partition(":")
    if not colon or scheme.lower() not in _LOCAL_SCHEMES:
        return None
    return path_of(f"file:{rest.partition('#')[0].partition('?')[0]}")


def _name_of(uri: str) -> str:
    try:
        return unquote(urlsplit(uri).path)
    except ValueError:
        return uri
