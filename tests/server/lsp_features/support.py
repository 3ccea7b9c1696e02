"""The whole language server in this process, its client and its model made of lists and scripts."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable
from typing import Any

from glosswright_server.engine.notebook import NotebookEngine
from glosswright_server.engine.source import Ready
from glosswright_server.errors import ModelError
from glosswright_server.generation.launch_options import LaunchProgress
from glosswright_server.generation.scripted import ScriptedClient
from glosswright_server.lsp.app import build
from glosswright_server.prompt.profile import profile_for
from glosswright_server.settings import Settings

URI = "file:///project/a.py"
CAPABILITIES: dict[str, Any] = {
    "window": {"workDoneProgress": True},
    "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}},
    "textDocument": {
        "inlineCompletion": {},
        "codeAction": {"resolveSupport": {"properties": ["edit"]}, "dataSupport": True},
    },
}
QUICK = {"inline": {"debounceMinMs": 0, "debounceMaxMs": 0}}


class Source:
    """A model that comes when `loaded` is set, or fails with `error`."""

    def __init__(self, client: ScriptedClient, *, is_local: bool = True) -> None:
        self.client = client
        self.is_local = is_local
        self.error: ModelError | None = None
        self.loaded = asyncio.Event()
        self.loaded.set()
        self.steps: list[LaunchProgress] = []
        """What the launch says before the model is there."""
        self.step_s = 0.0
        self.progress: LaunchProgress | None = None
        self.acquired: list[bool] = []
        self.stopped = 0

    def ready_now(self) -> Ready | None:
        profile = profile_for("generic", False, False)
        return Ready(self.client, "scripted", profile) if self.loaded.is_set() else None  # type: ignore[arg-type]

    async def acquire(self, on_progress: Any = None, *, by_hand: bool = True) -> Ready:
        self.acquired.append(by_hand)
        for step in self.steps:
            self.progress = step
            if on_progress is not None:
                on_progress(step)
            await asyncio.sleep(self.step_s)
        if self.error is not None:
            raise self.error
        await self.loaded.wait()
        ready = self.ready_now()
        assert ready is not None
        return ready

    async def stop_launch(self) -> None:
        self.stopped += 1

    def failed(self, error: ModelError) -> None:
        """Nothing is remembered: back-off has tests of its own."""

    def succeeded(self) -> None:
        """As `failed`."""

    async def aclose(self) -> None:
        await self.client.aclose()


def applied(text: str, edits: list[dict[str, Any]]) -> str:
    """`text` after LSP text edits in UTF-16, by the letter of LSP 3.17, "TextEdit[]"; written without our own code."""
    units = text.encode("utf-16-le")
    starts = [0]
    at = 0
    while at < len(text):
        width = 2 if text.startswith("\r\n", at) else 1
        at += width
        if text[at - 1] in "\r\n":
            starts.append(len(text[:at].encode("utf-16-le")))

    def byte(position: dict[str, int]) -> int:
        return starts[position["line"]] + 2 * position["character"]

    spans = [(byte(e["range"]["start"]), byte(e["range"]["end"]), e["newText"]) for e in edits]
    for (_, end, _), (start, _, _) in zip(sorted(spans), sorted(spans)[1:], strict=False):
        assert end <= start, "edits overlap"
    # Where two begin at one place, the one that comes first in the array comes first in the text.
    for start, end, new in sorted(spans, key=lambda span: span[0])[::-1]:
        units = units[:start] + new.encode("utf-16-le") + units[end:]
    return units.decode("utf-16-le")


def _with(method: Callable[..., Any], changes: dict[str, Any]) -> Callable[..., Any]:
    async def changed(*args: Any, **kwargs: Any) -> Any:
        suggestion = await method(*args, **kwargs)
        return dataclasses.replace(suggestion, **changes) if suggestion is not None else None

    return changed


class Wire:
    """Sends messages to a server in this process and keeps what comes back."""

    def __init__(self) -> None:
        self.model = ScriptedClient()
        self.source = Source(self.model)
        self.engine = NotebookEngine(Settings(), source=lambda _: self.source)  # type: ignore[arg-type,return-value]
        self.features = build(self.engine)
        self.server = self.features.server
        self.sent: list[dict[str, Any]] = []
        self.answers: dict[str, Callable[[Any], Any] | None] = {
            "window/workDoneProgress/create": lambda _: None,
            "workspace/applyEdit": lambda _: {"applied": True},
        }
        """What the client answers to the server's requests; None stays silent, an exception is an error answer."""
        self._numbers = 0
        self.version = 1
        self.server.protocol.send = self._receive

    def _receive(self, body: bytes) -> None:
        message = json.loads(body)
        self.sent.append(message)
        if "method" in message and "id" in message:
            answer = self.answers.get(message["method"])
            if answer is not None:
                asyncio.get_running_loop().call_soon(self._answer, message, answer)

    def _answer(self, message: dict[str, Any], answer: Callable[[Any], Any]) -> None:
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": message["id"]}
        try:
            reply["result"] = answer(message.get("params"))
        except Exception as error:
            reply["error"] = {"code": -32601, "message": str(error)}
        self.server.protocol.receive(json.dumps(reply).encode())

    def tell(self, method: str, params: Any = None) -> None:
        self.server.protocol.receive(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode())

    def ask(self, method: str, params: Any = None) -> str:
        """Send a request; its id."""
        self._numbers += 1
        message = {"jsonrpc": "2.0", "id": f"r{self._numbers}", "method": method, "params": params}
        self.server.protocol.receive(json.dumps(message).encode())
        return f"r{self._numbers}"

    async def answer(self, number: str, timeout_s: float = 5.0) -> dict[str, Any]:
        """The response to a request."""
        await self.until(lambda: any("method" not in m and m.get("id") == number for m in self.sent), timeout_s)
        return next(m for m in self.sent if "method" not in m and m.get("id") == number)

    async def call(self, method: str, params: Any = None) -> Any:
        """Ask and give the result."""
        answer = await self.answer(self.ask(method, params))
        assert "error" not in answer, answer
        return answer["result"]

    async def error(self, method: str, params: Any = None) -> dict[str, Any]:
        """Ask and give the error."""
        answer = await self.answer(self.ask(method, params))
        assert "error" in answer, answer
        error: dict[str, Any] = answer["error"]
        return error

    async def until(self, wanted: Callable[[], object], timeout_s: float = 5.0) -> None:
        """Wait until something is so; AssertionError when it does not come in time."""
        ends_at = asyncio.get_running_loop().time() + timeout_s
        while not wanted():
            assert asyncio.get_running_loop().time() < ends_at, self.sent[-5:]
            await asyncio.sleep(0.005)

    async def initialize(self, options: Any = None, capabilities: Any = None, **params: Any) -> Any:
        result = await self.call(
            "initialize",
            {
                "processId": None,
                "rootUri": None,
                "capabilities": CAPABILITIES if capabilities is None else capabilities,
                "initializationOptions": QUICK if options is None else {**QUICK, **options},
                **params,
            },
        )
        self.tell("initialized", {})
        return result

    def open(self, text: str, language_id: str = "python", uri: str = URI) -> None:
        document = {"uri": uri, "languageId": language_id, "version": self.version, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})

    def change(self, *changes: dict[str, Any], uri: str = URI) -> None:
        self.version += 1
        document = {"uri": uri, "version": self.version}
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)})

    async def inline(self, line: int = 1, character: int = 0, *, by_hand: bool = False, **context: Any) -> Any:
        params = {
            "textDocument": {"uri": URI},
            "position": {"line": line, "character": character},
            "context": {"triggerKind": 1 if by_hand else 2, **context},
        }
        return await self.call("textDocument/inlineCompletion", params)

    async def actions(self, line: int = 0, character: int = 3, **context: Any) -> list[dict[str, Any]]:
        at = {"line": line, "character": character}
        params = {
            "textDocument": {"uri": URI},
            "range": {"start": at, "end": at},
            "context": {"diagnostics": [], **context},
        }
        return await self.call("textDocument/codeAction", params) or []

    async def command(self, name: str, *arguments: Any) -> Any:
        return await self.call("workspace/executeCommand", {"command": name, "arguments": list(arguments)})

    async def hover(self, line: int, character: int, uri: str = URI) -> Any:
        at = {"line": line, "character": character}
        return await self.call("textDocument/hover", {"textDocument": {"uri": uri}, "position": at})

    def found(self, **changes: Any) -> None:
        """From now on the engine finds this about its suggestions: a verdict, imports, other candidates."""
        for name in ("fulfil", "inline", "completion"):
            setattr(self.engine, name, _with(getattr(self.engine, name), changes))

    def sent_of(self, method: str) -> list[Any]:
        """The parameters of everything of one method that the server sent."""
        return [m.get("params") for m in self.sent if m.get("method") == method]

    def told(self) -> list[str]:
        """What the user was shown."""
        return [params["message"] for params in self.sent_of("window/showMessage")]

    def progress(self) -> list[Any]:
        """The values of all progress, in order."""
        return [params["value"] for params in self.sent_of("$/progress")]

    def apply(self, edit: dict[str, Any], uri: str = URI) -> str:
        """Do to the open document what a client does with a workspace edit, and tell the server; the new text."""
        [change] = edit["documentChanges"] if "documentChanges" in edit else [{"edits": edit["changes"][uri]}]
        text = self.server.documents.get(uri)
        assert text is not None
        after = applied(text.text, change["edits"])
        self.change({"text": after}, uri=uri)
        return after

    async def aclose(self) -> None:
        self.server.protocol.cancel_all()
        for task in list(self.server._background):
            task.cancel()
        await asyncio.sleep(0)
        await self.engine.aclose()
        await asyncio.to_thread(self.features.recorder.close)
        self.features.excluding.close()
        await asyncio.sleep(0.01)
        assert self.model.running == 0, "a generation outlived its server"
