"""Work done progress that the server begins: shown where the client can, silent elsewhere, cancellable in both."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, TypeVar
from uuid import uuid4

from lsprotocol import types

from glosswright_server.errors import GlosswrightError

from .server_base import ServerBase

logger = logging.getLogger(__name__)

_NOTHING: tuple[str, int | None] = ("", None)
_T = TypeVar("_T")


class Stopped(GlosswrightError):
    """The user cancelled the work where its progress is shown."""


async def in_progress(
    server: ServerBase,
    title: str,
    work: Callable[[WorkDone], Coroutine[Any, Any, _T]],
    *,
    token: types.ProgressToken | None = None,
) -> _T:
    """Do `work` with progress that the user can cancel. Raises Stopped when the user does; a cancelled request ends
    it."""

    async def shown() -> _T:
        me = asyncio.current_task()
        async with WorkDone(server, title, token=token, on_cancel=me.cancel if me is not None else None) as progress:
            return await work(progress)

    task = asyncio.ensure_future(shown())
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if task.cancelled():
            raise Stopped("cancelled") from None
        task.cancel()
        await asyncio.wait({task})
        raise


class WorkDone:
    """One piece of work as the client shows it (LSP 3.17, "Work Done Progress").

    Use as an async context manager. `on_cancel` is called on the event loop when the user cancels it in the editor.
    `token` is the client's own (`workDoneToken`), else one is created. Nothing here ever raises for a client that does
    not play along.
    """

    def __init__(
        self,
        server: ServerBase,
        title: str,
        *,
        token: types.ProgressToken | None = None,
        on_cancel: Callable[[], object] | None = None,
    ) -> None:
        self._server = server
        self._title = title
        self._token = token
        self._on_cancel = on_cancel
        self._shown = False
        self._last = _NOTHING
        self._conclusion: str | None = None

    async def __aenter__(self) -> WorkDone:
        if self._token is None:
            if not self._server.client_supports("window.work_done_progress", False):
                return self
            token: types.ProgressToken = f"glosswright-{uuid4()}"
            try:
                await self._server.request(
                    types.WINDOW_WORK_DONE_PROGRESS_CREATE, types.WorkDoneProgressCreateParams(token), timeout_s=2.0
                )
            except GlosswrightError as error:
                logger.debug("no progress is shown: %s", error)
                return self
            self._token = token
        self._shown = True
        progress = self._server.protocol.progress
        begin = types.WorkDoneProgressBegin(title=self._title, cancellable=self._on_cancel is not None, percentage=0)
        progress.begin(self._token, begin)
        if self._on_cancel is not None:
            progress.tokens[self._token].add_done_callback(self._ended)
        if self._last != _NOTHING:  # said while the client was still making up its mind
            self._send(*self._last)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._shown and self._token is not None:
            self._on_cancel = None
            self._server.protocol.progress.end(self._token, types.WorkDoneProgressEnd(message=self._conclusion))

    def conclude(self, message: str) -> None:
        """What the client shows at the end, as long as it likes: a popup is not worth it."""
        self._conclusion = message

    def report(self, message: str, percentage: int | None = None) -> None:
        """Say how far the work is; what was said last is not said again."""
        if (message, percentage) != self._last:
            self._last = (message, percentage)
            if self._shown:
                self._send(message, percentage)

    def _send(self, message: str, percentage: int | None) -> None:
        assert self._token is not None
        report = types.WorkDoneProgressReport(message=message, percentage=percentage)
        self._server.protocol.progress.report(self._token, report)

    def _ended(self, future: object) -> None:
        """The token's future is done: cancelled by the user, unless this work has ended already."""
        if self._on_cancel is not None:
            asyncio.get_running_loop().call_soon(self._on_cancel)
