"""The texts that people leave where code is to come: placeholders, TODOs and docstrings. Texts only, no trees."""

from __future__ import annotations

import ast
import re
import warnings


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
    r"""What a docstring says: without quotes and margin (PEP 257), with its escapes read as Python reads them.

    Only what would be a control character stays as it is written between triple quotes: `f("a\nb")` in a docstring
    without an `r` before it is meant as the code it looks like.
    """
    opening = _OPENING.match(raw)
    prefix, quotes = (opening[1].lower(), opening[2]) if opening else ("", "")
    bare = raw[opening.end() :] if opening else raw
    bare = re.sub(r"(\"\"\"|'''|\"|')$", "", bare)
    if opening and not set(prefix) & set("rfbt") and "\\" in bare:
        bare = _ESCAPE.sub(lambda escape: _meant(escape[0], keeps_controls=len(quotes) == 3), bare)
    first, *rest = [line.expandtabs().rstrip() for line in re.split(r"\r\n|\r|\n", bare)]
    margin = min((len(line) - len(line.lstrip()) for line in rest if line), default=0)
    return "\n".join([first.strip(), *(line[margin:] for line in rest)]).strip("\n ")


def _meant(escape: str, *, keeps_controls: bool) -> str:
    """The text of one escape sequence; the sequence itself where Python knows none such."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `\\d`: the author's business
            text = str(ast.literal_eval(f'"""{escape}"""'))
    except (SyntaxError, ValueError):
        return escape
    is_kept = text.isprintable() or (text in ("\n", "\t") and not keeps_controls)
    return text if is_kept else escape


_OPENING = re.compile(r"([a-zA-Z]{0,2})(\"\"\"|'''|\"|')")
_ESCAPE = re.compile(
    r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|N\{[A-Za-z0-9 \-]{1,90}\}|[0-7]{1,3}|\r\n|.)", re.DOTALL
)
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
