"""The pure parts that the back ends share: the context window, stop strings, the number of threads."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glosswright_model.backends import threads
from glosswright_model.backends.context_window import Fit, fit
from glosswright_model.backends.stop_strings import StopStrings
from glosswright_model.backends.threads import thread_count

SIZES = st.integers(0, 5000)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"context": 100, "prefix": 50, "max_tokens": 20}, Fit(0, 0, 20)),
        ({"context": 100, "prefix": 50, "max_tokens": 80}, Fit(0, 0, 50)),
        ({"context": 800, "prefix": 900, "max_tokens": 100}, Fit(200, 0, 100)),
        ({"context": 800, "prefix": 901, "max_tokens": 100}, Fit(300, 0, 100)),
        ({"context": 800, "prefix": 10, "suffix": 5000, "max_tokens": 100}, Fit(0, 690, 100)),
        ({"context": 800, "prefix": 5000, "suffix": 5000, "max_tokens": 100, "fixed": 4}, Fit(4500, 174, 100)),
        ({"context": 1, "prefix": 3, "max_tokens": 1}, Fit(2, 0, 0)),
    ],
)
def test_fits(sizes: dict[str, int], expected: Fit) -> None:
    """The answer gets its room, the suffix a quarter, and the start of the prompt is cut in steps."""
    assert fit(**sizes) == expected


@given(context=st.integers(1, 4000), prefix=SIZES, suffix=SIZES, fixed=st.integers(0, 4), max_tokens=SIZES)
def test_what_fits_really_fits(context: int, prefix: int, suffix: int, fixed: int, max_tokens: int) -> None:
    """Whatever the sizes, prompt and answer together stay within the context, and something of the prompt is left."""
    kept = fit(context=context, prefix=prefix, suffix=suffix, fixed=fixed, max_tokens=max_tokens)
    assert 0 <= kept.drop_prefix <= prefix
    assert 0 <= kept.keep_suffix <= suffix
    assert kept.max_tokens <= max_tokens
    if fixed < context:
        assert fixed + prefix - kept.drop_prefix + kept.keep_suffix + max(kept.max_tokens, 0) <= context
    if prefix and context >= 16:
        assert kept.drop_prefix < prefix


@pytest.mark.parametrize(
    ("pieces", "stops", "shown", "found"),
    [
        (["ab", "cd"], (), "abcd", False),
        (["ab", "cd"], ("",), "abcd", False),
        (["ab", "cd"], ("bc",), "a", True),
        (["a", "\n", "\n", "b"], ("\n\n",), "a", True),
        (["a", "\n", "b"], ("\n\n",), "a\nb", False),
        (["a", "\n"], ("\n\n",), "a\n", False),
        (["xyz"], ("z", "y"), "x", True),
        (["aab"], ("ab",), "a", True),
        (["ab", "cd", "ef"], ("cd",), "ab", True),
    ],
)
def test_stop_strings(pieces: list[str], stops: tuple[str, ...], shown: str, found: bool) -> None:
    """A stop string must be found across pieces, must not show, and must not swallow what only looked like it."""
    stream = StopStrings(stops)
    text = "".join(stream.push(piece) for piece in pieces) + stream.flush()
    assert (text, stream.found) == (shown, found)
    assert stream.push("more") == ("" if found else "more")


def test_thread_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The argument wins over the environment, and that over what the machine has; nonsense is ignored."""
    monkeypatch.setattr(threads, "_affinity", lambda: 6)
    monkeypatch.setattr(threads, "_quota", lambda: 3)
    monkeypatch.setattr(threads.psutil, "cpu_count", lambda logical: 4)
    monkeypatch.setattr(threads.os, "cpu_count", lambda: 8)
    assert [thread_count(5), thread_count(0), thread_count()] == [5, 1, 3]
    for value, expected in (("7", 7), ("0", 3), ("many", 3), ("", 3)):
        monkeypatch.setenv("GLOSSWRIGHT_THREADS", value)
        assert thread_count() == expected


@pytest.mark.parametrize(
    ("content", "cpus"),
    [("max 100000\n", None), ("150000 100000\n", 2), ("1000 100000", 1), ("5 0", None), ("x", None)],
)
def test_container_quota(content: str, cpus: int | None, tmp_path: Path) -> None:
    """In a container the machine's core count is a lie; a group file that cannot be read is no limit."""
    file = tmp_path / "cpu.max"
    file.write_text(content)
    assert threads._quota(file) == cpus
    assert threads._quota(tmp_path / "none") is None


def test_affinity_is_a_count_where_there_is_one() -> None:
    """On Linux the mask bounds the threads; elsewhere there is none."""
    assert threads._affinity() is None or threads._affinity() >= 1
