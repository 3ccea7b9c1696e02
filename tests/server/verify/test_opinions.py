"""What it means that candidates which all pass the examples differ, agree or break down elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from glosswright_server.verify.opinions import Look, weigh
from glosswright_server.verify.reach import spread_out
from glosswright_server.verify.sandbox.observe import Observed, Seen
from glosswright_server.verify.sandbox.values import describe
from glosswright_server.verify.verdict import Beyond, Dispute

SOURCE = "def f(x):\n    if x:\n        return 1\n    return 2\n"
ALL = frozenset({1, 2, 3, 4})


class Raises(str):
    """The name of an exception, as what came of a call."""


class Unknown:
    """What nobody knows."""


def look(*others: Any, example: frozenset[int] = ALL, ways: tuple[frozenset[int], ...] = (), **more: Any) -> Look:
    """A candidate with one example, the lines that it ran, and what came of the other calls."""
    spread = spread_out(SOURCE, "f")
    assert spread is not None
    seen: list[Seen | None] = [Seen(tree=("i", 1), lines=example)]
    for number, value in enumerate(others):
        lines = ways[number] if ways else ALL
        if isinstance(value, Raises):
            seen.append(Seen(raised=str(value), lines=lines))
        elif isinstance(value, tuple) and value and value[0] == "o":
            seen.append(Seen(tree=value, lines=lines))
        else:
            seen.append(None if value is Unknown else Seen(tree=describe(value), lines=lines))
    calls = tuple(f"f({number})" for number in range(len(others)))
    return Look(spread=spread, examples=1, calls=calls, observed=Observed(seen=tuple(seen), there=ALL), **more)


def disputes(*looks: Look) -> list[Dispute | None]:
    return [beyond.dispute for beyond in weigh(looks)]


def test_one_alone() -> None:
    """There is nothing to compare it with; all of it ran."""
    assert weigh([look(1, 2)]) == (Beyond(followed=True),)
    assert weigh([]) == ()


def test_two_that_agree() -> None:
    """Each vouches for the other."""
    assert weigh([look(1, 0.1 + 0.2), look(1, 0.3)]) == (Beyond(followed=True, calls=2, compared=1, agree=1),) * 2


def test_two_that_differ() -> None:
    """One of them is wrong, and nobody knows which; both values are told, each from its side."""
    first, second = disputes(look(1, 2), look(1, 3))
    assert first == Dispute(call="f(1)", here="gives 2", there="gives 3")
    assert second == Dispute(call="f(1)", here="gives 3", there="gives 2")


def test_a_majority_settles_nothing() -> None:
    """Two against one: answers of one model share their errors, so all three are disputed; who agrees is counted."""
    weighed = weigh([look(1), look(1), look(2)])
    assert all(one.dispute for one in weighed)
    assert [one.agree for one in weighed] == [1, 1, 0]


def test_one_breaks_down() -> None:
    """An exception that nobody meant, where another has an answer, speaks against the one that raises alone."""
    broken, whole = weigh([look(Raises("IndexError"), 2), look([], 2)])
    assert broken.dispute == Dispute(call="f(0)", here="raises IndexError", there="gives []")
    assert broken.fails == 1
    assert whole.dispute is None
    assert (whole.fails, whole.agree) == (0, 1)


def test_an_exception_that_is_meant() -> None:
    """By the documentation, or by a `raise` of its own, it may be the right answer."""
    assert disputes(look(Raises("KeyError"), meant=frozenset({"KeyError"})), look(1)) == [None, None]
    assert disputes(look(Raises("KeyError")), look(Raises("IndexError"))) == [None, None]


@pytest.mark.parametrize("unknown", [Unknown, ("o", "Thing", "<Thing>")])
def test_what_cannot_be_compared(unknown: Any) -> None:
    """Objects, and calls that came to no end, speak neither for nor against."""
    assert weigh([look(unknown), look(1)])[0] == Beyond(followed=True)


def test_the_shortest_call_is_told() -> None:
    """It is the easiest to check by hand."""
    one, other = look(*range(11)), look(*range(9), 90, 100)
    assert disputes(one, other)[0] == Dispute(call="f(9)", here="gives 9", there="gives 90")


def test_code_that_no_example_ran() -> None:
    """It is told, unless another candidate vouches for it: the same value by way of it, and no difference elsewhere."""
    short, rest = frozenset({1, 2, 3}), frozenset({1, 2, 4})
    assert weigh([look(example=short)])[0].untried == ("return 2",)
    assert weigh([look(5, example=short, ways=(rest,)), look(5)])[0].untried == ()
    assert weigh([look(5, example=short, ways=(rest,)), look(6)])[0].untried == ("return 2",)
    assert weigh([look(5, example=short, ways=(short,)), look(5)])[0].untried == ("return 2",)


def test_where_nobody_knows_what_ran() -> None:
    """An old interpreter, or an example that did not end this time: nothing is held against it."""
    blind = look(1, example=frozenset())
    blind = Look(spread=blind.spread, examples=1, calls=blind.calls, observed=Observed(seen=blind.observed.seen))
    assert weigh([blind])[0] == Beyond()
