"""The wait follows the typist: tables with a clock of their own."""

from __future__ import annotations

import pytest

from glosswright_server.generation.debounce import INITIAL_INTERVAL_MS, Debounce, DebounceLimits
from glosswright_server.generation.latency import RollingLatency


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def typist(interval_ms: float, keys: int = 40, *, latency_ms: float | None = None) -> tuple[Debounce, Clock]:
    clock = Clock()
    debounce = Debounce(DebounceLimits(min_ms=60, max_ms=1000), clock=clock)
    for _ in range(keys):
        clock.now += interval_ms / 1000
        debounce.typed()
    if latency_ms is not None:
        debounce.answered(latency_ms)
    return debounce, clock


@pytest.mark.parametrize(
    ("interval_ms", "latency_ms", "left", "right", "wait_ms"),
    [
        pytest.param(100, None, "re", "turn", 300, id="within-a-word"),
        pytest.param(100, None, "foo", "(x)", 300, id="before-more-text"),
        pytest.param(100, None, "return", "", 200, id="word-at-line-end"),
        pytest.param(100, None, "x = ", "", 150, id="space-at-line-end"),
        pytest.param(100, None, "x = ", "y", 200, id="space-before-text"),
        pytest.param(100, None, "foo(", ")", 150, id="punctuation"),
        pytest.param(100, None, "", "", 150, id="empty-line"),
        pytest.param(100, None, "    ", "x", 150, id="indentation"),
        pytest.param(100, None, "a\n", "\r\nb", 150, id="more-than-the-line-is-given"),
        pytest.param(100, None, "名前", "", 200, id="chinese-word"),
        pytest.param(100, 80, "return", "", 120, id="latency-is-taken-off"),
        pytest.param(100, 5000, "return", "", 60, id="never-below-the-minimum"),
        pytest.param(900, None, "re", "turn", 1000, id="never-above-the-maximum"),
        pytest.param(10, None, "re", "turn", 60, id="key-repeat"),
    ],
)
def test_wait(interval_ms: float, latency_ms: float | None, left: str, right: str, wait_ms: float) -> None:
    """Longer within words, shorter where a thought ends, bounded on both sides."""
    debounce, _ = typist(interval_ms, latency_ms=latency_ms)
    assert debounce.wait_s(explicit=False, left=left, right=right) * 1000 == pytest.approx(wait_ms, abs=2)
    assert debounce.wait_s(explicit=True, left=left, right=right) == 0.0


def test_time_since_the_key_counts() -> None:
    """Neovim waits 200 ms itself; waiting again would double it."""
    debounce, clock = typist(100)
    clock.now += 0.12
    assert debounce.wait_s(explicit=False, left="return", right="") == pytest.approx(0.08, abs=0.002)
    clock.now += 5
    assert debounce.wait_s(explicit=False, left="return", right="") == 0.0


def test_thinking_is_not_typing() -> None:
    """A minute of thought must not make the next wait a second long; neither may a clock that was set back."""
    debounce, clock = typist(100)
    for gap_s in (60.0, -30.0):
        clock.now += gap_s
        debounce.typed()
    assert debounce.interval_ms == pytest.approx(100, abs=1)


def test_before_the_first_key() -> None:
    """A request on opening a document waits for the usual typist, and counts as a pause."""
    debounce = Debounce(clock=Clock())
    assert debounce.wait_s(explicit=False, left="x", right="") == 2 * INITIAL_INTERVAL_MS / 1000
    assert debounce.paused()


@pytest.mark.parametrize(("interval_ms", "pause_s"), [(100, 0.6), (300, 0.9)])
def test_paused(interval_ms: float, pause_s: float) -> None:
    """At the end of a comment the model is asked only when the writer has stopped; slow writers get longer."""
    debounce, clock = typist(interval_ms)
    assert not debounce.paused()
    assert debounce.pause_left_s() == pytest.approx(pause_s, abs=0.01)
    clock.now += pause_s - 0.02
    assert not debounce.paused()
    clock.now += 0.03
    assert debounce.paused()


def test_rolling_latency() -> None:
    """Only the last answers count, so that a slow start is forgotten."""
    latency = RollingLatency(window=3)
    assert (latency.mean_ms, latency.p50_ms, len(latency)) == (0.0, 0.0, 0)
    for value in (9000.0, -5.0, 10.0, 50.0):
        latency.record(value)
    assert (latency.mean_ms, latency.p50_ms, len(latency)) == (20.0, 10.0, 3)
