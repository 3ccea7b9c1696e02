"""Where code comes from: which model is found, how failures are remembered, and when the next try is made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from glosswright_server.engine.source import ModelSource, launch_options
from glosswright_server.errors import (
    EndpointBroken,
    EndpointBusy,
    EndpointRefused,
    EndpointTimeout,
    EndpointUnreachable,
    LaunchError,
    ModelError,
)
from glosswright_server.generation import client as client_module
from glosswright_server.generation.completions import ModelCard
from glosswright_server.generation.endpoint import Endpoint
from glosswright_server.generation.launch_options import LaunchProgress, OnProgress
from glosswright_server.prompt.profile import profile_for
from glosswright_server.settings import Settings, merge

pytestmark = pytest.mark.timeout(20)

LOCAL = Endpoint("http://127.0.0.1:9", "scripted", "secret", managed=True)


class World:
    """The endpoints that clients reach, and what became of the clients."""

    def __init__(self) -> None:
        self.models: list[ModelCard] | ModelError = [ModelCard("stand-in")]
        self.clients: list[FakeClient] = []
        self.now = 100.0

    @property
    def open_clients(self) -> list[FakeClient]:
        return [client for client in self.clients if not client.closed]


class FakeClient:
    def __init__(self, world: World, endpoint: Endpoint) -> None:
        self.world, self.endpoint, self.closed = world, endpoint, False
        world.clients.append(self)

    async def models(self) -> list[ModelCard]:
        await asyncio.sleep(0)
        if isinstance(self.world.models, ModelError):
            raise self.world.models
        return self.world.models

    async def aclose(self) -> None:
        self.closed = True


class FakeLauncher:
    """A local model server that is there, or fails to be."""

    def __init__(self) -> None:
        self.error: ModelError | None = None
        self.alive = True
        self.progress: LaunchProgress | None = LaunchProgress("ready")
        self.resets = self.launches = 0
        self.lost_endpoints: list[Endpoint] = []
        self.closed = False
        self.stops = 0
        self.appears = 0
        """From this look on (counted from zero) there is a server to be stopped."""

    async def stop(self) -> bool:
        self.stops += 1
        return self.stops > self.appears

    async def ensure_ready(self, on_progress: OnProgress | None = None) -> Endpoint:
        self.launches += 1
        if self.error is not None:
            raise self.error
        return LOCAL

    def ready_endpoint(self) -> Endpoint | None:
        return LOCAL if self.alive else None

    def lost(self, endpoint: Endpoint) -> None:
        self.lost_endpoints.append(endpoint)

    def reset(self) -> None:
        self.resets += 1

    async def aclose(self) -> None:
        self.closed = True


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    found = World()
    monkeypatch.setattr(client_module, "CompletionClient", lambda endpoint: FakeClient(found, endpoint))
    return found


def settings_of(**sent: Any) -> Settings:
    settings, problems = merge(Settings(), sent, allow_restricted=True)
    assert problems == ()
    return settings


def remote(world: World, **endpoint: Any) -> ModelSource:
    return ModelSource(settings_of(endpoint={"url": "http://box:8000", **endpoint}), clock=lambda: world.now)


def local(world: World, launcher: FakeLauncher, **sent: Any) -> ModelSource:
    return ModelSource(settings_of(**sent), launcher=launcher, clock=lambda: world.now)  # type: ignore[arg-type]


# Which model


@pytest.mark.parametrize(
    ("models", "wanted", "name"),
    [
        ([ModelCard("first"), ModelCard("second")], "", "first"),
        ([ModelCard("first"), ModelCard("second")], "second", "second"),
        ([ModelCard("first")], "elsewhere", "elsewhere"),
        ([], "mine", "mine"),
        (EndpointRefused("no such path"), "mine", "mine"),
        (EndpointBroken("a web page"), "mine", "mine"),
    ],
)
async def test_the_model_that_is_asked(
    world: World, models: list[ModelCard] | ModelError, wanted: str, name: str
) -> None:
    """The name in the settings wins, also at gateways that list nothing; else the first model listed is taken."""
    world.models = models
    source = remote(world, model=wanted)
    ready = await source.acquire()
    assert ready.model == name
    assert ready.client.endpoint.model == name, "requests must name the model"
    assert len(world.open_clients) == 1
    assert source.ready_now() is ready
    await source.aclose()
    assert world.open_clients == []
    assert source.ready_now() is None


@pytest.mark.parametrize(
    ("models", "says"),
    [
        ([], "set `endpoint.model`"),
        (EndpointRefused("wrong key"), "wrong key"),
        (EndpointUnreachable("nobody"), "nobody"),
        (EndpointTimeout("late"), "late"),
    ],
)
async def test_no_model_to_ask(world: World, models: list[ModelCard] | ModelError, says: str) -> None:
    """Without a name in the settings an endpoint that lists none is an error that says so; no connection is left."""
    world.models = models
    source = remote(world)
    with pytest.raises(ModelError, match=says):
        await source.acquire()
    assert world.open_clients == []


async def test_an_unreachable_endpoint_is_an_error_even_with_a_model_name(world: World) -> None:
    """Only what an answer says is worth guessing around; nobody there is nobody there."""
    world.models = EndpointUnreachable("nobody")
    with pytest.raises(EndpointUnreachable):
        await remote(world, model="mine").acquire()


async def test_callers_share_one_opening(world: World) -> None:
    """Ten requests at start-up make one connection."""
    source = remote(world, model="mine")
    found = await asyncio.gather(*(source.acquire(by_hand=False) for _ in range(10)))
    assert all(ready is found[0] for ready in found)
    assert len(world.clients) == 1


@pytest.mark.parametrize(
    ("card", "endpoint", "family", "suffix", "fast"),
    [
        (ModelCard("Qwen/Qwen2.5-Coder-7B"), {}, "qwen2.5-coder", False, True),
        (ModelCard("some-model"), {}, "generic", False, True),
        (ModelCard("some-model"), {"family": "starcoder"}, "starcoder", False, True),
        (ModelCard("some-model"), {"supportsSuffix": True}, "generic", True, True),
        (ModelCard("m", family="generic", supports_suffix=True, device="cpu"), {}, "generic", True, False),
        (
            ModelCard("m", family="codellama", supports_suffix=False, device="cuda"),
            {"supportsSuffix": True, "family": "starcoder"},
            "codellama",
            False,
            True,
        ),
    ],
)
async def test_the_profile(
    world: World, card: ModelCard, endpoint: dict[str, Any], family: str, suffix: bool, fast: bool
) -> None:
    """What the endpoint says of its model counts most, then the settings, then the name; a slow device gets less."""
    world.models = [card]
    ready = await remote(world, **endpoint).acquire()
    assert ready.profile == profile_for(family, suffix, fast, max_tokens=Settings().explicit.max_tokens)


async def test_the_profile_takes_the_context_settings(world: World) -> None:
    """Who sets how much of the document is sent gets exactly that."""
    source = ModelSource(
        settings_of(
            endpoint={"url": "http://box:8000"},
            context={"prefixChars": 123, "suffixChars": 45},
            explicit={"maxTokens": 77},
        )
    )
    profile = (await source.acquire()).profile
    assert profile == profile_for("generic", False, True, prefix_chars=123, suffix_chars=45, max_tokens=77)


# Failures


async def test_the_back_off_doubles_and_ends_with_success(world: World) -> None:
    """1, 2, 4 … 60 seconds; within it the same error at once and nobody is asked."""
    source = remote(world)
    world.models = EndpointTimeout("late")
    for wait_s in (1, 2, 4, 8, 16, 32, 60, 60):
        with pytest.raises(EndpointTimeout):
            await source.acquire(by_hand=False)
        asked = len(world.clients)
        world.now += wait_s - 0.01
        with pytest.raises(EndpointTimeout):
            await source.acquire(by_hand=False)
        assert len(world.clients) == asked, "asked within the back-off"
        world.now += 0.02
    world.models = [ModelCard("stand-in")]
    await source.acquire(by_hand=False)
    source.succeeded()
    source.failed(EndpointBroken("once more"))
    world.now += 1.01
    assert (await source.acquire(by_hand=False)).model == "stand-in", "the first failure after success waits a second"


async def test_a_request_by_hand_does_not_wait(world: World) -> None:
    """Who asks by hand has perhaps just mended it."""
    source = remote(world)
    world.models = EndpointTimeout("late")
    with pytest.raises(EndpointTimeout):
        await source.acquire(by_hand=False)
    world.models = [ModelCard("stand-in")]
    with pytest.raises(EndpointTimeout):
        await source.acquire(by_hand=False)
    assert (await source.acquire(by_hand=True)).model == "stand-in"


async def test_the_kept_error_does_not_grow(world: World) -> None:
    """The same error answers every keystroke of an outage: it must not gather their frames, and the texts in them."""
    source = remote(world)
    source.failed(EndpointRefused("wrong key"))
    depths = set()
    for _ in range(5):
        with pytest.raises(EndpointRefused) as raised:
            await source.acquire(by_hand=False)
        depths.add(len(raised.traceback))
    assert len(depths) == 1


@pytest.mark.parametrize(
    ("error", "wait_s"),
    [
        (EndpointBusy("full", retry_after_s=7), 7),
        (EndpointBusy("full", retry_after_s=300), 60),
        (EndpointRefused("wrong key"), 60),
        (EndpointUnreachable("gone"), 1),
        (LaunchError("no engine"), 1),
    ],
)
async def test_how_long_each_error_waits(world: World, error: ModelError, wait_s: float) -> None:
    """A busy server names its time; what only the user can mend is rarely tried; the rest may be over in a moment."""
    source = remote(world)
    source.failed(error)
    world.now += wait_s - 0.01
    with pytest.raises(type(error)):
        await source.acquire(by_hand=False)
    world.now += 0.02
    await source.acquire(by_hand=False)


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (EndpointBusy("full"), True),
        (EndpointTimeout("late"), True),
        (EndpointBroken("HTML"), True),
        (EndpointUnreachable("gone"), False),
        (EndpointRefused("key"), False),
    ],
)
async def test_which_errors_end_the_connection(world: World, error: ModelError, kept: bool) -> None:
    """A model server that is gone or wants another key is looked for anew, and its old connections are closed."""
    source = remote(world)
    await source.acquire()
    source.failed(error)
    assert (source.ready_now() is not None) is kept
    await source.acquire()
    await source.aclose()
    assert world.open_clients == []


async def test_a_refused_key_is_read_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are rotated while editors run: after a refusal the variable is read again."""
    monkeypatch.setenv("A_TEST_KEY", "old-key")
    source = remote(world, apiKeyEnv="A_TEST_KEY")
    assert (await source.acquire()).client.endpoint.token == "old-key"
    monkeypatch.setenv("A_TEST_KEY", "new-key")
    assert (await source.acquire()).client.endpoint.token == "old-key"
    source.failed(EndpointRefused("HTTP 401"))
    assert (await source.acquire()).client.endpoint.token == "new-key"


