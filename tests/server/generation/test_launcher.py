"""The launcher against real processes that keep the model server's contract, or break it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from glosswright_server.errors import EndpointUnreachable, LaunchError
from glosswright_server.generation.endpoint import Endpoint
from glosswright_server.generation.launch_options import LaunchOptions, LaunchProgress, LaunchTimings
from glosswright_server.generation.launcher import LocalModelServer
from glosswright_server.generation.model_process import ModelProcess, serve_command

FAKE = Path(__file__).with_name("fake_model_server.py")
TIMINGS = LaunchTimings(poll_s=0.02, appear_s=15, silent_s=1, stop_s=5)
LIMIT_S = 30

Make = Callable[..., LocalModelServer]


class Clock:
    """Real waits, plus time that a test adds."""

    def __init__(self) -> None:
        self.extra = 0.0

    def __call__(self) -> float:
        return asyncio.get_running_loop().time() + self.extra


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Path]:
    """A private runtime folder; every fake server started in it is ended afterwards."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    yield folder
    # First the mark, then the list: a server that is not in the list yet sees the mark.
    (folder / "over").touch()
    for pid in pids(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def pids(runtime: Path) -> list[int]:
    listed = runtime / "pids"
    return [int(line) for line in listed.read_text().split()] if listed.exists() else []


@pytest.fixture
def make(runtime: Path) -> Make:
    """`make("downloading", "ready", model="m")`: a launcher whose command is the fake server."""

    def make_one(
        *arguments: str,
        model: str = "m",
        explicit: bool = False,
        autostart: bool = True,
        timings: LaunchTimings = TIMINGS,
        clock: Callable[[], float] | None = None,
    ) -> LocalModelServer:
        return LocalModelServer(
            LaunchOptions(model=model, model_is_explicit=explicit, autostart=autostart),
            command=[sys.executable, str(FAKE), model, *(arguments or ("ready",))],
            directory=runtime,
            timings=timings,
            clock=clock or Clock(),
            jitter=lambda: 1.0,
        )

    return make_one


async def ready(server: LocalModelServer, **arguments: object) -> Endpoint:
    return await asyncio.wait_for(server.ensure_ready(**arguments), LIMIT_S)


async def fails(server: LocalModelServer, message: str) -> None:
    with pytest.raises(LaunchError, match=message):
        await ready(server)


async def test_starts_and_tells_how_far_it_is(make: Make, runtime: Path) -> None:
    """The user sees the download, then the load, and gets an endpoint that works; the second call costs nothing."""
    server, seen = make("starting", "downloading", "loading", "ready"), []
    endpoint = await ready(server, on_progress=seen.append)
    assert endpoint.managed
    assert endpoint.token == "fake-token"
    assert endpoint.model == "m"
    assert [progress.stage for progress in seen] == ["starting", "starting", "downloading", "loading", "ready"]
    downloading = seen[2]
    assert downloading == LaunchProgress("downloading", "now downloading", 25, 100, 5.0)
    assert downloading.percentage == 25
    assert seen[3].percentage is None
    assert await ready(server) is endpoint
    assert len(pids(runtime)) == 1


async def test_concurrent_callers_share_one_launch_and_may_leave(make: Make, runtime: Path) -> None:
    """Each keystroke asks; one process starts, and a caller that gives up does not take the others with it."""
    server, late = make("loading", "loading", "loading", "ready"), []
    callers = [asyncio.create_task(ready(server)) for _ in range(5)]
    while server.progress is None or server.progress.stage == "starting":
        await asyncio.sleep(0.01)
    callers.append(asyncio.create_task(ready(server, on_progress=late.append)))
    await asyncio.sleep(0)
    callers[0].cancel()
    answers = await asyncio.gather(*callers, return_exceptions=True)
    assert isinstance(answers[0], asyncio.CancelledError)
    assert len({answer.url for answer in answers[1:]}) == 1
    assert len(pids(runtime)) == 1
    assert late[0].stage == "loading"


async def test_a_broken_listener_takes_nobody_with_it(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    """A progress bar is decoration: its defect is logged and the model still comes."""

    def broken(progress: LaunchProgress) -> None:
        raise RuntimeError("defect")

    assert (await ready(make("loading", "ready"), on_progress=broken)).managed
    assert {record.message for record in caplog.records} == {"a progress listener failed"}


async def test_the_last_caller_to_leave_ends_the_wait_not_the_server(make: Make, runtime: Path) -> None:
    """A cancelled download prompt must not throw the download away; the next caller finds the same server."""
    server = make("loading")
    caller = asyncio.create_task(ready(server))
    while server.progress is None or server.progress.stage != "loading":
        await asyncio.sleep(0.01)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    again = asyncio.create_task(ready(server))
    await asyncio.sleep(0.1)
    assert not again.done()
    await server.aclose()
    with pytest.raises(asyncio.CancelledError):
        await again
    assert [psutil.pid_exists(pid) for pid in pids(runtime)] == [True]


async def test_two_windows_race_to_one_server(make: Make, runtime: Path) -> None:
    """Two editors open at once: one process loses with exit code 3, both get the winner."""
    one, two = make("ready", "--slow-start", "0.3"), make("ready", "--slow-start", "0.3")
    first, second = await asyncio.gather(ready(one), ready(two))
    assert first == second
    assert len(pids(runtime)) == 2


async def test_a_loser_without_a_winner_says_so(make: Make) -> None:
    """The lock is held but no state file can be believed: the user must hear of it, not wait for ever."""
    hidden = make("ready", "--hide", timings=LaunchTimings(poll_s=0.02, appear_s=2, stop_s=0.2))
    await fails(hidden, "did not come up in time; log: ")
    loser = make(timings=LaunchTimings(poll_s=0.02, appear_s=15, stop_s=0.2))
    await fails(loser, "cannot be used")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("ValueError: no such model", r"exit code 1\)\. It says: ValueError: no such model Log: "),
        ("No module named 'xllamacpp'", r"pip install 'glosswright\[llamacpp\]'"),
        ("BackendMissing: pip install 'glosswright[torch]'", r"pip install 'glosswright\[torch\]' Log: "),
        ("x" * 999, "x…"),
    ],
)
async def test_a_crash_at_start_is_explained(make: Make, words: str, message: str) -> None:
    """The last line of its log is what the user would look up; colour codes are not."""
    await fails(make("ready", "--crash", words), message)


