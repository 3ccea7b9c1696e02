"""The arguments of commands, which any client may send in any shape: read with suspicion, refused in words."""

from __future__ import annotations

from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException


def invalid(message: str) -> JsonRpcException:
    """The error that tells a client what is wrong with its arguments."""
    return JsonRpcException(message, types.ErrorCodes.InvalidParams.value)


def place_of(argument: Any) -> tuple[str, types.Position]:
    """`{"uri", "position"}` as a document and a place in it. Raises an invalid-params error."""
    place = argument if isinstance(argument, dict) else {}
    uri, position = place.get("uri"), place.get("position")
    if not isinstance(uri, str) or not isinstance(position, dict):
        raise invalid('the argument must be {"uri": …, "position": {"line": …, "character": …}}')
    line, character = position.get("line"), position.get("character")
    # `type`, because true is an int to isinstance and a line to nobody.
    if type(line) is not int or type(character) is not int or line < 0 or character < 0:
        raise invalid("`position` must hold a line and a character, both zero or more")
    return uri, types.Position(line, character)


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
