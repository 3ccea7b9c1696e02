"""How a language is described to the miner: its files, and what its grammar calls the parts that pairs are made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MinedLanguage:
    """One language: its files, its grammar, and names of the grammar's nodes."""

    key: str
    module: str
    factory: str = "language"
    extensions: tuple[str, ...]
    """Lower case, with the dot; a whole file name has none."""
    aliases: tuple[str, ...] = ()
    """Other names by which a person may ask for it."""
    comments: frozenset[str] = frozenset({"comment"})
    functions: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    """The first word of a function, where nodes of the same type are other things too: `def` in Elixir."""
    parameters: frozenset[str] = frozenset()
    """A child that only functions have, where nodes of the same type are constants too: OCaml's `let`."""
    equations: bool = False
    """Whether a function is one or more siblings of one name, and what stands before them its signature: Haskell."""
    wrappers: frozenset[str] = frozenset()
    """Nodes that may stand around a function and belong to its text: decorators, exports, `const f = …`."""
    prefixes: frozenset[str] = frozenset()
    """Siblings that may stand between a comment and its function and belong to its text: attributes."""
    prefixed: frozenset[str] = frozenset()
    """Nodes that are functions below one of these prefixes, and statements without: Haskell's `f = g . h`."""
    body: frozenset[str] = frozenset()
    """Nodes that a function's body is in, one in the other, where the grammar has no `body` field."""
    inline: tuple[str, ...] = ()
    """The way down to a body that is a single expression: in Elixir, that of `def f(x), do: x`."""
    frame: frozenset[str] = frozenset()
    """Named parts of a function that do not belong to its body, where grammar has no node for the body alone."""
    body_last: frozenset[str] = frozenset()
    """Functions whose body is their last part, where the grammar has no name for it."""
    expressions: bool = False
    """Whether a mere expression is a body: `= a + b`."""
    blocks: frozenset[str] = frozenset()
    """Nodes whose children are statements."""
    bodies: frozenset[str] = frozenset()
    """Blocks that begin after a leading comment, which is then their sibling and not their child."""
    skipped: frozenset[str] = frozenset()
    """Siblings that are no statements worth a comment: imports, types, preprocessor lines."""
    continued: frozenset[str] = frozenset()
    """Siblings that are the rest of the statement before them: the text of a here document."""
    ends: str = ";"
    """What belongs to a statement and stands behind its node, as a regular expression."""
    docstrings: frozenset[str] = frozenset()
    """Strings that document the function when they are the first statement of its body."""
    docs_above: frozenset[str] = frozenset()
    """Nodes with a string in them that document a function below them: Julia's strings, Elixir's `@doc`."""
    doc_word: str = ""
    """How these nodes begin, where others have the same type."""
    docs_inside: tuple[str, ...] = ()
    """Signs of comments that document the function when they begin its body: MATLAB, PowerShell."""
    strays: bool = False
    """Whether the grammar may count a comment to the node before it."""
    enclosed: bool = True
    """Whether a function's body node includes its braces."""
