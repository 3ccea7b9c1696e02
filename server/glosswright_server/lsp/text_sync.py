"""`textDocument/didOpen`, `didChange` and `didClose` from plain JSON into the document store.

LSP 3.17, "Text Document Synchronization". Strict where `structuring` is lenient: a text that was guessed is worse than
none, so an edit that cannot be read takes its document out of step. It reads the JSON itself because a library that
turns null into the text "None" will not do.
"""

from __future__ import annotations

import logging
from typing import Any

from glosswright_server.documents import Change, ChangeOutcome, DocumentStore, Position

logger = logging.getLogger(__name__)


def did_open(store: DocumentStore, params: Any) -> None:
    """Take up the document."""
    try:
        document = member(params, "textDocument", dict)
        uri = member(document, "uri", str)
        version = document.get("version")
        outcome = store.open(
            uri,
            str(document.get("languageId", "")),
            version if isinstance(version, int) else 0,
            member(document, "text", str),
        )
    except Unreadable as unreadable:
        logger.warning("ignored textDocument/didOpen: %s", unreadable)
    else:
        _log(uri, outcome)


def did_change(store: DocumentStore, params: Any) -> None:
    """Apply the edits, all or none."""
    try:
        document = member(params, "textDocument", dict)
        uri = member(document, "uri", str)
    except Unreadable as unreadable:
        logger.warning("ignored textDocument/didChange: %s", unreadable)
        return
    try:
        version = member(document, "version", int)
        changes = [_change(raw) for raw in member(params, "contentChanges", list)]
    except Unreadable as unreadable:
        outcome = store.refuse(uri, str(unreadable))
    else:
        outcome = store.change(uri, version, changes)
    _log(uri, outcome)


def did_close(store: DocumentStore, params: Any) -> None:
    """Forget the document."""
    try:
        store.close(member(member(params, "textDocument", dict), "uri", str))
    except Unreadable as unreadable:
        logger.warning("ignored textDocument/didClose: %s", unreadable)


class Unreadable(Exception):
    """A part of the parameters has not the type that LSP gives it."""


def member(holder: Any, name: str, kind: type) -> Any:
    """`holder[name]`, which must be of this type. Raises Unreadable."""
    value = holder.get(name) if isinstance(holder, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise Unreadable(f"{name} is missing or not of type {kind.__name__}")
    return value


def _change(raw: Any) -> Change:
    text = member(raw, "text", str)
    if raw.get("range") is None:
        return Change(None, text)
    span = member(raw, "range", dict)
    return Change((_position(span, "start"), _position(span, "end")), text)


def _position(span: dict[str, Any], name: str) -> Position:
    raw = member(span, name, dict)
    line, character = member(raw, "line", int), member(raw, "character", int)
    if line < 0 or character < 0:
        raise Unreadable("a negative position")
    return Position(line, character)


def _log(uri: str, outcome: ChangeOutcome) -> None:
    if outcome.report:
        logger.warning("no suggestions in %s until it is sent anew: %s", uri, outcome.why)
