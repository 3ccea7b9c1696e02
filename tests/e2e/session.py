"""One session with a real language server process, in plain JSON over the raw client."""

from __future__ import annotations

import contextlib
import itertools
import sys
import time
from collections.abc import Iterator
from typing import Any

import psutil
from harness.raw import Message, RawClient

MARKED = "# add two numbers\n"
CAPABILITIES = {
    "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}},
    "textDocument": {
        "inlineCompletion": {},
        "codeAction": {"resolveSupport": {"properties": ["edit"]}, "dataSupport": True},
    },
}


class Session:
    """A language server and what a test asks it, in plain JSON."""

    def __init__(self, client: RawClient) -> None:
        self.client = client
        self._numbers = itertools.count(1)

    def open(self, text: str = MARKED, language_id: str = "python", name: str = "") -> str:
        """Open a document that was not open before; its URI."""
        uri = f"file:///project/{name or f'file{next(self._numbers)}.py'}"
        self.client.open(uri, text, language_id=language_id)
        return uri

    def inline(
        self, uri: str, line: int = 1, character: int = 0, *, by_hand: bool = False, timeout_s: float = 30
    ) -> Any:
        """The items at a place; None is "nothing"."""
        found = self.client.call(
            "textDocument/inlineCompletion",
            {
                "textDocument": {"uri": uri},
                "position": {"line": line, "character": character},
                "context": {"triggerKind": 1 if by_hand else 2},
            },
            timeout_s=timeout_s,
        )
        return found["items"] if found else None

    def generate(self, uri: str, line: int = 0, character: int = 3) -> Message:
        """The answer to the command, whatever it is; an edit it brings is accepted."""
        place = {"uri": uri, "position": {"line": line, "character": character}}
        number = self.client.ask("workspace/executeCommand", {"command": "glosswright.generate", "arguments": [place]})
        seen = len(self.client.messages)

        def ours(message: Message) -> bool:
            return message.get("method") == "workspace/applyEdit" or message.get("id") == number

        deadline = time.monotonic() + 30
        handled: set[Any] = set()
        while time.monotonic() < deadline:
            message = self.client.wait_for(
                lambda m: ours(m) and m.get("id") not in handled and m in self.client.messages[max(seen - 1, 0) :], 30
            )
            if message.get("method") == "workspace/applyEdit":
                handled.add(message["id"])
                self.client.send({"jsonrpc": "2.0", "id": message["id"], "result": {"applied": True}})
                continue
            return message
        raise AssertionError("no answer to the command")

    def resolve(self, uri: str) -> Message:
        """The answer to resolving the first action at the document's start."""
        at = {"line": 0, "character": 3}
        [action, *_] = self.client.call(
            "textDocument/codeAction",
            {"textDocument": {"uri": uri}, "range": {"start": at, "end": at}, "context": {"diagnostics": []}},
        )
        return self.client.answer(self.client.ask("codeAction/resolve", action), 30)

    def told(self) -> list[str]:
        """Every message that the user was shown."""
        return [m["params"]["message"] for m in self.client.notifications("window/showMessage")]


def start_session(options: Any, env: dict[str, str], **params: Any) -> tuple[RawClient, Session]:
    client = RawClient([sys.executable, "-m", "glosswright_server"], env=env, timeout_s=30)
    session = Session(client)
    params.setdefault("capabilities", CAPABILITIES)
    client.initialize(initializationOptions=options, **params)
    return client, session


@contextlib.contextmanager
def no_process_left(timeout_s: float = 10.0) -> Iterator[None]:
    """Fails when a Glosswright process that began meanwhile, as a child of this one or of nobody, is still there."""
    before = {process.pid for process in psutil.process_iter()}
    yield
    ends_at = time.monotonic() + timeout_s
    while left := [
        " ".join(process.info["cmdline"])
        for process in psutil.process_iter(["cmdline", "ppid"])
        if process.pid not in before
        and any(part.startswith("glosswright_") for part in process.info["cmdline"] or ())
        and process.info["ppid"] in (psutil.Process().pid, 1)
    ]:
        assert time.monotonic() < ends_at, left
        time.sleep(0.1)
