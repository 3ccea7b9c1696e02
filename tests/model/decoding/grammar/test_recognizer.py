"""The recogniser of prefixes against plain enumeration of sentences, on grammars small enough for it."""

from __future__ import annotations

import math

import pytest

from glosswright_model.decoding.grammar.notation import Grammar
from glosswright_model.decoding.grammar.recognizer import END, Prefix, Recognizer

GRAMMARS = {
    "nested": "s: 'a' s 'b' | 'a' 'b'",
    "palindromes, which no LR(1) parser can read": "s: 'a' s 'a' | 'b' s 'b' | 'a' | 'b'",
    "ambiguous": "s: s s | 'a' | 'b' 'b'",
    "target or expression": "s: t '=' e | e\nt: N | t '.' N\ne: p ('+' p)*\np: N | p '.' N | p '(' ')'",
    "options and repetitions": "s: 'a'? ('b' | 'c' 'd'?)+ 'e'*",
    "right recursion": "s: 'x' ',' s | 'x'",
}
LONGEST = 6


def sentences(grammar: Grammar, start: str, longest: int) -> set[tuple[str, ...]]:
    """All sentences of at most so many terminals, by rewriting leftmost rules."""
    rules = grammar.rules
    found, todo, seen = set(), [(start,)], {(start,)}
    while todo:
        form = todo.pop()
        at = next((place for place, symbol in enumerate(form) if symbol in rules), None)
        if at is None:
            found.add(form)
            continue
        for right in rules[form[at]]:
            new = form[:at] + right + form[at + 1 :]
            if len(new) <= longest and new not in seen:
                seen.add(new)
                todo.append(new)
    return found


@pytest.mark.parametrize("name", GRAMMARS)
def test_allows_exactly_what_some_sentence_goes_on_with(name: str) -> None:
    """The promise of the module, for every prefix of up to LONGEST - 3 terminals; so is the shortest ending."""
    grammar = Grammar.parse(GRAMMARS[name])
    known = sentences(grammar, "s", LONGEST + 3)
    recognizer = Recognizer(grammar, "s", {})
    todo: list[tuple[tuple[str, ...], Prefix]] = [((), recognizer.empty)]
    while todo:
        before, prefix = todo.pop()
        rests = [each[len(before) :] for each in known if each[: len(before)] == before]
        assert set(prefix.allowed) == {rest[0] if rest else END for rest in rests}, before
        assert prefix.ending == min(len(rest) for rest in rests) + 1, before
        if len(before) < LONGEST - 3:
            todo += [((*before, each), prefix.after(each)) for each in prefix.allowed if each != END]


def test_equal_prefixes_are_one() -> None:
    """Speed rests on it: hypotheses that are alike up to what may follow share what is known."""
    recognizer = Recognizer(Grammar.parse("s: 'x' ',' s | 'x' | '(' s ')'"), "s", {})
    once = recognizer.empty.after("x").after(",").after("x")
    again = recognizer.empty.after("x").after(",").after("x").after(",").after("x")
    other = recognizer.empty.after("x").after(",")
    assert once is recognizer.empty.after("x").after(",").after("x")
    assert again is not other
    assert recognizer.empty.after(",") is None


def test_forgetting_changes_nothing() -> None:
    """The table of prefixes is bounded; what was handed out before it was emptied stays right."""
    small = Recognizer(Grammar.parse(GRAMMARS["nested"]), "s", {}, remembered=2)
    prefix = small.empty
    for terminal in "aaaabbbb":
        prefix = prefix.after(terminal)
    assert set(prefix.allowed) == {END}
    assert small.empty.after("a").after("b").after("b") is None


def test_costs_steer_the_shortest_ending() -> None:
    """What must not be used is gone around; where nothing is left the cost is infinite."""
    grammar = Grammar.parse("s: 'a' | 'b' 'b' 'b'")
    assert Recognizer(grammar, "s", {"a": math.inf}).empty.ending == 4
    assert Recognizer(grammar, "s", {"a": 9}).empty.ending == 4
    assert Recognizer(grammar, "s", {"a": math.inf, "b": math.inf}).empty.ending == math.inf


@pytest.mark.parametrize(
    "text", ["s: 'a'?", "s: ('a'", "s: 'a')", "s: *", "s: missing", "", "s: 'a' $", "s: ('a'? | 'b'*)"]
)
def test_what_is_no_grammar_is_refused(text: str) -> None:
    """A slip in a grammar must not become a constraint that allows something else."""
    with pytest.raises(ValueError):
        Grammar.parse(text)
