"""Python's lexical analysis, one byte at a time, on top of the recogniser: how a prefix of a program may go on.

After chapter 2 of the Python language reference, for what networks write: no tabs between tokens, no names beyond
ASCII, no form feeds, a backslash at the end of a line only where the statement has begun and cannot end, and no
f-strings, which would need a grammar within the lexer. All else is exact: a prefix is refused as soon as no program
begins with it.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from glosswright_model.decoding.grammar.python_syntax import KEYWORDS, OPERATORS
from glosswright_model.decoding.grammar.recognizer import END, Prefix, Recognizer

LINE_START = 64
"""No line is indented as far as this. What must stand on a line of its own is priced by it, for the shortest ending."""

NUMBER = re.compile(
    r"(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+"
    r"|(?:[1-9](?:_?[0-9])*|0(?:_?0)*)"
    r"|(?:[0-9](?:_?[0-9])*[jJ])"
    r"|(?:(?:[0-9](?:_?[0-9])*)?\.[0-9](?:_?[0-9])*|[0-9](?:_?[0-9])*\.)(?:[eE][-+]?[0-9](?:_?[0-9])*)?[jJ]?"
    r"|[0-9](?:_?[0-9])*[eE][-+]?[0-9](?:_?[0-9])*[jJ]?)"
)
_NUMBER_BEGINS = re.compile(
    r"0[xX](?:_?[0-9a-fA-F])*_?|0[bB](?:_?[01])*_?|0[oO](?:_?[0-7])*_?"
    r"|[0-9](?:_?[0-9])*_?|[0-9](?:_?[0-9])*[jJ]"
    r"|(?:[0-9](?:_?[0-9])*)?\.(?:[0-9](?:_?[0-9])*)?_?(?<!\._)"
    r"|(?:[0-9](?:_?[0-9])*|(?:[0-9](?:_?[0-9])*)?\.[0-9](?:_?[0-9])*|[0-9](?:_?[0-9])*\.)[eE][-+]?"
    r"(?:[0-9](?:_?[0-9])*)?_?(?<![-+eE]_)"
    r"|(?:(?:[0-9](?:_?[0-9])*)?\.[0-9](?:_?[0-9])*|[0-9](?:_?[0-9])*\.?)(?:[eE][-+]?[0-9](?:_?[0-9])*)?[jJ]"
)
_NUMBER_ENDS = ((0, ""), (1, "0"), (1, "."), (2, "0."))
"""Each beginning of a number becomes one with one of these, the shortest first."""
_PREFIXES = {"": "STRING", "r": "STRING", "u": "STRING", "b": "BYTES", "br": "BYTES", "rb": "BYTES"}
_OPERATORS_FROM = {
    op[:size]: [each for each in OPERATORS if each.startswith(op[:size])] for op in OPERATORS for size in (1, 2, 3)
}
_NAME_START = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_DIGITS = frozenset("0123456789")
_NAME = _NAME_START | _DIGITS
_HEX = frozenset("0123456789abcdefABCDEF")
_ESCAPE_DIGITS = {"x": 2, "u": 4, "U": 8}


def text_costs() -> dict[str, float]:
    """What each terminal costs in bytes, with a space behind what needs one: for the shortest ending of a text."""
    costs: dict[str, float] = {op: float(len(op)) for op in OPERATORS}
    costs |= {word: len(word) + 1.0 for word in KEYWORDS}
    costs |= {"NAME": 2.0, "NUMBER": 2.0, "STRING": 2.0, "BYTES": 3.0, "NEWLINE": 1.0, "DEDENT": 0.0, END: 1.0}
    for word in ("elif", "else", "except", "finally", "def", "class"):
        costs[word] += LINE_START
    costs["INDENT"] = LINE_START
    return costs


class Text(NamedTuple):
    """A prefix of a program's text, up to what matters for what may follow."""

    syntax: Prefix
    """Of the terminals that are complete."""
    mode: str = "line"
    """What the text is in the midst of: "line" (at the start of one), "" (between tokens), "name", "number",
    "operator", "comment", "backslash", "opening" (quotes of a string), "string", "escape"."""
    part: str = ""
    """Of the token: what there is of it. Of a string: its prefix. Of a comment: "line" if it has a line for itself."""
    quote: str = ""
    """Of a string: what closes it; while "opening", the quotes there are."""
    seen: int = 0
    """Spaces at the start of a line; closing quotes of a triple-quoted string; hexadecimal digits an escape lacks."""
    indents: tuple[int, ...] = (0,)
    depth: int = 0
    """Open brackets."""
    tail: bytes = b""
    """The bytes there are of a character beyond ASCII."""
    digits: str = ""
    """Of an escape."""


