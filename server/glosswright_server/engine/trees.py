"""The last syntax tree of each document, so that a keystroke costs an incremental parse. It holds no document state."""

from __future__ import annotations

from collections import OrderedDict

from glosswright_server.documents import Snapshot
from glosswright_server.intent.languages import Language
from glosswright_server.intent.tree import Tree, parse

_KEPT = 32
"""Trees kept; a tree of 5,000 lines takes a few megabytes."""


class Trees:
    """Least recently used trees by document."""

    def __init__(self) -> None:
        self._trees: OrderedDict[str, Tree] = OrderedDict()

    def of(self, snapshot: Snapshot, language: Language) -> Tree:
        """The tree of this snapshot; a parse of the changed part only, where the document was parsed before."""
        tree = parse(snapshot.text, language, self._trees.get(snapshot.uri))
        self._trees[snapshot.uri] = tree
        self._trees.move_to_end(snapshot.uri)
        if len(self._trees) > _KEPT:
            self._trees.popitem(last=False)
        return tree

    def forget(self, uri: str) -> None:
        """Drop the tree of a closed document."""
        self._trees.pop(uri, None)
