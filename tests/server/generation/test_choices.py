"""Several choices of one request: what different servers send, and how a client leaves them all."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from pathlib import Path

import pytest

from glosswright_server.errors import EndpointBroken
from glosswright_server.generation.client import CompletionClient
from glosswright_server.generation.completions import CompletionChunk, CompletionRequest, ModelCard, decode_models
from glosswright_server.generation.endpoint import Endpoint

from .standin import Exchange, standin, streamed, text_event
from .test_contract import running

VLLM = [
    {"id": "cmpl-1", "choices": [{"index": 1, "text": "b", "logprobs": None, "finish_reason": None}], "usage": None},
    {"id": "cmpl-1", "choices": [{"index": 0, "text": "a", "logprobs": None, "finish_reason": None}], "usage": None},
    {"id": "cmpl-1", "choices": [{"index": 1, "text": "B", "finish_reason": "stop", "stop_reason": "\n"}]},
    {"id": "cmpl-1", "choices": [{"index": 0, "text": "A", "finish_reason": "length", "stop_reason": None}]},
    {"id": "cmpl-1", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}},
]
LLAMA_CPP = [
    {"choices": [{"text": "a", "index": 0, "logprobs": None, "finish_reason": None}], "timings": {"cache_n": 1}},
    {"choices": [{"text": "b", "index": 1, "logprobs": None, "finish_reason": None}], "timings": {"cache_n": 1}},
    {"choices": [{"text": "A", "index": 0, "logprobs": None, "finish_reason": None}], "timings": {"cache_n": 1}},
    {"choices": [{"text": "", "index": 0, "logprobs": None, "finish_reason": "length"}], "usage": {"prompt_tokens": 3}},
    {"choices": [{"text": "B", "index": 1, "logprobs": None, "finish_reason": None}], "timings": {"cache_n": 1}},
    {"choices": [{"text": "", "index": 1, "logprobs": None, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3}},
]


async def collect(client: CompletionClient, request: CompletionRequest) -> list[CompletionChunk]:
    async with client.stream(request) as chunks:
        return [chunk async for chunk in chunks]


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("payloads", [VLLM, LLAMA_CPP], ids=["vllm", "llama.cpp"])
async def test_other_servers_choices(payloads: list[dict[str, object]], done: bool) -> None:
    """Each server interleaves, ends and counts in its own way; the texts must come out the same."""

    async def handler(exchange: Exchange) -> None:
        await streamed(exchange, *payloads, done=done)

    async with standin(handler) as server, CompletionClient(Endpoint(server.url)) as client:
        chunks = await collect(client, CompletionRequest(prompt="p", n=2, temperature=0.8))
        assert server.exchanges[0].json["n"] == 2
    texts: dict[int, str] = defaultdict(str)
    for chunk in chunks:
        texts[chunk.index] += chunk.text
    assert texts == {0: "aA", 1: "bB"}
    assert {chunk.index: chunk.finish_reason for chunk in chunks if chunk.finish_reason} == {0: "length", 1: "stop"}
    assert any(chunk.usage is not None for chunk in chunks)


@pytest.mark.parametrize(
    ("payloads", "broken"),
    [
        pytest.param([text_event("a", "stop"), text_event("b", None, 1)], True, id="one-is-cut"),
        pytest.param([text_event("a", None), text_event("b", "stop", 1)], True, id="the-first-is-cut"),
        pytest.param([text_event("a", "stop")], False, id="a-server-that-knows-no-n"),
    ],
)
async def test_a_choice_that_was_cut_is_told(payloads: list[dict[str, object]], broken: bool) -> None:
    """Half a candidate must not pass for a whole one because another was complete."""

    async def handler(exchange: Exchange) -> None:
        await streamed(exchange, *payloads, done=False)

    async with standin(handler) as server, CompletionClient(Endpoint(server.url)) as client:
        request = CompletionRequest(prompt="p", n=2)
        if broken:
            with pytest.raises(EndpointBroken, match="in the middle of the text"):
                await collect(client, request)
        else:
            assert [chunk.text for chunk in await collect(client, request)] == ["a"]


def test_temperatures_are_sent_only_when_given() -> None:
    """Foreign servers refuse fields they do not know."""
    assert "temperatures" not in CompletionRequest(prompt="p", n=2).body("m")
    body = CompletionRequest(prompt="p", n=2, temperatures=(0.0, 0.8)).body("m")
    assert body["temperatures"] == [0.0, 0.8]


def test_only_our_server_says_that_it_takes_temperatures() -> None:
    """What a request may hold is read from the model's card."""
    ours = {"id": "q", "glosswright": {"batch": 8, "temperatures": True}}
    cards = decode_models({"data": [ours, {"id": "v"}, {"id": "x", "glosswright": {"temperatures": "yes"}}]})
    assert cards == [ModelCard("q", batch=8, takes_temperatures=True), ModelCard("v"), ModelCard("x")]


async def test_choices_of_the_real_server(tmp_path: Path) -> None:
    """The two real programs: a batch streamed to its end, then one that is left in the middle."""
    script = {"fallback": "one two three", "rules": [["slow", "x " * 2000]], "slots": 5, "token_s": 0.005}
    async with running(tmp_path / "run", script) as (_, endpoint), CompletionClient(endpoint) as client:
        (card,) = await client.models()
        assert (card.batch, card.takes_temperatures) == (4, True)
        request = CompletionRequest(prompt="p", n=3, temperatures=(0.0, 0.8, 0.8), logprobs=0)
        chunks = await asyncio.wait_for(collect(client, request), 10)
        texts: dict[int, str] = defaultdict(str)
        for chunk in chunks:
            texts[chunk.index] += chunk.text
        assert texts == dict.fromkeys(range(3), "one two three")
        assert sum(chunk.finish_reason == "stop" for chunk in chunks) == 3
        assert sum(len(chunk.logprobs) for chunk in chunks) == 9
        slow = CompletionRequest(prompt="slow", n=4, temperature=0.8, max_tokens=2000)
        async with client.stream(slow) as stream:
            async for chunk in stream:
                if chunk.index == 3:
                    break
        began = time.monotonic()
        assert await asyncio.wait_for(collect(client, CompletionRequest(prompt="p", n=4, temperature=0.8)), 10)
        assert time.monotonic() - began < 2, "the batch that was left has freed its slots"