async def test_only_the_log_of_this_start_is_quoted(make: Make, runtime: Path) -> None:
    """The log is appended to; yesterday's words explain nothing, and it must not grow for ever."""
    log = runtime / "model-server.log"
    log.write_text("yesterday\n" * 200_000)
    await fails(make("ready", "--crash", "today"), "It says: today Log")
    assert log.stat().st_size < 1000
    with pytest.raises(LaunchError) as raised:
        await ready(make("die", "--hide", timings=LaunchTimings(poll_s=0.02, appear_s=0.1)))
    assert "today" not in str(raised.value)


async def test_failures_back_off_until_reset(make: Make, runtime: Path) -> None:
    """A broken installation must not start a process at each keystroke; a user who asks again is obeyed."""
    clock = Clock()
    server = make("ready", "--crash", "boom", clock=clock)
    await fails(server, "boom")
    await fails(server, r"boom.*Next try in 1 s")
    assert len(pids(runtime)) == 1
    clock.extra += 1.1
    await fails(server, "boom")
    await fails(server, "Next try in 2 s")
    for _ in range(8):
        clock.extra += 61
        await fails(server, "boom")
    await fails(server, "Next try in 60 s")
    started = len(pids(runtime))
    server.reset()
    assert server.last_error is None
    await fails(server, "boom")
    assert len(pids(runtime)) == started + 1


async def test_a_model_that_cannot_load_is_said_and_tried_anew_later(make: Make, runtime: Path) -> None:
    """A server that failed stays only to be asked why; the next try starts another."""
    broken = make("loading", "failed")
    await fails(broken, "The weights are broken: fetch them again")
    mended = make("ready")
    await ready(mended)
    assert len(pids(runtime)) == 2


async def test_a_dead_server_is_replaced(make: Make, runtime: Path) -> None:
    """`kill -9` leaves the state file; the next request starts a new server instead of failing."""
    server = make()
    first = await ready(server)
    psutil.Process(pids(runtime)[0]).kill()
    while psutil.pid_exists(pids(runtime)[0]):
        await asyncio.sleep(0.01)
    assert server.ready_endpoint() is None
    second = await ready(server)
    assert first.url != second.url


async def test_a_lost_endpoint_is_looked_at_again(make: Make, runtime: Path) -> None:
    """A request that could not reach the server says so; when the server lives after all, it is used again."""
    server = make()
    endpoint = await ready(server)
    server.lost(Endpoint("http://127.0.0.1:1"))
    assert server.ready_endpoint() is endpoint
    server.lost(endpoint)
    assert server.ready_endpoint() is None
    assert await ready(server) == endpoint
    assert len(pids(runtime)) == 1


