"""Renaming: names that stand in comment and code become other names of the same form, on both sides alike.

A copying model should learn to copy whatever stands there, not the names of one code base. What is a name and what is
a word that means something ("append x to items") is told by counting: a name is hardly ever written without having been
said, nor said without being written. Keywords, built-ins, `self` and string slots are never touched.
"""

from __future__ import annotations

import builtins
import keyword
import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from glosswright_model.data.pairs import Pair

_NAME = re.compile(r"[^\W\d]\w*")
_SLOT = re.compile(r"_STR:\d+_")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_KEPT = frozenset({*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "self", "cls", "args", "kwargs", "print"})

_SAID_WHEN_WRITTEN, _WRITTEN_WHEN_SAID = 0.95, 0.9
"""Shares from which a word counts as a name."""
_NEW_SHARE = 0.5
"""How often a new name is put together from parts, so that no vocabulary knows it, and not taken from the corpus."""


@dataclass(frozen=True, slots=True)
class NameStatistics:
    """What a corpus says about its words."""

    names: frozenset[str]
    by_form: dict[str, tuple[str, ...]]
    """Names by their form, sorted: what others are exchanged for."""
    parts: tuple[str, ...]
    """Parts of names, in lower case, sorted."""

    @classmethod
    def of(cls, pairs: Sequence[Pair]) -> NameStatistics:
        """Count the words of a training corpus."""
        said: Counter[str] = Counter()
        written: Counter[str] = Counter()
        both: Counter[str] = Counter()
        for pair in pairs:
            left, right = _names(pair.source), _names(pair.target)
            said.update(left)
            written.update(right)
            both.update(left & right)
        names = frozenset(
            name
            for name, count in both.items()
            if _may_change(name)
            and count >= _SAID_WHEN_WRITTEN * written[name]
            and count >= _WRITTEN_WHEN_SAID * said[name]
        )
        by_form: dict[str, list[str]] = {}
        for name in sorted(names):
            by_form.setdefault(form_of(name), []).append(name)
        parts = {part.lower() for name in names for part in _PARTS.findall(name) if len(part) > 1 and part.isalpha()}
        return cls(names, {form: tuple(found) for form, found in by_form.items()}, tuple(sorted(parts)))


def rename(pair: Pair, statistics: NameStatistics, chance: random.Random) -> Pair:
    """The pair with about half of its names renamed, at least one; itself where it has none."""
    here = _names(pair.source) | _names(pair.target) | _names(pair.context)
    names = sorted(_names(pair.source) & _names(pair.target) & statistics.names)
    if not names:
        return pair
    chosen = [name for name in names if chance.random() < 0.5] or [chance.choice(names)]
    others: dict[str, str] = {}
    for name in chosen:
        other = _another(name, statistics, chance)
        if other not in here and other not in others.values() and _may_change(other):
            others[name] = other
    if not others:
        return pair
    return replace(
        pair,
        source=_replaced(pair.source, others),
        target=_replaced(pair.target, others),
        context=_replaced(pair.context, others),
    )


def form_of(name: str) -> str:
    """How a name is written: what may be exchanged without anybody wondering."""
    bare = name.strip("_")
    lead = "_" * min(2, len(name) - len(name.lstrip("_")))
    if bare.isupper() and len(bare) > 1:
        return lead + "CONSTANT"
    if bare[:1].isupper():
        return lead + "Class"
    if "_" in bare:
        return lead + "snake_case"
    return lead + ("camelCase" if any(letter.isupper() for letter in bare) else "word")


def _another(name: str, statistics: NameStatistics, chance: random.Random) -> str:
    form = form_of(name)
    known = statistics.by_form.get(form, ())
    if chance.random() >= _NEW_SHARE and len(known) > 1:
        return chance.choice(known)
    if len(statistics.parts) < 2:
        return name
    lead, kind = form[: len(form) - len(form.lstrip("_"))], form.lstrip("_")
    parts = [chance.choice(statistics.parts) for _ in range(chance.choice((1, 2)) if kind in ("word", "Class") else 2)]
    match kind:
        case "CONSTANT":
            return lead + "_".join(parts).upper()
        case "Class":
            return lead + "".join(part.capitalize() for part in parts)
        case "snake_case":
            return lead + "_".join(parts)
        case "camelCase":
            return lead + parts[0] + "".join(part.capitalize() for part in parts[1:])
        case _:
            return lead + "".join(parts)


def _may_change(name: str) -> bool:
    return len(name) > 1 and name not in _KEPT and not (name.startswith("__") and name.endswith("__"))


def _names(text: str) -> set[str]:
    return set(_NAME.findall(_SLOT.sub(" ", text)))


def _replaced(text: str, others: dict[str, str]) -> str:
    """Whole names alone; string slots stay. Names in dotted names and in strings go with the rest."""
    return "".join(
        piece if place % 2 else _NAME.sub(lambda match: others.get(match[0], match[0]), piece)
        for place, piece in enumerate(re.split(f"({_SLOT.pattern})", text))
    )
