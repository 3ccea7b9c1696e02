"""Duplicates, exact and near, and clusters of pairs that are alike enough to leak from one split into another.

Near means a high Jaccard similarity of token shingles, estimated by MinHash with locality-sensitive hashing (Broder
1997; the `datasketch` library). A function is compared by its code alone, a short statement together with its comment:
`i += 1` below two different comments is two pairs.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from glosswright_model.data.pairs import Pair
from glosswright_model.errors import DataError

N_PERMUTATIONS = 64
DUPLICATE, ALIKE = 0.85, 0.6
"""Similarities from which a pair is a duplicate, and from which two pairs must not be in different splits."""
_SHINGLE = 3
_TOKEN = re.compile(r"\w+|[^\w\s]")


class Duplicates:
    """Pairs seen so far. Memory grows with the pairs that were kept: about 6 KB each."""

    def __init__(self, *, duplicate: float = DUPLICATE, alike: float = ALIKE) -> None:
        """Raises DataError where datasketch is not installed."""
        try:
            import datasketch
        except ImportError as error:
            raise DataError("finding near-duplicates needs datasketch: pip install 'glosswright[train]'") from error
        self._empty: Any = datasketch.MinHash(num_perm=N_PERMUTATIONS)
        self._duplicate, self._alike = duplicate, alike
        self._index: dict[str, Any] = {}

        def new_index() -> Any:
            return datasketch.MinHashLSH(threshold=alike, num_perm=N_PERMUTATIONS)

        self._new_index = new_index
        self._sketches: list[Any] = []
        self._exact: set[bytes] = set()
        self._cluster: list[int] = []

    def add(self, pair: Pair) -> str:
        """Keep a pair, or say why not: "exact" or "near". Kept pairs are numbered from 0."""
        digest = _digest(pair)
        if digest in self._exact:
            return "exact"
        self._exact.add(digest)
        # A body and the whole function that it is taken from are alike, and both are wanted.
        shelf = f"{pair.kind} {pair.language}"
        if shelf not in self._index:
            self._index[shelf] = self._new_index()
        index = self._index[shelf]
        sketch = self._empty.copy()
        sketch.update_batch(shingles(pair))
        alike: list[int] = []
        for number in index.query(sketch):
            similarity = sketch.jaccard(self._sketches[number])
            if similarity >= self._duplicate:
                return "near"
            if similarity >= self._alike:
                alike.append(number)
        number = len(self._sketches)
        index.insert(number, sketch)
        self._sketches.append(sketch)
        self._cluster.append(number)
        for other in alike:
            self._cluster[self._root(number)] = self._root(other)
        return ""

    def clusters(self) -> list[int]:
        """For each kept pair the number of its cluster."""
        return [self._root(number) for number in range(len(self._cluster))]

    def _root(self, number: int) -> int:
        while self._cluster[number] != number:
            self._cluster[number] = self._cluster[self._cluster[number]]
            number = self._cluster[number]
        return number


def shingles(pair: Pair) -> list[bytes]:
    """What two pairs are compared by: runs of three tokens, letters in lower case."""
    tokens = _TOKEN.findall(pair.target.lower())
    if pair.kind == "statement":
        tokens = [*_TOKEN.findall(pair.source.lower()), "\0", *tokens]
    if len(tokens) <= _SHINGLE:
        return [" ".join(tokens).encode()]
    runs = {" ".join(tokens[place : place + _SHINGLE]) for place in range(len(tokens) - _SHINGLE + 1)}
    return [run.encode() for run in sorted(runs)]


def _digest(pair: Pair) -> bytes:
    """Of what is equal but for white space."""
    text = "\0".join((pair.kind, pair.language, " ".join(pair.source.split()), " ".join(pair.target.split())))
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()
