"""The completions client against a server that behaves, and against every way to misbehave."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable

import pytest

from glosswright_server.errors import (
    EndpointBroken,
    EndpointBusy,
    EndpointRefused,
    EndpointTimeout,
    EndpointUnreachable,
    ModelError,
)
from glosswright_server.generation.client import MAX_BODY_BYTES, CompletionClient
from glosswright_server.generation.completions import (
    CompletionChunk,
    CompletionRequest,
    Health,
    ModelCard,
    TokenLogprob,
    Usage,
)
from glosswright_server.generation.endpoint import Endpoint, Timeouts

from .standin import Exchange, standin, streamed, text_event

PROMPT = "def launch_codes():  # very private prompt text"
KEY = "sk-secret-key-0123456789"
QUICK = Timeouts(connect_s=5, first_byte_s=0.6, between_s=0.6, probe_s=0.6)


async def collect(client: CompletionClient, request: CompletionRequest | None = None) -> list[CompletionChunk]:
    async with client.stream(request or CompletionRequest(prompt=PROMPT)) as chunks:
        return [chunk async for chunk in chunks]


async def test_streams_text_reason_and_usage_over_one_connection() -> None:
    """The ordinary case; a second request reuses the connection, which a chatty editor feels."""

    async def handler(exchange: Exchange) -> None:
        usage = {"prompt_tokens": 7, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 5}}
        await streamed(
            exchange, text_event("ret"), text_event("urn", "stop"), {"choices": [], "usage": usage, "glosswright": {}}
        )

    async with standin(handler) as server, CompletionClient(Endpoint(server.url, "m", KEY)) as client:
        for _ in range(2):
            assert await collect(client) == [
                CompletionChunk("ret"),
                CompletionChunk("urn", "stop"),
                CompletionChunk("", usage=Usage(7, 2, 5)),
            ]
        assert server.connections == 1
        assert server.exchanges[0].head.startswith("POST /v1/completions HTTP/1.1")
        assert f"authorization: bearer {KEY}" in server.exchanges[0].head.lower()
        assert KEY not in repr(client.endpoint)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        pytest.param(
            CompletionRequest(prompt="p"),
            {"max_tokens": 256, "temperature": 0.0, "top_p": 1.0, "model": "m"},
            id="defaults-leave-the-rest-out",
        ),
        pytest.param(
            CompletionRequest(
                prompt="p",
                suffix="",
                max_tokens=3,
                temperature=0.5,
                top_p=0.9,
                n=2,
                stop=("a",),
                seed=0,
                logprobs=1,
                model="o",
            ),
            {
                "suffix": "",
                "max_tokens": 3,
                "temperature": 0.5,
                "top_p": 0.9,
                "n": 2,
                "stop": ["a"],
                "seed": 0,
                "logprobs": 1,
                "model": "o",
            },
            id="everything",
        ),
    ],
)
def test_request_body(request_: CompletionRequest, expected: dict[str, object]) -> None:
    """Foreign servers reject fields they do not know, so nothing unneeded is sent; `suffix: ""` is not absence."""
    fixed = {"prompt": "p", "stream": True, "stream_options": {"include_usage": True}}
    assert request_.body("m") == fixed | expected
    assert "model" not in CompletionRequest(prompt="p").body("")


async def test_sends_deadline_and_survives_half_a_surrogate_pair() -> None:
    """Editors do cut emoji in two; the request must go out all the same."""

    async def handler(exchange: Exchange) -> None:
        await streamed(exchange, text_event("x", "stop"))

    async with standin(handler) as server, CompletionClient(Endpoint(server.url + "/v1/", "m")) as client:
        await collect(client, CompletionRequest(prompt="a\ud83d", deadline_ms=1500))
        assert "x-glosswright-deadline-ms: 1500" in server.exchanges[0].head.lower()
        assert server.exchanges[0].json["prompt"] == "a?"
        assert "authorization" not in server.exchanges[0].head.lower()


async def test_several_choices_and_log_probabilities_of_both_dialects() -> None:
    """`n` choices come interleaved; llama.cpp writes log-probabilities in the chat form."""
    own = {"tokens": ["a", "b"], "token_logprobs": [-0.5, None], "top_logprobs": [{"a": -0.5, "c": -2}, None]}
    llama = {"content": [{"token": "d", "logprob": -1, "top_logprobs": [{"token": "e", "logprob": -3}]}]}

    async def handler(exchange: Exchange) -> None:
        choices = [
            {"index": 1, "text": "ab", "logprobs": own, "finish_reason": None},
            {"index": 0, "text": "d", "logprobs": llama, "finish_reason": "length"},
            {"index": 2, "text": "odd", "logprobs": {"tokens": 3}},
        ]
        await streamed(exchange, {"choices": choices})

    async with standin(handler) as server, CompletionClient(Endpoint(server.url)) as client:
        assert await collect(client) == [
            CompletionChunk("ab", index=1, logprobs=(TokenLogprob("a", -0.5, (("a", -0.5), ("c", -2.0))),)),
            CompletionChunk("d", "length", logprobs=(TokenLogprob("d", -1.0, (("e", -3.0),)),)),
            CompletionChunk("odd", index=2),
        ]


async def test_a_server_that_cannot_stream_is_understood() -> None:
    """Some gateways ignore `stream`; one JSON answer is as good."""

    async def handler(exchange: Exchange) -> None:
        await exchange.answer(200, json.dumps({**text_event("all", "stop"), "usage": {"prompt_tokens": 1}}))

    async with standin(handler) as server, CompletionClient(Endpoint(server.url)) as client:
        assert await collect(client) == [CompletionChunk("all", "stop"), CompletionChunk("", usage=Usage(1))]


@pytest.mark.parametrize("how", ["break", "cancel", "cancel before the first byte"])
async def test_leaving_the_stream_hangs_up_at_once(how: str) -> None:
    """The closed connection is how the server learns to stop computing."""
    arrived, hung_up = asyncio.Event(), asyncio.Event()

    async def handler(exchange: Exchange) -> None:
        arrived.set()
        if "before" not in how:
            await exchange.begin_events()
            await exchange.event(text_event("a"))
        await exchange.until_hung_up()
        hung_up.set()

    async with standin(handler) as server, CompletionClient(Endpoint(server.url)) as client:
        if how == "break":
            async with client.stream(CompletionRequest(prompt="p")) as chunks:
                async for _ in chunks:
                    break
        else:
            task = asyncio.create_task(collect(client))
            await asyncio.wait_for(arrived.wait(), 5)
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await asyncio.wait_for(hung_up.wait(), 5)


Misbehaviour = Callable[[Exchange], Awaitable[None]]


def status(code: int, body: str = "", *, kind: str = "application/json", extra: str = "") -> Misbehaviour:
    async def handler(exchange: Exchange) -> None:
        await exchange.answer(code, body, kind=kind, extra=extra)

    return handler


def raw(*pieces: bytes | str, pause_s: float = 0.0, hang: bool = False) -> Misbehaviour:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(*pieces, pause_s=pause_s)
        if hang:
            await exchange.until_hung_up()
        exchange.writer.close()

    return handler


def events(*payloads: object, then: str = "drop") -> Misbehaviour:
    async def handler(exchange: Exchange) -> None:
        await exchange.begin_events()
        for payload in payloads:
            await (exchange.raw(payload) if isinstance(payload, bytes) else exchange.event(payload))
        if then == "end":
            await exchange.end()
        elif then == "hang":
            await exchange.until_hung_up()
        exchange.writer.close()

    return handler


def said(message: str) -> str:
    return json.dumps({"error": {"message": message, "type": "t", "code": "c"}})


HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


@pytest.mark.parametrize(
    ("misbehaviour", "error", "message", "text_before"),
    [
        pytest.param(status(200, "<html>login</html>", kind="text/html"), EndpointBroken, "web page", "", id="html"),
        pytest.param(status(200, "hello", kind="text/plain"), EndpointBroken, "text/plain", "", id="plain-text"),
        pytest.param(status(200, "{}"), EndpointBroken, "`choices` is missing", "", id="other-json"),
        pytest.param(status(200, "{nope"), EndpointBroken, "not JSON", "", id="broken-json"),
        pytest.param(status(200, said("overloaded")), EndpointBroken, "overloaded", "", id="error-with-200"),
        pytest.param(status(400, said("suffix not supported")), EndpointRefused, "suffix not supported", "", id="400"),
        pytest.param(status(401, said("no")), EndpointRefused, "endpoint.apiKeyEnv", "", id="401"),
        pytest.param(status(403), EndpointRefused, "endpoint.apiKeyEnv", "", id="403"),
        pytest.param(status(404, said("model x not found")), EndpointRefused, "endpoint.model.*x not", "", id="404"),
        pytest.param(status(413), EndpointRefused, "context.prefixChars", "", id="413"),
        pytest.param(status(408), EndpointTimeout, "gave up", "", id="408"),
        pytest.param(status(429, extra="Retry-After: 7\r\n"), EndpointBusy, "busy", "", id="429"),
        pytest.param(status(503), EndpointBusy, "not ready", "", id="503"),
        pytest.param(status(500, "<html>oops", kind="text/html"), EndpointBroken, "HTTP 500", "", id="500"),
        pytest.param(
            status(307, extra="Location: http://evil.example/\r\n"), EndpointRefused, "redirects", "", id="307"
        ),
        pytest.param(raw(), EndpointUnreachable, "closed the connection", "", id="drop-at-once"),
        pytest.param(raw("SSH-2.0-OpenSSH\r\n\r\n"), EndpointBroken, "does not speak HTTP", "", id="not-http"),
        pytest.param(raw(HEAD, hang=True), EndpointTimeout, "in time", "", id="headers-never-end"),
        pytest.param(
            raw(HEAD, *["X-A: b\r\n"] * 14, pause_s=0.1, hang=True),
            EndpointTimeout,
            "in time",
            "",
            id="headers-trickle",
        ),
        pytest.param(raw(HEAD, "X-A: " + "b" * 200_000, hang=True), EndpointBroken, "HTTP", "", id="headers-huge"),
        pytest.param(raw(hang=True), EndpointTimeout, "in time", "", id="hang"),
        pytest.param(raw(HEAD + "\r\n", hang=True), EndpointTimeout, "in time", "", id="hang-after-headers"),
        pytest.param(events(), EndpointBroken, "middle of the answer", "", id="drop-before-text"),
        pytest.param(events(text_event("ab")), EndpointBroken, "middle of the answer", "ab", id="drop-after-text"),
        pytest.param(events(text_event("ab"), then="end"), EndpointBroken, "middle of the text", "ab", id="early-end"),
        pytest.param(events(then="end"), EndpointBroken, "before any text", "", id="empty-stream"),
        pytest.param(events(text_event("ab"), then="hang"), EndpointTimeout, "in time", "ab", id="hang-after-text"),
        pytest.param(events(text_event("a"), "{broken"), EndpointBroken, "not JSON", "a", id="event-not-json"),
        pytest.param(events("[1]"), EndpointBroken, "not a JSON object", "", id="event-a-list"),
        pytest.param(events({"choices": [1]}), EndpointBroken, "not a JSON object", "", id="choice-a-number"),
        pytest.param(events({"choices": [{"text": 1}]}), EndpointBroken, "not a string", "", id="text-a-number"),
        pytest.param(events({"choices": [{"delta": {}}]}), EndpointBroken, "chat messages", "", id="chat-stream"),
        pytest.param(events("[" * 100_000), EndpointBroken, "not JSON", "", id="deep-nesting"),
        pytest.param(events(b"data: \xff\xfe\n\n"), EndpointBroken, "UTF-8", "", id="not-utf-8"),
        pytest.param(events(b"data: " + b"x" * 2_000_000), EndpointBroken, "longer than", "", id="endless-line"),
        pytest.param(events(text_event("a"), json.loads(said("died"))), EndpointBroken, "died", "a", id="error-event"),
        pytest.param(events({"error": {"code": 503, "message": "m"}}), EndpointBusy, "busy", "", id="error-event-503"),
        pytest.param(events({"error": {"code": "404"}}), EndpointRefused, "endpoint.url", "", id="error-event-404"),
        pytest.param(events({"error": "boom"}), EndpointBroken, "boom", "", id="error-event-string"),
        pytest.param(events(b"event: error\ndata: boom\n\n"), EndpointBroken, "failed while", "", id="named-error"),
        pytest.param(
            events(b'event: error\ndata: {"message": "boom"}\n\n'), EndpointBroken, "boom", "", id="named-error-json"
        ),
        pytest.param(
            status(500, "x" * (MAX_BODY_BYTES + 1), kind="text/plain"),
            EndpointBroken,
            "larger than",
            "",
            id="huge-body",
        ),
    ],
)
async def test_misbehaviour(
    misbehaviour: Misbehaviour, error: type[ModelError], message: str, text_before: str
) -> None:
    """Each failure has its own error, says what to look at, keeps the text that came, and holds no secret."""
    got: list[str] = []

    async def listen(client: CompletionClient) -> None:
        async with client.stream(CompletionRequest(prompt=PROMPT)) as chunks:
            async for chunk in chunks:
                got.append(chunk.text)

    async with standin(misbehaviour) as server:
        endpoint = Endpoint(server.url, "m", KEY, timeout_s=20)
        # Short limits only where they are the point: a loaded machine stands still for a while now and then.
        timeouts = QUICK if error is EndpointTimeout else Timeouts()
        async with CompletionClient(endpoint, timeouts=timeouts) as client:
            with pytest.raises(error, match=message) as raised:
                await listen(client)
    assert type(raised.value) is error
    assert "".join(got) == text_before
    assert PROMPT not in str(raised.value)
    assert KEY not in str(raised.value)


async def test_the_whole_is_bounded_even_when_text_trickles() -> None:
    """A server that sends a comment now and then must not hold a request for ever."""

    async def handler(exchange: Exchange) -> None:
        await exchange.begin_events()
        while True:
            await exchange.raw(": ping\n\n")
            await asyncio.sleep(0.05)

    async with standin(handler) as server, CompletionClient(Endpoint(server.url, timeout_s=0.4)) as client:
        with pytest.raises(EndpointTimeout):
            await asyncio.wait_for(collect(client), 3)


async def test_nobody_listens() -> None:
    """Connection refused is the everyday failure; its message asks the right question."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        async with CompletionClient(Endpoint(url)) as client:
            with pytest.raises(EndpointUnreachable, match="is the server running"):
                await collect(client)


