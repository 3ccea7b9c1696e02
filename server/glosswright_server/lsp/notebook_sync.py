"""`notebookDocument/didOpen`, `didChange` and `didClose` from plain JSON into the two stores.

LSP 3.17, "Notebook Document Synchronization". The cells' texts go the way of every document, through `text_sync`; what
cannot be read of a notebook takes the order of its cells away, and that of a cell's text takes the cell out of step.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from glosswright_server.documents import DocumentStore
from glosswright_server.documents.notebooks import Cell, NotebookStore

from . import text_sync
from .text_sync import Unreadable, member

logger = logging.getLogger(__name__)


def did_open(notebooks: NotebookStore, documents: DocumentStore, params: Any) -> None:
    """Take up the notebook and the text of its cells."""
    try:
        notebook = member(params, "notebookDocument", dict)
        uri = member(notebook, "uri", str)
        notebooks.open(uri, [_cell(raw) for raw in member(notebook, "cells", list)])
    except Unreadable as unreadable:
        logger.warning("ignored notebookDocument/didOpen: %s", unreadable)
        return
    for item in _items(params, "cellTextDocuments"):
        text_sync.did_open(documents, {"textDocument": item})


def did_change(notebooks: NotebookStore, documents: DocumentStore, params: Any) -> None:
    """Apply a change of the order, then those of the texts."""
    try:
        uri = member(member(params, "notebookDocument", dict), "uri", str)
        change = member(params, "change", dict)
    except Unreadable as unreadable:
        logger.warning("ignored notebookDocument/didChange: %s", unreadable)
        return
    cells = change.get("cells")
    if not isinstance(cells, dict):
        return  # only metadata
    structure = cells.get("structure")
    if isinstance(structure, dict):
        # Before the texts of cells that go are forgotten, those that come are there.
        for item in _items(structure, "didOpen"):
            text_sync.did_open(documents, {"textDocument": item})
        try:
            array = member(structure, "array", dict)
            start, deleted = member(array, "start", int), member(array, "deleteCount", int)
            if not notebooks.splice(uri, start, deleted, [_cell(raw) for raw in _items(array, "cells")]):
                logger.warning("the order of the cells of %s is not known until it is opened anew", uri)
        except Unreadable as unreadable:
            notebooks.lose(uri)
            logger.warning("the order of the cells of %s is not known until it is opened anew: %s", uri, unreadable)
        for item in _items(structure, "didClose"):
            text_sync.did_close(documents, {"textDocument": item})
    for edited in text_changes(params):
        text_sync.did_change(documents, edited)


def did_close(notebooks: NotebookStore, documents: DocumentStore, params: Any) -> None:
    """Forget the notebook and the text of its cells."""
    try:
        notebooks.close(member(member(params, "notebookDocument", dict), "uri", str))
    except Unreadable as unreadable:
        logger.warning("ignored notebookDocument/didClose: %s", unreadable)
    for item in _items(params, "cellTextDocuments"):
        text_sync.did_close(documents, {"textDocument": item})


def text_changes(params: Any) -> list[dict[str, Any]]:
    """The changes of cells' texts in a `didChange`, each as the parameters of `textDocument/didChange`."""
    change = params.get("change") if isinstance(params, dict) else None
    cells = change.get("cells") if isinstance(change, dict) else None
    return [
        {"textDocument": one.get("document"), "contentChanges": one.get("changes")}
        for one in _items(cells, "textContent")
    ]


def opened_cells(params: Any) -> list[str]:
    """The URIs of the cells that a `didOpen` or `didChange` brings."""
    change = params.get("change") if isinstance(params, dict) else None
    cells = change.get("cells") if isinstance(change, dict) else None
    structure = cells.get("structure") if isinstance(cells, dict) else None
    return [*_uris(params, "cellTextDocuments"), *_uris(structure, "didOpen")]


def closed_cells(params: Any) -> list[str]:
    """The URIs of the cells that a `didClose` or `didChange` takes away."""
    change = params.get("change") if isinstance(params, dict) else None
    cells = change.get("cells") if isinstance(change, dict) else None
    structure = cells.get("structure") if isinstance(cells, dict) else None
    return [*(_uris(params, "cellTextDocuments") if change is None else ()), *_uris(structure, "didClose")]


def _uris(holder: Any, name: str) -> Iterator[str]:
    return (uri for item in _items(holder, name) if isinstance(uri := item.get("uri"), str))


def _items(holder: Any, name: str) -> list[dict[str, Any]]:
    found = holder.get(name) if isinstance(holder, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _cell(raw: Any) -> Cell:
    return Cell(member(raw, "document", str), member(raw, "kind", int))
