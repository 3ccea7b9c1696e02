"""Python code as a list of words, and back: the target side of the word-level pipeline.

The form is TRANX's linear one (Yin and Neubig 2018), so that a model trained on the Django corpus can be served: code
is a list of tokens; `⏎`, `⇥` and `⇤` stand for the end of a line, an indentation and its end; a string is its quote,
its content as one word (spaces as `▁`, nothing as `∅`), and the quote again. `join` of what `cut` gave parses to the
same tree. Comments, line breaks inside brackets and the choice between one quote and two do not survive.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Callable, Sequence

from glosswright_model.data.python_spacing import spaced

NEWLINE, INDENT, DEDENT = "⏎", "⇥", "⇤"
SPACE, EMPTY = "▁", "∅"

_STRING = re.compile(r"(?P<open>[A-Za-z]{0,3}(?P<quote>'''|\"\"\"|'|\"))(?P<content>.*)(?P=quote)", re.DOTALL)
_OPENING = re.compile(r"[A-Za-z]{0,3}('''|\"\"\"|'|\")")


def cut(code: str) -> list[str]:
    """The words of some code. What Python's tokenizer refuses is cut at white space, with the same signs for layout."""
    try:
        return _tokens(code)
    except (tokenize.TokenError, SyntaxError, RecursionError, ValueError, MemoryError):
        return _cut_plainly(code)


def join(words: Sequence[str]) -> str:
    """Code from words, spaced as PEP 8 asks. Brackets stay as they are."""
    plain, pretty = _layout(words, " ".join), _layout(words, spaced)
    tree = _parse(plain)
    if tree is None:
        return pretty
    other = _parse(pretty)
    try:
        if other is not None and ast.dump(other) == ast.dump(tree):
            return pretty
        return ast.unparse(tree)
    except (RecursionError, ValueError):
        return plain


def string_word(content: str) -> str:
    """The one word that stands for a string's content, as it is written between its quotes."""
    if not content:
        return EMPTY
    escaped = content.replace(SPACE, "\\u2581").replace(EMPTY, "\\u2205").replace("\n", "\\n")
    return escaped.replace(" ", SPACE)


def _parse(code: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in a person's code is no business of ours
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _tokens(code: str) -> list[str]:
    words: list[str] = []
    lines = code.split("\n")
    formatted: tuple[int, int] | None = None
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        name = tokenize.tok_name[token.type]
        if name in ("FSTRING_START", "TSTRING_START"):  # Python 3.12 cuts these up, earlier ones do not
            formatted = formatted if depth else token.start
            depth += 1
        elif name in ("FSTRING_END", "TSTRING_END"):
            depth -= 1
            if not depth and formatted is not None:
                words += _string(_between(lines, formatted, token.end))
        elif depth:
            continue
        elif name == "STRING":
            words += _string(_normalised(token.string))
        elif name == "NEWLINE":
            words.append(NEWLINE)
        elif name == "INDENT":
            words.append(INDENT)
        elif name == "DEDENT":
            words.append(DEDENT)
        elif name == "ERRORTOKEN":  # newer versions raise an error
            raise SyntaxError(token.string)
        elif name not in ("NL", "ENDMARKER", "ENCODING", "COMMENT"):
            words.append(token.string)
    while words and words[-1] == NEWLINE:
        words.pop()
    return words


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    if start[0] == end[0]:
        return lines[start[0] - 1][start[1] : end[1]]
    middle = lines[start[0] : end[0] - 1]
    return "\n".join([lines[start[0] - 1][start[1] :], *middle, lines[end[0] - 1][: end[1]]])


def _normalised(literal: str) -> str:
    """A string or bytes as Python itself would write it, but for three quotes, which are there for a reason."""
    prefix = literal[: literal.find(literal[-1])].lower()
    if "f" in prefix or (not prefix and literal.startswith(("'''", '"""'))):
        return literal
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return repr(ast.literal_eval(literal))


def _string(literal: str) -> list[str]:
    match = _STRING.fullmatch(literal)
    if match is None:
        return [string_word(literal)]
    content = match["content"]
    if "{" in content and "f" in match["open"].lower():
        # Inside braces an escape is no escape; what would need one keeps the literal whole.
        plain = SPACE not in content and EMPTY not in content and "\n" not in content
        return [match["open"], content.replace(" ", SPACE), match["quote"]] if plain else [literal]
    return [match["open"], string_word(content), match["quote"]]


def _layout(words: Sequence[str], space: Callable[[list[str]], str]) -> str:
    lines: list[tuple[int, list[str]]] = [(0, [])]
    depth = 0
    place = 0
    while place < len(words):
        word = words[place]
        if word == NEWLINE:
            lines.append((depth, []))
        elif word in (INDENT, DEDENT):
            depth = max(0, depth + (1 if word == INDENT else -1))
            if lines[-1][1]:
                lines.append((depth, []))
            lines[-1] = (depth, lines[-1][1])
        elif _OPENING.fullmatch(word) and (
            quote := word.lstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        ):
            close = next((at for at in range(place + 1, len(words)) if words[at] == quote), None)
            if close is None:
                lines[-1][1].append(word)
            else:
                content = _string_content(SPACE.join(words[place + 1 : close]), quote)
                lines[-1][1].append(word + content + quote)
                place = close
        else:
            lines[-1][1].append(word)
        place += 1
    return "\n".join("    " * depth + space(row) for depth, row in lines if row)


def _string_content(word: str, quote: str) -> str:
    if word == EMPTY:
        return ""
    is_triple = word.startswith(quote * 2) and word.endswith(quote * 2)  # so the canonical corpus writes docstrings
    if len(quote) == 1 and quote in word and not is_triple:  # copied from a text that quoted it otherwise
        word = re.sub(rf"(\\.)|{quote}", lambda match: match[1] or "\\" + quote, word)
    return word.replace(SPACE, " ").replace(EMPTY, "")


def _cut_plainly(code: str) -> list[str]:
    words: list[str] = []
    depths = [0]
    for line in code.split("\n"):
        row = line.split()
        if not row:
            continue
        width = len(line.expandtabs()) - len(line.expandtabs().lstrip())
        if words:
            words.append(NEWLINE)
        if width > depths[-1]:
            depths.append(width)
            words.append(INDENT)
        while width < depths[-1]:
            depths.pop()
            words.append(DEDENT)
        words += row
    return words
