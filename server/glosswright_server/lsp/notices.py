"""What the user is told with `window/showMessage`: each thing once, until it has been well in between."""

from __future__ import annotations

import logging

from lsprotocol import types

from .server_base import ServerBase

logger = logging.getLogger(__name__)


class Notices:
    """Messages of one server."""

    def __init__(self, server: ServerBase) -> None:
        self._server = server
        self._told: set[str] = set()

    def warn(self, topic: str, message: str) -> None:
        """Show a warning, unless the same `topic` was shown and has not been cleared since."""
        if topic in self._told:
            logger.debug("not told again: %s", message)
            return
        self._told.add(topic)
        warning = types.ShowMessageParams(types.MessageType.Warning, f"Glosswright: {message}")
        self._server.notify(types.WINDOW_SHOW_MESSAGE, warning)

    def clear(self, topic: str) -> None:
        """What `topic` warned of is over: a new occurrence is worth a new message."""
        self._told.discard(topic)
