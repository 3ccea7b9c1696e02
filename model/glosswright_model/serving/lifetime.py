"""One server from its first breath to its last: the claim, the socket, the state file, the signals, the end.

The socket is bound and the state file written before the model is looked for, so that whoever started the server can
watch it through `GET /health` at once. It ends on SIGTERM, SIGINT, `POST /shutdown` or after its idle time, always the
same way: no new requests, running generations cut, state file removed, and gone within about two seconds, even when an
engine does not let go of its thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from glosswright_model import __version__
from glosswright_model.errors import ServingError
from glosswright_model.serving.app import build_app
from glosswright_model.serving.guard import Guard, is_loopback
from glosswright_model.serving.loading import Load
from glosswright_model.serving.service import Limits, Service
from glosswright_model.serving.state_file import Claim, ServerState

logger = logging.getLogger(__name__)

TOKEN_VARIABLE = "GLOSSWRIGHT_MODEL_TOKEN"  # noqa: S105 - the variable's name, not a token
MIN_SHARED_TOKEN = 16
"""Characters of a token that guards a server others can reach."""
END_S = 1.0
"""Each of the two steps of the end (answers, then threads) may take so long, and none usually does."""
KEEP_ALIVE_S = 75
"""Longer than clients keep idle connections, so that they close first and never write into a closing one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """What one server is to be."""

    model: str
    """Name to show and to answer to, until the back end says what it loaded."""
    load: Load = field(repr=False)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    host: str = "127.0.0.1"
    port: int = 0
    """0: any free one."""
    limits: Limits = field(default_factory=Limits)
    runtime_dir: Path | None = None


def serve(options: ServeOptions, on_listening: Callable[[ServerState], None] = lambda state: None) -> bool:
    """Run the server until it ends; call it on the main thread. `on_listening` is told where it listens.

    Returns whether every thread ended; False means that the process should exit without unloading the engine. Raises
    AlreadyRunning when another server of this user runs, ServingError when the address or runtime folder is unusable.
    """
    claim = Claim(options.runtime_dir)
    claim.acquire()
    try:
        with contextlib.closing(bind(options.host, options.port)) as listener:
            return asyncio.run(_run(options, claim, listener, on_listening))
    finally:
        claim.release()


def token_from_environment(host: str) -> str:
    """The token to use: the environment's, else a random one, which only a loopback server may have.

    Raises ServingError when `host` is open to other machines and the environment holds no proper token.
    """
    token = os.environ.get(TOKEN_VARIABLE, "")
    if not is_loopback(host) and len(token) < MIN_SHARED_TOKEN:
        raise ServingError(
            f"Other machines could reach a server on {host}: "
            f"set {TOKEN_VARIABLE} to a secret of at least {MIN_SHARED_TOKEN} characters first."
        )
    if any(not 33 <= ord(char) <= 126 for char in token):
        raise ServingError(f"{TOKEN_VARIABLE} may hold printable ASCII characters without spaces only.")
    return token or secrets.token_urlsafe(32)


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to the address, not yet listening. Raises ServingError when that cannot be had."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ServingError(f"{host} is no address of this machine ({error.strerror}).") from error
    try:
        if sys.platform != "win32":  # there it would let another program take the port over
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise ServingError(
            f"Port {port} on {host} cannot be had ({error.strerror}): choose another with --port."
        ) from error
    return listener


class _Server(uvicorn.Server):
    """uvicorn with its signal handling left out: signals must first end the running generations."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _run(
    options: ServeOptions, claim: Claim, listener: socket.socket, on_listening: Callable[[ServerState], None]
) -> bool:
    host, port = listener.getsockname()[:2]
    server: _Server | None = None

    def on_stop() -> None:
        claim.withdraw()  # first, so that nobody new comes
        assert server is not None
        server.should_exit = True

    service = Service(options.model, options.load, limits=options.limits, on_stop=on_stop)
    guard = Guard(options.token, loopback=is_loopback(host))
    server = _Server(
        uvicorn.Config(
            build_app(service, guard),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=int(END_S),
        )
    )
    listener.listen(128)
    state = claim.publish(url=_url(host, port), token=options.token, model=options.model, version=__version__)
    logger.info("listening on %s for %s", state.url, options.model)
    on_listening(state)
    with _signals(service.request_stop):
        service.start()
        await server.serve(sockets=[listener])
        service.request_stop()  # if uvicorn ended by itself
        done = service.close(END_S)
    logger.info("ended" if done else "ended; an engine did not let go of its thread")
    return done


@contextlib.contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """SIGINT, SIGTERM and the terminal's end call `stop` on the loop."""
    loop = asyncio.get_running_loop()
    wanted = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]

    def on_signal(number: int, frame: object) -> None:
        loop.call_soon_threadsafe(stop)

    before = {number: signal.signal(number, on_signal) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _url(host: str, port: int) -> str:
    """How this machine's own programs reach a server bound to `host`."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - recognised here, not bound
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"
