"""What a completion item puts in for a client that passes over the item's edits or their ranges.

JupyterLab's client (jupyterlab-lsp 5.3) takes the `insertText` alone and puts it in behind the token at the cursor, or
in the token's place if the text begins with it; Kate (22.12) puts the text of the edit in the place of the word at the
cursor. So the text is what comes behind the cursor, imports and all, and what stands there already stays.
"""

from __future__ import annotations

from glosswright_server.documents import Snapshot
from glosswright_server.engine.suggestion import Suggestion


def text_behind(snapshot: Snapshot, offset: int, suggestion: Suggestion) -> str | None:
    """The text to put in at `offset`; None where none would do."""
    if offset != suggestion.end:
        return None
    before = snapshot.text[snapshot.line_start(snapshot.line_at(offset)) : offset]
    indent = before[: len(before) - len(before.lstrip())]
    stands = snapshot.text[suggestion.start : offset]
    eol = snapshot.eol
    if suggestion.text.startswith(stands):
        head, code = "", suggestion.text[len(stands) :]
    elif stands.strip():
        head, code = eol + indent, suggestion.text  # a placeholder: the code goes below it
    else:
        return None
    if code.startswith(eol):
        code = code[len(eol) :]
        indent = code[: len(code) - len(code.lstrip(" \t"))]
        head, code = head + eol + indent, code[len(indent) :]
    statements = suggestion.verdict.imports if suggestion.import_edit is not None else ()
    return head + "".join(statement + eol + indent for statement in statements) + code
