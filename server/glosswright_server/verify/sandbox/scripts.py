"""What is asked about a JavaScript example, and what its answer must be. Decides; runs nothing.

JavaScript literals, quotes of either kind and unquoted keys included, are read here by a small strict parser; anything
else is compared inside. See `questions` for the same of Python.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace

from glosswright_server.intent.contract import Example, ExampleKind
from glosswright_server.verify.sandbox.questions import Question
from glosswright_server.verify.sandbox.values import Tree, Written

_MOST_DEPTH = 60
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>[+-]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?P<big>n)?(?![\w$]))
    | (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\$]|\\.)*`)
    | (?P<word>[+-]?[A-Za-z_$][\w$]*)
    | (?P<mark>[\[\]{},:])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}
_WORDS: dict[str, Tree] = {
    "null": ("N",),
    "undefined": ("U",),
    "true": ("T",),
    "false": ("F",),
    "NaN": ("f", float("nan")),
    "Infinity": ("f", float("inf")),
    "+Infinity": ("f", float("inf")),
    "-Infinity": ("f", float("-inf")),
}


def script_question(example: Example) -> Question:
    """How an example is put to the checker."""
    source = example.expression.strip().rstrip(";")
    if example.kind is ExampleKind.HOLDS:
        source = re.sub(r"^(?:console\.)?assert\s*\((.*)\)$", r"\1", source, flags=re.DOTALL)
        sides = _sides(source)
        if sides is None:
            return Question(last=source, kind=ExampleKind.HOLDS, text="true", show=show_script)
        for asked, given in (sides, sides[::-1]):
            if (wanted := literal(given)) is not None:
                return Question(last=asked, wanted=wanted, text=given, show=show_script)
        return Question(last=sides[0], inside=sides[1], text=sides[1], show=show_script)
    if example.kind is not ExampleKind.VALUE:
        return Question(last=source, kind=example.kind, text=example.expected.strip("\n"), show=show_script)
    text = example.expected.strip().rstrip(";")
    wanted = literal(text)
    if wanted == ("T",) and _sides(source) is not None:
        return script_question(replace(example, kind=ExampleKind.HOLDS))
    return Question(last=source, wanted=wanted, inside="" if wanted is not None else text, text=text, show=show_script)


def _sides(source: str) -> tuple[str, str] | None:
    """Both sides of the one `===` or `==` that stands outside of brackets and quotes; None when there is more."""
    depth, quote, found, at = 0, "", [], 0
    while at < len(source):
        c = source[at]
        if quote:
            at += c == "\\"
            quote = "" if c == quote else quote
        elif c in "\"'`":
            quote = c
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif not depth and re.match(r"&&|\|\||\?|=>|[<>!]=", source[at:]):
            return None
        elif not depth and (sign := re.match("={2,3}", source[at:])):
            found.append((at, at + sign.end()))
            at += sign.end()
            continue
        at += 1
    if len(found) != 1 or depth or quote:
        return None
    start, end = found[0]
    return source[:start].strip(), source[end:].strip()


def literal(source: str) -> Tree | None:
    """The value of a literal: a number, a text, an array or object of such, `undefined`, `NaN`; None for all others."""
    try:
        tokens = _tokens(source)
        tree = _read(tokens, 0)
    except (ValueError, RecursionError, OverflowError):
        return None
    return None if tokens else tree


def _tokens(source: str) -> list[tuple[str, str]]:
    """Kind and text of each token, the last one first."""
    found, at = [], 0
    source = source.rstrip()
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            raise ValueError("not a literal")
        kind = "big" if match["big"] else str(match.lastgroup)
        found.append((kind, match[0].strip()))
        at = match.end()
    return found[::-1]


def _read(tokens: list[tuple[str, str]], depth: int) -> Tree:
    if not tokens or depth > _MOST_DEPTH:
        raise ValueError("not a literal")
    kind, text = tokens.pop()
    match kind:
        case "big":
            return "n", str(_whole(text[:-1]))
        case "number":
            return "f", _number(text)
        case "text":
            return "s", _unquoted(text)
        case "word" if text in _WORDS:
            return _WORDS[text]
    if text == "[":
        return "l", *_members(tokens, "]", depth, pairs=False)
    if text == "{":
        return "d", *_members(tokens, "}", depth, pairs=True)
    raise ValueError("not a literal")


def _members(tokens: list[tuple[str, str]], end: str, depth: int, *, pairs: bool) -> list[Tree]:
    found: list[Tree] = []
    while tokens and tokens[-1] != ("mark", end):
        if pairs:
            found.append(_key(*tokens.pop()))
            if not tokens or tokens.pop() != ("mark", ":"):
                raise ValueError("not a literal")
        found.append(_read(tokens, depth + 1))
        if tokens and tokens[-1] == ("mark", ","):
            tokens.pop()
        elif not tokens or tokens[-1] != ("mark", end):
            raise ValueError("not a literal")
    if not tokens:
        raise ValueError("not a literal")
    tokens.pop()
    return found


def _key(kind: str, text: str) -> Tree:
    if kind == "text":
        return "s", _unquoted(text)
    if kind == "number":
        number = _number(text)
        return "s", str(int(number)) if number.is_integer() else repr(number)
    if kind == "word" and text[0] not in "+-" and text != "__proto__":
        return "s", text
    raise ValueError("not a literal")


def _number(text: str) -> float:
    digits = text.replace("_", "")
    if digits.lstrip("+-")[:2].lower() in ("0x", "0b", "0o"):
        return Written(_whole(digits), exact=True)
    return Written(float(digits), exact=digits.lstrip("+-").isdecimal())


def _whole(text: str) -> int:
    return int(text.replace("_", ""), 0)


def _unquoted(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        code = match[1] or match[2] or match[3]
        if code:
            return chr(int(code, 16))
        return _ESCAPES.get(match[4], match[4])

    plain = re.sub(
        r"\\(?:u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", one, text[1:-1], flags=re.DOTALL
    )
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def show_script(tree: Tree) -> str:
    """A value as JavaScript writes it."""
    match tree:
        case ("N",):
            return "null"
        case ("U",):
            return "undefined"
        case (("T" | "F") as kind,):
            return "true" if kind == "T" else "false"
        case ("f", value):
            return _show_number(value)
        case ("n", digits):
            return f"{digits}n"
        case ("s", text):
            return json.dumps(text, ensure_ascii=False)
        case ("l", *parts):
            return f"[{', '.join(map(show_script, parts))}]"
        case ("S", *parts):
            return f"Set {{{', '.join(map(show_script, parts))}}}"
        case (("d" | "m") as kind, *parts):
            pairs = zip(parts[::2], parts[1::2], strict=True)
            if kind == "m":
                return "Map {" + ", ".join(f"{show_script(key)} => {show_script(value)}" for key, value in pairs) + "}"
            return "{" + ", ".join(f"{_show_key(key)}: {show_script(value)}" for key, value in pairs) + "}"
        case ("o", _, shown):
            return str(shown)
    return "a value too large to compare"


def _show_key(key: Tree) -> str:
    return str(key[1]) if key[0] == "s" and re.fullmatch(r"[A-Za-z_$][\w$]*", key[1]) else show_script(key)


def _show_number(value: float) -> str:
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