def begin(recognizer: Recognizer) -> Text:
    """The empty text."""
    return Text(recognizer.empty)


def advance(text: Text, piece: bytes) -> Text | None:
    """The text with some bytes behind it; None if no program begins so."""
    found: Text | None = text
    for byte in piece:
        if found is None:
            return None
        found = _byte(found, byte)
    return found


def may_end(text: Text) -> bool:
    """Whether the text is a whole program."""
    done = _complete(text)
    if done is None or done.depth or done.tail or done.mode not in ("", "line", "comment"):
        return False
    syntax: Prefix | None = done.syntax
    assert syntax is not None
    if done.mode != "line" and done.part != "line":
        if syntax.after(END) is not None:
            return True
        syntax = syntax.after("NEWLINE")
    for _ in done.indents[1:]:
        syntax = syntax and syntax.after("DEDENT")
    return syntax is not None and syntax.after(END) is not None


def ending(text: Text) -> float:
    """Bytes of a short ending, and one for the end itself. Each byte of such an ending makes it smaller."""
    if may_end(text):
        return 1.0
    syntax, mode, part = text.syntax, text.mode, text.part
    if mode == "line":
        return max(_dedented(text) - text.seen, 2.0)
    if mode == "":
        return syntax.ending
    if mode == "comment":
        return 1 + _lacking(text.tail) + (_dedented(text) if part == "line" else syntax.ending)
    if mode == "backslash":
        return 1 + syntax.ending
    if mode == "name":
        return min((len(word) - len(part) + 1 + left for word, left in _words(syntax, part)), default=math.inf)
    if mode == "number":
        lacking = next(size for size, rest in _NUMBER_ENDS if NUMBER.fullmatch(part + rest))
        return lacking + 1 + _left(syntax.after("NUMBER"))
    if mode == "operator":
        whole = [len(op) - len(part) + _left(syntax.after(op)) for op in _OPERATORS_FROM[part]]
        return min([*whole, _left(_operators(syntax, part))])
    closed = _left(syntax.after(_PREFIXES[part]))
    if mode == "opening":
        return 2 - len(text.quote) + closed
    left = len(text.quote) - (text.seen if mode == "string" else 0)
    if mode == "escape":
        left += text.seen or 1
    return left + _lacking(text.tail) + closed


def _lacking(tail: bytes) -> int:
    """Bytes that a character of UTF-8 still needs."""
    return 2 + (tail[0] >= 0xE0) + (tail[0] >= 0xF0) - len(tail) if tail else 0


def _dedented(text: Text) -> float:
    """The shortest ending from the start of a line, whatever blocks end there; those it is indented beyond cannot."""
    found = math.inf
    syntax: Prefix | None = text.syntax
    for column in reversed(text.indents):
        if syntax is None or (column < text.seen and found < math.inf):
            break
        found = min(found, syntax.ending)
        syntax = syntax.after("DEDENT")
    return found


def _left(syntax: Prefix | None) -> float:
    return math.inf if syntax is None else syntax.ending


