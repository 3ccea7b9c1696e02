"""A language client that speaks bytes: it sends whatever it is told to, well formed or not, to a real server process.

It knows frames and JSON and nothing of pygls or lsprotocol, so a mistake there cannot hide in both ends. Every wait has
a time limit.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
Message = dict[str, Any]


def encode(message: Any) -> bytes:
    """One message as a frame."""
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class RawClient:
    """A server process and the frames that go to and fro. A context manager; the process is gone at its end."""

    def __init__(self, command: Sequence[str], *, env: dict[str, str] | None = None, timeout_s: float = 15.0) -> None:
        self.timeout_s = timeout_s
        path = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path, **(env or {})},
            bufsize=0,
        )
        self.messages: list[Message] = []
        """Everything that the server has sent, in order."""
        self.stray = b""
        """Bytes on standard output that were no frame."""
        self._arrived = threading.Condition()
        self._stderr: list[bytes] = []
        self._ended = False
        self._reading = threading.Event()
        self._reading.set()
        self._next_id = 0
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._read_frames, self._read_stderr)]
        for thread in self._threads:
            thread.start()

    @classmethod
    def module(cls, name: str, **kwargs: Any) -> RawClient:
        """A server started as `python -m name`."""
        return cls([sys.executable, "-m", name], **kwargs)

    def __enter__(self) -> RawClient:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._reading.set()
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(5)  # the end of its input is reason enough to go
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        for thread in self._threads:
            thread.join(10)
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()

    # Sending

    def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are. A server that is gone already takes nothing, which is for the test to notice."""
        assert self.process.stdin is not None
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self.process.stdin.write(rest) or 0 :]
        except (BrokenPipeError, ConnectionResetError):
            return

    def send(self, message: Any) -> None:
        """Send anything that JSON can say as one frame."""
        self.send_bytes(encode(message))

    def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method: str, params: Any = None) -> int:
        """Send a request; its id."""
        self._next_id += 1
        self.send({"jsonrpc": "2.0", "id": self._next_id, "method": method, "params": params})
        return self._next_id

    def close_input(self) -> None:
        """End the server's standard input."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    # Receiving

    def wait_for(self, wanted: Callable[[Message], bool], timeout_s: float | None = None) -> Message:
        """The first message that is `wanted`, among those that came or come in time; else AssertionError."""
        deadline = time.monotonic() + (timeout_s or self.timeout_s)
        seen = 0
        with self._arrived:
            while True:
                for message in self.messages[seen:]:
                    if wanted(message):
                        return message
                seen = len(self.messages)
                rest = deadline - time.monotonic()
                if rest <= 0 or self._ended:
                    break
                self._arrived.wait(rest)
        raise AssertionError(f"nothing like it came; status {self.process.poll()}, stderr: {self.stderr()[-2000:]}")

    def answer(self, request_id: Any, timeout_s: float | None = None) -> Message:
        """The response to a request."""
        return self.wait_for(lambda m: "method" not in m and m.get("id") == request_id, timeout_s)

    def answers(self, request_id: Any) -> list[Message]:
        """Every response to a request that came so far."""
        with self._arrived:
            return [m for m in self.messages if "method" not in m and m.get("id") == request_id]

    def call(self, method: str, params: Any = None, timeout_s: float | None = None) -> Any:
        """Send a request and give its result; AssertionError when it is an error."""
        answer = self.answer(self.ask(method, params), timeout_s)
        assert "error" not in answer, answer
        return answer["result"]

    def error_code(self, method: str, params: Any = None) -> int:
        """Send a request and give the code of its error."""
        answer = self.answer(self.ask(method, params))
        assert "error" in answer, answer
        return int(answer["error"]["code"])

    def notifications(self, method: str) -> list[Message]:
        """The notifications of one method that came so far."""
        with self._arrived:
            return [m for m in self.messages if m.get("method") == method and "id" not in m]

    def pause_reading(self) -> None:
        """Take nothing more from the server, from the next frame on."""
        self._reading.clear()

    def stderr(self) -> str:
        """What the server wrote to standard error so far."""
        return b"".join(self._stderr).decode(errors="replace")

    def wait_for_stderr(self, text: str, timeout_s: float | None = None) -> None:
        """Wait until `text` stands in what the server wrote to standard error; else AssertionError."""
        deadline = time.monotonic() + (timeout_s or self.timeout_s)
        while text not in self.stderr():
            assert time.monotonic() < deadline, f"not on stderr: {text!r}, but {self.stderr()[-2000:]}"
            time.sleep(0.01)

    def exit_status(self, timeout_s: float = 10.0) -> int:
        """The status with which the process ends in time."""
        status = self.process.wait(timeout_s)
        for thread in self._threads:
            thread.join(timeout_s)
        return status

    # Short cuts

    def initialize(self, capabilities: Any = None, **params: Any) -> Any:
        """Do the handshake; the result of `initialize`."""
        result = self.call(
            "initialize", {"processId": None, "rootUri": None, "capabilities": capabilities or {}, **params}
        )
        self.notify("initialized", {})
        return result

    def open(self, uri: str, text: str, version: int = 1, language_id: str = "plaintext") -> None:
        """Open a document."""
        document = {"uri": uri, "languageId": language_id, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def change(self, uri: str, version: Any, *changes: Any) -> None:
        """Change a document."""
        document = {"uri": uri, "version": version}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)})

    def shut_down(self) -> int:
        """End in good order; the exit status."""
        self.call("shutdown")
        self.notify("exit")
        return self.exit_status()

    def _read_frames(self) -> None:
        assert self.process.stdout is not None
        buffer = b""
        while True:
            self._reading.wait()
            chunk = os.read(self.process.stdout.fileno(), 1 << 20)
            buffer += chunk
            with self._arrived:
                buffer = self._take_frames(buffer)
                if not chunk:
                    self.stray += buffer
                    self._ended = True
                self._arrived.notify_all()
            if not chunk:
                return

    def _take_frames(self, buffer: bytes) -> bytes:
        while b"\r\n\r\n" in buffer:
            header, rest = buffer.split(b"\r\n\r\n", 1)
            before, found, length = header.rpartition(b"Content-Length: ")
            self.stray += before
            if not found or len(rest) < int(length):
                return buffer[len(before) :]
            self.messages.append(json.loads(rest[: int(length)]))
            buffer = rest[int(length) :]
        return buffer

    def _read_stderr(self) -> None:
        assert self.process.stderr is not None
        while chunk := os.read(self.process.stderr.fileno(), 65536):
            self._stderr.append(chunk)
