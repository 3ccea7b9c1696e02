"""pygls' work done progress, with tokens that are given back. What is shown while is for the features to say."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Any

from lsprotocol import types
from pygls.progress import Progress

CREATE_TIMEOUT_S = 5.0


class WorkDoneProgress(Progress):
    """`tokens[token]` is a future that the client cancels with `window/workDoneProgress/cancel`; `end` frees it."""

    tokens: dict[types.ProgressToken, Future[Any]]

    async def create_async(self, token: types.ProgressToken) -> None:  # type: ignore[override]  # pygls names a future
        """Ask the client for progress under `token`. Raises asyncio.TimeoutError when it does not answer."""
        await asyncio.wait_for(super().create_async(token), CREATE_TIMEOUT_S)

    def end(self, token: types.ProgressToken, value: types.WorkDoneProgressEnd) -> None:
        """Tell the end of the work and free the token."""
        super().end(token, value)
        self.free(token)

    def free(self, token: types.ProgressToken) -> None:
        """Forget a token, known or not."""
        self.tokens.pop(token, None)

    def cancel(self, token: types.ProgressToken) -> None:
        """The client wants the work behind `token` ended; an unknown token is an ordinary late arrival."""
        future = self.tokens.get(token)
        if future is not None:
            future.cancel()
