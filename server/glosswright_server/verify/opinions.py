"""What candidates that pass all examples make of other inputs: where two of them differ, one is wrong. Pure.

To hold programs that pass against each other is the idea of CodeT (Chen et al. 2022, arXiv 2207.10397), with inputs
made from the examples in place of tests written by the model, and without its vote. What counts is said by `weigh`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from glosswright_server.verify.reach import SpreadOut
from glosswright_server.verify.sandbox.judge import short
from glosswright_server.verify.sandbox.observe import Observed, Seen
from glosswright_server.verify.sandbox.values import Tree, same, show
from glosswright_server.verify.verdict import Beyond, Dispute


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One candidate with what was seen of it."""

    spread: SpreadOut
    examples: int
    """How many of the steps were the examples; the others were `calls`."""
    calls: tuple[str, ...]
    observed: Observed
    meant: frozenset[str] = frozenset()
    """Exceptions that it is meant to raise by the documentation; those of its own `raise` statements count too."""

    @property
    def others(self) -> tuple[Seen | None, ...]:
        """What came of `calls`."""
        return self.observed.seen[self.examples :]

    @property
    def followed(self) -> bool:
        """Whether the lines are known that the examples ran."""
        return bool(self.observed.there) and None not in self.observed.seen[: self.examples]

    def ran(self, *, calls: Sequence[int] = ()) -> frozenset[int]:
        """The lines that the examples ran, and those of `calls` with these numbers."""
        seen = [*self.observed.seen[: self.examples], *(self.others[number] for number in calls)]
        return frozenset().union(*(one.lines for one in seen if one is not None))


@dataclass(slots=True)
class _Pair:
    """How one candidate stands to another."""

    alike: list[int]
    """Numbers of calls that both give the same value for, or both refuse."""
    differ: list[int]
    """Both give a value, and not the same."""
    fails: list[int]
    """This one breaks down, the other gives a value."""


def weigh(looks: Sequence[Look]) -> tuple[Beyond, ...]:
    """What can be said of each of several programs that pass all examples of one request, seen with the same calls.

    A value against another value is a dispute, however many agree: answers of one model share their errors. An
    exception that nobody meant to raise, where another gives a value, speaks against the one that raises. A part that
    no example reached is tried after all where another program, that differs nowhere, gave the same when it ran.
    """
    return tuple(_beyond(one, [other for other in looks if other is not one]) for one in looks)


def _beyond(one: Look, others: Sequence[Look]) -> Beyond:
    pairs = [(other, _pair(one, other)) for other in others]
    pairs = [(other, pair) for other, pair in pairs if pair.alike or pair.differ or pair.fails]
    against = [(other, pair) for other, pair in pairs if pair.differ]
    friends = [pair for _, pair in pairs if not pair.differ]
    failing = [(other, pair) for other, pair in pairs if pair.fails]
    dispute = None
    if against:
        other, pair = against[0]
        dispute = _dispute(one, other, pair.differ)
    elif failing:
        other, pair = failing[0]
        dispute = _dispute(one, other, pair.fails)
    alike = sorted({number for pair in friends for number in pair.alike})
    untried = one.spread.never_ran(one.ran(calls=alike), one.observed.there) if one.followed else ()
    return Beyond(
        untried=tuple(part.text for part in untried),
        followed=one.followed,
        compared=len(pairs),
        agree=len(friends),
        fails=len(failing),
        calls=len({number for _, pair in pairs for number in (*pair.alike, *pair.differ, *pair.fails)}),
        dispute=dispute,
    )


def _pair(one: Look, other: Look) -> _Pair:
    pair = _Pair([], [], [])
    for number, (here, there) in enumerate(zip(one.others, other.others, strict=True)):
        if here is None or there is None:
            continue
        if here.tree is None or there.tree is None:
            if here.tree is None and there.tree is None:
                pair.alike += [number] if here.raised == there.raised else []
            elif here.tree is None and here.raised not in one.meant | one.spread.raises:
                pair.fails.append(number)
        elif not (_holds_unknown(here.tree) or _holds_unknown(there.tree)):
            (pair.alike if same(here.tree, there.tree) else pair.differ).append(number)
    return pair


def _holds_unknown(tree: Tree) -> bool:
    """Whether some of it is an object, or was too large to be sent."""
    return tree[0] in "ox" or any(_holds_unknown(part) for part in tree[1:] if isinstance(part, tuple))


def _dispute(one: Look, other: Look, numbers: Sequence[int]) -> Dispute:
    """The shortest call tells it best."""
    number = min(numbers, key=lambda number: len(one.calls[number]))
    return Dispute(call=short(one.calls[number]), here=_said(one.others[number]), there=_said(other.others[number]))


def _said(seen: Seen | None) -> str:
    if seen is None or seen.tree is None:
        return f"raises {short(seen.raised)}" if seen is not None else "does not end"
    return f"gives {short(show(seen.tree))}"
