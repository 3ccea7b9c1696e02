"""Calls like those of the examples, with other arguments: what else a function might be asked. Pure; runs nothing.

What all examples have in common is kept, since it may be what the function demands of its input: types, the lengths of
tuples, the sign of numbers, that lists are sorted, that two lists are as long as each other. Texts are made of the
letters of the examples, and both texts and numbers of constants that stand in the code: what it looks for is what it
should be asked about. The same examples give the same calls.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from glosswright_server.intent.contract import Example, ExampleKind
from glosswright_server.verify.sandbox.questions import python_question

MOST = 100
"""Calls that are made up, unless another number is asked for."""
_MOST_ARGUMENTS = 6
_MOST_SOURCE = 2_000
_SHORT, _ALPHABET, _LARGE = 3, 12, 10_000
"""Letters of a text, letters of one that may be a set of letters, and a number: constants up to these are tried."""
_LONGEST = 12
"""Members of a list or letters of a text that are varied one by one."""


def variations(
    examples: Iterable[Example], target: str, constants: Sequence[str | int] = (), most: int = MOST
) -> tuple[str, ...]:
    """Expressions that call `target` (`f`, `Stack.push`) with other arguments than the examples do, the likeliest
    inputs first; none where no example calls it with literals alone, or where it takes no arguments. `constants` are
    those of the code, see `constants_of`."""
    name = target.rpartition(".")[2]
    calls = [call for example in examples if (call := _call(example, name)) is not None]
    if not calls:
        return ()
    first = calls[0]
    like = [call.values for call in calls if len(call.values) == len(first.values)]
    if not 0 < len(first.values) <= _MOST_ARGUMENTS:
        return ()
    known = {repr(values) for values in like}
    found: list[str] = []
    for values in _inputs(like, constants):
        if len(found) >= most:
            break
        if (key := repr(values)) not in known and len(key) <= _MOST_SOURCE:
            known.add(key)
            found.append(first.with_arguments(values))
    return tuple(found)


def constants_of(source: str) -> tuple[str | int, ...]:
    """The short texts and the whole numbers in a program, in its order."""
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    found = [node.value for node in ast.walk(module) if isinstance(node, ast.Constant)]
    short = [one for one in found if isinstance(one, str) and 0 < len(one) <= _SHORT]
    letters = [letter for one in found if isinstance(one, str) and _SHORT < len(one) <= _ALPHABET for letter in one]
    whole = [one for one in found if type(one) is int and abs(one) < _LARGE]
    return tuple(dict.fromkeys((*short, *whole, *letters)))


class _Call:
    """A call of the target in an expression, with its arguments as values."""

    def __init__(self, tree: ast.expr, call: ast.Call) -> None:
        """Raises ValueError where an argument is no literal."""
        self._tree = tree
        self._call = call
        self.values = [ast.literal_eval(part) for part in (*call.args, *(word.value for word in call.keywords))]

    def with_arguments(self, values: Sequence[object]) -> str:
        """The expression with these in their place."""
        parts: list[ast.expr] = [ast.parse(repr(value), mode="eval").body for value in values]
        count = len(self._call.args)
        kept = self._call.args, [word.value for word in self._call.keywords]
        self._call.args = parts[:count]
        for word, part in zip(self._call.keywords, parts[count:], strict=True):
            word.value = part
        text = ast.unparse(self._tree)
        self._call.args = kept[0]
        for word, old in zip(self._call.keywords, kept[1], strict=True):
            word.value = old
        return text


def _call(example: Example, name: str) -> _Call | None:
    """The only call of the target in what the example asks for."""
    if example.setup.strip() or example.kind is ExampleKind.RAISES:
        return None
    question = python_question(example)
    if question.body:
        return None
    try:
        tree = ast.parse(question.last.strip(), mode="eval").body
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node.func) == name]
        return _Call(tree, calls[0]) if len(calls) == 1 else None
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return None


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _inputs(like: Sequence[list[Any]], constants: Sequence[str | int]) -> Iterator[list[Any]]:
    """Lists of arguments, without end unless nothing can be varied."""
    columns = [list(column) for column in zip(*like, strict=True)]
    makers = [_Maker(column, constants) for column in columns]
    together = _as_long_as_each_other(columns)
    tidy = [_same_length if number in together else None for number in range(len(columns))]
    # One argument at a time, in turns, so that each has its likeliest variants among the first.
    streams = [
        (values, at, makers[at].near(values[at])) for values in like for at in range(len(values)) if at not in together
    ]
    while streams:
        left = []
        for values, at, stream in streams:
            variant = next(stream, _NONE)
            if variant is not _NONE:
                yield [*values[:at], variant, *values[at + 1 :]]
                left.append((values, at, stream))
        streams = left
    chance = random.Random(0)  # noqa: S311 - the same each time, on purpose
    for _ in range(20 * MOST):
        values = [makers[at].any(chance) for at in range(len(columns))]
        for at, one in enumerate(tidy):
            if one is not None:
                values[at] = one(values[at], len(values[min(together)]), columns[at], chance)
        yield values


_NONE: Any = object()


def _as_long_as_each_other(columns: Sequence[list[Any]]) -> set[int]:
    """The arguments that are lists, or texts, of one length in each example."""
    sized = [at for at, column in enumerate(columns) if all(isinstance(one, (list, str)) for one in column)]
    for first in sized:
        same = {at for at in sized if list(map(len, columns[at])) == list(map(len, columns[first]))}
        if len(same) > 1 and any(columns[first]):
            return same
    return set()


def _same_length(value: Any, length: int, column: list[Any], chance: random.Random) -> Any:
    pool = [part for one in column for part in one]
    value = value[:length]
    more = [chance.choice(pool) for _ in range(length - len(value))]
    return value + ("".join(more) if isinstance(value, str) else more)


class _Maker:
    """Makes values like those of one argument."""

    def __init__(self, column: list[Any], constants: Sequence[str | int]) -> None:
        self._column = column
        self._words = [one for one in constants if isinstance(one, str)]
        self._limits = [one for one in constants if isinstance(one, int)]
        flat = list(_flat(column))
        self._numbers = [one for one in flat if isinstance(one, (int, float)) and not isinstance(one, bool)]
        self._texts = [one for one in flat if isinstance(one, str)]
        self._letters = sorted({letter for text in self._texts for letter in text})
        self._signed = any(one < 0 for one in self._numbers)
        lists = [one for one in column if isinstance(one, list) and len(one) > 2]
        # Two, for `[1, 2, 3]` is what everybody writes.
        self._sorted = len(lists) > 1 and all(_is_sorted(one) for one in lists)

    def near(self, value: Any) -> Iterator[Any]:
        """Values that differ from `value` in one respect, the likeliest first."""
        if isinstance(value, bool):
            yield not value
        elif isinstance(value, (int, float)):
            yield from self._near_number(value)
        elif isinstance(value, str):
            yield from self._near_text(value)
        elif isinstance(value, list):
            for variant in self._near_list(value):
                yield sorted(variant) if self._sorted and _is_sortable(variant) else variant
        elif isinstance(value, tuple):
            for at, part in enumerate(value):
                yield from ((*value[:at], variant, *value[at + 1 :]) for variant in self.near(part))
        elif isinstance(value, dict):
            yield from self._near_dict(value)
        elif isinstance(value, (set, frozenset)):
            yield from (
                type(value)(variant) for variant in self._near_list(sorted(value, key=repr)) if _is_flat(variant)
            )

    def any(self, chance: random.Random) -> Any:
        """One value, by chance: that of an example, or what a few steps make of it."""
        value = chance.choice(self._column)
        for _ in range(chance.randrange(4)):
            near = list(_first(self.near(value), 30))
            value = chance.choice(near) if near else value
        return value

    def _near_number(self, value: int | float) -> Iterator[int | float]:
        limits = [near for one in self._limits for near in (one, one + 1, one - 1)]
        small = (0, 1, 2, 3, value + 2, 5, 7, 10, 12, -value, value * 10)
        others = [value + 1, value - 1, *self._numbers, value * 2, *limits, *small]
        if isinstance(value, float):
            others = [float(one) for one in others] + [value + 0.5, value / 2]
        yield from (one for one in others if self._is_likely(one) and type(one) is type(value))

    def _is_likely(self, number: int | float) -> bool:
        return self._signed or number >= 0

    def _near_text(self, value: str) -> Iterator[str]:
        yield from (
            value[:-1],
            value[1:],
            value[::-1],
            value + value,
            value[: len(value) // 2],
            value[len(value) // 2 :],
            "",
        )
        for word in self._words:
            marks = "".join(sorted({letter for letter in value if not letter.isalnum() and not letter.isspace()}))
            if marks and word not in marks:
                yield value.replace(marks[0], word)
            yield from (value + word, word + value)
        words = value.split()
        if len(words) > 1:
            yield from (
                " ".join(words[::-1]),
                " ".join(words[1:]),
                " ".join(sorted(words)),
                " ".join([*words, words[0]]),
            )
        yield from (value[:1], value[-1:])
        for other in self._texts:
            if other != value:
                yield value + other
        for at in range(min(len(value), _LONGEST)):
            yield value[:at] + value[at + 1 :]
            yield value[:at] + value[at] + value[at:]
            if at + 1 < len(value):
                yield value[:at] + value[at + 1] + value[at] + value[at + 2 :]
        yield from (value.swapcase(), value.upper(), value.lower()) if self._mixed() else ()
        yield from self._letters

    def _mixed(self) -> bool:
        return any(letter.isupper() for letter in self._letters) and any(letter.islower() for letter in self._letters)

    def _near_list(self, value: list[Any]) -> Iterator[list[Any]]:
        yield from (value[:-1], value[1:], [], value[::-1], value + value, value[:1], value[-1:])
        if value:
            yield from ([*value, value[0]], [value[-1], *value], [value[0]] * max(len(value), 2))
        if _is_sortable(value):
            yield from (sorted(value), sorted(value, reverse=True))
        for other in self._column:
            if isinstance(other, list) and other != value:
                yield value + other
        for at in range(min(len(value), _LONGEST)):
            yield value[:at] + value[at + 1 :]
            yield [*value[:at], value[at], *value[at:]]
            for variant in _first(self.near(value[at]), 4):
                yield [*value[:at], variant, *value[at + 1 :]]

    def _near_dict(self, value: dict[Any, Any]) -> Iterator[dict[Any, Any]]:
        yield {}
        for key in list(value)[:_LONGEST]:
            yield {one: value[one] for one in value if one != key}
            for variant in _first(self.near(value[key]), 3):
                yield {**value, key: variant}
            for variant in _first(self.near(key), 3):
                yield {(variant if one == key else one): value[one] for one in value}


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, dict):
            yield from _flat([*value, *value.values()])
        elif isinstance(value, (list, tuple, set, frozenset)):
            yield from _flat(value)
        else:
            yield value


def _first(stream: Iterator[Any], count: int) -> Iterator[Any]:
    for _, value in zip(range(count), stream, strict=False):
        yield value


def _is_sortable(value: list[Any]) -> bool:
    kinds: set[Callable[..., Any]] = {type(one) for one in value}
    return (len(kinds) == 1 and kinds <= {int, float, str}) or kinds == {int, float}


def _is_sorted(value: list[Any]) -> bool:
    return _is_sortable(value) and value == sorted(value)


def _is_flat(value: list[Any]) -> bool:
    return all(isinstance(one, (int, float, str, bool, bytes, type(None))) for one in value)
