"""What the engine does while its model is not there: waits for it, lets it come, starts it once more, or gives up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from glosswright_server.documents import Snapshot
from glosswright_server.engine import models as models_module
from glosswright_server.engine.engine import Engine
from glosswright_server.engine.source import Ready
from glosswright_server.engine.trees import Trees
from glosswright_server.errors import EndpointUnreachable, LaunchError
from glosswright_server.generation.launch_options import LaunchProgress
from glosswright_server.generation.scripted import Script, ScriptedClient
from glosswright_server.intent.languages import language_for
from glosswright_server.settings import Settings, merge

from .test_engine import ADD, ScriptedSource, Stage

pytestmark = pytest.mark.timeout(20)


class LocalSource(ScriptedSource):
    """A local model that is ready when told so."""

    is_local = True

    def __init__(self, client: ScriptedClient) -> None:
        super().__init__(client)
        self.loaded = asyncio.Event()
        self.progress: LaunchProgress | None = None  # type: ignore[assignment]
        self.acquired: list[bool] = []

    def ready_now(self) -> Ready | None:  # type: ignore[override]
        return super().ready_now() if self.loaded.is_set() else None

    async def acquire(self, on_progress: Any = None, *, by_hand: bool = True) -> Ready:
        self.acquired.append(by_hand)
        if on_progress is not None:
            on_progress(LaunchProgress("loading"))
        if self.error is not None:
            raise self.error
        await self.loaded.wait()
        return super().ready_now()


class LocalStage(Stage):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.source: LocalSource = LocalSource(self.client)
        self.wanted = 0
        self.engine.models.on_wanted = self._want
        self.busy: list[bool] = []
        self.engine.models.on_busy = self.busy.append

    def _want(self) -> None:
        self.wanted += 1


@pytest.fixture
async def stage() -> AsyncIterator[LocalStage]:
    made = LocalStage()
    yield made
    await made.engine.aclose()
    assert made.client.running == 0


async def test_an_automatic_request_waits_for_a_loading_model(stage: LocalStage) -> None:
    """Loading takes a second or two: who typed meanwhile gets the answer, and the editor is told to show the wait."""
    stage.client.script = Script(ADD)
    stage.source.progress = LaunchProgress("loading")
    stage.show("# add two numbers\n▮")
    request = asyncio.ensure_future(stage.ask())
    await asyncio.sleep(0.05)
    assert not request.done()
    stage.source.loaded.set()
    assert stage.after(await request).startswith("# add two numbers\ndef add")
    assert stage.wanted == 1
    assert stage.busy == [True, False]


async def test_an_automatic_request_does_not_wait_for_a_download(stage: LocalStage) -> None:
    """A download takes minutes: nothing is shown, and it goes on in the background."""
    stage.source.progress = LaunchProgress("downloading", done_bytes=1, total_bytes=100)
    stage.show("# add two numbers\n▮")
    assert await asyncio.wait_for(stage.ask(), 2) is None
    assert stage.wanted == 1
    assert stage.source.acquired == []


async def test_a_model_that_takes_too_long_is_given_up(stage: LocalStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Editors drop requests that hang: after the limit the answer is nothing, not an error."""
    monkeypatch.setattr(models_module, "MODEL_WAIT_S", 0.05)
    stage.show("# add two numbers\n▮")
    assert await asyncio.wait_for(stage.ask(), 2) is None
    assert stage.source.acquired == [False]


async def test_asked_by_hand_the_download_is_waited_for(stage: LocalStage) -> None:
    """Who asks by hand sees the progress and may cancel."""
    stage.client.script = Script(ADD)
    stage.source.progress = LaunchProgress("downloading", done_bytes=1, total_bytes=100)
    stage.show("# add two numbers\n▮")
    request = asyncio.ensure_future(stage.ask(by_hand=True))
    await asyncio.sleep(0.05)
    stage.source.loaded.set()
    assert await request is not None
    assert stage.source.acquired == [True]
    assert stage.wanted == 0


