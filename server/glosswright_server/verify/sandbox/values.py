"""Values that came out of the sandbox, as descriptions: read with care, compared, and shown to people.

A description is a tree of tuples, as `inside/checker.py` and `inside/checker.js` write it; see `Tree`. No object of the
code under test ever exists here: nothing is evaluated or unpickled, and hostile input costs no more than its length.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

Tree = tuple[Any, ...]
"""`("N",)` None, `("T",)` and `("F",)` the truth values, `("i", int)`, `("f", float)`, `("c", complex)`, `("s", str)`,
`("b", bytes)`, `("B", bytes)` a bytearray, `("l", *trees)` a list, `("t", *trees)` a tuple, `("S", *trees)` a set,
`("Z", *trees)` a frozenset, `("d", *trees)` a dict as keys and values in turns, `("u", class, repr, tree)` a value of a
class derived from one of these, `("o", class, repr)` any other, `("x", why)` one that is too large to send.
JavaScript besides: `("U",)` undefined, `("n", text)` a BigInt, `("m", *trees)` a Map; its arrays are lists, its objects
dicts, and all its numbers floats."""

RELATIVE, ABSOLUTE = 1e-9, 1e-9
"""How far a computed fraction may be from the written one; the second one where that is zero."""
_LAST_WHOLE = 1 << 53
"""Up to here floats are as exact as whole numbers."""
_CUT_DIGITS, _CUT_PLACES = 6, 5
"""A number with so many digits, so many of them after the point, is taken for one that was cut: 3.14159, 0.333333."""
_SINGLES = frozenset("NTFU")
_CONTAINERS = frozenset("ltSZdm")
_MOST_DEPTH, _MOST_PARTS = 220, 50_000
_MOST_PAIRS = 300
"""Members of a set, or of a dict with keys that are not text, that are compared each with each."""


class Written(float):
    """A number as it stands in an expectation, with how exactly it was written."""

    __slots__ = ("exact", "unit")

    def __new__(cls, value: float, *, exact: bool = False) -> Written:
        """`exact`: written without a fraction, in a language where all numbers are floats."""
        self = super().__new__(cls, value)
        self.exact = exact
        self.unit = 0.0 if exact else _unit(value)
        return self

    exact: bool
    unit: float
    """What one more in its last digit would be, where it was evidently cut; 0.0 where it was not."""

    def __neg__(self) -> Written:
        return Written(-float(self), exact=self.exact)


def _unit(value: float) -> float:
    if not math.isfinite(value):
        return 0.0
    written = repr(value)
    _, digits, exponent = Decimal(written).as_tuple()
    assert isinstance(exponent, int)  # finite
    places = len(digits) - 1 if "e" in written else -exponent
    return float(f"1e{exponent}") if len(digits) >= _CUT_DIGITS and places >= _CUT_PLACES else 0.0


def read_tree(sent: object) -> Tree:
    """The description that a record holds. Raises `ValueError` when it is none, or is larger than any that is sent."""
    return _tree(sent, 0, iter(range(_MOST_PARTS)))


def _tree(sent: object, depth: int, left: Iterator[int]) -> Tree:
    if next(left, None) is None:
        raise ValueError("too many parts")
    if depth > _MOST_DEPTH or not isinstance(sent, list) or not sent or not isinstance(sent[0], str):
        raise ValueError("not a description")
    kind, *parts = sent
    if kind in _SINGLES and not parts:
        return (kind,)
    if kind in _CONTAINERS and not (kind in "dm" and len(parts) % 2):
        return (kind, *(_tree(part, depth + 1, left) for part in parts))
    texts = [_text(part) for part in parts[:2]]
    match kind, len(parts), texts:
        case "i", 1, [digits]:
            return kind, int(digits, 16)
        case "f", 1, [number]:
            return kind, float.fromhex(number)
        case "c", 2, [real, imaginary]:
            return kind, complex(float.fromhex(real), float.fromhex(imaginary))
        case (("s" | "n"), 1, [coded]):
            return kind, unhex(coded)
        case (("b" | "B"), 1, [coded]):
            return kind, bytes.fromhex(coded)
        case "o", 2, [name, shown]:
            return kind, unhex(name), unhex(shown)
        case "u", 3, [name, shown]:
            return kind, unhex(name), unhex(shown), _tree(parts[2], depth + 1, left)
        case "x", 1, [why]:
            return kind, why
    raise ValueError("not a description")


def _text(part: object) -> str:
    if not isinstance(part, str):
        raise ValueError("not text")
    return part


def unhex(coded: object) -> str:
    """The text behind hexadecimal UTF-8. Raises `ValueError`."""
    if not isinstance(coded, str):
        raise ValueError("not text")
    return bytes.fromhex(coded).decode("utf-8", "surrogatepass")


def describe(value: object) -> Tree:
    """The description of a value of our own, made of builtin types. Raises `ValueError` for any other."""
    if value is None or isinstance(value, bool):
        return ({None: "N", True: "T", False: "F"}[value],)
    for kind, letter in ((int, "i"), (float, "f"), (complex, "c"), (str, "s"), (bytes, "b")):
        if type(value) is kind or (kind is float and isinstance(value, Written)):
            return letter, value
    for group, letter in ((list, "l"), (tuple, "t"), (set, "S"), (frozenset, "Z")):
        if type(value) is group:
            return letter, *(describe(part) for part in value)
    if type(value) is dict:
        return "d", *(describe(part) for item in value.items() for part in item)
    raise ValueError(f"a value of {type(value).__name__}")


def same(found: Tree, wanted: Tree) -> bool:
    """Whether the two are the same for a reader of documentation.

    A whole number must be that number; a fraction may differ as floats do, by 1e-9 of it, and a `Written` one that was
    cut by what was cut off. True is not 1, a list is not a tuple, NaN is NaN; a value of a derived class is what it is
    derived from.
    """
    if found[0] == "u":
        return same(found[3], wanted)
    if wanted[0] == "u":
        return same(found, wanted[3])
    kinds = found[0], wanted[0]
    if "x" in kinds or "o" in kinds:
        return False
    if set(kinds) <= set("ifc"):
        return _same_number(found[1], wanted[1])
    if set(kinds) <= set("SZ"):
        return _same_members([(part,) for part in found[1:]], [(part,) for part in wanted[1:]])
    if set(kinds) <= set("bB"):
        return bool(found[1] == wanted[1])
    if kinds[0] != kinds[1]:
        return False
    if kinds[0] in "dm":
        return _same_members(_pairs(found), _pairs(wanted))
    if kinds[0] in _CONTAINERS:
        return len(found) == len(wanted) and all(map(same, found[1:], wanted[1:]))
    return found == wanted


def equal(found: Tree, wanted: Tree) -> bool:
    """Whether the two are the same to Python's `==`, for which True is 1."""
    return same(_as_numbers(found), _as_numbers(wanted))


