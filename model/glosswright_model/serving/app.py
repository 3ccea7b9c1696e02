"""The HTTP face: which path does what, and every refusal in OpenAI's form. The work is done elsewhere."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from glosswright_model.serving.completions import Completions
from glosswright_model.serving.guard import Guard
from glosswright_model.serving.service import Service
from glosswright_model.serving.wire import ApiError, models_object

logger = logging.getLogger(__name__)


def build_app(service: Service, guard: Guard) -> ASGIApp:
    """The ASGI application of one server."""

    async def health(request: Request) -> Response:
        return JSONResponse(service.health.body(), status_code=200 if service.ready else 503)

    async def models(request: Request) -> Response:
        return JSONResponse(models_object(service.info, service.started_at))

    async def metrics(request: Request) -> Response:
        return Response(service.metrics.text(), headers={"content-type": service.metrics.content_type})

    async def shutdown(request: Request) -> Response:
        # After the answer: stopping closes this connection too.
        return JSONResponse(
            {"status": "stopping"}, status_code=202, background=BackgroundTask(_call_async(service.request_stop))
        )

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/v1/models", models),
            Route("/v1/completions", Completions(service), methods=["POST"]),
            Route("/metrics", metrics),
            Route("/shutdown", shutdown, methods=["POST"]),
        ],
        middleware=[Middleware(_Guarded, guard=guard)],
        exception_handlers={HTTPException: _http_error},
    )


def error_response(error: ApiError) -> Response:
    """An error in OpenAI's form, with `Retry-After` in whole seconds where waiting helps."""
    headers = {}
    if error.retry_after_s is not None:
        headers["retry-after"] = str(max(1, math.ceil(error.retry_after_s)))
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    return JSONResponse(error.body(), status_code=error.status, headers=headers)


class _Guarded:
    """Asks the guard before anything else sees a request, and keeps the text of unforeseen errors inside."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            self._guard.check(scope["path"], Headers(scope=scope))
            await self._app(scope, receive, watched_send)
        except ApiError as error:
            await error_response(error)(scope, receive, send)
        except Exception as error:  # a defect of ours: its text could quote a prompt, so the log gets its type only
            logger.error("defect while answering %s: %s", scope["path"], type(error).__name__)
            logger.debug("the defect", exc_info=True)
            if not started:
                defect = "The model server has a defect; its log names it."
                await error_response(ApiError(500, "internal_error", defect, kind="server_error"))(scope, receive, send)


def _call_async(function: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    """Starlette runs plain functions on a thread; this one belongs to the loop."""

    async def call() -> None:
        function()

    return call


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return error_response(
            ApiError(405, "method_not_allowed", f"{request.url.path} does not answer {request.method}.")
        )
    return error_response(
        ApiError(error.status_code, "not_found", f"There is no {request.url.path} here.", kind="not_found_error")
    )
