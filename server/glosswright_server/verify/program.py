"""A module that can be run by itself, made from the user's file with a candidate in place: what a sandbox is given.

It holds the candidate and what the candidate and its examples need of the file: imports, functions, classes, constants.
What the file *does* when it is started (calls, prints, `main()`, servers, argument parsing) is left out, and so are
docstrings and comments. Where leaving something out could make right code fail, the program says why it cannot be run
instead of letting an example fail. Nothing is run or imported here.
"""

from __future__ import annotations

from glosswright_server.intent.contract import Example
from glosswright_server.intent.model import Intent
from glosswright_server.intent.tree import MAX_PARSED
from glosswright_server.verify.program_javascript import javascript_program
from glosswright_server.verify.program_python import python_program
from glosswright_server.verify.sandbox.model import Program

_NAMES = {"typescript": "TypeScript", "tsx": "TypeScript"}


def program_for(
    text: str, intent: Intent, insertion: str, *, imports: tuple[str, ...] = (), examples: tuple[Example, ...] = ()
) -> Program:
    """The program of `insertion` in place of `text[intent.start:intent.end]`. Never raises.

    `imports` are import statements that the file lacks (`Verdict.imports`), put on top. `examples` are what the program
    is to be run with: the names they use are kept as well, and tell which of several definitions is meant.
    """
    language = intent.language
    if language not in ("python", "javascript"):
        why = f"Examples are run in Python and JavaScript only, not in {_NAMES.get(language, language)}."
        return Program(source="", language=language, why_not=why)
    if len(text) + len(insertion) > MAX_PARSED:
        return Program(source="", language=language, why_not="The file is too long to take a program from.")
    if language == "javascript":
        return javascript_program(text, intent, insertion, examples)
    return python_program(text, intent, insertion, imports, examples)