def _as_numbers(tree: Tree) -> Tree:
    if tree in (("T",), ("F",)):
        return "i", int(tree[0] == "T")
    return tuple(_as_numbers(part) if isinstance(part, tuple) else part for part in tree)


def holds_object(tree: Tree) -> bool:
    """Whether some of it is an object of which only its class can say what it equals."""
    return tree[0] == "o" or any(holds_object(part) for part in tree[1:] if isinstance(part, tuple))


def _same_number(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, int) or (isinstance(wanted, Written) and wanted.exact):
        return bool(found == wanted)
    if isinstance(found, complex) or isinstance(wanted, complex):
        found, wanted = complex(found), complex(wanted)
        return _same_number(found.real, wanted.real) and _same_number(found.imag, wanted.imag)
    if math.isnan(wanted):
        return bool(found != found)
    try:
        found = float(found)
    except OverflowError:  # a whole number beyond any float
        return False
    if found.is_integer() and wanted.is_integer() and abs(wanted) < _LAST_WHOLE and wanted:
        return bool(found == wanted)
    return (
        math.isclose(found, wanted, rel_tol=RELATIVE)
        or (not wanted and abs(found) <= ABSOLUTE)
        or (isinstance(wanted, Written) and _is_cut(found, wanted))
    )


def _is_cut(found: float, wanted: Written) -> bool:
    """Whether `wanted` is what rounding to its digits, or leaving the others away, makes of the value."""
    more = abs(found) - abs(wanted)
    return found * wanted > 0 and -0.5000001 * wanted.unit <= more < wanted.unit


