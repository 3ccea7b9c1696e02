"""pygls' work done progress, with tokens that are given back. What is shown while is for the features to say."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from lsprotocol import types
from pygls.progress import Progress


class WorkDoneProgress(Progress):
    """`tokens[token]` is a future that the client cancels with `window/workDoneProgress/cancel`; `end` frees it."""

    tokens: dict[types.ProgressToken, Future[Any]]

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
