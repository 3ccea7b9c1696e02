"""The texts that people leave where code is to come: placeholders, TODOs and docstrings. Texts only, no trees."""

from __future__ import annotations

import re


def is_placeholder(statement: str) -> bool:
    """Whether a statement stands for a body that is not written yet (`pass`, `todo!()`, `panic("not implemented")`)."""
    return _PLACEHOLDER.fullmatch(statement.strip()) is not None


def is_todo(text: str) -> bool:
    """Whether a comment's text marks work to be done ("TODO: sort", "your code here")."""
    return _TODO.match(text) is not None


def without_todo(text: str) -> str:
    """A comment's text without "TODO:" at the start of its lines; "" when nothing else is said."""
    said = []
    for line in text.split("\n"):
        todo = _TODO.match(line)
        wish = line if todo is None else line[todo.end() :].strip(" :-")
        if todo is None or (wish and not _VAGUE.match(wish)):
            said.append(wish)
    return "\n".join(said).strip("\n")


def docstring_text(raw: str) -> str:
    """What a docstring says: without quotes and margin (PEP 257)."""
    bare = re.sub(r"^[a-zA-Z]{0,2}(\"\"\"|'''|\"|')", "", raw)
    bare = re.sub(r"(\"\"\"|'''|\"|')$", "", bare)
    first, *rest = [line.expandtabs().rstrip() for line in re.split(r"\r\n|\r|\n", bare)]
    margin = min((len(line) - len(line.lstrip()) for line in rest if line), default=0)
    return "\n".join([first.strip(), *(line[margin:] for line in rest)]).strip("\n ")


_UNDONE = (
    r"(?:[^\"'`]*(?:not\s+(?:yet\s+)?implemented|unimplemented|implement\s+me)[^\"'`]*|\s*todo(?:\s*[:.!(-][^\"'`]*)?)"
)
_PLACEHOLDER = re.compile(
    rf"""pass | \.\.\. | ; | :
    | raise\s+NotImplementedError\b.*
    | throw\s*(?:new\s+)?[\w.:]*(?:Unsupported|NotImplemented|NotSupported)\w*\s*\(.*\)\s*;?
    | throw\s*(?:new\s+)?[\w.:]+\s*\(\s*["'`]{_UNDONE}["'`]\s*\)\s*;?
    | (?:todo|unimplemented)!\s*[(\[{{].*[)\]}}]\s*;?
    | panic!?\s*\(\s*"{_UNDONE}"\s*\)\s*;?
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)

_TODO = re.compile(
    r"\s*(?:(?:TODO|FIXME|XXX|HACK)\b(?:\([^)]*\))?\s*[:：]?|(?:your|add|insert|put|write)\s+(?:your\s+)?(?:code|implementation)"
    r"(?:\s+(?:goes\s+)?here)?\s*\.*$|not\s+(?:yet\s+)?implemented\s*\.*$|implement(?:\s+(?:me|this|here))?\s*\.*$|待办[:：]?|待实现)",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"(?:implement(?:\s+(?:me|this|it|here|later))?|fill\s+(?:me\s+)?in|write\s+this|later|实现)\W*$", re.IGNORECASE
)
