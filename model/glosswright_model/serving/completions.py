"""`POST /v1/completions`: from the bytes of one request to its answer, whole or as server-sent events.

Three things can end a request early, and each frees its slot before the next token: the client closes the connection,
its deadline passes, the server ends. The connection is watched all the while, also for requests that wait in the queue
or do not stream.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from glosswright_model.backends.base import Delta, Origin, TokenLogprob
from glosswright_model.errors import QueueFull
from glosswright_model.serving.admission import Ended, Event, Job, Over, Piece
from glosswright_model.serving.service import Service
from glosswright_model.serving.wire import (
    ApiError,
    CompletionRequest,
    JsonObject,
    Tally,
    check_fits,
    choice_object,
    logprobs_object,
    parse_request,
)

logger = logging.getLogger(__name__)

DEADLINE_HEADER = "x-glosswright-deadline-ms"
DONE = b"data: [DONE]\n\n"


class Completions:
    """The endpoint, as an ASGI application of its own because it watches the connection itself."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._service.activity.busy():
            try:
                outcome, first_token_s = await self._answer(scope, receive, send)
            except ApiError as error:
                self._service.metrics.answered(error.code)
                raise
            self._service.metrics.answered(outcome, first_token_s)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> tuple[str, float | None]:
        """Returns how it ended, and the time to the first token in seconds."""
        limits = self._service.limits
        headers = Headers(scope=scope)
        body = await _read_body(headers, receive, limits.body_bytes, limits.body_s)
        if body is None:
            return "cancelled", None
        request = parse_request(body)
        deadline_s = _deadline_s(headers, limits.deadline_s)
        info, admission = self._service.require()
        self._check_model(request.model, info.model)
        check_fits(request, info)
        job = Job(request.runs(), deadline_s)
        try:
            admission.submit(job)
        except QueueFull as error:
            raise ApiError(
                429, "queue_full", str(error), kind="rate_limit_error", retry_after_s=error.retry_after_s
            ) from None
        answer = _Answer(request, info.model)
        writing = asyncio.ensure_future(answer.write(job, scope, receive, send))
        watching = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait(
                {writing, watching}, timeout=deadline_s + limits.stall_s, return_when=asyncio.FIRST_COMPLETED
            )
            if writing.done():
                outcome = writing.result()
            else:
                outcome = "cancelled" if watching.done() else "stalled"
        finally:
            admission.leave(job)
            await _end(writing, watching)
        _log(answer, outcome, time.monotonic() - job.submitted_at)
        return outcome, job.first_token_s

    def _check_model(self, wanted: str | None, loaded: str) -> None:
        if wanted not in (None, "", loaded, self._service.requested_model):
            raise ApiError(
                404,
                "model_not_found",
                f"This server has no such model; it has: {loaded}.",
                kind="not_found_error",
                param="model",
            )


@dataclass(slots=True)
class _Choice:
    """One choice: what came since the last event, and how it ended."""

    index: int
    text: str = ""
    tokens: list[TokenLogprob] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    token_offset: int = 0
    """Code points of the completion before `tokens`."""
    reason: str | None = None
    told: bool = False
    """Whether the client has been sent `reason`."""

    @property
    def holds_something(self) -> bool:
        return bool(self.text or self.tokens)

    def add(self, delta: Delta) -> None:
        self.text += delta.text
        self.tokens.extend(delta.tokens)
        self.origins.extend(delta.origins)


