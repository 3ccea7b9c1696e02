"""`glosswright/status`: one notification for clients that show a status line.

Params: `{state, message, model, percentage}` with state one of "off", "starting", "downloading", "loading", "ready",
"generating", "error"; `percentage` (0-100) only while downloading. It is sent only to clients that ask for it with the
initialization option `"statusNotifications": true`: others may log each notification they do not know.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from .server_base import ServerBase

METHOD = "glosswright/status"


@dataclass(frozen=True, slots=True)
class Status:
    """What a status line shows."""

    state: str
    message: str = ""
    model: str = ""
    percentage: int | None = None


class StatusLine:
    """Sends the status whenever it changes, to a client that asked for it."""

    def __init__(self, server: ServerBase) -> None:
        self._server = server
        self.wanted = False
        self._last: Status | None = None

    @property
    def current(self) -> Status | None:
        """What was said last."""
        return self._last

    def show(self, status: Status) -> None:
        """Tell the client, unless it knows already."""
        if status == self._last:
            return
        self._last = status
        if self.wanted:
            self._server.notify(METHOD, {key: value for key, value in asdict(status).items() if value is not None})
