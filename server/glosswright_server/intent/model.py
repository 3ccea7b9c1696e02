"""The values that say what the user asks for at one place of one document. Plain data: no parsing happens here.

All offsets are code point offsets into the document's text (Python `str` indices), never bytes and never UTF-16 units.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class IntentKind(str, Enum):
    """What is wanted."""

    COMMENT = "comment"  # code that does what a comment says
    BODY = "body"  # the body of a function that has none yet
    CONTINUE = "continue"  # go on with the code at the cursor
    NONE = "none"  # nothing: the cursor is inside a comment being typed, in a string, and so on


class Extent(str, Enum):
    """How far the answer reaches; shaping ends the stream there."""

    LINE = "line"  # to the end of the line
    STATEMENT = "statement"  # one whole statement (a compound one with its block)
    BLOCK = "block"  # statements on one indentation level, up to a dedent or a blank line
    BODY = "body"  # the whole body of one function


class Trigger(str, Enum):
    """How much the user wants an answer."""

    AUTOMATIC = "automatic"  # the editor asks after a keystroke; the user may be in mid-sentence
    PAUSED = "paused"  # the editor asked by itself, but the user has stopped typing
    EXPLICIT = "explicit"  # a key, a command, a code action, a completion list


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is asked for, and where the answer goes.

    The generated code replaces `text[start:end]`, is preceded by `lead` and followed by `tail`; `text[:start] + lead`
    is the exact left context of the model's first token, and `tail + text[end:]` its right context. `start` need not be
    the cursor: a placeholder on another line may be replaced, which inline suggestions (one line, the cursor's) cannot
    show.
    """

    kind: IntentKind
    language: str
    """Key of `languages.LANGUAGES` ("python", "typescript", ...), or "plain"."""
    extent: Extent
    start: int
    """Code point offset where the answer is put in."""
    end: int
    """Code point offset up to which existing text (a placeholder such as `pass` or `...`) is replaced; `>= start`."""
    lead: str = ""
    """White space before the generated code so that it stands where it must; line ends as in the file."""
    tail: str = ""
    """White space after the generated code so that what follows keeps its line, e.g. "\\n" before a closing brace."""
    indent: str = ""
    """Indentation, as it stands in the file, of the lines of the answer's outermost level."""
    request: str = ""
    """The natural-language text that asks for the code, comment markers and margins removed; "" for CONTINUE."""
    name: str = ""
    """The function's name, for BODY."""
    signature: str = ""
    """The function's header as it stands in the file, for BODY."""
    why: str = ""
    """One phrase for people: why this intent was read here ("cursor below a comment")."""

    @property
    def wanted(self) -> bool:
        """Whether anything should be generated at all."""
        return self.kind is not IntentKind.NONE
