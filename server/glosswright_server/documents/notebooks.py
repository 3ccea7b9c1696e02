"""The notebooks that the client has open: which documents are their cells, and in which order.

A cell's text is a document like any other and lies in the document store. Here is only the order, kept in step as the
store keeps texts: a change that cannot be meant leaves a notebook without cells that are known, until it is opened
anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CODE = 2
"""Kind of a cell that holds code; 1 holds prose (LSP 3.17, `NotebookCellKind`)."""
MOST_CELLS = 20_000


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell by the document that holds its text."""

    uri: str
    kind: int


class NotebookStore:
    """All open notebooks. Belongs to the event loop."""

    def __init__(self) -> None:
        self._cells: dict[str, tuple[Cell, ...]] = {}
        self._notebook_of: dict[str, str] = {}

    def open(self, uri: str, cells: Sequence[Cell]) -> None:
        """Take up a notebook; opening an open one again replaces it."""
        self._put(uri, tuple(cells[:MOST_CELLS]))

    def splice(self, uri: str, start: int, deleted: int, cells: Sequence[Cell]) -> bool:
        """Put `cells` in the place of `deleted` ones from `start` on; whether that could be done."""
        before = self._cells.get(uri)
        if before is None or start < 0 or deleted < 0 or start + deleted > len(before):
            self.lose(uri)
            return False
        self._put(uri, (before[:start] + tuple(cells) + before[start + deleted :])[:MOST_CELLS])
        return True

    def lose(self, uri: str) -> None:
        """The order of the cells is not known any more: each stands for itself."""
        if uri in self._cells:
            self._put(uri, ())

    def close(self, uri: str) -> None:
        """Forget a notebook."""
        self._put(uri, ())
        self._cells.pop(uri, None)

    def notebook_of(self, cell: str) -> str | None:
        """The notebook that a document is a cell of."""
        return self._notebook_of.get(cell)

    def code_above(self, cell: str) -> tuple[str, ...]:
        """The documents of the code cells above this one, from the top; () for what is no cell."""
        notebook = self._notebook_of.get(cell)
        above: list[str] = []
        for one in self._cells.get(notebook, ()) if notebook is not None else ():
            if one.uri == cell:
                return tuple(above)
            if one.kind == CODE:
                above.append(one.uri)
        return ()

    def _put(self, uri: str, cells: tuple[Cell, ...]) -> None:
        for cell in self._cells.get(uri, ()):
            self._notebook_of.pop(cell.uri, None)
        self._cells[uri] = cells
        self._notebook_of.update((cell.uri, uri) for cell in cells)
