"""What a docstring or comment promises about code, as plain data. No parsing happens here; see `intent.docs`.

A contract is read from words, so any part may be missing and any part may be wrong: it says what to check for, never
what is true.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class DocStyle(str, Enum):
    """How the documentation is written."""

    PLAIN = "plain"
    GOOGLE = "google"
    NUMPY = "numpy"
    SPHINX = "sphinx"
    JSDOC = "jsdoc"
    JAVADOC = "javadoc"
    RUSTDOC = "rustdoc"
    GODOC = "godoc"


class ExampleKind(str, Enum):
    """What an example says about its expression."""

    VALUE = "value"  # it equals `expected`, an expression
    PRINTS = "prints"  # it prints `expected`, text
    RAISES = "raises"  # it raises the exception that `expected` names
    HOLDS = "holds"  # it is true; `expected` is ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One checkable example, in the language of the code."""

    expression: str
    """What is evaluated, one expression in one line or several."""
    expected: str = ""
    """See `ExampleKind`; source text, never evaluated here."""
    kind: ExampleKind = ExampleKind.VALUE
    setup: str = ""
    """Statements that run before it, in the same session; "" for none."""
    session: int = 0
    """Examples of one session share names and run in order, as the lines of one `>>>` block do."""
    line: int = 0
    """Line in the documentation's text, from 0."""
    text: str = ""
    """The example as a person would say it, on one line: `add(1, 2) == 3`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One documented parameter."""

    name: str
    type: str = ""
    default: str = ""
    description: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What is documented to be returned or yielded."""

    type: str = ""
    description: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """An exception that is documented to be raised."""

    type: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """All that one docstring or comment says."""

    style: DocStyle = DocStyle.PLAIN
    summary: str = ""
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    returns: Result | None = None
    yields: Result | None = None
    raises: tuple[Raised, ...] = ()
    examples: tuple[Example, ...] = ()
    wishes: tuple[str, ...] = ()
    """Demands on how it is done, as written: "O(n log n)", "without recursion", "in place", "不使用循环"."""
    unreadable: tuple[str, ...] = ()
    """Examples that are there but cannot be read (unbalanced, say), each on one line: they are not checked."""
