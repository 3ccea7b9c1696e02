"""Grammars as text: an EBNF notation and the plain productions it stands for.

`rule: a 'b' C? | (d e)*`: lower case names are rules, quoted and upper case ones terminals; `?`, `*` and `+` as usual.
Productions come without empty right sides, which keeps the recogniser simple: what may be left out becomes a second
production.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Production = tuple[str, tuple[str, ...]]
"""A rule's name and one of its right sides, never empty."""

_LEXEME = re.compile(r"'(?P<quoted>[^']+)'|(?P<name>[A-Za-z_]+)|(?P<sign>[|()?*+])|(?P<blank>\s+)")


@dataclass(frozen=True, slots=True)
class Grammar:
    """A context-free grammar without empty productions."""

    productions: tuple[Production, ...]
    terminals: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> Grammar:
        """Read a grammar: rules begin in the first column, their text may go on in indented lines, `#` comments.

        Raises ValueError for text that is no grammar, for a rule that can be empty and for rules that are missing.
        """
        text = re.sub(r"(?m)#.*$", "", text)
        blocks = re.findall(r"(?m)^([a-z_]+):((?:.*\n(?=[ \t|]|\n))*.*)$", text + "\n")
        reader = _Reader()
        for name, body in blocks:
            reader.rule(name, body)
        rules = {name for name, _ in reader.productions}
        used = {symbol for _, right in reader.productions for symbol in right}
        missing = {symbol for symbol in used - rules if symbol in reader.names and symbol.islower()}
        if missing or not blocks:
            raise ValueError(f"the grammar lacks rules for {sorted(missing)}")
        return cls(tuple(dict.fromkeys(reader.productions)), frozenset(used - rules))

    @property
    def rules(self) -> dict[str, list[tuple[str, ...]]]:
        """The right sides of each rule."""
        found: dict[str, list[tuple[str, ...]]] = {}
        for name, right in self.productions:
            found.setdefault(name, []).append(right)
        return found


class _Reader:
    """Collects productions; groups and repetitions get rules of their own, whose names no grammar can write."""

    def __init__(self) -> None:
        self.productions: list[Production] = []
        self.names: set[str] = set()
        self._repeated: dict[tuple[tuple[str, ...], ...], str] = {}

    def rule(self, name: str, body: str) -> None:
        lexemes = []
        at = 0
        while at < len(body):
            match = _LEXEME.match(body, at)
            if match is None:
                raise ValueError(f"the rule {name} is no grammar from {body[at : at + 20]!r} on")
            if match.lastgroup != "blank":
                lexemes.append((str(match.lastgroup), match[str(match.lastgroup)]))
            at = match.end()
        rights, rest = self._alternatives(lexemes)
        if rest or () in rights:
            raise ValueError(f"the rule {name} has unbalanced brackets, or can be empty")
        self.productions += [(name, right) for right in rights]

    def _alternatives(self, lexemes: list[tuple[str, str]]) -> tuple[list[tuple[str, ...]], list[tuple[str, str]]]:
        """The right sides up to a closing bracket, and what follows."""
        found: list[tuple[str, ...]] = []
        rights: list[tuple[str, ...]] = [()]
        while lexemes and lexemes[0] != ("sign", ")"):
            kind, text = lexemes[0]
            if (kind, text) == ("sign", "|"):
                found, rights, lexemes = found + rights, [()], lexemes[1:]
                continue
            if kind == "sign":
                if text != "(":
                    raise ValueError(f"{text!r} follows nothing")
                options, lexemes = self._alternatives(lexemes[1:])
                if not lexemes:
                    raise ValueError("a bracket is not closed")
            else:
                options = [(text,)]
                if kind == "name":
                    self.names.add(text)
            lexemes = lexemes[1:]
            if lexemes and lexemes[0][0] == "sign" and lexemes[0][1] in "?*+":
                sign = lexemes[0][1]
                if sign in "*+":
                    options = [(self._several(options),)]
                if sign in "?*":
                    options = [*options, ()]
                lexemes = lexemes[1:]
            rights = [left + option for left in rights for option in options]
        return found + rights, lexemes

    def _several(self, options: list[tuple[str, ...]]) -> str:
        """The name of a rule for one or more of these."""
        key = tuple(options)
        if key not in self._repeated:
            name = f"+{len(self._repeated)}"
            self._repeated[key] = name
            self.productions += [(name, option) for option in options]
            self.productions += [(name, (name, *option)) for option in options]
        return self._repeated[key]
