"""Whether anything is offered in a document, and if not, why: settings, pauses and what the user has excluded.

Every feature asks here before it reads a document for a model. What is refused is told quietly: to clients that show a
status, as `glosswright/documentStatus`; to others, for an excluded document, as one line of their log.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lsprotocol import types

from glosswright_server.documents import Snapshot
from glosswright_server.settings import Settings

from .excluding import Excluding
from .server_base import ServerBase

METHOD = "glosswright/documentStatus"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing is offered in a document."""

    reason: str
    """A word for programs: "disabled", "paused", "language", "excluded", or why there is no text ("tooLarge")."""
    detail: str
    """A phrase for people."""


class Offering:
    """The answers for one client."""

    def __init__(self, server: ServerBase, excluding: Excluding) -> None:
        self._server = server
        self._excluding = excluding
        self._told: dict[str, Refusal | None] = {}
        self.settings = Settings()
        self.tells = False
        """Whether the client wants to know of single documents."""
        self.paused = False
        """All languages, for this session."""
        self.paused_languages: set[str] = set()
        """Single ones, for this session."""
        self.on_changed: list[Callable[[], None]] = []
        """Called when an answer may have become another."""
        self.on_refused: Callable[[str], None] = lambda uri: None
        """Called when a document is refused that was not before: whatever is made of its text ends."""

    async def why_not(self, snapshot: Snapshot) -> Refusal | None:
        """Why nothing is offered in this document; None where something is."""
        refusal = self._switched_off(snapshot.language_id)
        notebook = self._server.notebooks.notebook_of(snapshot.uri)
        for uri in (snapshot.uri, notebook) if notebook is not None else (snapshot.uri,):
            if refusal is None and (why := await self._excluding.why(uri, snapshot.language_id)):
                refusal = Refusal("excluded", why)
        self._tell(snapshot.uri, refusal)
        return refusal

    def known(self, uri: str) -> Refusal | None:
        """The same of an open document without waiting, as far as is known."""
        documents = self._server.documents
        snapshot = documents.get(uri)
        if snapshot is None:
            unusable = documents.why_not(uri)
            return Refusal(_camel(unusable.name), unusable.value) if unusable is not None else None
        refusal = self._switched_off(snapshot.language_id)
        notebook = self._server.notebooks.notebook_of(uri)
        if refusal is None and (why := self._excluding.known(uri) or self._excluding.known(notebook or uri)):
            refusal = Refusal("excluded", why)
        return refusal

    async def look_at(self, uri: str) -> dict[str, Any]:
        """The status of a document, as it is sent."""
        snapshot = self._server.documents.get(uri)
        refusal = await self.why_not(snapshot) if snapshot is not None else self.known(uri)
        self._tell(uri, refusal)
        return _payload(uri, refusal, snapshot.language_id if snapshot is not None else "")

    async def look_at_all(self) -> None:
        """Look at every open document again."""
        for uri in self._server.documents.view().uris():
            await self.look_at(uri)

    def changed(self) -> None:
        """Settings, a pause, ignore files or the documents have changed."""
        for listener in self.on_changed:
            listener()

    def closed(self, uri: str) -> None:
        """A document was closed."""
        self._told.pop(uri, None)
        self._excluding.forget(uri)

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

    def _tell(self, uri: str, refusal: Refusal | None) -> None:
        before = self._told.get(uri)
        if refusal == before or uri not in self._server.documents.view().uris():
            return
        self._told[uri] = refusal
        if refusal is not None:
            self.on_refused(uri)
        if self.tells:
            snapshot = self._server.documents.get(uri)
            self._server.notify(METHOD, _payload(uri, refusal, snapshot.language_id if snapshot is not None else ""))
        elif refusal is not None and refusal.reason == "excluded":
            message = f"nothing is offered in {uri}: {refusal.detail}"
            self._server.notify(types.WINDOW_LOG_MESSAGE, types.LogMessageParams(types.MessageType.Info, message))
        self.changed()


def _payload(uri: str, refusal: Refusal | None, language_id: str) -> dict[str, Any]:
    return {
        "uri": uri,
        "offered": refusal is None,
        "reason": refusal.reason if refusal is not None else "",
        "detail": refusal.detail if refusal is not None else "",
        "language": language_id,
    }


def _camel(name: str) -> str:
    first, *rest = name.lower().split("_")
    return first + "".join(word.title() for word in rest)
