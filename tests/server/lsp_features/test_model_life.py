"""The model's life as the user sees it: its start, its progress, Cancel, one message for a failure, the status line."""

from __future__ import annotations

import pytest

from glosswright_server.errors import EndpointBroken, LaunchError
from glosswright_server.generation.launch_options import LaunchProgress
from glosswright_server.generation.scripted import Script

from .support import CAPABILITIES, URI, Wire

pytestmark = pytest.mark.timeout(30)

DOWNLOADING = LaunchProgress("downloading", "Downloading the model", 250, 1000)
LOADING = LaunchProgress("loading", "Loading the model")


async def test_opening_a_file_starts_the_model(wire: Wire) -> None:
    """The model is there by the time it is wanted, its start shown once, in percent while it downloads."""
    wire.source.steps = [LaunchProgress("starting"), DOWNLOADING, DOWNLOADING, LOADING, LaunchProgress("ready")]
    wire.source.step_s = 0.02
    await wire.initialize({"statusNotifications": True})
    wire.open("x = 1\n")
    await wire.until(lambda: wire.progress() and wire.progress()[-1]["kind"] == "end")
    assert wire.progress()[0] == {
        "kind": "begin",
        "title": "Glosswright model",
        "cancellable": True,
        "percentage": 0,
    }
    reports = [(value["message"], value.get("percentage")) for value in wire.progress()[1:-1]]
    assert ("Downloading the model", 25) in reports
    assert ("Loading the model", None) in reports
    assert len(reports) == len(set(reports)), "what was said is not said again"
    assert [status["state"] for status in wire.sent_of("glosswright/status")] == [
        "off",
        "starting",
        "downloading",
        "loading",
        "ready",
    ]
    assert wire.sent_of("glosswright/status")[2]["percentage"] == 25
    assert wire.source.acquired == [False]
    assert wire.told() == []


async def test_progress_that_was_made_before_it_could_be_shown(wire: Wire) -> None:
    """A client takes its time to say that it shows progress: what was said meanwhile is shown then."""
    wire.source.loaded.clear()
    wire.source.steps = [LOADING]
    await wire.initialize()
    wire.open("x = 1\n")
    await wire.until(lambda: len(wire.progress()) == 2)
    assert wire.progress()[1] == {"kind": "report", "message": "Loading the model"}


@pytest.mark.parametrize(
    ("language_id", "name", "options"),
    [
        ("markdown", "README.md", {}),
        ("plaintext", "notes.txt", {}),
        ("unknown", "data.xyz", {}),
        ("python", "a.py", {"enabled": False}),
        ("python", "a.py", {"disabledLanguages": ["python"]}),
    ],
)
async def test_files_that_start_no_model(wire: Wire, language_id: str, name: str, options: dict[str, object]) -> None:
    """Reading a README must not fetch half a gigabyte, nor a file in which nothing is offered."""
    await wire.initialize(options)
    wire.open("# add two numbers\n", language_id, f"file:///project/{name}")
    assert await wire.actions() == []
    assert wire.source.acquired == []


async def test_a_binary_file_starts_no_model(wire: Wire) -> None:
    """There is no text to go by."""
    await wire.initialize()
    wire.open("\0\1")
    assert await wire.inline() is None
    assert wire.source.acquired == []


async def test_the_user_stops_the_start(wire: Wire) -> None:
    """Cancel ends the download and typing does not begin it again; a request by hand does."""
    wire.model.script = Script("total = 1 + 2\n")
    wire.source.loaded.clear()
    wire.source.steps = [DOWNLOADING]
    await wire.initialize({"statusNotifications": True})
    wire.open("# add two numbers\n")
    await wire.until(lambda: len(wire.progress()) > 1)
    token = wire.sent_of("$/progress")[0]["token"]
    wire.tell("window/workDoneProgress/cancel", {"token": token})
    await wire.until(lambda: wire.progress()[-1]["kind"] == "end")
    await wire.until(lambda: wire.source.stopped == 1)
    assert wire.sent_of("glosswright/status")[-1]["state"] == "off"
    assert wire.told() == []
    begun = len(wire.source.acquired)
    assert await wire.inline() is None
    wire.open("y = 1\n", uri="file:///project/b.py")
    assert await wire.inline() is None
    assert len(wire.source.acquired) == begun, "typing has begun again what the user stopped"
    status = await wire.call("workspace/executeCommand", {"command": "glosswright.status"})
    assert (status["state"], status["message"]) == ("off", "stopped by the user")
    wire.source.loaded.set()
    assert await wire.inline(by_hand=True) is not None
    wire.source.loaded.clear()
    wire.open("z = 1\n", uri="file:///project/c.py")
    await wire.until(lambda: wire.source.acquired[-1] is False)


