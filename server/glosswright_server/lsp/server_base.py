"""A language server without features: registration, requests to the client, and how the process begins and ends.

Features are plain functions over parameters and a `Context`:

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams, context: Context) -> types.Hover | None: ...

    @server.command("glosswright.explain")
    async def explain(arguments: list[Any], context: Context) -> Any: ...

It speaks over standard input and output only; there are no sockets to guard.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import itertools
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NoReturn, TypeVar

from lsprotocol import types
from pygls.capabilities import get_capability
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import default_converter

from glosswright_server.documents import DocumentStore
from glosswright_server.documents.notebooks import NotebookStore
from glosswright_server.errors import GlosswrightError

from .context import Context
from .failure_log import log_failure
from .framing import FramingLost
from .lifetime import EXIT_TIMEOUT_S, ExitDeadline, ParentWatch
from .protocol import GlosswrightProtocol, Stage
from .stdio import Input, Output, Stdio

logger = logging.getLogger(__name__)

REQUEST_TIMEOUT_S = 10.0
_FLUSH_TIMEOUT_S = 0.5
"""Of the time for ending, so much is left for the last answers to leave."""

Handler = Callable[[Any, Context], Any]
CommandHandler = Callable[[list[Any], Context], Coroutine[Any, Any, Any]]
HandlerT = TypeVar("HandlerT", bound=Handler)
CommandT = TypeVar("CommandT", bound=CommandHandler)


class ClientRequestError(GlosswrightError):
    """The client refused a request of the server (`code` is its error code), or did not answer in time (None)."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class ServerBase(LanguageServer):
    """One server for one client."""

    protocol: GlosswrightProtocol

    def __init__(self, name: str, version: str) -> None:
        # pygls logs whole message bodies, and so the user's code, at INFO.
        logging.getLogger("pygls").setLevel(logging.WARNING)
        super().__init__(
            name,
            version,
            types.TextDocumentSyncKind.Incremental,
            protocol_cls=GlosswrightProtocol,
            converter_factory=default_converter,
        )
        self.unannounced: frozenset[str] = frozenset()
        """Commands that the capabilities do not name: clients make the named ones known beyond this server, and there
        two of one name clash."""
        self._shutdown_callbacks: list[Callable[[], Awaitable[None]]] = []
        self._background: set[asyncio.Task[Any]] = set()
        self._stopped: asyncio.Event | None = None
        self._request_numbers = itertools.count(1)
        self._exit_status: int | None = None
        self._deadline: ExitDeadline | None = None
        self._parent_watch: ParentWatch | None = None

    # Registration

    def feature(self, feature_name: str, options: Any | None = None) -> Callable[[HandlerT], HandlerT]:
        """Register `handler(params, context)` for a method.

        For a request it must be `async def`; it runs as one task, which `$/cancelRequest` cancels. For a notification
        it may also be a plain function, which runs at once, before the next message is looked at, and must be quick.
        `initialize` counts as a notification: its handler runs before the capabilities are computed. The document store
        is up to date when the handler of `textDocument/didOpen`, `didChange` or `didClose` runs.
        """

        def register(handler: HandlerT) -> HandlerT:
            if _is_request(feature_name) and not inspect.iscoroutinefunction(handler):
                raise TypeError(f"the handler of the request {feature_name} must be `async def`")
            self.protocol.fm.feature(feature_name, options)(_plain(handler))
            return handler

        return register

    def command(self, command_name: str) -> Callable[[CommandT], CommandT]:
        """Register `async def handler(arguments, context)` for `workspace/executeCommand`; cancelled like a request."""

        def register(handler: CommandT) -> CommandT:
            if not inspect.iscoroutinefunction(handler):
                raise TypeError(f"the handler of the command {command_name} must be `async def`")
            self.protocol.fm.command(command_name)(_plain(handler))
            return handler

        return register

    def on_shutdown(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Await `callback()` once before the process ends, in whatever way; all callbacks share about 1.5 seconds."""
        self._shutdown_callbacks.append(callback)

    # The client

    @property
    def documents(self) -> DocumentStore:
        """The documents as they are now; a handler reads those of its `Context` instead."""
        return self.protocol.documents

    @property
    def notebooks(self) -> NotebookStore:
        """The notebooks as they are now."""
        return self.protocol.notebooks

    @property
    def workspace_folders(self) -> list[types.WorkspaceFolder]:
        """The folders that are open in the client."""
        return list(self.protocol.workspace_folders.values())

    def client_supports(self, capability: str, default: Any = None) -> Any:
        """The client capability at a dotted path such as "text_document.code_action.tag_support"; else `default`."""
        capabilities = getattr(self.protocol, "client_capabilities", None)
        return default if capabilities is None else get_capability(capabilities, capability, default)

    async def request(self, method: str, params: Any | None = None, *, timeout_s: float = REQUEST_TIMEOUT_S) -> Any:
        """Ask the client and give its structured answer. Raises ClientRequestError when it refuses or stays silent."""
        number = f"glosswright-{next(self._request_numbers)}"
        future = self.protocol.send_request_async(method, params, msg_id=number)
        try:
            return await asyncio.wait_for(future, timeout_s)
        except asyncio.TimeoutError:
            self.notify(types.CANCEL_REQUEST, types.CancelParams(id=number))
            raise ClientRequestError(f"the editor did not answer {method} within {timeout_s:g} s") from None
        except JsonRpcException as error:
            raise ClientRequestError(f"the editor refused {method}: {error.message}", error.code) from None

    def notify(self, method: str, params: Any | None = None) -> None:
        """Tell the client something."""
        self.protocol.notify(method, params)

    def spawn(self, work: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
        """Run `work` beside the requests. It is kept alive, logged when it fails and cancelled when the server ends."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._background.add(task)
        task.add_done_callback(self._background_done)
        return task

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log. pygls would show a pop-up in the editor for each malformed message."""
        logger.error("%s: %s", getattr(source, "__name__", source), type(error).__name__)

    # The process

    def run_stdio(self, stdio: Stdio) -> int:
        """Serve one client until it is gone; the exit status: 0 after `shutdown`, else 1.

        From the moment the end begins the process has two seconds; then it is ended by force with the same status.
        """
        self._deadline = ExitDeadline()
        return asyncio.run(self._serve(stdio))

    def stop(self, status: int, why: str = "") -> None:
        """Begin to end; the first call decides the status. `why` is for stderr. Call it on the event loop."""
        if self._exit_status is not None:
            return
        self._exit_status = status
        if why:
            sys.stderr.write(f"{self.name}: {why}\n")
        if self._deadline is not None:
            self._deadline.status = status
            self._deadline.arm()
        if self._stopped is not None:
            self._stopped.set()

    def client_is_known(self, process_id: int | None) -> None:
        """The client has introduced itself: from now on the server does not outlive the process it named."""
        self.process_id = process_id
        if process_id is not None and self._stopped is not None:
            loop = asyncio.get_running_loop()
            self._parent_watch = ParentWatch(process_id, functools.partial(self._parent_gone, loop))
            self._parent_watch.start()

    async def _serve(self, stdio: Stdio) -> int:
        loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        self._stop_on_signals(loop)
        output = Output(stdio.output_fd, loop, functools.partial(self.stop, 1))
        output.start()
        self.protocol.send = output.write
        source = Input(stdio.input_fd, loop, self.protocol.receive, functools.partial(self._input_ended, loop))
        source.start()
        await self._stopped.wait()
        await self._wind_up()
        output.close(_FLUSH_TIMEOUT_S)
        return 1 if self._exit_status is None else self._exit_status

    async def _wind_up(self) -> None:
        """Cancel what runs, let it answer and let the callbacks tidy up, within the time that is left for it."""
        requests = self.protocol.cancel_all()
        for task in list(self._background):
            task.cancel()
        if self._parent_watch is not None:
            self._parent_watch.stop()
        callbacks = [asyncio.ensure_future(_awaited(callback)) for callback in self._shutdown_callbacks]
        if not callbacks and not requests:
            return
        _, late = await asyncio.wait([*callbacks, *requests], timeout=EXIT_TIMEOUT_S - _FLUSH_TIMEOUT_S)
        for task in late:
            logger.warning("%s did not end in time", "a shutdown callback" if task in callbacks else task.get_name())
            task.cancel()
        for callback in callbacks:
            if callback.done() and not callback.cancelled() and (error := callback.exception()) is not None:
                log_failure(logger, "a shutdown callback", error)

    def _input_ended(self, loop: asyncio.AbstractEventLoop, problem: FramingLost | None) -> None:
        """In the input thread: the client has gone, or cannot be understood any more."""
        if self._deadline is not None:
            self._deadline.arm()  # here and not on the loop, which may be stuck
        if problem is not None:
            loop.call_soon_threadsafe(self.stop, 1, f"lost track of where the editor's messages begin: {problem}")
        else:
            loop.call_soon_threadsafe(self._client_gone)

    def _parent_gone(self, loop: asyncio.AbstractEventLoop) -> None:
        """In the watch's thread."""
        if self._deadline is not None:
            self._deadline.arm()
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            loop.call_soon_threadsafe(self._client_gone)

    def _client_gone(self) -> None:
        self.stop(0 if self.protocol.stage is Stage.SHUT_DOWN else 1)

    def _stop_on_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            # NotImplementedError: Windows; ValueError and RuntimeError: not in the main thread.
            with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
                loop.add_signal_handler(number, self.stop, 128 + number)

    def _background_done(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log_failure(logger, task.get_name(), error)

    # What pygls has and this server must not use

    def start_io(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Use `run_stdio`."""
        raise RuntimeError("use run_stdio")

    def start_tcp(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Not offered: pygls' sockets have no authentication, and a web page could reach them."""
        raise RuntimeError("this server speaks over standard input and output only")

    def start_ws(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Not offered, as `start_tcp`."""
        raise RuntimeError("this server speaks over standard input and output only")


async def _awaited(callback: Callable[[], Awaitable[None]]) -> None:
    await callback()


def _is_request(method: str) -> bool:
    entry = types.METHOD_TO_TYPES.get(method)
    return entry is not None and entry[1] is not None and method != types.INITIALIZE


def _plain(handler: Handler) -> Handler:
    """`handler` as a function of its own: pygls sets attributes on it and would inject arguments by their names."""
    if inspect.iscoroutinefunction(handler):

        async def handle_async(params: Any, context: Context) -> Any:
            return await handler(params, context)

        return handle_async

    def handle(params: Any, context: Context) -> Any:
        return handler(params, context)

    return handle
