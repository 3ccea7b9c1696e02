"""The processes that benchmarks measure: a language server spoken to in bytes, and the model servers behind it.

Every process lives in a temporary runtime folder of its own, so that a benchmark never meets the user's model server.
The language server's client reads in a thread that notes when each answer came, and decodes nothing before it is asked:
what is measured is the server.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Lock, Thread
from typing import Any

import httpx
from measure import Skipped

START_S = 180.0
ANSWER_S = 120.0
_LENGTH = re.compile(rb"Content-Length:\s*(\d+)")
_ID = re.compile(rb'"id":\s*(\d+)')

AT_ONCE = {"inline": {"debounceMinMs": 0, "debounceMaxMs": 0, "deadlineMs": 60_000}, "model": {"autostart": False}}
"""Settings under which the language server does not wait for the typist, and starts no model of its own."""


@dataclass(frozen=True)
class Answer:
    """What a request got, and after how many seconds."""

    result: Any
    error: dict[str, Any] | None
    took_s: float
    at: float
    """`time.perf_counter` at its arrival."""


class LanguageServer:
    """A language server process and its client. A context manager."""

    def __init__(self, env: dict[str, str] | None = None, command: Sequence[str] | None = None) -> None:
        # Counted as in an editor, but not among what the user's own editor has counted.
        self._data = tempfile.TemporaryDirectory(prefix="glosswright-bench-", ignore_cleanup_errors=True)
        self.started_at = time.perf_counter()
        self.process = subprocess.Popen(
            command or [sys.executable, "-m", "glosswright_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "GLOSSWRIGHT_DATA_DIR": self._data.name, **(env or {})},
            bufsize=0,
        )
        self._sent: dict[int, float] = {}
        self._answers: dict[int, tuple[float, bytes]] = {}
        self._arrived = Condition()
        self._sending = Lock()
        self._ended = False
        self._last_id = 0
        self._version = 0
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> LanguageServer:
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self.process.poll() is None:
            with contextlib.suppress(OSError, AssertionError):
                self.answer(self.ask("shutdown"), 5)
                self.notify("exit")
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        self._reader.join(5)
        self._data.cleanup()
        self.process.stdout.close()

    def initialize(self, options: Any = None) -> Answer:
        """Do the handshake; `took_s` counts from before the process was started."""
        params = {"processId": None, "rootUri": None, "capabilities": CAPABILITIES, "initializationOptions": options}
        answer = self.answer(self.ask("initialize", params))
        self.notify("initialized", {})
        return Answer(answer.result, answer.error, answer.at - self.started_at, answer.at)

    def ask(self, method: str, params: Any = None) -> int:
        """Send a request; its id."""
        self._last_id += 1
        frame = _frame({"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": params})
        self._sent[self._last_id] = time.perf_counter()
        self._send(frame)
        return self._last_id

    def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""
        self._send(_frame({"jsonrpc": "2.0", "method": method, "params": params}))

    def answered(self, number: int) -> bool:
        """Whether a request has got its answer."""
        return number in self._answers

    def answer(self, number: int, timeout_s: float = ANSWER_S) -> Answer:
        """The answer to a request. Raises AssertionError when none comes in time."""
        with self._arrived:
            self._arrived.wait_for(lambda: number in self._answers or self._ended, timeout_s)
            assert number in self._answers, f"no answer to request {number}; exit status {self.process.poll()}"
            at, body = self._answers.pop(number)
        message = json.loads(body)
        return Answer(message.get("result"), message.get("error"), at - self._sent.pop(number), at)

    def call(self, method: str, params: Any = None) -> Answer:
        """Send a request and wait for its answer."""
        return self.answer(self.ask(method, params))

    def open(self, uri: str, text: str, language: str = "python") -> None:
        """Open a document."""
        self._version += 1
        document = {"uri": uri, "languageId": language, "version": self._version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def type(self, uri: str, start: tuple[int, int], text: str, *, end: tuple[int, int] | None = None) -> None:
        """Put `text` in the place of what stands between two (line, column); in at `start` without `end`."""
        self._version += 1
        places = {"start": _place(start), "end": _place(end or start)}
        document = {"uri": uri, "version": self._version}
        changes = [{"range": places, "text": text}]
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})

    def ask_inline(self, uri: str, line: int, column: int, *, by_hand: bool = False) -> int:
        """Ask for ghost text; the request's id."""
        params = {
            "textDocument": {"uri": uri},
            "position": {"line": line, "character": column},
            "context": {"triggerKind": 1 if by_hand else 2},
        }
        return self.ask("textDocument/inlineCompletion", params)

    def cancel(self, number: int) -> None:
        """Send `$/cancelRequest`."""
        self.notify("$/cancelRequest", {"id": number})

    def rss_mb(self) -> float:
        """Resident memory in MB."""
        import psutil

        return float(psutil.Process(self.process.pid).memory_info().rss) / 1e6

    def _send(self, frame: bytes) -> None:
        assert self.process.stdin is not None
        rest = memoryview(frame)
        with self._sending:  # the reader answers what the server asks, in its own thread
            while rest:
                rest = rest[self.process.stdin.write(rest) or 0 :]

    def _read(self) -> None:
        assert self.process.stdout is not None
        buffer = b""
        while chunk := os.read(self.process.stdout.fileno(), 1 << 20):
            now = time.perf_counter()
            buffer += chunk
            while True:
                head, separator, rest = buffer.partition(b"\r\n\r\n")
                length = _LENGTH.search(head)
                if not separator or length is None or len(rest) < int(length[1]):
                    break
                body, buffer = rest[: int(length[1])], rest[int(length[1]) :]
                self._take(now, body)
        with self._arrived:
            self._ended = True
            self._arrived.notify_all()

    def _take(self, now: float, body: bytes) -> None:
        if b'"method"' in body[:200]:  # a notification or a request to the client
            message = json.loads(body)
            if "method" in message:
                if "id" in message:
                    self._send(_frame({"jsonrpc": "2.0", "id": message["id"], "result": None}))
                return
        found = _ID.search(body)
        if found is not None:
            with self._arrived:
                self._answers[int(found[1])] = (now, body)
                self._arrived.notify_all()