class _Answer:
    """Turns a job's events into one JSON object or a stream of them."""

    def __init__(self, request: CompletionRequest, model: str) -> None:
        self.id = f"cmpl-{uuid.uuid4().hex}"
        self.tally = Tally()
        self._request = request
        self._head: JsonObject = {
            "id": self.id,
            "object": "text_completion",
            "created": int(time.time()),
            "model": model,
        }
        self._choices = [_Choice(index) for index in range(request.n)]

    async def write(self, job: Job, scope: Scope, receive: Receive, send: Send) -> str:
        """Write the whole answer; returns how it ended. Raises ApiError when the engine fails before any text."""
        if self._request.stream:
            return await self._write_events(job, send)
        async for batch in job.events():
            for event in batch:
                if isinstance(event, Piece):
                    self._choices[event.index].add(event.delta)
                elif isinstance(event, Over) and event.error is not None:
                    raise _generation_failed(event.error)
                else:
                    self._settle(event, job)
        choices = [
            choice_object(choice.index, choice.text, choice.reason, self._take_logprobs(choice), choice.origins)
            for choice in self._choices
        ]
        body = {**self._head, "choices": choices, "usage": self.tally.usage(), "glosswright": self.tally.extension()}
        await JSONResponse(body)(scope, receive, send)
        return self._outcome(job)

    async def _write_events(self, job: Job, send: Send) -> str:
        started = False
        failed = False
        async for batch in job.events():
            error = next((event.error for event in batch if isinstance(event, Over) and event.error is not None), None)
            if error is not None and not started:
                raise _generation_failed(error)
            objects = list(self._objects(batch, job))
            if error is not None:
                failed = True
                objects.append(_generation_failed(error).body())
            if not objects:
                continue
            if not started:
                await send({"type": "http.response.start", "status": 200, "headers": _STREAM_HEADERS})
                started = True
            await send({"type": "http.response.body", "body": b"".join(map(_event, objects)), "more_body": True})
        await send({"type": "http.response.body", "body": DONE, "more_body": False})
        return "generation_failed" if failed else self._outcome(job)

    def _objects(self, batch: list[Event], job: Job) -> Iterator[JsonObject]:
        """The JSON events of one batch; pieces of one choice that came together make one event."""
        for event in batch:
            if isinstance(event, Piece):
                self._choices[event.index].add(event.delta)
                continue
            for choice in self._settle(event, job):
                if choice.holds_something:
                    yield self._piece_object(choice)
                yield self._finish_object(choice)
            if isinstance(event, Over) and event.error is None and self._with_usage:
                extension = {"usage": self.tally.usage(), "glosswright": self.tally.extension()}
                yield {**self._head, "choices": [], **extension}
        yield from [self._piece_object(choice) for choice in self._choices if choice.holds_something]

    def _settle(self, event: Event, job: Job) -> list[_Choice]:
        """Note what a choice, or the whole job, ended with; returns the choices that this settles."""
        if isinstance(event, Ended):
            self.tally.queue_s = job.queue_s
            self.tally.add(event.finish)
            choice = self._choices[event.index]
            reason = event.finish.reason
            choice.reason = (job.ending or reason) if reason == "cancelled" else reason
            return [choice]
        if isinstance(event, Over) and event.error is None:
            self.tally.queue_s = job.queue_s
            cut = [choice for choice in self._choices if choice.reason is None]
            for choice in cut:
                choice.reason = event.ending or "cancelled"
            return cut
        return []

    def _piece_object(self, choice: _Choice) -> JsonObject:
        logprobs = self._take_logprobs(choice)
        text, choice.text = choice.text, ""
        origins, choice.origins = choice.origins, []
        return self._stream_object(choice_object(choice.index, text, None, logprobs, origins))

    def _finish_object(self, choice: _Choice) -> JsonObject:
        choice.told = True
        event = self._stream_object(choice_object(choice.index, "", choice.reason))
        if not self._with_usage and all(each.told for each in self._choices):  # this is the last event
            event["glosswright"] = self.tally.extension()
        return event

    def _stream_object(self, choice: JsonObject) -> JsonObject:
        event = {**self._head, "choices": [choice]}
        if self._with_usage:
            event["usage"] = None
        return event

    def _take_logprobs(self, choice: _Choice) -> JsonObject | None:
        if self._request.logprobs is None:
            return None
        result = logprobs_object(choice.tokens, choice.token_offset)
        choice.token_offset += sum(len(token.token) for token in choice.tokens)
        choice.tokens = []
        return result

    @property
    def _with_usage(self) -> bool:
        return self._request.stream_options.include_usage

    def _outcome(self, job: Job) -> str:
        """For the metrics: "ok", or how the first choice that was not completed ended."""
        reasons = (choice.reason or "cancelled" for choice in self._choices)
        return next((reason for reason in reasons if reason not in ("stop", "length")), "ok")


def _log(answer: _Answer, outcome: str, total_s: float) -> None:
    tally = answer.tally
    if outcome in ("cancelled", "stalled"):  # nobody has waited to hear what it cost; the metrics know
        logger.info("%s %s after %.3f s", answer.id, outcome, total_s)
        return
    logger.info(
        "%s %s: %d prompt tokens (%d cached), %d completion tokens; queue %.3f s, prefill %.3f s, decode %.3f s",
        answer.id, outcome, tally.prompt_tokens, tally.cached_tokens, tally.completion_tokens,
        tally.queue_s, tally.prefill_s, tally.decode_s,
    )  # fmt: skip


_STREAM_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # a proxy that buffers would undo the streaming
]


def _event(value: JsonObject) -> bytes:
    return b"data: " + json.dumps(value, separators=(",", ":")).encode() + b"\n\n"


def _generation_failed(message: str) -> ApiError:
    return ApiError(500, "generation_failed", message, kind="server_error")


def _deadline_s(headers: Headers, longest_s: float) -> float:
    """Seconds this request may take: the header can shorten the server's limit, not lengthen it."""
    value = headers.get(DEADLINE_HEADER)
    if value is None:
        return longest_s
    if not (value.isascii() and value.isdecimal() and len(value) <= 12 and int(value) > 0):
        raise ApiError(400, "invalid_value", "X-Glosswright-Deadline-Ms must be a whole number of milliseconds over 0.")
    return min(longest_s, int(value) / 1000)


async def _read_body(headers: Headers, receive: Receive, limit: int, timeout_s: float) -> bytes | None:
    """The whole body, or None when the client went away. Raises ApiError 408 and 413."""
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit:
        raise _too_large(limit)

    async def read() -> bytes | None:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > limit:
                raise _too_large(limit)
            if not message.get("more_body", False):
                return bytes(body)

    try:
        return await asyncio.wait_for(read(), timeout_s)
    except asyncio.TimeoutError:
        raise ApiError(408, "body_timeout", "The request's body did not arrive in time.") from None


def _too_large(limit: int) -> ApiError:
    return ApiError(413, "body_too_large", f"The request is larger than {limit} bytes: send a shorter prompt.")


async def _disconnected(receive: Receive) -> None:
    """Returns when the client has closed the connection. To be called after the whole body was read."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _end(*tasks: asyncio.Future[str] | asyncio.Future[None]) -> None:
    """Cancel what still runs, and collect it so that no exception goes unseen."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
