"""Descriptions: what can be read, what is the same, how it looks. Tables; nothing runs."""

from __future__ import annotations

import math
import time

import pytest

from glosswright_server.verify.sandbox.values import (
    Written,
    describe,
    equal,
    holds_object,
    read_tree,
    same,
    show,
    stands,
    truth,
)

SAME = [
    (1, 1), (1, 1.0), (0.1 + 0.2, 0.3), (1 / 3, 0.3333333333), (math.nan, math.nan), (math.inf, math.inf),
    (0.0, 0.0), (9227465.0, 9227465.0), (1e22, 1.0000000000000002e22),
    (1 + 0j, 1), (2**80, 2**80), (10**400, 10**400), ("a", "a"), (b"a", b"a"), (None, None), (True, True),
    ([1, [2.0]], [1.0, [2]]), ((1,), (1,)), ({1, 2}, {2, 1}), (frozenset({1}), {1}), ({"a": 1, 2: 3}, {2: 3, "a": 1}),
    ({1.0: "x"}, {1: "x"}), (set(range(1000)), set(range(1000))), ({(1, 2), (3, 4)}, {(3, 4), (1, 2)}),
]  # fmt: skip
DIFFERENT = [
    (1, 2), (1, True), (True, 1), (0, False), (0, None), (1, "1"), ("1", 1), ([1], (1,)), ({1}, [1]), ({1}, {2}),
    ([], ()),
    (2**80, 2**80 + 1), (10**400, 1.0), (math.nan, 1.0), (math.inf, -math.inf), (1.0, 1.001),
    (9227465.0, 9227464.0), (1234567.25, 1234567),
    (1234567.891, 1234567.9), (1000000.1, 1000000), (0.3333, 0.33), (1 / 3, 0.333), (6.6e-34, 6.7e-34), (1e-12, 0),
    (9007199254740993, 9007199254740992), (0.30000001, 0.3), (1e-9, 2e-9),
    ("a", b"a"), ({}, set()),
    ({"a": 1}, {"a": 2}), ({"a": 1}, {"b": 1}), ({"a": 1}, {"a": 1, "b": 2}), ({1: 1}, {2: 1}), ([1, 2], [1]),
    (set(range(1000)), set(range(1, 1001))), ({1: "a", "1": 2}, {1: "a", 2: 2}), (1j, 1.0),
]  # fmt: skip


@pytest.mark.parametrize(("found", "wanted"), SAME)
def test_same(found: object, wanted: object) -> None:
    """What a reader of documentation takes for the same value is the same."""
    assert same(describe(found), describe(wanted))
    assert same(describe(wanted), describe(found))


@pytest.mark.parametrize(("found", "wanted"), DIFFERENT)
def test_different(found: object, wanted: object) -> None:
    """What another type or another value would be is not; True is not 1, though Python says so."""
    assert not same(describe(found), describe(wanted))


@pytest.mark.parametrize(
    ("found", "written", "alike"),
    [
        (math.pi, 3.14159, True), (math.pi, 3.14159265, True), (1 / 3, 0.333333, True), (2 / 3, 0.666667, True),
        (2 / 3, 0.666666, True), (-2 / 3, -0.666666, True), (-2 / 3, 0.666666, False), (2 / 3, 0.666668, False),
        (2 / 3, 0.666665, False), (1 / 3, 0.3333, False), (math.pi, 3.1416, False), (2 / 3, 0.67, False),
        (1234567.891, 1234567.9, False), (1234567.899, 1234567.89, False), (6.62607015e-34, 6.62607e-34, True),
        (1.5511210043330986e25, 1.55112e25, True), (1.5511210043330986e25, 1.55e25, False), (1e-12, 0.0, True),
        (0.1 + 0.2, 0.3, True), (10**400, 3.14159, False), (math.nan, 3.14159, False), (math.inf, math.inf, True),
    ],
)  # fmt: skip
def test_written(found: float, written: float, alike: bool) -> None:
    """A number that was evidently cut stands for all that begin so; a rounded one of few digits asks for rounding."""
    assert same(describe(found), describe(Written(written))) is alike
    assert same(describe(-found), describe(-Written(written))) is alike


def test_equal() -> None:
    """To an assertion True is 1, however deep; a list still is no tuple, and an object equals nothing out here."""
    assert equal(describe([True, {"a": 0}]), describe([1, {"a": False}]))
    assert not equal(describe([1]), describe((1,)))
    assert not equal(("o", "C", "1"), ("i", 1))
    assert holds_object(("l", ("d", ("s", "a"), ("o", "C", "1"))))
    assert not holds_object(describe([1, "o"]))


