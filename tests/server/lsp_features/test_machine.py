"""Models, downloads and the doctor as requests."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from glosswright_server.machine import doctor, model_package

from .support import Wire

pytestmark = pytest.mark.timeout(60)

PULL = """
import json, sys, time
for done in range(0, 101, 10):
    print(json.dumps({"phase": "downloading", "done_bytes": done * 10**6, "total_bytes": 10**8, "bytes_per_s": 1e6}), flush=True)
    time.sleep(SLEEP)
print(json.dumps({"phase": "done", "path": "/w", "licence": "MIT"}))
"""  # noqa: E501 - a program


def program(monkeypatch: pytest.MonkeyPatch, text: str) -> list[tuple[str, ...]]:
    asked: list[tuple[str, ...]] = []

    def command(*arguments: str) -> list[str]:
        asked.append(arguments)
        return [sys.executable, "-c", text]

    monkeypatch.setattr(model_package, "model_command", command)
    return asked


async def test_models(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list, with the endpoint that takes their place where there is one."""
    program(
        monkeypatch, """print('[{"name": "a", "title": "A", "licence": "MIT", "size_bytes": 5, "installed": true}]')"""
    )
    await wire.initialize({"model": {"name": "a"}})
    found = await wire.call("glosswright/models")
    assert found["endpoint"] == ""
    [model] = found["models"]
    assert (model["name"], model["installed"], model["current"], model["speed"]) == ("a", True, True, None)


async def test_pull(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the client's own token: percentages that rise, words with sizes, an end."""
    asked = program(monkeypatch, PULL.replace("SLEEP", "0.01"))
    await wire.initialize()
    done = await wire.call("glosswright/pullModel", {"name": "m", "workDoneToken": "t"})
    assert done == {"name": "m", "path": "/w", "licence": "MIT"}
    assert asked == [("pull", "--json", "m")]
    values = [params["value"] for params in wire.sent_of("$/progress") if params["token"] == "t"]
    assert values[0]["kind"] == "begin"
    assert values[0]["cancellable"] is True
    percentages = [value["percentage"] for value in values[1:-1]]
    assert percentages == sorted(percentages)
    assert percentages[-1] == 100
    assert "50 of 100 MB · 1.0 MB/s" in [value["message"] for value in values[1:-1]]
    assert values[-1]["kind"] == "end"


async def test_cancel_a_pull(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its progress: null. By the request: cancelled. The process is gone either way."""
    program(monkeypatch, PULL.replace("SLEEP", "1"))
    await wire.initialize()
    asked = wire.ask("glosswright/pullModel", {"name": "m", "workDoneToken": 7})
    await wire.until(lambda: len(wire.progress()) > 1)
    wire.tell("window/workDoneProgress/cancel", {"token": 7})
    assert (await wire.answer(asked, 20))["result"] is None
    asked = wire.ask("glosswright/pullModel", {"name": "m"})
    before = len(wire.progress())
    await wire.until(lambda: len(wire.progress()) > before + 1)
    wire.tell("$/cancelRequest", {"id": asked})
    assert (await wire.answer(asked, 20))["error"]["code"] == -32800


@pytest.mark.parametrize("params", [None, {}, {"name": ""}, {"name": 3}, {"name": "--help"}])
async def test_bad_names(wire: Wire, monkeypatch: pytest.MonkeyPatch, params: Any) -> None:
    """No process is started for what cannot be a name, least of all for an option."""
    asked = program(monkeypatch, "")
    await wire.initialize()
    assert (await wire.error("glosswright/pullModel", params))["code"] == -32602
    assert asked == []


async def test_a_pull_that_fails(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words of the command reach the user."""
    program(monkeypatch, "import sys; sys.exit('glosswright model: There is no model m.')")
    await wire.initialize()
    error = await wire.error("glosswright/pullModel", {"name": "m"})
    assert (error["code"], error["message"]) == (-32803, "There is no model m.")


async def test_stop(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """The status says that it was stopped."""
    program(monkeypatch, "")
    await wire.initialize({"statusNotifications": True})
    assert await wire.call("glosswright/stopModel") == {"stopped": True}
    assert wire.sent_of("glosswright/status")[-1]["message"] == "the model server was stopped"


async def test_doctor(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report as JSON and as text, for this session's settings; measuring only where it is wanted."""
    measured: list[bool] = []
    real = doctor.examine

    async def examine(settings: Any, *, measure: bool) -> dict[str, Any]:
        measured.append(measure)
        assert settings.model.name == "a"
        return await real(settings, measure=False)

    monkeypatch.setattr(doctor, "examine", examine)
    program(monkeypatch, """print('{"weights": [], "server": {"running": false}}')""")
    await wire.initialize({"model": {"name": "a"}})
    report = await wire.call("glosswright/doctor")
    assert report["model"] == "a"
    assert "Model: a" in report["text"]
    assert "glosswright model pull a" in report["text"]
    await wire.call("glosswright/doctor", {"measure": False})
    assert measured == [True, False]
    assert (await wire.error("glosswright/doctor", {"measure": 3}))["code"] == -32602
