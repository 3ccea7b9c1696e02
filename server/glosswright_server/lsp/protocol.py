"""The life of one LSP connection: which message may come when, who handles it, and that every request is answered once.

It is pygls' protocol with its insides replaced where they can hang, stay silent or lose documents. Kept are the
registry of features, the computation of capabilities and the helpers for requests to the client. A request handler runs
as one task, so that `$/cancelRequest` ends the work itself; documents change here, synchronously and in the order of
arrival, and nowhere else. How bytes become messages, and when the process ends, is not decided here.
"""

from __future__ import annotations

import asyncio
import enum
import inspect
import json
import logging
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import uuid4

from lsprotocol import types
from pygls.capabilities import ServerCapabilitiesBuilder
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol

from glosswright_server.documents import DocumentStore, PositionEncoding
from glosswright_server.documents.notebooks import NotebookStore
from glosswright_server.errors import GlosswrightError

from . import notebook_sync, text_sync
from .context import Context
from .failure_log import log_failure
from .messages import Malformed, MessageId, Notification, Request, Response, decode_message, message_id
from .structuring import InvalidParams, Structurer
from .work_done import WorkDoneProgress

if TYPE_CHECKING:
    from cattrs import Converter

    from .server_base import ServerBase

logger = logging.getLogger(__name__)

INVALID_REQUEST = types.ErrorCodes.InvalidRequest.value
METHOD_NOT_FOUND = types.ErrorCodes.MethodNotFound.value
INVALID_PARAMS = types.ErrorCodes.InvalidParams.value
INTERNAL_ERROR = types.ErrorCodes.InternalError.value
NOT_INITIALIZED = types.ErrorCodes.ServerNotInitialized.value
REQUEST_CANCELLED = types.LSPErrorCodes.RequestCancelled.value
REQUEST_FAILED = types.LSPErrorCodes.RequestFailed.value

OWN_PREFIX = "glosswright/"
"""Methods that LSP does not have; a client finds them named in the capabilities."""

_DOCUMENT_SYNC = {
    types.TEXT_DOCUMENT_DID_OPEN: text_sync.did_open,
    types.TEXT_DOCUMENT_DID_CHANGE: text_sync.did_change,
    types.TEXT_DOCUMENT_DID_CLOSE: text_sync.did_close,
}
_NOTEBOOK_SYNC = {
    types.NOTEBOOK_DOCUMENT_DID_OPEN: notebook_sync.did_open,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE: notebook_sync.did_change,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE: notebook_sync.did_close,
}
# All cells of every notebook: prose too, or their order would not be known.
_NOTEBOOKS = types.NotebookDocumentSyncOptions([types.NotebookDocumentFilterWithNotebook(notebook="*")])


class Stage(enum.Enum):
    """How far the connection has come (LSP 3.17, "Server lifecycle")."""

    NEW = "before initialize"
    RUNNING = "running"
    SHUT_DOWN = "after shutdown"