@pytest.mark.parametrize("echo", ["bad prompt: def launch_codes():", f"key {KEY} unknown", "launch_codes():  # very"])
async def test_a_server_that_echoes_is_not_quoted(echo: str) -> None:
    """Many servers repeat the refused request; that text would end up in logs and pop-ups."""
    async with standin(status(400, said(echo))) as server, CompletionClient(Endpoint(server.url, "m", KEY)) as client:
        with pytest.raises(EndpointRefused) as raised:
            await collect(client)
    assert str(raised.value) == "The endpoint refused the request (HTTP 400)."


async def test_retry_after_is_carried() -> None:
    """The engine waits as long as the server asks."""
    async with (
        standin(status(429, extra="Retry-After: 7\r\n")) as server,
        CompletionClient(Endpoint(server.url)) as client,
    ):
        with pytest.raises(EndpointBusy) as raised:
            await collect(client)
    assert raised.value.retry_after_s == 7.0


async def test_the_managed_server_blames_no_setting() -> None:
    """Nobody set a key for the local server, so nobody is sent to a setting."""
    endpoint_args = {"managed": True, "token": KEY}
    async with standin(status(401)) as server, CompletionClient(Endpoint(server.url, **endpoint_args)) as client:
        with pytest.raises(EndpointRefused, match="refused its own token"):
            await collect(client)