def _words(syntax: Prefix, part: str) -> list[tuple[str, float]]:
    """Names, keywords and strings that begin so and may stand here, with the ending after each."""
    found = [(word, _left(syntax.after(word))) for word in syntax.allowed if word in KEYWORDS and word.startswith(part)]
    name = syntax.after("NAME")
    if name is not None:
        found.append((part + "_" if part in KEYWORDS else part, name.ending))
    for prefix, kind in _PREFIXES.items():
        string = syntax.after(kind) if prefix.startswith(part.lower()) else None
        if string is not None:
            found.append((prefix + "'", string.ending))
    return found


def _operators(syntax: Prefix | None, part: str) -> Prefix | None:
    """After a complete operator; two dots are two of them."""
    if part == "..":
        syntax = syntax and syntax.after(".")
        return syntax and syntax.after(".")
    return syntax and syntax.after(part)


def _complete(text: Text) -> Text | None:
    """The text after its last token, which ends here; as it is where there is none."""
    mode, part = text.mode, text.part
    following: Prefix | None
    depth = text.depth
    if mode == "name":
        following = text.syntax.after(part if part in KEYWORDS else "NAME")
    elif mode == "number":
        following = text.syntax.after("NUMBER") if NUMBER.fullmatch(part) else None
    elif mode == "operator":
        following = _operators(text.syntax, part)
        depth += (part in "([{") - (part in ")]}")
    elif (mode == "opening" and len(text.quote) == 2) or (mode == "string" and text.seen == len(text.quote)):
        following = text.syntax.after(_PREFIXES[part])
    else:
        return text
    return None if following is None else Text(following, "", indents=text.indents, depth=depth)


def _byte(text: Text, byte: int) -> Text | None:
    mode = text.mode
    if byte >= 0x80:
        return _beyond_ascii(text, byte)
    if text.tail or byte == 0 or (byte < 32 and byte != 10) or byte == 127:
        return None
    char = chr(byte)
    if mode == "name" and char in _NAME:
        return _token(text, "name", text.part + char)
    if mode == "name" and char in "'\"" and text.part.lower() in _PREFIXES:
        return _string(text, text.part.lower(), char)
    if mode == "number":
        if _NUMBER_BEGINS.fullmatch(text.part + char):
            return text._replace(part=text.part + char)
        if char in _NAME or char == ".":
            return None
    if mode == "operator":
        if text.part == "." and char in _DIGITS:
            return _token(text, "number", text.part + char)
        if text.part + char in _OPERATORS_FROM:
            return _token(text, "operator", text.part + char)
    if mode == "opening":
        if char == text.quote[0]:
            quote = text.quote + char
            return text._replace(mode="string" if len(quote) == 3 else "opening", quote=quote)
        if len(text.quote) == 1:
            return _inside(text._replace(mode="string"), char)
    elif mode == "string":
        return _inside(text, char)
    elif mode == "escape":
        return _escaped(text, char)
    elif mode == "comment":
        if char != "\n":
            return text
        return _new_line(text) if text.part == "line" else _between(text._replace(mode="", part=""), char)
    elif mode == "backslash":
        return text._replace(mode="") if char == "\n" else None
    elif mode == "line":
        return _line_start(text, char)
    done = _complete(text)
    return None if done is None else _between(done, char)


def _beyond_ascii(text: Text, byte: int) -> Text | None:
    """A byte of a UTF-8 sequence: in comments and strings only."""
    if text.mode == "opening" and len(text.quote) == 1:
        text = text._replace(mode="string")
    if text.mode not in ("comment", "string") or (text.mode == "string" and "b" in text.part):
        return None
    if text.mode == "string" and text.seen == len(text.quote):
        return None  # it is closed already
    tail = text.tail + bytes([byte])
    try:
        tail.decode()
    except UnicodeDecodeError as error:
        return text._replace(tail=tail, seen=0) if error.reason == "unexpected end of data" else None
    return text._replace(tail=b"", seen=0)