async def test_a_server_that_dies_while_loading_is_started_again_but_not_for_ever(make: Make, runtime: Path) -> None:
    """Out of memory while loading: three tries, then a sentence."""
    await fails(make("loading", "die"), "keeps ending")
    assert len(pids(runtime)) == 3


async def test_a_mute_server_is_given_up(make: Make) -> None:
    """It holds the lock and answers nothing: only the user can end it."""
    await fails(make("ready", "--mute", timings=LaunchTimings(poll_s=0.02, silent_s=0.3)), "does not answer")


@pytest.mark.parametrize("explicit", [False, True])
async def test_which_model_wins(make: Make, runtime: Path, explicit: bool) -> None:
    """The running server wins, unless the user asked for another model; two windows do not fight for ever."""
    first, second = make(model="small", explicit=explicit), make(model="large", explicit=explicit)
    assert (await ready(first)).model == "small"
    assert (await ready(second)).model == ("large" if explicit else "small")
    assert (await ready(first)).model == "small"
    assert (await ready(second)).model == "small"
    assert len(pids(runtime)) == (3 if explicit else 1)


async def test_without_autostart_nothing_is_started(make: Make, runtime: Path) -> None:
    """Some users start the server themselves; then a running one is used and a missing one is no back-off."""
    server = make(autostart=False)
    for _ in range(2):
        with pytest.raises(EndpointUnreachable, match=r"model\.autostart"):
            await ready(server)
    assert pids(runtime) == []
    await ready(make())
    assert (await ready(server)).managed


async def test_stop(make: Make, runtime: Path) -> None:
    """`Restart the model` must really end it."""
    server = make()
    assert not await server.stop()
    await ready(server)
    assert await server.stop()
    assert server.ready_endpoint() is None
    assert not (runtime / "model-server.json").exists()


async def test_stop_tells_when_it_stays(make: Make) -> None:
    """A server that hangs is named with its process, so that the user can end it."""
    server = make("ready", "--stubborn", timings=LaunchTimings(poll_s=0.02, stop_s=0.2))
    await ready(server)
    with pytest.raises(LaunchError, match=r"process \d+\) does not end"):
        await server.stop()


async def test_an_open_folder_is_refused(make: Make, runtime: Path) -> None:
    """Whoever can write there can take our place."""
    runtime.chmod(0o755)
    await fails(make(), "open to other users")


async def test_a_program_that_does_not_exist(runtime: Path) -> None:
    """A moved Python gives a sentence, not a traceback."""
    server = LocalModelServer(LaunchOptions(model="m"), command=["/no/such/python"], directory=runtime)
    await fails(server, "No such file")


async def test_a_log_that_cannot_be_written(make: Make, runtime: Path) -> None:
    """A link in place of the log is not followed."""
    (runtime / "model-server.log").symlink_to(runtime / "elsewhere")
    await fails(make(), "log file .* cannot be written")


async def test_a_log_that_vanished_still_gives_a_sentence(runtime: Path) -> None:
    """Cleaners empty runtime folders."""
    log = runtime / "log"
    process = await ModelProcess.start([sys.executable, "-c", ""], directory=runtime, log_path=log, environment={})
    while process.exit_code is None:
        await asyncio.sleep(0.01)
    log.unlink()
    assert process.explanation() == f"The local model server ended at once (exit code 0). Log: {log}"


def test_command_line(tmp_path: Path) -> None:
    """The contract with the model package; the same Python, no shell."""
    command = serve_command(model="m", backend="auto", idle_minutes=30, log_path=tmp_path / "l", download=False)
    assert command[0] == sys.executable
    assert command[1:] == [
        *("-m", "glosswright_model", "serve", "--model", "m", "--backend", "auto"),
        *("--idle-minutes", "30", "--log-file", str(tmp_path / "l"), "--no-download"),
    ]
    assert "--no-download" not in serve_command(
        model="m", backend="auto", idle_minutes=0, log_path=tmp_path, download=True
    )


def test_relative_model_paths_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server runs in another folder; a catalogue name stays a name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w.gguf").touch()
    (tmp_path / "plain").touch()

    def wanted(model: str) -> str:
        return LocalModelServer(LaunchOptions(model=model), directory=tmp_path)._model

    assert wanted("w.gguf") == str(tmp_path / "w.gguf")
    assert wanted("plain") == "plain"
    assert wanted("other.gguf") == "other.gguf"
