"""`glosswright/status`: what a status line shows, as a notification and as a request.

`{state, message, model, percentage?, paused, pausedLanguages, enabled, disabledLanguages}` with state one of "off",
"starting", "downloading", "loading", "ready", "generating", "error"; `percentage` (0-100) only while downloading. The
notification is sent only to clients that ask for it with the initialization option `"statusNotifications": true`:
others may log each notification they do not know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from .offering import Offering
from .server_base import ServerBase

METHOD = "glosswright/status"


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of the model, or why it is not wanted."""

    state: str
    message: str = ""
    model: str = ""
    percentage: int | None = None


NOT_STARTED = Status("off", "the model is started when it is needed first")


class StatusLine:
    """Sends the status whenever it changes, to a client that asked for it."""

    def __init__(self, server: ServerBase, offering: Offering) -> None:
        self._server = server
        self._offering = offering
        self.wanted = False
        self.listeners: list[Callable[[Status], None]] = []
        """Told every change: dialects say it in other words."""
        self._model = NOT_STARTED
        self._last: dict[str, Any] = {}
        self._introduced = False
        offering.on_changed.append(self.refresh)

    @property
    def current(self) -> Status:
        """The status now: a pause hides what the model does."""
        settings = self._offering.settings
        if not settings.enabled:
            return Status("off", "switched off by the setting `enabled`", self._model.model)
        if self._offering.paused:
            return Status("off", "paused for this session", self._model.model)
        return self._model

    def show(self, status: Status) -> None:
        """The model is in another state."""
        self._model = status
        self.refresh()

    def payload(self) -> dict[str, Any]:
        """The status as it is sent."""
        offering = self._offering
        known = {key: value for key, value in asdict(self.current).items() if value is not None}
        return {
            **known,
            "paused": offering.paused,
            "pausedLanguages": sorted(offering.paused_languages),
            "enabled": offering.settings.enabled,
            "disabledLanguages": list(offering.settings.disabled_languages),
        }

    def refresh(self) -> None:
        """Tell what is new, if something is."""
        payload = self.payload()
        # Before it has said `initialized` a client is told nothing (LSP 3.17, "Initialize Request").
        if not self._introduced or payload == self._last:
            return
        self._last = payload
        if self.wanted:
            self._server.notify(METHOD, payload)
        for listener in self.listeners:
            listener(self.current)

    def introduce(self) -> None:
        """Tell where things stand: the client may be told things from now on."""
        self._introduced = True
        self.refresh()
