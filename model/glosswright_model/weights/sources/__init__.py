"""Where the bytes of a model may come from, one file each, behind the Protocol of `base`.

No source is trusted: each only delivers bytes, and the puller hashes them. No source writes to the cache.
"""

from __future__ import annotations

import os

from glosswright_model.weights.catalogue import HubFile, ModelEntry
from glosswright_model.weights.sources.base import Chunk, Source
from glosswright_model.weights.sources.hub import HubSource
from glosswright_model.weights.sources.index import IndexSource
from glosswright_model.weights.sources.mirror import mirror_source

__all__ = ["MIRROR_VARIABLE", "Chunk", "HubSource", "IndexSource", "Source", "mirror_source", "sources_of"]

MIRROR_VARIABLE = "GLOSSWRIGHT_WEIGHTS_MIRROR"


def sources_of(entry: ModelEntry) -> tuple[Source, ...]:
    """The sources to try for `entry`, in order: the user's mirror when there is one, then those of the catalogue."""
    sources: list[Source] = []
    mirror = os.environ.get(MIRROR_VARIABLE)
    if mirror:
        sources.append(mirror_source(entry, mirror))
    for spec in entry.sources:
        source: Source = HubSource(entry, spec) if isinstance(spec, HubFile) else IndexSource(entry, spec)
        sources.append(source)
    return tuple(sources)
