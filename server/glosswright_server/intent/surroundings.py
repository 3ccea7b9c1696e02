"""What the syntax tree says about the place of an intent, as plain data: function, class, imports, names in scope."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One parameter of a function as its header declares it."""

    name: str
    type: str = ""
    default: str = ""
    kind: str = "positional"
    """"positional", "positional-only", "keyword-only", "rest" (`*args`, `...xs`) or "keywords" (`**kwargs`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where the answer to an intent will stand."""

    function: str = ""
    """Name of the function whose body is asked for or which encloses the place; "" outside functions."""
    arguments: tuple[Argument, ...] = ()
    returns: str = ""
    """Return annotation."""
    decorators: tuple[str, ...] = ()
    is_async: bool = False
    is_method: bool = False
    class_name: str = ""
    bases: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    """Attributes of the enclosing class: declared, or assigned through `self`/`this`."""
    methods: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    """Import statements in force, as written."""
    names: frozenset[str] = frozenset()
    """Names bound at module level, in enclosing functions and as parameters."""
