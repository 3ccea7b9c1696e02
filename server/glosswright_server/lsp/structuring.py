"""From plain JSON parameters to lsprotocol's types, as far as the method can do without what does not fit.

Newer clients send enum values, and sloppy ones types, that lsprotocol refuses. What does not fit and is optional is
dropped (an unknown `SymbolKind` in the capabilities, a malformed `workDoneToken`); what does not fit and is required
makes the parameters invalid. Nothing is invented, with one exception: inline completion as clients spoke it before
LSP 3.18 was final. The texts of documents do not pass through here; see `text_sync`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from cattrs import AttributeValidationNote, Converter, IterableValidationNote
from lsprotocol import types

from glosswright_server.errors import GlosswrightError

_MAX_REPAIRS = 50
"""So many rounds of dropping what does not fit; each round drops all that the one before found."""

_Path = tuple[str | int, ...]


class InvalidParams(GlosswrightError):
    """The parameters lack something required, or hold it in a form that cannot be read."""


class Structurer:
    """Structures what one client sends."""

    def __init__(self, converter: Converter) -> None:
        self._converter = converter
        self._counts_from_zero = False

    def params(self, method: str, raw: Any) -> Any:
        """`raw` as the parameter type of `method`; unchanged for a method without one. Raises InvalidParams."""
        entry = types.METHOD_TO_TYPES.get(method)
        params_type = entry[2] if entry is not None else None
        if not isinstance(params_type, type):
            return raw
        if raw is None:
            raw = {}  # equal to leaving it out, which is fine where nothing is required
        if not isinstance(raw, dict):
            raise InvalidParams("params must be an object")
        if method == types.TEXT_DOCUMENT_INLINE_COMPLETION:
            raw = self._standard_trigger(raw)
        return self.value(raw, params_type)

    def value(self, raw: Any, wanted: Any) -> Any:
        """`raw` as the lsprotocol type `wanted`, less what is optional and does not fit. Raises InvalidParams."""
        try:
            try:
                return self._converter.structure(raw, wanted)
            except Exception as error:
                return self._repaired(raw, wanted, error)
        except RecursionError:
            raise InvalidParams("params are nested too deeply") from None

    def _repaired(self, raw: Any, wanted: Any, error: Exception) -> Any:
        raw = copy.deepcopy(raw)
        first = min(_failing_paths(error), key=len, default=())
        refusal = InvalidParams(f"missing or invalid: {_dotted(first)}" if first else "params do not fit the method")
        for _ in range(_MAX_REPAIRS):
            # From the back, so that dropping one element of a list does not move the others.
            for path in sorted(set(_failing_paths(error)), key=_document_order, reverse=True):
                if not _drop(raw, path):
                    raise refusal from None
            try:
                return self._converter.structure(raw, wanted)
            except Exception as again:
                error = again
        raise refusal from None

    def _standard_trigger(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Inline completion parameters with the trigger kinds of LSP 3.18 (1 invoked, 2 automatic).

        Clients built on drafts count from 0, as can be told once one has sent a 0; some send no context at all.
        """
        context = raw.get("context")
        if not isinstance(context, dict):
            context = {}
        kind = context.get("triggerKind")
        if kind == 0:
            self._counts_from_zero = True
        elif kind == 2:
            self._counts_from_zero = False
        invoked, automatic = types.InlineCompletionTriggerKind.Invoked, types.InlineCompletionTriggerKind.Automatic
        if kind == 2 or (kind == 1 and self._counts_from_zero):
            standard = automatic
        else:
            standard = invoked
        return {**raw, "context": {**context, "triggerKind": standard.value}}


def _failing_paths(error: BaseException, prefix: _Path = ()) -> Iterator[_Path]:
    """Where, in JSON, each thing stands that cattrs could not structure."""
    path = prefix
    for note in reversed(getattr(error, "__notes__", [])):
        if isinstance(note, AttributeValidationNote):
            path += (_camel_case(note.name),)
        elif isinstance(note, IterableValidationNote):
            path += (note.index,)
    causes = getattr(error, "exceptions", ())
    for cause in causes:
        yield from _failing_paths(cause, path)
    if not causes:
        yield path


def _drop(raw: Any, path: _Path) -> bool:
    """Remove what stands at `path`, or, where it is missing already, what it is missing from; False at the root."""
    if not path:
        return False
    holder = raw
    try:
        for step in path[:-1]:
            holder = holder[step]
        del holder[path[-1]]
    except (KeyError, IndexError, TypeError):
        return _drop(raw, path[:-1])
    return True


def _document_order(path: _Path) -> list[tuple[bool, str, int]]:
    return [(isinstance(step, int), "", step) if isinstance(step, int) else (False, step, 0) for step in path]


def _dotted(path: _Path) -> str:
    return ".".join(str(step) for step in path)


def _camel_case(name: str) -> str:
    """The JSON key of an lsprotocol attribute, by lsprotocol's own rule."""
    first, *rest = name.removesuffix("_").split("_")
    return first + "".join(word.title() for word in rest)