@pytest.mark.parametrize(
    ("url", "base", "loopback"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000", True),
        ("http://localhost:1/v1", "http://localhost:1", True),
        ("http://[::1]:1/", "http://[::1]:1", True),
        (" https://host/api/v1/ ", "https://host/api", False),
    ],
)
def test_base_url(url: str, base: str, loopback: bool) -> None:
    """Users paste the address with and without `/v1`; loopback never goes through a proxy."""
    assert Endpoint(url).base == base
    assert Endpoint(url).is_loopback is loopback


@pytest.mark.parametrize("url", ["", "gpu-box:8000", "ftp://x", "http://", "http://a b", "http://x:99999", "http://[x"])
def test_bad_url(url: str) -> None:
    """A typing mistake is said before anything is sent."""
    with pytest.raises(EndpointRefused, match=r"endpoint\.url"):
        CompletionClient(Endpoint(url))


async def test_a_header_that_cannot_be_sent() -> None:
    """Headers come from settings; an impossible one is the user's to mend, not a crash."""
    async with standin(status(200)) as server:
        endpoint = Endpoint(server.url, headers=(("bad name", "x"),))
        async with CompletionClient(endpoint) as client:
            with pytest.raises(EndpointRefused, match="cannot be sent"):
                await collect(client)


@pytest.mark.parametrize("key", ["a\nb", "schlüssel"])
def test_bad_key(key: str) -> None:
    """A key with a line end would smuggle headers."""
    with pytest.raises(EndpointRefused, match=r"endpoint\.apiKey"):
        CompletionClient(Endpoint("https://host", "", key))


