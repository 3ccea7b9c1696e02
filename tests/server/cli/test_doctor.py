"""`glosswright doctor`: what it finds, what it advises, what it measures, and what it must not do: download."""

from __future__ import annotations

import asyncio
import json
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
from harness.scripted_model import ScriptedModel

from glosswright_server.__main__ import main
from glosswright_server.errors import EndpointUnreachable, LaunchError
from glosswright_server.machine import doctor
from glosswright_server.machine.speeds import Speeds

pytestmark = pytest.mark.timeout(60)

HERE = {"weights": [{"name": "qwen2.5-coder-0.5b"}], "server": {"running": False}}
SPEED = {
    "model": "m",
    "backend": "llama.cpp",
    "device": "cpu",
    "prompt_tokens": 100,
    "first_token_s": 0.5,
    "prefill_tokens_per_s": 200.0,
    "decode_tokens_per_s": 30.0,
}


class Machine:
    """What is found on the machine."""

    def __init__(self) -> None:
        self.missing: set[str] = set()
        self.models: Any = HERE
        self.speed: Any = SPEED
        self.measured = 0


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    found = Machine()
    monkeypatch.setenv("GLOSSWRIGHT_STATE_DIR", str(tmp_path / "state"))

    def version(name: str) -> str:
        if name in found.missing:
            raise PackageNotFoundError(name)
        return "1.2.3"

    async def measure(settings: Any) -> Any:
        found.measured += 1
        if isinstance(found.speed, Exception):
            raise found.speed
        return found.speed

    monkeypatch.setattr(doctor, "version", version)

    async def ask() -> Any:
        return found.models

    monkeypatch.setattr(doctor, "_ask_model_package", ask)
    monkeypatch.setattr(doctor, "_measure", measure)
    return found


def report(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any]]:
    status = main(["doctor", "--json", *options])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return status, found


def test_all_is_well(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 0, no problem, no advice, and every field that scripts may rely on."""
    status, found = report(capsys)
    assert status == 0
    assert found["problems"] == found["advice"] == []
    assert found["speed"] == SPEED
    assert {"version", "python", "platform", "packages", "grammars", "endpoint", "model", "models"} <= set(found)
    assert found["endpoint"] == "local"
    assert "Python" in found["grammars"]


def test_no_measuring(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """`--no-measure` loads nothing."""
    status, found = report(capsys, "--no-measure")
    assert (status, machine.measured) == (0, 0)
    assert "speed" not in found


def test_a_model_that_is_not_here_is_not_fetched(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """Half a gigabyte is not for a diagnosis to download; it says how to get it."""
    machine.models = {"weights": [], "server": {"running": False}}
    status, found = report(capsys)
    assert (status, machine.measured) == (0, 0)
    [advice] = found["advice"]
    assert "glosswright model pull qwen2.5-coder-0.5b" in advice


def test_a_model_file(machine: Machine, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A path is a model that is here."""
    path = tmp_path / "mine.gguf"
    path.write_bytes(b"GGUF")
    assert report(capsys, "--model", str(path))[1]["advice"] == []
    assert machine.measured == 1


@pytest.mark.parametrize(("missing", "problems"), [({"xllamacpp"}, 0), ({"torch"}, 0), ({"xllamacpp", "torch"}, 1)])
def test_back_ends(machine: Machine, capsys: pytest.CaptureFixture[str], missing: set[str], problems: int) -> None:
    """One of two is enough; with neither, status 1 and the command that mends it."""
    machine.missing = missing
    status, found = report(capsys)
    assert len(found["problems"]) == problems
    assert status == (1 if problems else 0)
    if problems:
        assert "pip install 'glosswright[llamacpp]'" in found["problems"][0]
        assert machine.measured == 0


def test_a_running_server_needs_no_back_end_here(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """It may have been started from another environment."""
    machine.missing = {"xllamacpp", "torch"}
    machine.models = {"weights": [], "server": {"running": True}}
    status, found = report(capsys)
    assert (status, machine.measured) == (0, 1)
    assert found["problems"] == []


def test_a_broken_model_package(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """Its own words, status 1, nothing measured."""
    machine.models = {"error": "The model package does not run."}
    status, found = report(capsys)
    assert (status, machine.measured) == (1, 0)
    assert found["problems"] == ["The model package does not run."]


def test_a_model_that_fails_is_a_problem(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """What came of asking it is said as it would be in the editor."""
    machine.speed = EndpointUnreachable("Nobody answers.")
    status, found = report(capsys, "--endpoint", "http://127.0.0.1:9", "--endpoint-model", "m")
    assert status == 1
    assert found["problems"] == ["Nobody answers."]
    assert (found["endpoint"], found["model"]) == ("http://127.0.0.1:9", "m")
    assert "models" not in found, "another endpoint says nothing of the models here"


def test_slow(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """Slow is no problem but worth advice."""
    machine.speed = {**SPEED, "decode_tokens_per_s": 2.0}
    status, found = report(capsys)
    assert status == 0
    assert "smaller model" in found["advice"][0]


def test_for_people(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """The same in words: what is there, how fast, what to do."""
    machine.missing = {"torch"}
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    for part in ("Glosswright", "xllamacpp 1.2.3", "torch —", "llama.cpp on cpu", "30.0 tokens/s", "Code can be"):
        assert part in " ".join(text.split())
    machine.speed = {**SPEED, "decode_tokens_per_s": 2.0}
    assert main(["doctor"]) == 0
    assert "→" in capsys.readouterr().out
    machine.missing = {"torch", "xllamacpp"}
    assert main(["doctor"]) == 1
    text = capsys.readouterr().out
    assert "✗" in text
    # Square brackets mean colours to the library that prints this.
    assert "pip install 'glosswright[llamacpp]'" in " ".join(text.split())
    assert "Code can be" not in text


@pytest.mark.parametrize("output", [[1], 3, None, LaunchError("gone")])
def test_asking_the_model_package(monkeypatch: pytest.MonkeyPatch, output: Any) -> None:
    """Whatever it does, doctor has a sentence for it."""

    async def run_json(*arguments: str, timeout_s: float) -> Any:
        if isinstance(output, Exception):
            raise output
        return output

    monkeypatch.setattr(doctor, "run_json", run_json)
    assert "reinstall" in asyncio.run(doctor._ask_model_package())["error"]


def test_measured_against_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole path for once: the model package is asked, the running server found and its speed measured."""
    with ScriptedModel(tmp_path / "model", rules=[], fallback="x = 1\n" * 50, token_s=0.002) as model:
        for name, value in {**model.env, "GLOSSWRIGHT_STATE_DIR": str(tmp_path / "state")}.items():
            monkeypatch.setenv(name, value)
        status, found = report(capsys)
        assert status == 0, found["problems"]
        assert found["speed"]["backend"] == "scripted"
        assert found["speed"]["device"] == "cpu"
        assert found["speed"]["prompt_tokens"] > 50
        assert 10 < found["speed"]["decode_tokens_per_s"] < 1000
        url, token = model.state["url"], model.state["token"]
        monkeypatch.setenv("A_TEST_TOKEN", token)
        status, found = report(capsys, "--endpoint", url, "--api-key-env", "A_TEST_TOKEN")
        assert status == 0, found["problems"]
        assert found["speed"]["model"] == "scripted"
        # What was measured is there for whoever chooses a model.
        kept = Speeds().all()["scripted"]
        assert kept.decode_tokens_per_s == found["speed"]["decode_tokens_per_s"]
        assert kept.device == "cpu"