def test_derived_is_what_it_derives_from() -> None:
    """A Counter equals a dict, as it does in Python; an unknown object equals nothing."""
    derived = ("u", "Counter", "Counter({'a': 1})", describe({"a": 1}))
    assert same(derived, describe({"a": 1}))
    assert same(describe({"a": 1}), derived)
    assert not same(("o", "C", "<C>"), ("o", "C", "<C>"))
    assert not same(("x", "size"), ("x", "size"))


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        1,
        -(2**70),
        1.5,
        -0.0,
        2 + 1j,
        "é'",
        b"\xff",
        [1, (2,), ()],
        {"a": {1}},
        set(),
        frozenset({1}),
    ],
)
def test_shown_as_python_does(value: object) -> None:
    """What came instead is shown in the words of the language."""
    assert show(describe(value)) == repr(value)


def test_shown_otherwise() -> None:
    """What has no literal is shown as it shows itself, or by its size."""
    assert show(("o", "C", "<C>")) == "<C>"
    assert show(("B", b"a")) == "bytearray(b'a')"
    assert show(describe(1 << 20_000)) == "a whole number of 20001 bits"
    assert show(("x", "size")) == "a value too large to compare"
    assert show(describe(frozenset())) == "frozenset()"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(None, False), (True, True), (False, False), (0, False), (0.5, True), ("", False), ([], False), ([0], True)],
)
def test_truth(value: object, wanted: bool) -> None:
    """Truth is Python's."""
    assert truth(describe(value)) is wanted


STANDS = [
    (4, "near <", (3, 1), False), (4, "near <=", (3, 1), True), (10**400, "near <", (0.5, 1.0), False),
    (True, "in", (0, 1), True), (True, "not in", (0, 1), False), (False, "!=", 0, False), (1, "is not", True, True),
    (1, "<", 2, True), (2, "<", 2, False), (2, "<=", 2, True), (3, ">", 2.5, True), (2, ">=", 3, False), ("a", "<",
    "b", True),
    (1, "!=", 2, True), (1, "!=", 1.0, False), (1, "in", [1, 2], True), (3, "in", (1, 2), False),
    (3, "not in", {1, 2}, True),
    ("a", "in", {"a": 1}, True), (1, "in", {"a": 1}, False), (1.0000001, "near <", (1, 1e-6), True),
    (1.1, "near <", (1, 1e-6), False),
    (float("nan"), "near <", (1, 1e-6), False), ("a", "<", 1, None), (True, "<", 2, None), ("a",
    "near <", (1, 1e-6), None), ("a", "in", "abc", None),
]  # fmt: skip


@pytest.mark.parametrize(("found", "relation", "wanted", "stand"), STANDS)
def test_stands(found: object, relation: str, wanted: object, stand: bool | None) -> None:
    """Comparisons other than equality are made outside as well."""
    assert stands(describe(found), relation, describe(wanted)) is stand


def test_stands_for_others() -> None:
    """An object that says it is larger than anything has no say."""
    assert stands(("o", "C", "C()"), ">", ("i", 1)) is None
    assert stands(("u", "Colour", "RED", ("i", 2)), ">", ("i", 1)) is True


def test_truth_of_others() -> None:
    """Only its class knows of other objects, and that is not asked."""
    assert truth(("o", "C", "<C>")) is None
    assert truth(("u", "C", "C()", ("i", 1))) is True


@pytest.mark.parametrize(
    "sent",
    [
        None, 1, "N", {}, [], [1], [[]], ["N", 1], ["?"], ["i"], ["i", 1], ["i", "zz"], ["i", ""], ["i", "1", "2"],
        ["f", "x"],
        ["s", "0"], ["s", 1], ["s", "ff"], ["b", "x"], ["d", ["N"]], ["l", 1], ["u", "", "", 1], ["c", "1"], ["o",
        "61"],
        ["T", ["T"]], ["l"] + [["N"]] * 60_000,
    ],
)  # fmt: skip
def test_unreadable(sent: object) -> None:
    """A forged record is no value, and no exception but the one that says so."""
    with pytest.raises(ValueError):
        read_tree(sent)


def test_depth_is_bounded() -> None:
    """A deep record ends in the same exception, not in that of a stack."""
    sent: list[object] = ["l"]
    for _ in range(300):
        sent = ["l", sent]
    with pytest.raises(ValueError):
        read_tree(sent)


def test_colliding_keys_cost_nothing() -> None:
    """Numbers that all hash alike do not make the comparison slow: no hash table is made of them."""
    modulus = (1 << 61) - 1
    forged = read_tree(["S", *(["i", f"{n * modulus:x}"] for n in range(20_000))])
    started = time.monotonic()
    assert not same(forged, describe(set(range(20_000))))
    assert time.monotonic() - started < 5


def test_only_builtin_values_are_described() -> None:
    """Nothing of our own is taken for what it is not."""
    with pytest.raises(ValueError):
        describe(object())
