"""A second model beside the first: the answer of which more holds is shown, and the second one can do no harm."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from glosswright_server.documents import Snapshot
from glosswright_server.engine.companion import companion_source
from glosswright_server.engine.engine import Engine
from glosswright_server.engine.source import Ready
from glosswright_server.engine.suggestion import Suggestion
from glosswright_server.errors import EndpointUnreachable, ModelError
from glosswright_server.generation.completions import CompletionRequest
from glosswright_server.generation.scripted import Script, ScriptedClient
from glosswright_server.prompt.profile import PromptProfile, profile_for
from glosswright_server.settings import Settings, merge

pytestmark = pytest.mark.timeout(60)

PLAIN = 'def twice(x):\n    """Return x two times."""\n    ▮\n'
GOOD, UNKNOWN, ALSO_GOOD = "    return x + x\n", "    return y + y\n", "return 2 * x\n"


class Source:
    """A model source whose model is ready, or never will be."""

    is_local = False
    progress = None

    def __init__(self, name: str, profile: PromptProfile, *answers: str, error: ModelError | None = None) -> None:
        self.client = ScriptedClient()
        said = iter(answers)
        self.client.script = Script(lambda request: next(said, ""))
        self.name, self.profile, self.error = name, profile, error
        self.failures: list[ModelError] = []
        self.closed = False
        self.wait_s = 0.0

    def ready_now(self) -> Ready | None:
        return None if self.error or self.wait_s else Ready(self.client, self.name, self.profile)  # type: ignore[arg-type] # a fake

    async def acquire(self, on_progress: Any = None, *, by_hand: bool = True) -> Ready:
        await asyncio.sleep(self.wait_s)
        if self.error is not None:
            raise self.error
        return Ready(self.client, self.name, self.profile)  # type: ignore[arg-type] # a fake

    def failed(self, error: ModelError) -> None:
        self.failures.append(error)

    def succeeded(self) -> None:
        pass

    async def aclose(self) -> None:
        self.closed = True
        await self.client.aclose()

    @property
    def requests(self) -> list[CompletionRequest]:
        return self.client.requests


def big(*answers: str) -> Source:
    return Source("big", profile_for("generic", False, False), *answers)


def small(*answers: str, unit: str = "function", error: ModelError | None = None) -> Source:
    return Source("small", profile_for("seq2seq", False, False, unit=unit, language="python"), *answers, error=error)


async def ask(main: Source, companion: Source, *, name: str = "small") -> Suggestion | None:
    settings, problems = merge(
        Settings(),
        {"model": {"companion": name}, "candidates": {"secondOpinion": False, "count": 1, "repair": False}},
        allow_restricted=True,
    )
    assert problems == ()
    engine = Engine(settings, source=lambda _: main, companion=lambda _: companion)  # type: ignore[arg-type,return-value] # fakes
    at = PLAIN.index("▮")
    snapshot = Snapshot(uri="file:///a.py", language_id="python", version=1, text=PLAIN.replace("▮", ""))
    (intent, *_) = engine.actions(snapshot, at, at)
    try:
        return await engine.fulfil(snapshot, intent)
    finally:
        await engine.aclose()


async def test_the_companion_is_shown_where_the_model_fails() -> None:
    """By the checks alone; the suggestion names who wrote it, and both are told among the candidates."""
    main, companion = big(UNKNOWN), small(ALSO_GOOD)
    suggestion = await ask(main, companion)
    assert suggestion is not None
    assert suggestion.text.strip() == "return 2 * x"
    assert suggestion.model == "small"
    assert [(one.model, one.chosen) for one in suggestion.tried] == [("", False), ("small", True)]
    assert suggestion.facts()["candidates"][1]["model"] == "small"
    assert companion.requests[0].prompt == "Return x two times."
    assert companion.closed


async def test_of_equals_the_model_itself_is_shown() -> None:
    """It knows the file; how likely two models find their answers cannot be compared."""
    suggestion = await ask(big(GOOD), small(ALSO_GOOD))
    assert suggestion is not None
    assert (suggestion.text.strip(), suggestion.model) == ("return x + x", "big")
    assert len(suggestion.tried) == 2


@pytest.mark.parametrize(
    "companion",
    [small(error=EndpointUnreachable("nobody there")), small(ALSO_GOOD, unit="statement"), small("")],
    ids=["unreachable", "trained for something else", "says nothing"],
)
async def test_a_companion_that_cannot_answer_costs_nothing(companion: Source) -> None:
    """The model's answer stands alone, with no message."""
    suggestion = await ask(big(GOOD), companion)
    assert suggestion is not None
    assert suggestion.model == "big"
    assert len(suggestion.tried) == 1


async def test_a_companion_that_is_being_loaded_is_not_waited_for() -> None:
    """The first request of a day must not take longer for it."""
    companion = small(ALSO_GOOD)
    companion.wait_s = 30.0
    suggestion = await asyncio.wait_for(ask(big(GOOD), companion), 10)
    assert suggestion is not None
    assert suggestion.model == "big"


async def test_without_the_setting_nobody_else_is_asked() -> None:
    """It costs memory: only those who want it have it."""
    companion = small(ALSO_GOOD)
    await ask(big(UNKNOWN), companion, name="")
    assert companion.requests == []


def test_it_has_a_server_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Beside the model's, which is left alone; an endpoint elsewhere is the model's, not the companion's."""
    monkeypatch.setenv("GLOSSWRIGHT_RUNTIME_DIR", str(tmp_path))
    settings, _ = merge(
        Settings(),
        {"model": {"companion": "lines"}, "endpoint": {"url": "http://127.0.0.1:1/v1"}},
        allow_restricted=True,
    )
    source = companion_source(settings)
    assert source.is_local
    launcher = source._launcher
    assert (launcher.options.model, launcher._directory) == ("lines", tmp_path / "companion")
