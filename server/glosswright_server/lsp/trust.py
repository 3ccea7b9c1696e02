"""May the examples of this workspace be run? Asked once per workspace folder, in the editor, and remembered.

The answer is kept outside the workspace (`verify.trusted`). A question that is dismissed, refused or not answered in
time means "not now": nothing is run, and it is not asked again in this session. Requests that need the same answer
share one question; a late answer counts for the next request.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from lsprotocol import types

from glosswright_server.errors import GlosswrightError
from glosswright_server.verify.trusted import TrustFile, folder_key

from .server_base import ServerBase

logger = logging.getLogger(__name__)

RUN = "Run examples"
NEVER = "Not in this workspace"
QUESTION = (
    "Glosswright can run the examples in your docstrings and comments against the code it writes, in a sandbox without "
    "network and without access to your files. Run them in {where}?"
)
WAIT_S = 45.0
"""So long a request waits for the answer; without one, nothing is run for it."""
QUESTION_TIMEOUT_S = 600.0
"""So long the question itself stays open."""
_NAME_CHARS = 50


@dataclass(frozen=True, slots=True)
class _Scope:
    """What one answer holds for."""

    key: str
    folder: Path | None
    """None where there is no folder on this machine (an unsaved document): the answer is for this session only."""
    name: str
    """For the question."""


class Trust:
    """The answers of one session."""

    def __init__(self, server: ServerBase, file: TrustFile | None = None) -> None:
        self._server = server
        self._file = file if file is not None else TrustFile()
        self._session: dict[str, bool] = {}
        """Answers of this session, those that were dismissed (False) or could not be written among them."""
        self._questions: dict[str, asyncio.Task[bool | None]] = {}

    async def may_run(self, uri: str) -> bool:
        """Whether examples of the document may be run; asks the user where nobody knows. Never raises."""
        scope = await asyncio.to_thread(self._scope, uri)
        known = await self._known(scope)
        if known is None:  # unless it was answered while the file was read
            known = self._session.get(scope.key)
        if known is not None:
            return known
        return await self._answer_within(scope, WAIT_S) or False

    async def ask_again(self, uri: str) -> dict[str, Any]:
        """Put the question whatever was answered before. The old answer stays when it is dismissed."""
        scope = await asyncio.to_thread(self._scope, uri)
        answer = await self._answer_within(scope, QUESTION_TIMEOUT_S, again=True)
        if answer is None:
            answer = await self._known(scope)
        return {"folder": str(scope.folder) if scope.folder is not None else None, "runExamples": answer}

    async def _known(self, scope: _Scope) -> bool | None:
        if scope.folder is not None:
            # Asked each time: another window, or the command line, may have been told meanwhile.
            kept = await asyncio.to_thread(self._file.answer, scope.folder)
            if kept is not None:
                return kept
        return self._session.get(scope.key)

    async def _answer_within(self, scope: _Scope, timeout_s: float, *, again: bool = False) -> bool | None:
        """The answer to the one question that is open for this scope; None when there is none (yet)."""
        question = self._questions.get(scope.key)
        if question is None:
            question = self._server.spawn(self._ask(scope, again=again), name="question of trust")
            self._questions[scope.key] = question
            question.add_done_callback(lambda _: self._questions.pop(scope.key, None))
        # Not `wait_for`: neither the time limit nor a cancelled request may take the question off the screen.
        await asyncio.wait({question}, timeout=timeout_s)
        if not question.done() or question.cancelled():
            return None
        answer: bool | None = question.result()
        return answer

    async def _ask(self, scope: _Scope, *, again: bool) -> bool | None:
        params = types.ShowMessageRequestParams(
            type=types.MessageType.Info,
            message=QUESTION.format(where=scope.name),
            actions=[types.MessageActionItem(RUN), types.MessageActionItem(NEVER)],
        )
        try:
            chosen = await self._server.request(types.WINDOW_SHOW_MESSAGE_REQUEST, params, timeout_s=QUESTION_TIMEOUT_S)
        except GlosswrightError as error:
            logger.info("examples are not run: %s", error)
            chosen = None
        title = chosen.title if isinstance(chosen, types.MessageActionItem) else None
        if title not in (RUN, NEVER):
            if not again:
                self._session[scope.key] = False
            return None
        allowed = title == RUN
        self._session[scope.key] = allowed
        if scope.folder is not None:
            try:
                await asyncio.to_thread(self._file.remember, scope.folder, allowed)
            except OSError as error:
                logger.warning("the answer holds for this session only: %s (%s)", self._file.path, error)
        return allowed

    def _scope(self, uri: str) -> _Scope:
        """The workspace folder around the document; outside all of them, the document's own folder."""
        path = path_of(uri)
        if path is None:
            return _Scope(uri, None, "this document")
        document = Path(folder_key(path))
        folders = [Path(folder_key(found)) for f in self._server.workspace_folders if (found := path_of(f.uri))]
        around = [folder for folder in folders if folder == document or folder in document.parents]
        folder = max(around, key=lambda folder: len(folder.parts)) if around else document.parent
        return _Scope(str(folder), folder, f"the {'workspace' if around else 'folder'} {_shown(folder)}")


def _shown(folder: Path) -> str:
    """The folder's name as it may stand in a question: whoever made the folder must not be able to put words in."""
    name = "".join(c if c.isprintable() and c not in "“”" else "·" for c in folder.name or str(folder))
    return f"“{name if len(name) <= _NAME_CHARS else name[: _NAME_CHARS - 1] + '…'}”"


def path_of(uri: str) -> Path | None:
    """The file that a URI names, or None where it names none on this machine."""
    try:
        parts = urlsplit(uri)
        if parts.scheme.lower() != "file" or not parts.path:
            return None
        path = url2pathname(parts.path)
        if parts.netloc not in ("", "localhost"):
            path = f"//{parts.netloc}{path}"
        return None if "\0" in path else Path(path)
    except (ValueError, OSError):
        return None
