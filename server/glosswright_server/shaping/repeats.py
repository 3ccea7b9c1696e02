"""What an answer says again: the text before the gap, the text after it, or itself. Finds and cuts; adds nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from glosswright_server.intent.model import Intent, IntentKind
from glosswright_server.shaping.lexis import Lexis, Scanner

_SAME_LINE = 4
_LONGEST_CYCLE = 6
_CYCLES = 3
WINDOW = _LONGEST_CYCLE * _CYCLES
"""How many of the last lines `runaway` needs to see."""
_LONG_LINE = 300
_CLOSERS = ")]}\"'`;,>"


def lines_asked(text: str, intent: Intent) -> frozenset[str]:
    """The lines (without margins) a model tends to say again first: the comment or the header above the gap."""
    before = text[: intent.start].splitlines()
    if intent.kind is IntentKind.COMMENT:
        asked = [line.strip() for line in intent.request.splitlines() if line.strip()]
        nearby = before[-(len(intent.request.splitlines()) + 2) :]
        wanted = [line for line in nearby if any(words in line for words in asked) or not re.search(r"\w", line)]
    elif intent.kind is IntentKind.BODY:
        header = intent.signature.strip().splitlines()
        at = text.rfind(header[0].strip(), 0, intent.start) if header else -1
        wanted = text[at : intent.start].splitlines() if at >= 0 else before[-1:]
    else:
        wanted = []
    return frozenset(line.strip() for line in wanted if line.strip())


def runaway(lines: Sequence[str]) -> int:
    """How many of the lines to keep when the last of them show that the model runs in a circle; -1 when it does not."""
    if not lines or not any(letter.isalnum() for letter in lines[-1]):
        return -1
    if len(lines) >= _SAME_LINE and len(set(lines[-_SAME_LINE:])) == 1:
        return len(lines) - _SAME_LINE + 1
    for period in range(2, _LONGEST_CYCLE + 1):
        if len(lines) >= period * _CYCLES:
            tail = lines[-period * _CYCLES :]
            if all(a == b for a, b in zip(tail, tail[period:], strict=False)):
                return len(lines) - period * (_CYCLES - 1)
    return -1


def stammers(line: str) -> bool:
    """Whether one long line repeats a short piece over and over at its end."""
    if len(line) < _LONG_LINE:
        return False
    tail = line[-160:]
    return any(tail[period:] == tail[:-period] for period in range(1, 41))


def without_right_context(code: str, after: str, left: str, lexis: Lexis) -> str:
    """The answer without its end, where that stands right of the gap or below it already.

    `left` is what stands before the answer on its first line. Line ends are "\\n" in both texts.
    """
    code = _without_lines_below(code, after)
    rest = after.split("\n", 1)[0].strip()
    return _without_rest_of_line(_clipped(code, rest, lexis), rest, left, lexis) if rest else code


def _clipped(code: str, rest: str, lexis: Lexis) -> str:
    """The answer up to the bracket, colon or semicolon that `rest` begins with, and without a comment before `rest`.

    `10)  # 55` before `))` is `10`: a comment would swallow what stands there, and the file would still parse.
    """
    scanner = Scanner(lexis)
    lines = code.split("\n")
    depth = 0
    for number, line in enumerate(lines):
        seen = scanner.line(line)
        for at, letter in enumerate(seen.code):
            if letter in "([{":
                depth += 1
                continue
            ends = depth == 0 and rest.startswith(letter)
            if letter in ")]}":
                depth = max(0, depth - 1)
            elif letter not in ":;" or seen.code[at : at + 2] in ("::", ":=") or seen.code[at - 1 : at] == ":":
                continue
            if ends:
                return "\n".join([*lines[:number], line[:at]]).rstrip()
        if number == len(lines) - 1 and scanner.neutral:
            lines[-1] = line[: len(seen.code.rstrip())]
    return "\n".join(lines)


def _without_lines_below(code: str, after: str) -> str:
    rest, _, under = after.partition("\n")
    below = [line.rstrip() for line in (under if not rest.strip() else after).split("\n") if line.strip()][:40]
    mine = code.split("\n")
    if not below:
        return code
    told = [(number, line.rstrip()) for number, line in enumerate(mine) if line.strip()]
    for size in range(min(len(told), len(below)), 0, -1):
        first = told[-size][0]
        repeated = [line for _, line in told[-size:]]
        if not _same(repeated, below[:size], exact_margin=first > 0):
            continue
        if size > 1 or any(letter.isalnum() for letter in repeated[0]):
            return "\n".join(mine[:first]).rstrip()
    return code


def _same(mine: Sequence[str], theirs: Sequence[str], *, exact_margin: bool) -> bool:
    pairs = zip(mine, theirs, strict=True)
    if exact_margin:
        return all(a == b for a, b in pairs)
    return all(a.strip() == b.strip() for a, b in pairs)


def _without_rest_of_line(code: str, rest: str, left: str, lexis: Lexis) -> str:
    body = code.rstrip()
    for size in range(min(len(rest), len(body)), 0, -1):
        piece = rest[:size]
        if not body.endswith(piece):
            continue
        shorter = body[: len(body) - size]
        if all(letter in _CLOSERS or letter.isspace() for letter in piece):
            if _balance(left + shorter + rest, lexis) > _balance(left + body + rest, lexis):
                return shorter.rstrip()
        elif size >= 3 and not (shorter[-1:].isalnum() and piece[0].isalnum()):
            return shorter.rstrip() if piece[0] not in " \t" else shorter
    return code


def _balance(text: str, lexis: Lexis) -> int:
    """Higher is better: 0 for text whose brackets and strings close, less for each that does not."""
    scanner = Scanner(lexis)
    worst = 0
    quotes = 0
    for line in text.split("\n"):
        seen = scanner.line(line)
        worst -= seen.excess >= 0
        quotes += line.count('"') % 2 + line.count("'") % 2 + line.count("`") % 2
    doubled = text.rstrip().endswith((";;", ",,"))
    return worst * 4 - scanner.depth - quotes - doubled
