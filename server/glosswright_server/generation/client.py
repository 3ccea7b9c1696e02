"""A client of the OpenAI completions API that tells every way an endpoint can misbehave apart.

One `CompletionClient` keeps its connections to one endpoint open. Leaving a stream closes its connection at once, which
is how the server learns that nobody wants the rest. It does not retry, does not follow redirects, does not start
servers, and puts neither prompts nor keys into errors or logs.
"""

from __future__ import annotations

import contextlib
import json
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, contextmanager
from types import TracebackType
from typing import cast

import anyio
import httpx

from glosswright_server.errors import (
    EndpointBroken,
    EndpointBusy,
    EndpointRefused,
    EndpointTimeout,
    EndpointUnreachable,
    ModelError,
)
from glosswright_server.generation.completions import (
    CompletionChunk,
    CompletionRequest,
    Health,
    ModelCard,
    ProtocolViolation,
    decode_chunks,
    decode_health,
    decode_models,
)
from glosswright_server.generation.endpoint import Endpoint, Timeouts
from glosswright_server.generation.refusals import event_error, not_completions, refusal
from glosswright_server.generation.sse import EventParser, EventStreamError

MAX_BODY_BYTES = 1_048_576
MAX_STREAM_BYTES = 16 * 1_048_576
# Just under the five seconds after which uvicorn closes an idle connection, so that we do not write into a closing one.
_KEEPALIVE_S = 4.0
_DRAIN_S = 0.1