def model_list(*items: object) -> str:
    return json.dumps({"object": "list", "data": items})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            model_list(
                {
                    "id": "q",
                    "glosswright": {
                        "family": "qwen2.5-coder",
                        "context_length": 4096,
                        "supports_suffix": True,
                        "device": "cpu",
                        "backend": "llama.cpp",
                    },
                }
            ),
            [ModelCard("q", "qwen2.5-coder", 4096, True, "cpu", "llama.cpp")],
            id="ours",
        ),
        pytest.param(
            model_list({"id": "v", "max_model_len": 8192}, {"id": "w", "glosswright": 3}),
            [ModelCard("v", context_length=8192), ModelCard("w")],
            id="foreign",
        ),
        pytest.param(model_list(), [], id="none-loaded"),
    ],
)
async def test_models(body: str, expected: list[ModelCard]) -> None:
    """Our extension is read where it is, and missed nowhere."""
    async with standin(status(200, body)) as server, CompletionClient(Endpoint(server.url)) as client:
        assert await client.models() == expected


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (status(401), EndpointRefused, "API key"),
        (status(200, "<html>", kind="text/html"), EndpointBroken, "web page"),
        (status(200, "{}"), EndpointBroken, "`data` is missing"),
        (status(200, model_list({"name": "x"})), EndpointBroken, "no `id`"),
        (raw(hang=True), EndpointTimeout, "in time"),
    ],
)
async def test_models_fail(answer: Misbehaviour, error: type[ModelError], message: str) -> None:
    """The list of models is the first thing asked, so its failures must be as clear as a completion's."""
    timeouts = QUICK if error is EndpointTimeout else Timeouts()
    async with standin(answer) as server, CompletionClient(Endpoint(server.url), timeouts=timeouts) as client:
        with pytest.raises(error, match=message):
            await client.models()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (status(200, '{"status": "ready"}'), Health("ready")),
        (status(200, '{"status": "ok"}'), Health("ready")),
        (status(200, "", kind="text/plain"), Health("ready")),
        (status(404), Health("ready")),
        (status(503, '{"error": {"message": "Loading model"}}'), Health("loading")),
        (
            status(
                503,
                '{"status": "downloading", "message": "m", "error": null, '
                '"done_bytes": 1, "total_bytes": 9, "bytes_per_s": 2.5}',
            ),
            Health("downloading", "m", 1, 9, 2.5),
        ),
        (status(503, '{"status": "failed", "message": "m", "error": "do this"}'), Health("failed", "do this")),
    ],
)
async def test_health(answer: Misbehaviour, expected: Health) -> None:
    """Ours, vLLM's empty 200, llama.cpp's 503 and servers without the path."""
    async with standin(answer) as server, CompletionClient(Endpoint(server.url)) as client:
        assert await client.health() == expected


async def test_health_and_shutdown_refused() -> None:
    """A failing probe is an error, not a state."""
    async with standin(status(500)) as server, CompletionClient(Endpoint(server.url)) as client:
        with pytest.raises(EndpointBroken):
            await client.health()
        with pytest.raises(EndpointBroken):
            await client.shut_down()
