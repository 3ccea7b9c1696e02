"""The checker's descriptions, taken in this process: what it writes is what the other side reads, bounded and blind to
what a value says of itself. That it also holds in the sandbox is shown by the other tests here."""

from __future__ import annotations

import _thread
import collections
import enum
import gc
import json
import sys
from asyncio.selector_events import BaseSelectorEventLoop
from collections.abc import Iterator

import pytest

from glosswright_server.verify.sandbox.inside import checker
from glosswright_server.verify.sandbox.values import Tree, describe, read_tree, show, unhex


@pytest.fixture(autouse=True)
def undisturbed() -> Iterator[None]:
    """The checker stops whoever traces it; here that is whoever measures the coverage."""
    traced, profiled, callbacks = sys.gettrace(), sys.getprofile(), list(gc.callbacks)
    yield
    sys.settrace(traced)
    sys.setprofile(profiled)
    gc.callbacks[:] = callbacks


def described(value: object) -> Tree:
    """The value over there and back."""
    return read_tree(json.loads(checker.describer()(value)))


@pytest.mark.parametrize(
    "value",
    [
        None, True, False, 0, -7, 2**300, 1.5, float("inf"), -0.0, 2 - 1j, "", "é\n\"\\", "\ud800", b"\0\xff", [],
        [1, [2]], (),
        (1,), {1, 2}, frozenset({1}), {"a": [1], 2: None}, {},
    ],
)  # fmt: skip
def test_there_and_back(value: object) -> None:
    """Values of builtin types arrive as they were."""
    assert described(value) == describe(value)


def test_not_a_number() -> None:
    """NaN arrives, though it equals nothing."""
    assert show(described(float("nan"))) == "nan"


class Colour(enum.IntEnum):
    RED = 1


class Broken:
    def __repr__(self) -> str:
        raise KeyboardInterrupt


class Liar(str):
    __slots__ = ()

    def __len__(self) -> int:
        return 0

    def encode(self, *_: object) -> bytes:  # type: ignore[override] # it lies
        return b"a lie"

    def __getitem__(self, _: object) -> str:  # type: ignore[override] # it lies
        return "a lie"


@pytest.mark.parametrize(
    ("value", "tree"),
    [
        (collections.Counter("a"), ("u", "Counter", "Counter({'a': 1})", describe({"a": 1}))),
        (Colour.RED, ("u", "Colour", repr(Colour.RED), ("i", 1))),
        (Liar("the truth"), ("u", "Liar", "'the truth'", ("s", "the truth"))),
        (Broken(), ("o", "Broken", "<Broken whose repr raises KeyboardInterrupt>")),
        (range(3), ("o", "range", "range(0, 3)")),
        (bytearray(b"a"), ("B", b"a")),
        ("x" * 200_000, ("x", "size")),
        (b"x" * 200_000, ("x", "size")),
        pytest.param(1 << 1_000_000, ("x", "size"), id="large"),
    ],
)
def test_others(value: object, tree: Tree) -> None:
    """Derived classes are what they derive from, whatever they say; the rest is shown; what is large is left behind."""
    assert described(value) == tree


class Array:
    """As numpy's, without numpy."""

    size = property(lambda self: 2)

    def tolist(self) -> list[int]:
        """Plain values."""
        return [1, 2]

    def __repr__(self) -> str:
        return "array([1, 2])"


def test_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrays of numpy are lists besides; large ones, and what only has such methods, are not."""
    assert described(Array()) == ("o", "Array", "array([1, 2])")
    monkeypatch.setattr(Array, "__module__", "numpy")
    assert described(Array()) == ("u", "Array", "array([1, 2])", describe([1, 2]))
    monkeypatch.setattr(Array, "size", property(lambda self: 10**9))
    assert described(Array())[0] == "o"


def test_deep_and_wide() -> None:
    """A value in itself, or with very many parts, ends."""
    loop: list[object] = []
    loop.append(loop)
    assert "too large" in show(described(loop))
    assert "too large" in show(described([[0] * 1000] * 1000))
    many = described([Broken() for _ in range(5000)])
    assert len(many) > 100


@pytest.mark.parametrize(
    ("why", "classes", "rest"),
    [
        (KeyError("x"), ["KeyError", "LookupError"], ["'x'", None, False, ""]),
        (PermissionError(13, "no", "file"), ["PermissionError", "OSError"], ["[Errno 13] no: 'file'", 13, True, ""]),
        (OSError("plain"), ["OSError"], ["plain", None, False, ""]),
        (OSError(10**9, "large"), ["OSError"], ["[Errno 1000000000] large", None, False, ""]),
        (ModuleNotFoundError("no", name="foo"), ["ModuleNotFoundError", "ImportError"], ["no", None, False, "foo"]),
        (ImportError("no", name="foo"), ["ImportError"], ["no", None, False, ""]),
        (ValueError(Broken()), ["ValueError"], ["", None, False, ""]),
    ],
)
def test_errors(why: BaseException, classes: list[str], rest: list[object]) -> None:
    """What of an exception is told."""
    found, message, number, named, missing = json.loads(f"[{checker.error_describer()(why)}]")
    assert [unhex(name) for name in found][: len(classes)] == classes
    assert [unhex(message), number, named, unhex(missing)] == rest


def test_stream_keeps_the_first_part() -> None:
    """Output beyond the limit is dropped without a word to the code that prints."""
    stream = checker.streams()()
    print("x" * 100_000, file=stream)
    print("more", file=stream)
    assert stream.taken() == b"x" * checker.MOST_PRINTED
    stream.close()
    assert len(stream.taken()) == checker.MOST_PRINTED


def test_calm() -> None:
    """Nothing that was hung into the interpreter is called any more."""
    deepest = sys.getrecursionlimit()
    calm = checker.calmer()
    gc.callbacks.append(print)
    sys.setprofile(lambda *_: None)
    sys.setrecursionlimit(deepest + 100)
    calm()
    assert (sys.gettrace(), sys.getprofile(), sys.getrecursionlimit(), gc.callbacks) == (None, None, deepest, [])


def test_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load, run and compare, as the loop calls them."""
    # What it does to event loops must not outlive this test.
    monkeypatch.setattr(BaseSelectorEventLoop, "_make_self_pipe", BaseSelectorEventLoop._make_self_pipe)
    # This process may have threads of its own: those of a parallel test run.
    monkeypatch.setattr(_thread, "_count", lambda: 0)
    works = checker.workers()
    previous = sys.modules.get("program")
    try:
        works["load"](
            "class P:\n    def __eq__(self, other): return True\ndef f(x): return x + 1\nasync def g(): return 2"
        )
        assert works["run"]("0", "y = 2", "f(y)", "value") == 3
        assert works["run"]("0", "y += 1", "", "value") is None
        assert works["run"]("0", "", "f(y)", "value") == 4
        assert works["run"]("0", "", "f(y)", "prints") is None
        assert works["run"]("1", "", "await g()", "value") == 2
        works["run"]("1", "", "P()", "value")
        assert works["same"]("1", "P()")[1] is True
        assert works["same"]("1", "3") == (3, False)
        with pytest.raises(NameError):
            works["run"]("1", "", "y", "value")
    finally:
        sys.modules.pop("program", None)
        if previous is not None:
            sys.modules["program"] = previous