async def test_a_key_that_is_not_set(world: World) -> None:
    """The message names the setting, and nothing is sent without the key."""
    with pytest.raises(EndpointRefused, match=r"endpoint\.apiKeyEnv"):
        await remote(world, apiKeyEnv="A_VARIABLE_THAT_NOBODY_SETS").acquire()
    assert world.clients == []


# The local model server


async def test_a_local_server_that_ended_is_looked_for(world: World) -> None:
    """A server that is gone since must not be taken for ready; one that cannot be reached is reported as lost."""
    launcher = FakeLauncher()
    source = local(world, launcher)
    assert source.is_local
    assert source.progress is launcher.progress
    ready = await source.acquire()
    assert source.ready_now() is ready
    launcher.alive = False
    assert source.ready_now() is None
    launcher.alive = True
    source.failed(EndpointUnreachable("gone"))
    assert launcher.lost_endpoints == [LOCAL]
    await source.acquire()
    assert launcher.launches == 2
    await source.aclose()
    assert launcher.closed
    assert world.open_clients == []


async def test_a_launch_by_hand_forgets_failures(world: World) -> None:
    """After a failed launch, typing waits; a request by hand lets the launcher try at once."""
    launcher = FakeLauncher()
    launcher.error = LaunchError("no engine")
    launcher.alive = False
    source = local(world, launcher)
    for _ in range(3):
        with pytest.raises(LaunchError):
            await source.acquire(by_hand=False)
    assert (launcher.launches, launcher.resets) == (1, 0)
    with pytest.raises(LaunchError):
        await source.acquire(by_hand=True)
    assert (launcher.launches, launcher.resets) == (2, 1)