def _line_start(text: Text, char: str) -> Text | None:
    """At the start of a line outside brackets, after `seen` spaces."""
    if char == " ":
        deeper = text.syntax.after("INDENT") is not None
        return (
            text._replace(seen=text.seen + 1) if text.seen < (LINE_START - 1 if deeper else text.indents[-1]) else None
        )
    if char == "\n":
        return _new_line(text)
    if char == "#":
        return text._replace(mode="comment", part="line")
    if char == "\\":
        return None  # the next line's spaces would count as this one's indentation
    syntax: Prefix | None = text.syntax
    indents = text.indents
    if text.seen > indents[-1]:
        syntax, indents = text.syntax.after("INDENT"), (*indents, text.seen)
    while text.seen < indents[-1]:
        syntax, indents = syntax and syntax.after("DEDENT"), indents[:-1]
    if syntax is None or text.seen != indents[-1]:
        return None
    return _between(Text(syntax, "", indents=indents), char)


def _new_line(text: Text) -> Text:
    return Text(text.syntax, "line", indents=text.indents)


def _between(text: Text, char: str) -> Text | None:
    """A character that begins a token, or stands between two."""
    if char == " ":
        return text
    if char in _NAME_START:
        return _token(text, "name", char)
    if char in _DIGITS:
        return _token(text, "number", char)
    if char in "'\"":
        return _string(text, "", char)
    ends = not text.depth and text.syntax.after("NEWLINE") is not None
    if char == "\n":
        if text.depth:
            return text
        following = text.syntax.after("NEWLINE")
        return None if following is None else Text(following, "line", indents=text.indents)
    if char == "#":
        return text._replace(mode="comment", part="") if ends or text.depth else None
    if char == "\\":
        return None if ends or text.syntax.after(END) is not None else text._replace(mode="backslash")
    return _token(text, "operator", char) if char in _OPERATORS_FROM else None


def _token(text: Text, mode: str, part: str) -> Text | None:
    """The text with this much of a token, if some token that may stand here begins so."""
    syntax = text.syntax
    if mode == "number":
        possible = syntax.after("NUMBER") is not None
    elif mode == "operator":
        possible = any(syntax.after(op) is not None for op in _OPERATORS_FROM.get(part, ()))
        if not possible and part == "..":
            possible = _operators(syntax, part) is not None
    else:
        lower = part.lower()
        possible = (
            syntax.after("NAME") is not None
            or any(word.startswith(part) for word in syntax.allowed if word in KEYWORDS)
            or any(prefix.startswith(lower) and syntax.after(kind) is not None for prefix, kind in _PREFIXES.items())
        )
    return text._replace(mode=mode, part=part) if possible else None


def _string(text: Text, prefix: str, quote: str) -> Text | None:
    if text.syntax.after(_PREFIXES[prefix]) is None:
        return None
    return text._replace(mode="opening", part=prefix, quote=quote, seen=0)


def _inside(text: Text, char: str) -> Text | None:
    """A character of a string, after `seen` of its closing quotes."""
    if text.seen == len(text.quote):
        done = _complete(text)
        return None if done is None else _between(done, char)
    if char == text.quote[0]:
        return text._replace(seen=text.seen + 1)
    if char == "\n" and len(text.quote) == 1:
        return None
    return text._replace(mode="escape" if char == "\\" else "string", seen=0, digits="")


def _escaped(text: Text, char: str) -> Text | None:
    """A character behind a backslash."""
    if text.digits:  # the letter of the escape, then its digits
        digits = text.digits + char
        if char not in _HEX or (digits[0] == "U" and len(digits) > 1 and int(digits[1:].ljust(8, "0"), 16) > 0x10FFFF):
            return None
        return text._replace(mode="escape" if text.seen > 1 else "string", seen=text.seen - 1, digits=digits)
    raw, in_bytes = "r" in text.part, "b" in text.part
    if char == "N" and not raw and not in_bytes:
        return None  # names of characters are beyond what can be checked here
    count = 0 if raw or (in_bytes and char != "x") else _ESCAPE_DIGITS.get(char, 0)
    if count:
        return text._replace(seen=count, digits=char)
    return text._replace(mode="string", seen=0)