class CompletionClient:
    """Asks one endpoint. Use as an async context manager, or call `aclose`. Belongs to one event loop."""

    def __init__(self, endpoint: Endpoint, *, timeouts: Timeouts | None = None) -> None:
        """Raises EndpointRefused when the endpoint's URL or key cannot be sent at all. Connects to nothing yet."""
        self.endpoint = endpoint
        self._timeouts = timeouts or Timeouts()
        base = endpoint.base
        headers = {"accept-encoding": "identity", **dict(endpoint.headers)}
        if endpoint.token:
            headers["authorization"] = f"Bearer {endpoint.token}"
        if not all(text.isascii() and text.isprintable() for pair in headers.items() for text in pair):
            raise EndpointRefused(
                "The API key holds characters that no HTTP header takes; "
                "look at `endpoint.apiKeyEnv` or `endpoint.apiKeyCommand`."
            )
        # Loading the certificate store takes longer than a request; plain HTTP gets an empty one, which trusts nobody.
        verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if base.startswith("http:") else ssl.create_default_context()
        self._http = httpx.AsyncClient(
            base_url=base,
            headers=headers,
            verify=verify,
            trust_env=not endpoint.is_loopback,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=4, keepalive_expiry=_KEEPALIVE_S),
            timeout=httpx.Timeout(endpoint.timeout_s, connect=self._timeouts.connect_s),
        )

    async def __aenter__(self) -> CompletionClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection. Safe to call twice."""
        await self._http.aclose()

    def stream(self, request: CompletionRequest) -> AbstractAsyncContextManager[AsyncIterator[CompletionChunk]]:
        """Ask for a completion: `async with client.stream(request) as chunks: async for chunk in chunks: …`.

        Entering waits until the answer begins. Leaving early closes the connection, so that the server frees the slot.
        Raises the ModelError tree, on entering or while iterating; text that came before an error has been yielded.
        """
        return self._stream(request)

    async def models(self) -> list[ModelCard]:
        """What `GET /v1/models` lists. Raises the ModelError tree."""
        status, headers, body = await self._get("/v1/models")
        if status != 200:
            raise self._refusal(status, headers, body)
        try:
            return decode_models(json.loads(body))
        except ProtocolViolation as violation:
            raise EndpointBroken(f"The endpoint's list of models cannot be read: {violation}.") from None
        except (ValueError, RecursionError):
            raise not_completions(headers.get("content-type", ""), body) from None

    async def health(self) -> Health:
        """How far the server has come, by `GET /health`; a server without that path but alive is ready."""
        status, headers, body = await self._get("/health")
        if status in (404, 405):
            return Health("ready")
        if status not in (200, 503):
            raise self._refusal(status, headers, body)
        try:
            return decode_health(json.loads(body), status)
        except (ValueError, RecursionError):
            return decode_health(None, status)

    async def shut_down(self) -> None:
        """Ask our own local server to end, by `POST /shutdown`. Raises the ModelError tree."""
        status, headers, body = await self._probe("POST", "/shutdown")
        if status >= 300:
            raise self._refusal(status, headers, body)

    @asynccontextmanager
    async def _stream(self, request: CompletionRequest) -> AsyncIterator[AsyncIterator[CompletionChunk]]:
        private = [request.prompt, request.suffix or "", self.endpoint.token or ""]
        headers = {"accept": "text/event-stream", "content-type": "application/json"}
        if request.deadline_ms is not None:
            headers["x-glosswright-deadline-ms"] = str(request.deadline_ms)
        ends_at = time.monotonic() + self.endpoint.timeout_s
        # "replace": half a surrogate pair, which editors do send, must not stop the request.
        content = json.dumps(request.body(self.endpoint.model), ensure_ascii=False).encode("utf-8", "replace")
        http_request = self._http.build_request("POST", "/v1/completions", content=content, headers=headers)
        with _mapped(began=False), anyio.fail_after(_soonest(ends_at, self._timeouts.first_byte_s)):
            response = await self._http.send(http_request, stream=True)
        try:
            if response.status_code >= 300:
                body = await self._body(response, ends_at)
                raise self._refusal(response.status_code, response.headers, body, private)
            kind = response.headers.get("content-type", "").lower()
            if "event-stream" in kind:
                async with aclosing(self._events(response, ends_at, private)) as chunks:
                    yield chunks
            elif "json" in kind:
                async with aclosing(self._whole(response, ends_at, private)) as chunks:
                    yield chunks
            else:
                raise not_completions(kind, await self._body(response, ends_at))
        finally:
            # A cancelled task must still close: the server computes until we hang up.
            with anyio.CancelScope(shield=True):
                await response.aclose()

    async def _events(
        self, response: httpx.Response, ends_at: float, private: Sequence[str]
    ) -> AsyncGenerator[CompletionChunk, None]:
        parser = EventParser()
        begun: set[int] = set()
        ended: set[int] = set()
        got_text = False
        async with aclosing(self._pieces(response, ends_at, MAX_STREAM_BYTES)) as pieces:
            async for piece in pieces:
                try:
                    events = parser.feed(piece)
                except EventStreamError as error:
                    raise EndpointBroken(f"The endpoint sent a broken event stream: {error}.") from None
                for event in events:
                    if event.data.strip() == "[DONE]":
                        # Read up to the body's end, as a rule in the same packet: the connection stays usable.
                        with anyio.move_on_after(_DRAIN_S), contextlib.suppress(EndpointBroken, EndpointTimeout):
                            async for _ in pieces:
                                continue
                        return
                    for chunk in _decode(event.data, event.event == "error", private):
                        if chunk.usage is None:
                            begun.add(chunk.index)
                        if chunk.finish_reason is not None:
                            ended.add(chunk.index)
                        got_text = got_text or bool(chunk.text)
                        yield chunk
        # Not compared with the number that was asked for: some servers know no more than one choice.
        if not ended or begun - ended:
            after = "in the middle of the text" if got_text else "before any text came"
            raise EndpointBroken(f"The endpoint ended its answer {after}.")

    async def _whole(
        self, response: httpx.Response, ends_at: float, private: Sequence[str]
    ) -> AsyncGenerator[CompletionChunk, None]:
        """A server that cannot stream answers with one JSON object: one piece for each choice."""
        for chunk in _decode(await self._body(response, ends_at), False, private):
            yield chunk

    async def _pieces(self, response: httpx.Response, ends_at: float, limit: int) -> AsyncGenerator[bytes, None]:
        """The body as it comes, each wait and the whole bounded."""
        size = 0
        # httpx promises an iterator and makes a generator, which wants to be closed.
        async with aclosing(cast("AsyncGenerator[bytes, None]", response.aiter_bytes())) as pieces:
            while True:
                # Headers may come long before the first token; between tokens a server has no excuse.
                wait_s = _soonest(ends_at, self._timeouts.between_s if size else self._timeouts.first_byte_s)
                with _mapped(began=True), anyio.fail_after(wait_s):
                    piece = await anext(pieces, None)
                if piece is None:
                    return
                size += len(piece)
                if size > limit:
                    raise EndpointBroken(f"The endpoint's answer is larger than {limit} bytes.")
                yield piece

    async def _body(self, response: httpx.Response, ends_at: float) -> bytes:
        async with aclosing(self._pieces(response, ends_at, MAX_BODY_BYTES)) as pieces:
            return b"".join([piece async for piece in pieces])

    async def _get(self, path: str) -> tuple[int, httpx.Headers, bytes]:
        return await self._probe("GET", path)

    async def _probe(self, method: str, path: str) -> tuple[int, httpx.Headers, bytes]:
        ends_at = time.monotonic() + min(self._timeouts.probe_s, self.endpoint.timeout_s)
        request = self._http.build_request(method, path)
        with _mapped(began=False), anyio.fail_after(_soonest(ends_at, None)):
            response = await self._http.send(request, stream=True)
        try:
            return response.status_code, response.headers, await self._body(response, ends_at)
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()

    def _refusal(self, status: int, headers: Mapping[str, str], body: bytes, private: Sequence[str] = ()) -> ModelError:
        return refusal(
            status, headers, body, managed=self.endpoint.managed, private=private or [self.endpoint.token or ""]
        )


def _decode(data: str | bytes, is_error: bool, private: Sequence[str]) -> list[CompletionChunk]:
    try:
        payload = json.loads(data)
    except (ValueError, RecursionError):
        if is_error:
            raise event_error(None) from None
        raise EndpointBroken("The endpoint sent a broken event: its data is not JSON.") from None
    if isinstance(payload, Mapping) and payload.get("error") is not None:
        raise event_error(payload["error"], private=private)
    if is_error:
        raise event_error(payload, private=private)
    try:
        return decode_chunks(payload)
    except ProtocolViolation as violation:
        raise EndpointBroken(f"The endpoint does not speak the completions protocol: {violation}.") from None


def _soonest(ends_at: float, limit_s: float | None) -> float:
    """Seconds to wait: until the whole must end, or a shorter limit."""
    left_s = max(ends_at - time.monotonic(), 0.0)
    return left_s if limit_s is None else min(left_s, limit_s)


@contextmanager
def _mapped(*, began: bool) -> Iterator[None]:
    """Turn httpx's errors into ours. `began`: the answer's headers were here already, so the endpoint is no stranger.

    httpx's messages are left out: some quote what the server sent.
    """
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout):
        raise EndpointUnreachable("Nobody answers at the endpoint's address; is the server running?") from None
    except (TimeoutError, httpx.TimeoutException) as error:
        if isinstance(error, httpx.PoolTimeout):
            raise EndpointBusy("Too many requests to the endpoint are under way.") from None
        raise EndpointTimeout("The endpoint did not answer in time.") from None
    except httpx.LocalProtocolError:
        raise EndpointRefused("The request cannot be sent; look at `endpoint.url` and the API key.") from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        if began:
            raise EndpointBroken("The connection to the endpoint broke in the middle of the answer.") from None
        if isinstance(error, httpx.RemoteProtocolError) and "without sending" not in str(error):
            raise EndpointBroken("The endpoint does not speak HTTP; look at `endpoint.url`.") from None
        raise EndpointUnreachable("The endpoint closed the connection before it answered.") from None