async def test_a_remote_source_shows_no_launch(world: World) -> None:
    """The progress of a local server means nothing to one who uses another endpoint."""
    source = remote(world)
    assert not source.is_local
    assert source.progress is None


def check_launch(sent: dict[str, Any], expected: Callable[[Any], bool]) -> None:
    assert expected(launch_options(settings_of(**sent)))


def test_launch_options() -> None:
    """A model counts as asked for when it is not the default; a request must outlast its own deadline."""
    check_launch({}, lambda o: not o.model_is_explicit and o.timeout_s == 120.0)
    check_launch({"model": {"name": "other"}}, lambda o: o.model_is_explicit and o.model == "other")
    check_launch({"explicit": {"deadlineMs": 600_000}}, lambda o: o.timeout_s == 630.0)
    check_launch(
        {"model": {"autostart": False, "download": False, "idleMinutes": 0, "backend": "llama.cpp"}},
        lambda o: (o.autostart, o.download, o.idle_minutes, o.backend) == (False, False, 0, "llama.cpp"),
    )


@pytest.mark.parametrize(("stage", "appears", "stops"), [("loading", 0, 1), ("starting", 2, 3), ("starting", 99, 16)])
async def test_stopping_a_launch(
    world: World, monkeypatch: pytest.MonkeyPatch, stage: Any, appears: int, stops: int
) -> None:
    """A process that has not said yet where it listens is waited for, though not for ever."""
    launcher = FakeLauncher()
    launcher.alive = False
    launcher.progress = LaunchProgress(stage)
    launcher.appears = appears
    source = local(world, launcher)

    async def sleep(seconds: float) -> None:
        world.now += 1

    monkeypatch.setattr(asyncio, "sleep", sleep)
    await source.stop_launch()
    assert launcher.stops == stops
    assert launcher.closed


async def test_what_is_not_ours_is_not_stopped(world: World) -> None:
    """A remote endpoint and a ready server serve others too; a start asked for meanwhile is not cut down."""
    await remote(world).stop_launch()
    launcher = FakeLauncher()
    source = local(world, launcher)
    await source.acquire()
    await source.stop_launch()
    assert launcher.stops == 0
    launcher.alive = False
    launcher.progress = LaunchProgress("starting")
    launcher.appears = 10**6
    stopping = asyncio.ensure_future(source.stop_launch())
    await asyncio.sleep(0.01)
    assert launcher.stops == 1
    launcher.alive = True
    await source.acquire(by_hand=True)
    await asyncio.wait_for(stopping, 2)
    assert launcher.stops <= 2
