"""Paraphrase by template: phrases of a comment for others that mean the same, and the frames people put around orders.

English only; other comments stay as they are. A phrase that holds a name the code needs is left alone, or the name
could not be copied any more.
"""

from __future__ import annotations

import keyword
import random
import re
from dataclasses import replace
from functools import cache

from glosswright_model.data.pairs import Pair

SAME = (
    ("return", "give back", "yield the value of"),
    ("create", "make", "build"),
    ("get", "fetch", "retrieve", "obtain"),
    ("remove", "delete", "drop"),
    ("call the function", "call function", "invoke the function", "run the function"),
    ("call the method", "call method", "invoke the method"),
    ("with an argument", "with argument", "with the argument", "on"),
    ("with arguments", "with the arguments", "on"),
    ("define the function", "define function", "write a function", "declare the function"),
    ("define the method", "define method", "write a method", "declare the method"),
    ("check if", "check whether", "test if", "see whether"),
    ("convert", "turn", "transform", "change"),
    ("print", "show", "display", "output"),
    ("equals to", "equals", "is equal to", "is the same as"),
    ("is not equal to", "differs from", "is different from"),
    ("is greater than", "is more than", "exceeds", "is larger than"),
    ("is less than", "is smaller than", "is below"),
    ("otherwise", "else", "if not"),
    ("for every", "for each", "for all"),
    ("an instance of", "an object of", "a new"),
    ("the result of", "what is given by", "the outcome of"),
    ("is a string", "is the string", "is the text"),
    ("an empty list", "a list without elements", "an empty array"),
    ("an empty string", "a blank string", "a string without characters"),
    ("an empty dictionary", "an empty dict", "a dict without entries"),
    ("the first element of", "the first item of", "first element of"),
    ("the last element of", "the last item of", "last element of"),
    ("the number of", "how many there are of", "the count of"),
    ("in reverse order", "backwards", "reversed"),
    ("import", "load"),
    ("raise an", "throw an"),
    ("find", "look for", "search for"),
    ("select", "choose", "pick"),
    ("compute", "calculate", "work out"),
    ("initialize", "initialise", "set up"),
)
"""Groups of phrases that may stand for one another."""

FRAMES = (
    "please {}",
    "{} now",
    "this should {}",
    "we {} here",
    "here we {}",
    "now {}",
    "TODO: {}",
    "how to {}",
    "let us {}",
)
"""What people put around an order; only around those that begin with a word of `ORDERS`."""

ORDERS = frozenset(
    {
        "add",
        "append",
        "build",
        "calculate",
        "call",
        "check",
        "compute",
        "convert",
        "create",
        "delete",
        "display",
        "fetch",
        "find",
        "get",
        "import",
        "join",
        "make",
        "merge",
        "open",
        "print",
        "raise",
        "read",
        "remove",
        "replace",
        "return",
        "select",
        "set",
        "show",
        "sort",
        "split",
        "write",
    }
)
_FRAME_SHARE = 0.3
_CHANGES = 2
"""Phrases exchanged at most."""


def paraphrase(pair: Pair, chance: random.Random) -> Pair:
    """The pair with its comment said otherwise; itself where no template fits."""
    text = pair.source
    needed = {word.lower() for word in re.findall(r"[^\W\d]\w*", pair.target) if not keyword.iskeyword(word)}
    places = [match for match in _phrases().finditer(text) if not needed & set(match[0].lower().split())]
    for match in sorted(chance.sample(places, min(_CHANGES, len(places))), key=lambda one: -one.start()):
        same = next(group for group in SAME if match[0].lower() in group)
        other = chance.choice([phrase for phrase in same if phrase != match[0].lower()])
        other = other[0].upper() + other[1:] if match[0][0].isupper() else other
        text = text[: match.start()] + other + text[match.end() :]
    first = text.split(" ", 1)[0].lower()
    if first in ORDERS and first not in needed and chance.random() < _FRAME_SHARE:
        text = chance.choice(FRAMES).format(text[0].lower() + text[1:])
    return replace(pair, source=text)


@cache
def _phrases() -> re.Pattern[str]:
    phrases = sorted((phrase for group in SAME for phrase in group), key=len, reverse=True)
    return re.compile(r"(?<![\w.'\"-])(?:" + "|".join(map(re.escape, phrases)) + r")(?![\w.'\"(-])", re.I)