async def test_a_server_that_ended_is_started_once_more(stage: LocalStage) -> None:
    """Its idle time was over, say: the request that finds it gone starts it again and is answered."""
    first = True

    def answer(_: Any) -> str:
        nonlocal first
        if first:
            first = False
            raise EndpointUnreachable("gone")
        return ADD

    stage.source.loaded.set()
    stage.client.script = Script(answer)
    stage.show("# add two numbers\n▮")
    assert await stage.ask() is not None
    assert stage.source.acquired == [True]
    assert [str(error) for error in stage.source.failures] == ["gone"]
    assert stage.source.successes == 1


async def test_a_server_that_ends_again_is_an_error(stage: LocalStage) -> None:
    """One more try, not a loop."""
    stage.source.loaded.set()
    stage.client.script = Script(error=EndpointUnreachable("gone"))
    stage.show("# add two numbers\n▮")
    with pytest.raises(EndpointUnreachable):
        await stage.ask()
    assert len(stage.client.requests) == 2
    assert stage.busy == [True, False]


async def test_a_server_that_ends_in_mid_sentence_is_not_asked_again(stage: LocalStage) -> None:
    """What was written is there already; the same text a second time would be put behind it."""
    stage.source.loaded.set()
    stage.client.script = Script("a = 1\nb = 2\n", error=EndpointUnreachable("gone"), error_after=3)
    stage.show("# assign\n▮")
    with pytest.raises(EndpointUnreachable):
        await stage.ask()
    assert len(stage.client.requests) == 1


async def test_warming_up(stage: LocalStage) -> None:
    """Warming up shows the launch, waits within the back-off, and asks the model nothing."""
    seen: list[LaunchProgress] = []
    stage.source.loaded.set()
    await stage.engine.models.warm_up(seen.append)
    assert [progress.stage for progress in seen] == ["loading"]
    assert stage.source.acquired == [False]
    assert stage.client.requests == []
    stage.source.error = LaunchError("no engine")
    with pytest.raises(LaunchError):
        await stage.engine.models.warm_up()


async def test_a_place_asked_for_by_the_command_line(stage: LocalStage) -> None:
    """`at` reads what is wanted at a place; where nothing is, no model is started."""
    stage.client.script = Script(ADD)
    stage.show("# add two numbers▮\n")
    stage.source.loaded.set()
    suggestion = await stage.engine.at(stage.snapshot, stage.cursor)
    assert stage.after(suggestion).startswith("# add two numbers\ndef add")
    stage.show("/* not clo▮sed", "javascript")
    acquired = len(stage.source.acquired)
    assert await stage.engine.at(stage.snapshot, stage.cursor) is None
    assert len(stage.source.acquired) == acquired


async def test_an_answer_without_code_is_none(stage: LocalStage) -> None:
    """A model that says nothing gives no suggestion, by hand or not."""
    stage.source.loaded.set()
    stage.client.script = Script("\n\n")
    stage.show("# add two numbers▮\n")
    assert await stage.engine.at(stage.snapshot, stage.cursor) is None
    assert await stage.ask(by_hand=True) is None


async def test_the_name_of_the_model() -> None:
    """The status line names the model: as it is known, as set, or the default."""
    for sent, name in (
        ({}, Settings().model.name),
        ({"model": {"name": "mine"}}, "mine"),
        ({"endpoint": {"url": "http://box", "model": "theirs"}}, "theirs"),
    ):
        settings, _ = merge(Settings(), sent, allow_restricted=True)
        engine = Engine(settings)
        assert engine.models.name == name
        await engine.aclose()
    stage = LocalStage()
    stage.source.loaded.set()
    assert stage.engine.models.source is not None
    assert stage.engine.models.name == "scripted"
    await stage.engine.aclose()


def test_trees_are_kept_for_the_latest_documents_only(make_snapshot: Callable[[int], Any]) -> None:
    """Hundreds of open files must not keep hundreds of trees."""
    trees = Trees()
    python = language_for("python")
    for number in range(40):
        trees.of(make_snapshot(number), python)
    assert len(trees._trees) == 32
    assert "file:///39.py" in trees._trees
    assert "file:///0.py" not in trees._trees
    trees.forget("file:///39.py")
    trees.forget("file:///never.py")
    assert len(trees._trees) == 31


@pytest.fixture
def make_snapshot() -> Callable[[int], Any]:
    return lambda number: Snapshot(uri=f"file:///{number}.py", language_id="python", version=1, text="x = 1\n")
