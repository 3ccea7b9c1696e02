"""Open documents: the text as the client has it, edit by edit, handed out as immutable snapshots.

`DocumentStore` is the one place that changes; `Snapshot` is what everything else reads. Nothing here knows the wire
format of LSP, reads a file or waits for anything: a document that the client has not opened does not exist.
"""

from __future__ import annotations

from .positions import Position, PositionEncoding
from .snapshot import Snapshot
from .store import Change, ChangeOutcome, DocumentStore, DocumentView, Unusable

__all__ = [
    "Change",
    "ChangeOutcome",
    "DocumentStore",
    "DocumentView",
    "Position",
    "PositionEncoding",
    "Snapshot",
    "Unusable",
]
