"""Which pair is for training and which for testing, so that a test never shows what training has seen.

A file goes into one split as a whole, by a hash of its path: the same file lands in the same split whatever else is
mined. Where pairs of one near-duplicate cluster would land in different splits, those outside the first of train, dev
and test are dropped: test and dev get smaller, but nothing in them is known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from glosswright_model.data.pairs import SPLITS, Split
from glosswright_model.errors import DataError


def split_of(name: str, *, dev: float, test: float, seed: int) -> Split:
    """The split of a file by its name. Raises DataError for shares that leave nothing to train on."""
    if not (dev >= 0 and test >= 0 and dev + test < 1):
        raise DataError("the shares of dev and test must be 0 or more, and together less than 1")
    digest = hashlib.sha256(f"{seed}\0{name}".encode("utf-8", "surrogatepass")).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    return "test" if place < test else "dev" if place < test + dev else "train"


def without_leaks(splits: Sequence[Split], clusters: Sequence[int]) -> list[bool]:
    """For each pair whether it stays: no cluster is left in two splits."""
    first: dict[int, int] = {}
    for split, cluster in zip(splits, clusters, strict=True):
        first[cluster] = min(SPLITS.index(split), first.get(cluster, len(SPLITS)))
    return [SPLITS.index(split) == first[cluster] for split, cluster in zip(splits, clusters, strict=True)]
