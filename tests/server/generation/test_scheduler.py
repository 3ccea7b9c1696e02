"""Latest wins, and every way a request can end has its name."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from glosswright_server.errors import EndpointBusy
from glosswright_server.generation.scheduler import Outcome, OutcomeKind, Scheduler

KEY = ("file:///a.py", "inline")


async def value_after(delay_s: float, value: object) -> object:
    await asyncio.sleep(delay_s)
    return value


def spawn(scheduler: Scheduler, key: object, delay_s: float, value: object) -> asyncio.Task[Outcome[Any]]:
    return asyncio.create_task(scheduler.run(key, lambda: value_after(delay_s, value)))


async def test_answered() -> None:
    """The ordinary case leaves nothing behind."""
    scheduler = Scheduler()
    assert await scheduler.run(KEY, lambda: value_after(0, 7)) == Outcome(OutcomeKind.ANSWERED, 7)
    assert len(scheduler) == 0


async def test_thirty_keystrokes_one_answer() -> None:
    """The burst that makes other servers queue: all but the last end at once, in order of arrival."""
    scheduler = Scheduler()
    tasks = []
    for number in range(30):
        tasks.append(spawn(scheduler, KEY, 0.05, number))
        await asyncio.sleep(0)
    outcomes = await asyncio.wait_for(asyncio.gather(*tasks), 5)
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.SUPERSEDED] * 29 + [OutcomeKind.ANSWERED]
    assert outcomes[-1].value == 29


async def test_keys_do_not_disturb_each_other() -> None:
    """Another document, or another kind in the same one, goes on."""
    scheduler = Scheduler()
    tasks = [
        spawn(scheduler, key, 0.01, key) for key in (KEY, ("file:///a.py", "explicit"), ("file:///b.py", "inline"))
    ]
    assert {outcome.kind for outcome in await asyncio.gather(*tasks)} == {OutcomeKind.ANSWERED}


async def test_the_newer_runs_its_first_step_before_the_older_learns_of_its_end() -> None:
    """That is what lets it take over a running generation before the last waiter has left it."""
    scheduler, order = Scheduler(), []

    async def older() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            order.append("older left")

    async def newer() -> None:
        order.append("newer came")

    task = asyncio.create_task(scheduler.run(KEY, older))
    await asyncio.sleep(0.01)
    await scheduler.run(KEY, newer)
    assert (await task).kind is OutcomeKind.SUPERSEDED
    assert order == ["newer came", "older left"]


async def test_failures_are_values_and_defects_are_raised() -> None:
    """A busy model is an outcome; a bug must not pass as one."""
    scheduler, error = Scheduler(), EndpointBusy("full")

    async def busy() -> None:
        raise error

    async def defect() -> None:
        raise KeyError("bug")

    assert await scheduler.run(KEY, busy) == Outcome(OutcomeKind.FAILED, error=error)
    with pytest.raises(KeyError):
        await scheduler.run(KEY, defect)
    assert len(scheduler) == 0


async def test_cancelling_the_caller_ends_the_request_and_raises() -> None:
    """The client cancelled: the protocol layer needs the CancelledError, the model must stop."""
    scheduler, ended = Scheduler(), asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            ended.set()

    task = asyncio.create_task(scheduler.run(KEY, work))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(ended.wait(), 5)
    assert len(scheduler) == 0


@pytest.mark.parametrize("how", ["cancel", "aclose", "by itself"])
async def test_cancelled(how: str) -> None:
    """Closing a document, stopping the server, or a factory that gives up: not superseded, not an error."""
    scheduler = Scheduler()

    async def gives_up() -> None:
        raise asyncio.CancelledError

    if how == "by itself":
        assert (await scheduler.run(KEY, gives_up)).kind is OutcomeKind.CANCELLED
        return
    task = spawn(scheduler, KEY, 10, None)
    other = spawn(scheduler, ("file:///b.py", "inline"), 0.01, None)
    await asyncio.sleep(0)
    if how == "cancel":
        assert scheduler.cancel(lambda key: key == KEY) == 1
        assert (await other).kind is OutcomeKind.ANSWERED
    else:
        await asyncio.wait_for(scheduler.aclose(), 5)
        assert (await other).kind is OutcomeKind.CANCELLED
    assert (await asyncio.wait_for(task, 5)).kind is OutcomeKind.CANCELLED


@pytest.mark.parametrize("last_act", ["answers", "fails"])
async def test_a_request_that_ignores_its_end_is_superseded_all_the_same(last_act: str) -> None:
    """Code that swallows a cancellation must not bring a stale answer to the screen."""
    scheduler = Scheduler()

    async def stubborn() -> str:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            if last_act == "fails":
                raise EndpointBusy("full") from None
        return "stale"

    task = asyncio.create_task(scheduler.run(KEY, stubborn))
    await asyncio.sleep(0.01)
    await scheduler.run(KEY, lambda: value_after(0, 1))
    assert await asyncio.wait_for(task, 5) == Outcome(OutcomeKind.SUPERSEDED)


async def test_an_error_after_the_caller_left_is_not_reported(caplog: pytest.LogCaptureFixture) -> None:
    """ "Task exception was never retrieved" in a user's log is noise about a request nobody wants."""
    scheduler = Scheduler()

    async def fails_on_the_way_out() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            raise EndpointBusy("full")

    task = asyncio.create_task(scheduler.run(KEY, fails_on_the_way_out))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await scheduler.aclose()
    gc.collect()
    assert caplog.records == []