def _pairs(tree: Tree) -> list[tuple[Tree, ...]]:
    return list(zip(tree[1::2], tree[2::2], strict=True))


def _same_members(found: list[tuple[Tree, ...]], wanted: list[tuple[Tree, ...]]) -> bool:
    """Whether each has its like on the other side. Text keys are looked up; others are tried each with each, so that
    keys chosen to collide in a hash table cost nothing."""
    if len(found) != len(wanted):
        return False
    none: tuple[Tree, ...] = (("x",), ("x",))
    texts = {pair[0][1]: pair for pair in wanted if pair[0][0] == "s"}
    rest = [pair for pair in wanted if pair[0][0] != "s"]
    others = []
    for pair in found:
        if pair[0][0] != "s":
            others.append(pair)
        elif not all(map(same, pair, texts.pop(pair[0][1], none))):
            return False
    if texts or len(others) != len(rest) or len(others) > _MOST_PAIRS:
        return not texts and sorted(map(repr, others)) == sorted(map(repr, rest))
    for pair in others:
        like = next((n for n, other in enumerate(rest) if all(map(same, pair, other))), None)
        if like is None:
            return False
        del rest[like]
    return True


def stands(found: Tree, relation: str, wanted: Tree) -> bool | None:
    """Whether the value stands in a relation to another, see `Question.relation`; None where nobody can say."""
    if found[0] == "u":
        return stands(found[3], relation, wanted)
    if found[0] in "ox":
        return None
    if relation in ("in", "not in"):
        if wanted[0] not in _CONTAINERS:
            return None
        members = wanted[1::2] if wanted[0] in "dm" else wanted[1:]
        return any(equal(found, member) for member in members) is (relation == "in")
    if relation in ("!=", "is not"):
        return not (equal if relation == "!=" else same)(found, wanted)
    if relation.startswith("near"):
        _, middle, far = wanted
        if {found[0], middle[0], far[0]} <= set("if"):
            return _is_near(found[1], middle[1], far[1], strictly=relation == "near <")
        return None
    if not ({found[0], wanted[0]} <= set("if") or found[0] == wanted[0] == "s"):
        return None
    return bool(
        {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}[relation](found[1], wanted[1])
    )


def _is_near(found: float, middle: float, far: float, *, strictly: bool) -> bool:
    try:
        return abs(found - middle) < far if strictly else abs(found - middle) <= far
    except OverflowError:  # a whole number beyond any float is near to none
        return False


def truth(tree: Tree) -> bool | None:
    """Whether it counts as true, None for a value whose class alone could say."""
    match tree:
        case ("N",) | ("F",) | ("U",):
            return False
        case ("T",):
            return True
        case (("i" | "f" | "c" | "s" | "b" | "B"), value):
            return bool(value)
        case ("u", _, _, base):
            return truth(base)
        case (("o" | "x"), *_):
            return None
    return len(tree) > 1


def show(tree: Tree) -> str:
    """A value as Python writes it."""
    match tree:
        case ("N",):
            return "None"
        case ("T",):
            return "True"
        case ("F",):
            return "False"
        case ("i", value):
            return repr(value) if value.bit_length() < 10_000 else f"a whole number of {value.bit_length()} bits"
        case ("B", value):
            return f"bytearray({value!r})"
        case (("f" | "c" | "s" | "b"), value):
            return repr(value)
        case ("t", only):
            return f"({show(only)},)"
        case ("t", *parts):
            return f"({_joined(parts)})"
        case ("l", *parts):
            return f"[{_joined(parts)}]"
        case ("S", *parts):
            return f"{{{_joined(parts)}}}" if parts else "set()"
        case ("Z", *parts):
            return f"frozenset({{{_joined(parts)}}})" if parts else "frozenset()"
        case ("d", *parts):
            pairs = zip(parts[::2], parts[1::2], strict=True)
            return "{" + ", ".join(f"{show(key)}: {show(value)}" for key, value in pairs) + "}"
        case (("u" | "o"), _, shown, *_):
            return str(shown)
    return "a value too large to compare"


def _joined(parts: Sequence[Tree]) -> str:
    return ", ".join(map(show, parts))
