"""Whether anything is offered in a document, and if not, why: settings and what was paused for this session.

Every feature asks here before it reads a document for a model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from glosswright_server.documents import Snapshot
from glosswright_server.settings import Settings

from .server_base import ServerBase


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing is offered in a document."""

    reason: str
    """A word for programs: "disabled", "paused", "language", "excluded", or why there is no text ("tooLarge")."""
    detail: str
    """A phrase for people."""


class Offering:
    """The answers for one client."""

    def __init__(self, server: ServerBase) -> None:
        self._server = server
        self.settings = Settings()
        self.paused = False
        """All languages, for this session."""
        self.paused_languages: set[str] = set()
        """Single ones, for this session."""
        self.on_changed: list[Callable[[], None]] = []
        """Called when an answer may have become another."""

    async def why_not(self, snapshot: Snapshot) -> Refusal | None:
        """Why nothing is offered in this document; None where something is."""
        return self._switched_off(snapshot.language_id)

    def known(self, uri: str) -> Refusal | None:
        """The same of an open document without waiting, as far as is known."""
        documents = self._server.documents
        snapshot = documents.get(uri)
        if snapshot is None:
            unusable = documents.why_not(uri)
            return Refusal(_camel(unusable.name), unusable.value) if unusable is not None else None
        return self._switched_off(snapshot.language_id)

    def changed(self) -> None:
        """Settings, a pause or the documents have changed."""
        for listener in self.on_changed:
            listener()

    def _switched_off(self, language_id: str) -> Refusal | None:
        if not self.settings.enabled:
            return Refusal("disabled", "switched off by the setting `enabled`")
        if self.paused:
            return Refusal("paused", "paused for this session")
        if language_id in self.settings.disabled_languages:
            return Refusal("language", f"switched off for {language_id} by the setting `disabledLanguages`")
        if language_id in self.paused_languages:
            return Refusal("paused", f"paused for {language_id} in this session")
        return None


def _camel(name: str) -> str:
    first, *rest = name.lower().split("_")
    return first + "".join(word.title() for word in rest)
