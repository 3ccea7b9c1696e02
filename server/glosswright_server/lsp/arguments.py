"""The arguments of commands, which any client may send in any shape: read with suspicion, refused in words."""

from __future__ import annotations

from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

_LARGEST = 2**31 - 1
"""LSP 3.17, `uinteger`."""


def invalid(message: str) -> JsonRpcException:
    """The error that tells a client what is wrong with its arguments."""
    return JsonRpcException(message, types.ErrorCodes.InvalidParams.value)


def place_of(argument: Any) -> tuple[str, types.Position]:
    """`{"uri", "position"}` as a document and a place in it. Raises an invalid-params error."""
    place = argument if isinstance(argument, dict) else {}
    uri, position = place.get("uri"), place.get("position")
    if not isinstance(uri, str) or not isinstance(position, dict):
        raise invalid('the argument must be {"uri": …, "position": {"line": …, "character": …}}')
    return uri, _position(position)


def position_in(params: Any) -> types.Position:
    """The `position` of `{"textDocument", "position"}`, for requests that LSP does not have. Raises an invalid-params
    error."""
    fields = params if isinstance(params, dict) else {}
    document, position = fields.get("textDocument"), fields.get("position")
    if not isinstance(document, dict) or not isinstance(document.get("uri"), str) or not isinstance(position, dict):
        raise invalid('the parameters must hold {"textDocument": {"uri": …}, "position": {"line": …, "character": …}}')
    return _position(position)


def offer_in(arguments: Any) -> str | None:
    """The id of a suggestion in the arguments of a command: under `id`, or bare; None where there is none."""
    first = arguments[0] if isinstance(arguments, list) and arguments else None
    if isinstance(first, dict):
        first = first.get("id")
    return first if isinstance(first, str) else None


def token_in(params: Any) -> types.ProgressToken | None:
    """The client's `workDoneToken`; None where it sends none that can be one."""
    token = params.get("workDoneToken") if isinstance(params, dict) else None
    return token if isinstance(token, str) or type(token) is int else None


def _position(position: dict[str, Any]) -> types.Position:
    line, character = position.get("line"), position.get("character")
    # `type`, because true is an int to isinstance and a line to nobody.
    if any(type(number) is not int or not 0 <= number <= _LARGEST for number in (line, character)):
        raise invalid(f"`position` must hold a line and a character, both from 0 to {_LARGEST}")
    return types.Position(int(line or 0), int(character or 0))
