"""Careless comments: words left out, swapped and misspelt, as they come from fast fingers.

Words that the code needs, slots, quoted strings and everything that is no plain word stay as they are.
"""

from __future__ import annotations

import random
import re
from dataclasses import replace

from glosswright_model.data.pairs import Pair

_RATE = 0.08
"""Share of the words that something happens to; at least one."""
_FILLERS = frozenset({"a", "an", "the", "of", "to", "then"})
_PLAIN = re.compile(r"[^\W\d_]+")
_FULL_STOP = re.compile(r"(?<!\.)\s*[.。]\s*\Z")
_QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|`[^`\n]*`")


def add_noise(pair: Pair, chance: random.Random) -> Pair:
    """The pair with a careless comment; itself where no word may be touched."""
    needed = {word.lower() for word in re.findall(r"\w+", pair.target)}
    quoted = {place for match in _QUOTED.finditer(pair.source) for place in range(match.start(), match.end())}
    pieces = re.split(r"(\s+)", pair.source)
    starts = [sum(map(len, pieces[:place])) for place in range(len(pieces))]
    touchable = [
        place
        for place in range(0, len(pieces), 2)
        if _PLAIN.fullmatch(pieces[place]) and pieces[place].lower() not in needed and starts[place] not in quoted
    ]
    if not touchable:
        return pair
    for place in chance.sample(touchable, max(1, round(_RATE * len(touchable)))):
        pieces[place] = _careless(pieces[place], chance)
    text = re.sub(r" {2,}", " ", "".join(pieces)).strip()
    return replace(pair, source=text) if text else pair


def without_full_stop(pair: Pair) -> Pair:
    """The pair with a comment that ends without one; itself where that is all there is, and where three dots stand."""
    text = _FULL_STOP.sub("", pair.source)
    return replace(pair, source=text) if text else pair


def _careless(word: str, chance: random.Random) -> str:
    if word.lower() in _FILLERS:
        return ""
    if len(word) < 4:
        return word.upper() if chance.random() < 0.5 else word
    place = chance.randrange(1, len(word) - 2)
    way = chance.randrange(3)
    if way == 0:  # two letters swapped
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if way == 1:  # one left out
        return word[:place] + word[place + 1 :]
    return word[: place + 1] + word[place:]  # one doubled
