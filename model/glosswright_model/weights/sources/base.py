"""What a source is: a name, a reason not to ask it, and a stream of located bytes.

Each chunk says where in the file it belongs. So a source that cannot begin in the middle (a server without ranges, a
part that must be read from its start) needs no second protocol: its first chunk lies further back, and the puller
follows.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import NamedTuple, Protocol

from glosswright_model.weights.progress import Watch

CHUNK_BYTES = 1 << 20


class Chunk(NamedTuple):
    """Bytes of the file, and where they begin in it."""

    offset: int
    data: bytes


class Source(Protocol):
    """One way to get the bytes of one model."""

    @property
    def name(self) -> str:
        """In words for the user: "Hugging Face hub", "package index"."""

    def unavailable(self) -> str | None:
        """Why it is not worth asking here and now, in words for the user; None when it is. Asks no network."""

    def scratch_bytes(self) -> int:
        """Disk space it needs for a while beside the file itself, in bytes."""

    def stream(self, offset: int, watch: Watch, scratch: Path) -> Generator[Chunk, None, None]:
        """The file from `offset` on, without gaps; the first chunk may begin before `offset`.

        `scratch` is a folder that is its own as long as this file is not complete; it may not exist yet. Raises
        SourceUnavailable when the bytes cannot be had, HashMismatch when it can tell that they are others than those
        of the catalogue, PullCancelled through `watch`. Closing the generator ends all that was started for it.
        """
