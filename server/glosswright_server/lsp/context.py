"""What a handler gets besides its parameters: the world as it was when the message arrived."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from glosswright_server.documents import DocumentView, Snapshot

from .messages import MessageId


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Captured when the message was dispatched, before any later message could change a document."""

    method: str
    id: MessageId | None = None
    """The request's id; None for a notification."""
    raw: Any = field(default=None, repr=False)
    """The parameters as the client sent them, with the fields that lsprotocol drops."""
    documents: DocumentView = field(default_factory=DocumentView, repr=False)
    """Every open document, for requests that name theirs elsewhere (commands, `codeAction/resolve`)."""

    @property
    def uri(self) -> str | None:
        """`params.textDocument.uri`, or None where the parameters have none."""
        document = self.raw.get("textDocument") if isinstance(self.raw, dict) else None
        uri = document.get("uri") if isinstance(document, dict) else None
        return uri if isinstance(uri, str) else None

    @property
    def snapshot(self) -> Snapshot | None:
        """The document that `params.textDocument` names; None when there is none or no text to go by."""
        uri = self.uri
        return self.documents.get(uri) if uri is not None else None