class ModelServer:
    """`glosswright model serve` in a runtime folder of its own. A context manager."""

    def __init__(self, folder: Path, arguments: Sequence[str], env: dict[str, str] | None = None) -> None:
        self.env = {"GLOSSWRIGHT_RUNTIME_DIR": str(folder / "run"), **(env or {})}
        """What a language server must be started with to find it."""
        self._folder = folder
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self._http = httpx.Client(trust_env=False, timeout=30)

    @classmethod
    def scripted(cls, folder: Path, **script: Any) -> ModelServer:
        """One that plays a script, see `backends.scripted.Script`."""
        path = folder / "script.json"
        path.write_text(json.dumps(script), encoding="utf-8")
        return cls(folder, ["--scripted", str(path)], {"GLOSSWRIGHT_CACHE_DIR": str(folder / "cache")})

    @classmethod
    def real(cls, folder: Path) -> ModelServer:
        """One with the default model. Raises Skipped where its weights or llama.cpp are missing."""
        default_weights()
        return cls(folder, ["--no-download", "--backend", "llama.cpp"])

    def __enter__(self) -> ModelServer:
        log_path = self._folder / "model.log"
        command = [sys.executable, "-m", "glosswright_model", "serve", "--idle-minutes", "30", *self._arguments]
        with log_path.open("wb") as log:
            self._process = subprocess.Popen(
                command, env={**os.environ, **self.env}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        ends_at = time.monotonic() + START_S
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > ends_at:
                self.__exit__()
                raise Skipped("the model server did not start:\n" + log_path.read_text("utf-8", "replace")[-2000:])
            time.sleep(0.05)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._http.close()
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)

    @property
    def url(self) -> str:
        """Where it listens."""
        return str(self._state()["url"])

    @property
    def token(self) -> str:
        """What every request must carry."""
        return str(self._state()["token"])

    def metrics(self) -> dict[str, float]:
        """The metrics by name, labels included."""
        headers = {"authorization": f"Bearer {self.token}"}
        text = self._http.get(f"{self.url}/metrics", headers=headers).text
        pairs = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
        return {name: float(number) for name, _, number in pairs}

    def wait_until_idle(self) -> dict[str, float]:
        """Wait until no slot is busy and nothing waits; the metrics then."""
        ends_at = time.monotonic() + 60
        while True:
            metrics = self.metrics()
            if not metrics["glosswright_model_slots_busy"] and not metrics["glosswright_model_queue_length"]:
                return metrics
            assert time.monotonic() < ends_at, "the model server is still busy"
            time.sleep(0.01)

    def _state(self) -> dict[str, Any]:
        path = Path(self.env["GLOSSWRIGHT_RUNTIME_DIR"]) / "model-server.json"
        state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return state

    def _ready(self) -> bool:
        try:
            return self._http.get(f"{self.url}/health").status_code == 200
        except (OSError, ValueError, httpx.HTTPError):
            return False


@contextlib.contextmanager
def instant_endpoint(answer: str) -> Iterator[str]:
    """A process that answers every completion at once with the same bytes: no model server at all. Its URL."""
    command = [sys.executable, str(Path(__file__).parent / "instant_endpoint.py"), answer]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder."""
    with tempfile.TemporaryDirectory(prefix="glosswright-bench-") as name:
        yield Path(name)


def default_weights() -> Path:
    """The default model's file. Raises Skipped where it or llama.cpp is missing; nothing is downloaded."""
    import importlib.util

    from glosswright_model.weights import default_entry, resolve

    if importlib.util.find_spec("xllamacpp") is None:
        raise Skipped("llama.cpp is not installed: pip install 'glosswright[llamacpp]'")
    found = resolve(default_entry().name)
    if not found.present:
        raise Skipped(f"the weights are not on this machine: glosswright model pull {default_entry().name}")
    return found.path


def drain(of: queue.SimpleQueue[Any]) -> list[Any]:
    """Everything in a queue."""
    items = []
    with contextlib.suppress(queue.Empty):
        while True:
            items.append(of.get_nowait())
    return items


def _place(place: tuple[int, int]) -> dict[str, int]:
    return {"line": place[0], "character": place[1]}


def _frame(message: Any) -> bytes:
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


CAPABILITIES = {
    "window": {"workDoneProgress": True},
    "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}},
    "textDocument": {
        "inlineCompletion": {},
        "codeAction": {"resolveSupport": {"properties": ["edit"]}, "dataSupport": True},
    },
}
"""What the client of the benchmarks says it can do."""
