"""The engine for notebooks: a cell is read, asked for and judged below the code cells above it.

Names that an earlier cell defines resolve, and the model sees them; what comes back is an edit of the cell alone. For a
document that is no cell everything is as `Engine` has it. Which cells stand above is for whoever knows the notebook.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from glosswright_server.documents import Snapshot
from glosswright_server.engine.engine import Engine
from glosswright_server.engine.pause import Current
from glosswright_server.engine.suggestion import ImportEdit, Suggestion
from glosswright_server.intent.model import Intent

MOST_ABOVE_CHARS = 100_000
"""So much of the cells above is read, the nearest first, whole cells only."""
_SEPARATOR = "\n\n\n"
"""Between cells: nothing that ends one may go on in the next."""
_MAGIC = re.compile(r"^[%!].*$", re.MULTILINE)
_CELL_MAGIC = re.compile(r"\s*%%(?!(?:time|timeit|capture|prun)\b)")
_MAGIC_LANGUAGES = frozenset({"python"})

Above = Callable[[str], Sequence[Snapshot]]
"""The code cells above the one of this URI, from the top."""


@dataclass(frozen=True, kw_only=True)
class _InNotebook(Snapshot):
    """A cell with the code above it, as one text."""


class NotebookEngine(Engine):
    """An engine whose documents may be cells. Offsets that it takes and gives are the cell's own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As `Engine`."""
        super().__init__(*args, **kwargs)
        self.is_cell: Callable[[str], bool] = lambda uri: False
        self.above: Above = lambda uri: ()
        """Both are set by whoever knows the notebooks."""

    async def inline(self, snapshot: Snapshot, offset: int, *, by_hand: bool, current: Current) -> Suggestion | None:
        """See `Engine`."""
        read = self._read(snapshot)
        if read is None:
            return None
        whole, begin = read
        return _in_cell(snapshot, begin, await super().inline(whole, offset + begin, by_hand=by_hand, current=current))

    async def completion(self, snapshot: Snapshot, offset: int, *, current: Current) -> Suggestion | None:
        """See `Engine`."""
        read = self._read(snapshot)
        if read is None:
            return None
        whole, begin = read
        return _in_cell(snapshot, begin, await super().completion(whole, offset + begin, current=current))

    def actions(self, snapshot: Snapshot, start: int, end: int) -> tuple[Intent, ...]:
        """See `Engine`."""
        read = self._read(snapshot)
        if read is None:
            return ()
        whole, begin = read
        found = super().actions(whole, start + begin, end + begin)
        return tuple(_moved(intent, -begin) for intent in found if intent.start >= begin)

    async def alternatives(self, snapshot: Snapshot, intent: Intent, **options: Any) -> tuple[Suggestion, ...]:
        """See `Engine`."""
        # From within, a cell comes with what stands above it already.
        read = (snapshot, 0) if isinstance(snapshot, _InNotebook) else self._read(snapshot)
        if read is None:
            return ()
        whole, begin = read
        found = await super().alternatives(whole, _moved(intent, begin), **options)
        if not begin:
            return found
        in_cell = (_in_cell(snapshot, begin, one) for one in found)
        return tuple(replace(one, intent=intent) for one in in_cell if one is not None)

    def edited(self, uri: str, snapshot: Snapshot | None, cursor: int | None) -> None:
        """See `Engine`."""
        read = self._read(snapshot) if snapshot is not None else None
        if read is None or cursor is None:
            super().edited(uri, snapshot, cursor)
        else:
            super().edited(uri, read[0], cursor + read[1])

    def _read(self, snapshot: Snapshot) -> tuple[Snapshot, int] | None:
        """A document as it is read, and where it begins in that; None for a cell that is not in its own language."""
        if not self.is_cell(snapshot.uri):
            return snapshot, 0
        if _is_foreign(snapshot):
            return None
        above = ""
        for cell in reversed(self.above(snapshot.uri)):
            if cell.language_id != snapshot.language_id or _is_foreign(cell):
                continue
            text = _without_magic(cell) + _SEPARATOR
            if len(above) + len(text) > MOST_ABOVE_CHARS:
                break
            above = text + above
        if snapshot.eol != "\n":
            above = above.replace("\r\n", "\n").replace("\n", snapshot.eol)
        whole = _InNotebook(
            uri=snapshot.uri,
            language_id=snapshot.language_id,
            version=snapshot.version,
            text=above + _without_magic(snapshot),
            encoding=snapshot.encoding,
            indent_unit=snapshot.indent_unit,
            revision=snapshot.revision,
        )
        return whole, len(above)


def _moved(intent: Intent, by: int) -> Intent:
    return replace(intent, start=intent.start + by, end=intent.end + by) if by else intent


def _is_foreign(cell: Snapshot) -> bool:
    """Whether a cell hands its text to something else (`%%bash`)."""
    return cell.language_id in _MAGIC_LANGUAGES and _CELL_MAGIC.match(cell.text) is not None


def _without_magic(cell: Snapshot) -> str:
    """The text with IPython's own lines (`%matplotlib inline`, `!pip list`) as blanks of the same length."""
    if cell.language_id not in _MAGIC_LANGUAGES:
        return cell.text
    return _MAGIC.sub(lambda line: " " * len(line[0].rstrip("\r")) + "\r" * line[0].endswith("\r"), cell.text)


def _in_cell(cell: Snapshot, begin: int, suggestion: Suggestion | None) -> Suggestion | None:
    """The suggestion as an edit of the cell; None where it would touch what stands above.

    Its intent stays as it was read: it is by the intent that one suggestion is known again.
    """
    if suggestion is None or not begin:
        return suggestion
    if suggestion.start < begin:
        return None
    start, end = suggestion.start - begin, suggestion.end - begin
    others = (_in_cell(cell, begin, one) for one in suggestion.others)
    moved = replace(suggestion, start=start, end=end, others=tuple(one for one in others if one is not None))
    if suggestion.import_edit is None:
        return moved
    from glosswright_server.verify.imports import import_edit

    # At the top of the cell, not of the notebook.
    edit = import_edit(cell.text, suggestion.intent.language, suggestion.verdict.imports, gap=(start, end))
    return replace(moved, import_edit=None if edit is None else ImportEdit(at=edit[0], text=edit[1]))