class GlosswrightProtocol(LanguageServerProtocol):
    """One connection. `receive` takes message bodies; answers leave through `send`, which whoever connects it sets."""

    _server: ServerBase
    progress: WorkDoneProgress

    def __init__(self, server: ServerBase, converter: Converter) -> None:
        super().__init__(server, converter)
        self.documents = DocumentStore()
        self.notebooks = NotebookStore()
        self.stage = Stage.NEW
        self.workspace_folders: dict[str, types.WorkspaceFolder] = {}
        self.progress = WorkDoneProgress(self)
        self.send: Callable[[bytes], None] = lambda body: None
        self._structurer = Structurer(converter)
        self._running: dict[MessageId, asyncio.Task[Any]] = {}
        self._cancelled: set[MessageId] = set()
        self._asked: dict[MessageId, tuple[Future[Any], str]] = {}
        self._builtin_notifications: dict[str, Callable[[Any], None]] = {
            types.CANCEL_REQUEST: self._on_cancel_request,
            types.SET_TRACE: self._on_set_trace,
            types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: self._on_workspace_folders,
            types.WINDOW_WORK_DONE_PROGRESS_CANCEL: self._on_progress_cancel,
            **{method: partial(sync, self.documents) for method, sync in _DOCUMENT_SYNC.items()},
            **{method: partial(sync, self.notebooks, self.documents) for method, sync in _NOTEBOOK_SYNC.items()},
        }

    def receive(self, body: bytes) -> None:
        """Take one message. Never raises and never waits: whatever takes time becomes a task."""
        message = decode_message(body)
        try:
            if isinstance(message, Malformed):
                logger.warning("malformed message from the client: %s", message.why)
                if message.answer:
                    self._answer_error(message.id, message.code, message.why)
            elif isinstance(message, Request):
                self._on_request(message)
            elif isinstance(message, Notification):
                self._on_notification(message)
            else:
                self._on_response(message)
        except Exception as error:
            log_failure(logger, "handling a message", error)
            if isinstance(message, Request):
                self._answer_error(message.id, INTERNAL_ERROR, _internal_error(message.method, error))

    def cancel_all(self) -> list[asyncio.Task[Any]]:
        """Cancel every running request; each is answered as cancelled, when the tasks that are returned have ended."""
        tasks = list(self._running.values())
        for running in list(self._running):
            self._cancel(running)
        return tasks

    # Requests

    def _on_request(self, request: Request) -> None:
        if refusal := self._refusal(request):
            self._answer_error(request.id, *refusal)
            return
        if request.method == types.INITIALIZE:
            self._initialize(request)
        elif request.method == types.SHUTDOWN:
            self.stage = Stage.SHUT_DOWN
            self.cancel_all()
            self._answer(request.id, None)
        else:
            self._start(request)

    def _refusal(self, request: Request) -> tuple[int, str] | None:
        if request.method == types.INITIALIZE:
            if self.stage is not Stage.NEW:
                return INVALID_REQUEST, "initialize was sent already"
        elif self.stage is Stage.NEW:
            return NOT_INITIALIZED, "the server waits for initialize"
        elif self.stage is Stage.SHUT_DOWN:
            return INVALID_REQUEST, "the server has been shut down"
        if request.id in self._running:
            return INVALID_REQUEST, "a request with this id is still running"
        return None

    def _start(self, request: Request) -> None:
        handler: Any = self.fm.features.get(request.method)
        is_command = request.method == types.WORKSPACE_EXECUTE_COMMAND
        if not is_command and not inspect.iscoroutinefunction(handler):
            self._answer_error(request.id, METHOD_NOT_FOUND, f"unknown method {request.method[:100]}")
            return
        context = Context(method=request.method, id=request.id, raw=request.params, documents=self.documents.view())
        try:
            params = self._structurer.params(request.method, request.params)
        except InvalidParams as invalid:
            self._answer_error(request.id, INVALID_PARAMS, str(invalid))
            return
        if is_command:
            command = self.fm.commands.get(params.command)
            if command is None:
                self._answer_error(request.id, INVALID_PARAMS, f"unknown command {params.command[:100]}")
                return
            work: Coroutine[Any, Any, Any] = command(list(params.arguments or ()), context)
        else:
            work = handler(params, context)
        task = asyncio.get_running_loop().create_task(work, name=f"{request.method} {request.id}")
        self._running[request.id] = task
        task.add_done_callback(partial(self._finish, request, getattr(params, "work_done_token", None)))

    def _finish(self, request: Request, token: types.ProgressToken | None, task: asyncio.Task[Any]) -> None:
        """Answer a request whose handler has ended in one way or another."""
        del self._running[request.id]
        by_client = request.id in self._cancelled
        self._cancelled.discard(request.id)
        if token is not None:
            self.progress.free(token)
        if task.cancelled():
            if by_client:
                self._answer_error(request.id, REQUEST_CANCELLED, "cancelled")
            else:
                self._answer(request.id, None)  # the handler gave up by itself: nothing to offer
            return
        error = task.exception()
        if error is None:
            self._answer(request.id, task.result())
        elif isinstance(error, JsonRpcException):
            self._answer_error(request.id, error.code, error.message)
        elif isinstance(error, GlosswrightError):
            self._answer_error(request.id, REQUEST_FAILED, str(error))
        else:
            log_failure(logger, request.method, error)
            self._answer_error(request.id, INTERNAL_ERROR, _internal_error(request.method, error))

    def _cancel(self, running: MessageId) -> None:
        """Once: a second time would interrupt how the handler tidies up."""
        task = self._running.get(running)
        if task is not None and not task.done() and running not in self._cancelled:
            self._cancelled.add(running)
            task.cancel()

    # Initialize

    def _initialize(self, request: Request) -> None:
        try:
            params = self._structurer.params(types.INITIALIZE, request.params)
        except InvalidParams as invalid:
            self._answer_error(request.id, INVALID_PARAMS, str(invalid))
            return
        self.client_capabilities = params.capabilities
        self.trace = params.trace or types.TraceValue.Off
        self.workspace_folders = {folder.uri: folder for folder in _folders(params)}
        self.documents.set_encoding(
            PositionEncoding(ServerCapabilitiesBuilder.choose_position_encoding(self.client_capabilities))
        )
        self._tell(request.method, params, request.params)
        self.server_capabilities = self._capabilities()
        self.stage = Stage.RUNNING
        self._answer(
            request.id,
            types.InitializeResult(capabilities=self.server_capabilities, server_info=self.server_info),
        )
        self._server.client_is_known(params.process_id)

    def _capabilities(self) -> types.ServerCapabilities:
        builder = ServerCapabilitiesBuilder(
            self.client_capabilities,
            {*self.fm.features, *_DOCUMENT_SYNC},
            self.fm.feature_options,
            [name for name in self.fm.commands if name not in self._server.unannounced],
            types.TextDocumentSyncKind.Incremental,
            _NOTEBOOKS,
            types.PositionEncodingKind(self.documents.encoding.value),
        )
        capabilities: types.ServerCapabilities = builder.build()  # type: ignore[no-untyped-call]  # pygls has no types here
        ours = sorted(method for method in self.fm.features if method.startswith(OWN_PREFIX))
        capabilities.experimental = {"glosswright": ours} if ours else None
        return capabilities

    # Notifications

    def _on_notification(self, notification: Notification) -> None:
        method = notification.method
        if method == types.EXIT:
            self._server.stop(0 if self.stage is Stage.SHUT_DOWN else 1)
            return
        if self.stage is not Stage.RUNNING:
            logger.debug("dropped %s, which came %s", method, self.stage.value)
            return
        builtin = self._builtin_notifications.get(method)
        if builtin is not None:
            builtin(notification.params)
        if method in self.fm.features:
            try:
                params = self._structurer.params(method, notification.params)
            except InvalidParams as invalid:
                logger.warning("ignored %s: %s", method, invalid)
            else:
                self._tell(method, params, notification.params)

    def _tell(self, method: str, params: Any, raw: Any) -> None:
        """Run a feature that nobody waits for: at once when it is a plain function, else as a task."""
        handler = self.fm.features.get(method)
        if handler is None:
            return
        context = Context(method=method, raw=raw, documents=self.documents.view())
        if inspect.iscoroutinefunction(handler):
            self._server.spawn(handler(params, context), name=method)
            return
        try:
            handler(params, context)
        except Exception as error:
            log_failure(logger, method, error)

    def _on_cancel_request(self, params: Any) -> None:
        wanted = message_id(params.get("id")) if isinstance(params, dict) else None
        if wanted is not None:
            self._cancel(wanted)

    def _on_set_trace(self, params: Any) -> None:
        value = params.get("value") if isinstance(params, dict) else None
        if value in set(types.TraceValue):
            self.trace = types.TraceValue(value)

    def _on_workspace_folders(self, params: Any) -> None:
        event = self._structurer.params(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, params).event
        for folder in event.removed:
            self.workspace_folders.pop(folder.uri, None)
        for folder in event.added:
            self.workspace_folders[folder.uri] = folder

    def _on_progress_cancel(self, params: Any) -> None:
        token = params.get("token") if isinstance(params, dict) else None
        if isinstance(token, (str, int)):
            self.progress.cancel(token)

    # Requests to the client

    def notify(self, method: str, params: Any | None = None) -> None:
        """Send a notification. One that cannot be serialised is logged and not sent."""
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            message["params"] = params
        try:
            self.send(self._encode(message))
        except Exception as error:
            log_failure(logger, f"sending {method}", error)

    def send_request(
        self,
        method: str,
        params: Any | None = None,
        callback: Callable[[Any], None] | None = None,
        msg_id: MessageId | None = None,
    ) -> Future[Any]:
        """Ask the client; the future holds the structured result or a JsonRpcException.

        It may stay open for ever: use `ServerBase.request`, which has a time limit.
        """
        number = msg_id if msg_id is not None else str(uuid4())
        message: dict[str, Any] = {"jsonrpc": "2.0", "id": number, "method": method}
        if params is not None:
            message["params"] = params
        body = self._encode(message)
        future: Future[Any] = Future()
        self._asked[number] = (future, method)
        future.add_done_callback(lambda done: self._asked.pop(number, None))
        if callback is not None:
            future.add_done_callback(partial(_call_with_result, callback))
        self.send(body)
        return future

    def _on_response(self, response: Response) -> None:
        future, method = self._asked.pop(response.id, (None, ""))
        if future is None or not future.set_running_or_notify_cancel():
            logger.debug("an answer came too late or to no request")
            return
        if response.error is not None:
            code, message = response.error.get("code"), response.error.get("message")
            future.set_exception(JsonRpcException(str(message), code if isinstance(code, int) else INTERNAL_ERROR))
            return
        try:
            future.set_result(self._client_result(method, response))
        except InvalidParams as invalid:
            future.set_exception(JsonRpcException(f"{method} was answered with {invalid}", INVALID_PARAMS))

    def _client_result(self, method: str, response: Response) -> Any:
        entry = types.METHOD_TO_TYPES.get(method)
        if entry is None or entry[1] is None:
            return response.result
        answer = {"jsonrpc": "2.0", "id": response.id, "result": response.result}
        result = self._structurer.value(answer, entry[1]).result
        if result is None and response.result is not None:
            raise InvalidParams("a result of another type")
        return result

    # Answers

    def _answer(self, request_id: MessageId, result: Any) -> None:
        try:
            body = self._encode({"jsonrpc": "2.0", "id": request_id, "result": result})
        except Exception as error:
            log_failure(logger, "serialising an answer", error)
            self._answer_error(request_id, INTERNAL_ERROR, "the answer could not be serialised; see the server's log")
        else:
            self.send(body)

    def _answer_error(self, request_id: MessageId | None, code: int, message: str) -> None:
        error = {"code": code, "message": message}
        self.send(self._encode({"jsonrpc": "2.0", "id": request_id, "error": error}))

    def _encode(self, message: dict[str, Any]) -> bytes:
        # ASCII with escapes on purpose: a lone surrogate can be sent, and bytes equal characters.
        return json.dumps(message, default=self._to_json, allow_nan=False, separators=(",", ":")).encode("ascii")

    def plain(self, value: Any) -> Any:
        """A protocol object as the JSON that would be sent for it, to add what LSP has no field for."""
        return self._converter.unstructure(value)

    def _to_json(self, value: Any) -> Any:
        if hasattr(value, "__attrs_attrs__"):
            return self._converter.unstructure(value)
        if isinstance(value, enum.Enum):
            return value.value
        raise TypeError(f"{type(value).__name__} is not part of a message")

    # What pygls has and this server must not use

    def _register_builtin_features(self) -> None:
        """None of pygls' own handlers: they keep documents, read files and end the process in their own way."""

    @property
    def workspace(self) -> NoReturn:
        """pygls' workspace reads files that the client never opened; `documents` takes its place."""
        raise RuntimeError("there is no pygls workspace here: use `documents` or a handler's context")


def _folders(params: types.InitializeParams) -> Sequence[types.WorkspaceFolder]:
    """The folders that are open; a client that knows of one only calls it its root (LSP 3.17, `rootUri`)."""
    if params.workspace_folders is None and params.root_uri:
        return (types.WorkspaceFolder(uri=params.root_uri, name=params.root_uri.rstrip("/").rpartition("/")[2]),)
    return params.workspace_folders or ()


def _call_with_result(callback: Callable[[Any], None], future: Future[Any]) -> None:
    if not future.cancelled() and future.exception() is None:
        callback(future.result())


def _internal_error(method: str, error: BaseException) -> str:
    """For the client: short, and without the exception's text, which may hold code or paths."""
    return f"{method[:100]} failed ({type(error).__name__}); see the server's log"
