"""Calls fit: what raises `TypeError` for sure fails; where anything could make it right, nothing is said."""

from __future__ import annotations

import pytest

from .gaps import FAILED, PASSED, SKIPPED, check

NAME = "calls fit"

FILE = """\
from dataclasses import dataclass, field


def two(a, b): return a


def rest(a, *more, key=1, **options): return a


def only(a, /, b, *, c): return a


@decorated
def wrapped(a): return a


class Plain:
    def __init__(self, a, b=1): self.a = a


class Bare:
    pass


class Child(Unknown):
    pass


class Made:
    def __new__(cls, *args): return object.__new__(cls)


@dataclass
class Point:
    x: int
    y: int = 0


@dataclass
class Odd:
    x: int = field(init=False)


def twice(a): return a


def twice(a, b): return a


def swapped(a): return a


swapped = other


class Owner:
    replaced = None

    def __init__(self, a):
        self.a = a
        self.hook = print

    def one(self, a): return a

    def hook(self): return 1

    @staticmethod
    def still(a): return a

    @classmethod
    def make(cls, a): return cls(a)

    @property
    def value(self): return print

    @wrapped
    def hidden(self): return 1

    def run(self, a):▮
"""


@pytest.mark.parametrize(
    "call",
    [
        *("two(1, 2)", "two(1, b=2)", "rest(1)", "rest(1, 2, 3, key=4, other=5)"),
        *("only(1, 2, c=3)", "only(1, b=2, c=3)", "Plain(1)", "Plain(1, 2)", "Plain(1, b=2)", "Bare()"),
        *("Point(1)", "Point(1, 2)", "Point(y=1, x=2)", "Owner(1)", "self.one(1)", "self.one(a=1)", "self.still(1)"),
        *("self.make(1)",),
    ],
)
def test_calls_that_fit(call: str) -> None:
    """Known, looked at and right."""
    check(NAME, FILE, f"\n        return {call}", PASSED)


@pytest.mark.parametrize(
    "call",
    [
        *("wrapped(1, 2, 3)", "Child(1, 2)", "Made(1, 2, 3)", "Odd(1, 2)", "twice(1)", "swapped(1, 2)", "len(1, 2)"),
        *("self.hook(1)", "self.value(1)", "self.hidden(1)", "self.unknown(1)", "a.one(1, 2, 3)", "self.replaced(1)"),
        *("(lambda: 1)(2)", "two", "two(*a)", "two(1, **a)", "a[0](1)", "self.a.one()"),
    ],
)
def test_nothing_is_said(call: str) -> None:
    """Decorated, redefined, assigned, inherited, foreign: it may well be right."""
    check(NAME, FILE, f"\n        return {call}", SKIPPED)


@pytest.mark.parametrize(
    ("call", "detail"),
    [
        ("two(1)", "missing a required argument: 'b'"),
        ("two(1, 2, 3)", "too many positional arguments"),
        ("two(1, 2, c=3)", "unexpected keyword argument 'c'"),
        ("two(1, 2, b=3)", "multiple values for argument 'b'"),
        ("only(a=1, b=2, c=3)", "`only(…)`"),
        ("only(1, 2)", "'c'"),
        ("Plain()", "'a'"),
        ("Bare(1)", "too many"),
        ("Point()", "'x'"),
        ("Point(1, 2, 3)", "too many"),
        ("Owner()", "'a'"),
        ("self.one()", "'a'"),
        ("self.one(1, 2)", "`self.one(…)`: too many"),
        ("self.still(1, 2)", "too many"),
        ("self.make()", "'a'"),
        ("self.run()", "'a'"),
    ],
)
def test_calls_that_cannot_work(call: str, detail: str) -> None:
    """The misfit is named as Python itself would name it."""
    check(NAME, FILE, f"\n        return {call}", FAILED, detail)


@pytest.mark.parametrize(
    ("document", "insertion", "outcome"),
    [
        ("def f(a, b):▮\n", "\n    return f(a)", FAILED),
        ("def f(a, b):▮\n", "\n    return a and f(a, b)", PASSED),
        ("def f(a):▮\n", "\n    def g(x): return x\n    return g(a, 1)", FAILED),
        ("def f(a):▮\n", "\n    def g(x): return x\n    if a:\n        g = print\n    return g(a, 1)", SKIPPED),
        ("def two(x, y): pass\n\n\ndef f(two):▮\n", "\n    return two(1)", SKIPPED),
        ("def two(x, y): pass\n\n\ndef f(a):▮\n", "\n    for two in a:\n        two(1)", SKIPPED),
        ("def two(x, y): pass\n\n\ndef g():\n    global two\n    two = 1\n\n\ndef f(a):▮\n", "\n    two(1)", SKIPPED),
        ("if x:\n    def two(x): pass\nelse:\n    def two(x, y): pass\n\n\ndef f(a):▮\n", "\n    two(1)", SKIPPED),
        ("class A:\n    @staticmethod\n    def f(a):▮\n    def g(self): pass\n", "\n        return a.g(1, 2)", SKIPPED),
        (
            "class A:\n    def f(self):▮\n    def g(self): pass\n",
            "\n        self = 1\n        return self.g(1, 2)",
            SKIPPED,
        ),
        ("class A:\n    def __init__(self, a): pass\n    def f(self, a):▮\n", "\n        return A(a)", PASSED),
        ("class A:\n    def __init__(self, a): pass\n    def f(self, a):▮\n", "\n        return A()", FAILED),
        ("def f(a):▮\n", "\n    class B:\n        def __init__(self, x): pass\n    return B()", FAILED),
        ("def f(a):▮\n", "\n    class B:\n        def __init__(self, x): pass\n    return B(a)", PASSED),
        (
            "def o():\n    class I:\n        def __init__(self, a): pass\n        def f(self):▮\n",
            "\n            return I()",
            SKIPPED,
        ),
        ("class A(type):\n    def f(cls):▮\n    def g(cls, a): pass\n", "\n        return cls.g()", FAILED),
        ("def two(x, y):\n    pass\ndel two\n\n\ndef f(a):▮\n", "\n    return two(1, 2)", PASSED),
    ],
)
def test_scopes(document: str, insertion: str, outcome: object) -> None:
    """A name that could mean something else here is left alone."""
    check(NAME, document, insertion, outcome, detail="")  # type: ignore[arg-type]  # an Outcome