async def test_a_start_that_fails_is_told_once(wire: Wire) -> None:
    """A message and the status; typing on brings no second one, an answer in between does."""
    wire.source.error = LaunchError("No engine is installed.")
    await wire.initialize({"statusNotifications": True})
    wire.open("# add two numbers\n")
    await wire.until(wire.told)
    for _ in range(3):
        assert await wire.inline(by_hand=True) is None
    assert wire.told() == ["Glosswright: No engine is installed."]
    assert wire.sent_of("glosswright/status")[-1]["state"] == "error"
    wire.source.error = None
    wire.model.script = Script("total = 1 + 2\n")
    assert await wire.inline(by_hand=True) is not None
    wire.source.error = LaunchError("No engine is installed any more.")
    wire.change({"text": "# add three numbers\n"})
    assert await wire.inline(by_hand=True) is None
    assert len(wire.told()) == 2


async def test_completion_failures_are_told_once_too(wire: Wire) -> None:
    """The list's failure is quiet for the list: other servers' items are shown."""
    wire.model.script = Script(error=EndpointBroken("It failed (HTTP 500)."))
    await wire.initialize()
    wire.open("# add two numbers\n")
    params = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 17}}
    for _ in range(2):
        assert await wire.call("textDocument/completion", params) is None
    assert wire.told() == ["Glosswright: It failed (HTTP 500)."]
    wire.model.script = Script("total = 1 + 2\n")
    found = await wire.call("textDocument/completion", params)
    assert len(found["items"]) == 1
    assert wire.features.notices._told == set()


async def test_no_status_without_asking_for_it(wire: Wire) -> None:
    """Other clients may log each notification they do not know."""
    wire.model.script = Script("total = 1 + 2\n")
    await wire.initialize()
    wire.open("# add two numbers\n")
    assert await wire.inline() is not None
    assert wire.sent_of("glosswright/status") == []
    status = await wire.call("workspace/executeCommand", {"command": "glosswright.status", "arguments": []})
    assert status["state"] == "ready"
    assert status["model"] == "scripted"
    assert "percentage" not in status


async def test_the_status_before_anything_happened(wire: Wire) -> None:
    """A status line that is drawn first thing has something to draw."""
    await wire.initialize()
    status = await wire.call("workspace/executeCommand", {"command": "glosswright.status"})
    assert status["state"] == "off"
    assert status["message"] == "the model is started when it is needed first"


async def test_generating_is_shown(wire: Wire) -> None:
    """The status says when the processor is busy for the user, and when it is done."""
    wire.model.script = Script("total = 1 + 2\n")
    await wire.initialize({"statusNotifications": True})
    wire.open("# add two numbers\n")
    await wire.inline()
    assert [status["state"] for status in wire.sent_of("glosswright/status")][-2:] == ["generating", "ready"]


@pytest.mark.parametrize("kind", ["refuses", "silent", "cannot"])
async def test_a_client_without_progress(wire: Wire, kind: str) -> None:
    """A client that refuses progress, does not answer, or has none: the model starts all the same."""
    capabilities = {**CAPABILITIES, "window": {"workDoneProgress": kind != "cannot"}}
    if kind == "refuses":
        wire.answers["window/workDoneProgress/create"] = lambda _: 1 / 0
    elif kind == "silent":
        wire.answers["window/workDoneProgress/create"] = None
    wire.source.steps = [LOADING]
    wire.model.script = Script("total = 1 + 2\n")
    await wire.initialize(capabilities=capabilities)
    wire.open("# add two numbers\n")
    assert await wire.inline() is not None
    await wire.until(lambda: wire.features.warming is not None and wire.features.warming.done())
    assert wire.progress() == []


async def test_closing_a_document_ends_its_request(wire: Wire) -> None:
    """Nobody waits for it any more; the model is free at once."""
    wire.model.script = Script("x = 1\n" * 100, piece_s=0.01)
    await wire.initialize()
    wire.open("# assign\n")
    params = {
        "textDocument": {"uri": URI},
        "position": {"line": 1, "character": 0},
        "context": {"triggerKind": 2},
    }
    number = wire.ask("textDocument/inlineCompletion", params)
    await wire.until(lambda: wire.model.running == 1)
    wire.tell("textDocument/didClose", {"textDocument": {"uri": URI}})
    assert (await wire.answer(number))["result"] is None
    await wire.until(lambda: wire.model.running == 0)


async def test_edits_without_a_place(wire: Wire) -> None:
    """Whole-text changes, empty changes and changes to strangers are taken quietly."""
    wire.model.script = Script("total = 1 + 2\n")
    await wire.initialize()
    wire.open("x\n")
    wire.change({"text": "# add two numbers\n"})
    wire.change()
    wire.change({"text": "?"}, uri="file:///project/stranger.py")
    wire.tell("textDocument/didChange", {"textDocument": {}, "contentChanges": []})
    wire.tell("textDocument/didClose", {"textDocument": {}})
    wire.tell("textDocument/didOpen", {"textDocument": {}})
    assert await wire.inline() is not None
