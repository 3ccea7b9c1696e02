"""An OpenAI-compatible endpoint on loopback whose behaviour can be changed while a language server uses it."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CODE = "total = 1 + 2\n"


class Endpoint:
    """A context manager. `behave` says how the next requests are treated; `asked` counts those for completions."""

    def __init__(self) -> None:
        self.behaviour = "healthy"
        self.asked = 0
        self.listed = 0
        self.prompts: list[str] = []
        self._over = threading.Event()
        self._server: ThreadingHTTPServer | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Endpoint:
        self.listen()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._over.set()
        self.stop_listening()

    def behave(self, behaviour: str) -> None:
        """From now on; "refused" stops listening, anything else listens again. Counters begin anew."""
        self.asked = self.listed = 0
        self.behaviour = behaviour
        if behaviour == "refused":
            self.stop_listening()
        elif self._server is None:
            self.listen()

    def listen(self) -> None:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                endpoint.listed += 1
                endpoint.treat(self)

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                endpoint.prompts.append(body["prompt"])
                endpoint.asked += 1
                endpoint.treat(self)

            def log_message(self, *_: object) -> None:
                """Nothing is logged."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that hangs up is an ordinary thing here."""

        self._server = Server(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop_listening(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def treat(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request as the behaviour says. The list of models is healthy where only completions go wrong."""
        request.close_connection = True
        kinds: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {
            "html": lambda r: _answer(r, 200, "<html><body>Welcome</body></html>", "text/html"),
            "401": lambda r: _answer(r, 401, '{"error": {"message": "invalid key"}}'),
            "404": lambda r: _answer(r, 404, '{"error": {"message": "no such model"}}'),
            "429": lambda r: _answer(r, 429, "{}", extra={"Retry-After": "30"}),
            "500": lambda r: _answer(r, 500, "Internal Server Error", "text/plain"),
            "hanging": lambda r: (self._over.wait(20), None)[1],
            "dropping": self._drop,
            "broken events": lambda r: _answer(r, 200, "data: {not json\n\n", "text/event-stream"),
            "not http": lambda r: (r.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), None)[1],
        }
        with contextlib.suppress(OSError):
            if request.command == "GET" and self.behaviour in ("healthy", "dropping", "broken events", "statements"):
                _answer(request, 200, json.dumps({"object": "list", "data": [{"id": "stand-in", "object": "model"}]}))
            elif self.behaviour in kinds:
                kinds[self.behaviour](request)
            else:
                self._write(request)

    def _write(self, request: BaseHTTPRequestHandler) -> None:
        done = "data: [DONE]\n\n"
        if self.behaviour == "statements":  # two whole lines, then the connection breaks
            self._events(request, _event("first = 1\n"), _event("second = 2\n"), _event("thi"))
        else:
            self._events(request, _event(CODE), _event("", "stop"), done)

    def _drop(self, request: BaseHTTPRequestHandler) -> None:
        self._events(request)

    def _events(self, request: BaseHTTPRequestHandler, *events: str) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "text/event-stream")
        request.send_header("Connection", "close")
        request.end_headers()
        for event in events:
            request.wfile.write(event.encode())
            request.wfile.flush()
            time.sleep(0.01)


def _event(text: str, finish: str | None = None) -> str:
    return f"data: {json.dumps({'choices': [{'index': 0, 'text': text, 'finish_reason': finish}]})}\n\n"


def _answer(
    request: BaseHTTPRequestHandler,
    status: int,
    body: str,
    kind: str = "application/json",
    extra: dict[str, str] | None = None,
) -> None:
    data = body.encode()
    request.send_response(status)
    for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **(extra or {})}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(data)
