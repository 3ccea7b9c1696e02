"""Tokens per second through the whole path (language server, HTTP, model server, llama.cpp) beside llama.cpp alone.

    python tests/bench/bench_throughput.py [--quick] [--json FILE]

Three ways get the same prompt in turns, none of which they have read before, and write the same number of tokens: a
language server process that is asked for ghost text; the model server's HTTP API; and xllamacpp's `Server` in this
process with the parameters that the model server gives it. Needs the default weights. It measures; it asserts nothing.

Prefill is prompt tokens over the time to the first text, decode is tokens after the first over the time between first
and last. In the language server both are taken where the suggestion is made, and so include everything below it; "whole
answer" is taken by the editor's side and includes everything.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measure import Report, command, p50, progress, ratio, value_of
from processes import AT_ONCE, LanguageServer, ModelServer, default_weights, folder

from glosswright_server.generation.client import CompletionClient
from glosswright_server.generation.completions import CompletionRequest
from glosswright_server.generation.endpoint import Endpoint
from glosswright_server.intent.languages import LANGUAGES
from glosswright_server.intent.model import Trigger
from glosswright_server.intent.read import read_intent
from glosswright_server.prompt import Prompt, build_prompt, profile_for

URI = "file:///bench/orders.py"
GOAL = 0.95
TOKENS = 128
LEAST_TOKENS = 16
"""Fewer tokens than this say nothing about a rate."""
TEXT = '''"""Orders of shop {n}."""

from dataclasses import dataclass


@dataclass
class Order{n}:
    """One order: who bought what, how many, at what price in cents, and whether it was paid."""

    customer: str
    product: str
    count: int
    price: int
    paid: bool = False


def total_{n}(orders: list[Order{n}]) -> int:
    """The sum of all orders in cents."""
    return sum(order.count * order.price for order in orders)


# A function report_{n}(orders) that counts the orders of each customer, adds up what each of them has paid and what is
# still open, and returns a list of dictionaries with customer, orders, paid and open, sorted by what is open
'''


@dataclass
class Way:
    """The samples of one way."""

    prefill: list[float] = field(default_factory=list)
    """Prompt tokens per second."""
    decode: list[float] = field(default_factory=list)
    """Tokens per second after the first."""
    whole: list[float] = field(default_factory=list)
    """Seconds from the request to the end of the answer."""

    def add(self, prompt_tokens: int, tokens: int, first_s: float, last_s: float, whole_s: float) -> None:
        """Note one answer; times from the request."""
        self.prefill.append(prompt_tokens / first_s)
        self.decode.append((tokens - 1) / (last_s - first_s))
        self.whole.append(whole_s)


class Direct:
    """xllamacpp in this process, with the model server's parameters."""

    def __init__(self, weights: Path) -> None:
        from glosswright_model.backends import llamacpp
        from glosswright_model.backends.threads import thread_count

        # What the model server sets before it imports the engine, and what it gives it.
        engine = llamacpp._import_engine()
        parameters = llamacpp._parameters(
            engine,
            weights,
            context=llamacpp.DEFAULT_CONTEXT_LENGTH,
            slots=1,
            threads=thread_count(),
            on_gpu=llamacpp._gpu(engine) is not None,
            api_key="bench",
        )
        self._server = engine.Server(parameters)

    def complete(self, prompt: str, tokens: int) -> tuple[int, float, float, float]:
        """Write so many tokens; prompt tokens, and the seconds to the first text, to the last, and to the end."""
        began = time.perf_counter()
        times: list[float] = []
        timings: dict[str, Any] = {}

        def receive(chunk: dict[str, Any]) -> bool:
            timings.update(chunk.get("timings") or {})
            if chunk.get("choices") and chunk["choices"][0].get("text"):
                times.append(time.perf_counter() - began)
            return False

        request = {"prompt": prompt, "n_predict": tokens, "stream": True, "temperature": 0.0, "top_p": 1.0, "top_k": 0}
        options = {"min_p": 0.0, "cache_prompt": True, "return_progress": True, "timings_per_token": True}
        self._server.handle_completions({**request, **options, "ignore_eos": True}, receive)
        return int(timings.get("prompt_n", 0)), times[0], times[-1], time.perf_counter() - began


def job(number: int) -> tuple[str, Prompt]:
    """A document that was never seen before, and what is asked at its end."""
    text = TEXT.format(n=number)
    intent = read_intent(text, len(text), LANGUAGES["python"], trigger=Trigger.AUTOMATIC)
    return text, build_prompt(text, intent, profile_for("qwen2.5-coder", True, False, max_tokens=TOKENS))


def as_string(prompt: Prompt) -> str:
    """The prompt as the model server hands it to the engine: this model's fill-in-the-middle marks written out."""
    from glosswright_model.backends.fim import FAMILIES, render

    return prompt.prompt if prompt.suffix is None else render(FAMILIES["qwen2.5-coder"], prompt.prompt, prompt.suffix)


async def over_http(model: ModelServer, prompt: Prompt, tokens: int) -> tuple[int, float, float, float]:
    """The same through the model server's API."""
    request = CompletionRequest(prompt=prompt.prompt, suffix=prompt.suffix, max_tokens=tokens)
    began = time.perf_counter()
    times: list[float] = []
    prompt_tokens = 0
    async with CompletionClient(Endpoint(model.url, token=model.token)) as client, client.stream(request) as chunks:
        async for chunk in chunks:
            prompt_tokens = chunk.usage.prompt_tokens if chunk.usage else prompt_tokens
            if chunk.text:
                times.append(time.perf_counter() - began)
    return prompt_tokens, times[0], times[-1], time.perf_counter() - began


def run(quick: bool) -> Iterator[Report]:
    """The three ways in turns."""
    times = 1 if quick else 5
    weights = default_weights()
    served, http, direct = Way(), Way(), Way()
    with folder() as temporary, ModelServer.real(temporary) as model, LanguageServer(model.env) as server:
        options = {**AT_ONCE, "explicit": {"deadlineMs": 120_000, "maxTokens": TOKENS}}
        server.initialize(options)
        alone = Direct(weights)
        seed = int(time.time()) % 90_000
        for number in range(3 * times):
            if len(served.whole) == times:
                break
            progress(f"run {number + 1}/{times + 1}")
            text, prompt = job(seed + number)
            server.open(URI, text)
            answer = server.answer(server.ask_inline(URI, text.count("\n"), 0, by_hand=True))
            server.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
            if not answer.result:  # not one whole statement within the tokens: nothing is shown, and nothing is told
                continue
            facts = answer.result["items"][0]["command"]["arguments"][0]
            tokens = int(facts["tokens"])
            if tokens < LEAST_TOKENS:
                continue
            model.wait_until_idle()
            direct_figures = alone.complete(as_string(prompt), tokens)
            # A blank in front makes it another prompt, so that the model server's prefix cache does not help.
            other = Prompt("#" + prompt.prompt, prompt.suffix, (), tokens)
            http_figures = asyncio.run(over_http(model, other, tokens))
            if number == 0:  # the first run touches memory for the first time
                continue
            prompt_tokens = direct_figures[0]
            first_s = value_of(facts, "firstTokenMs") / 1000
            last_s = first_s + (tokens - 1) / value_of(facts, "tokensPerSecond")
            served.add(prompt_tokens, tokens, first_s, last_s, answer.took_s)
            direct.add(prompt_tokens, tokens, *direct_figures[1:])
            http.add(http_figures[0], tokens, *http_figures[1:])
    assert served.whole, "no run wrote enough to say anything"
    report = Report(
        f"Throughput, median of {len(served.whole)} alternating runs, {prompt_tokens} prompt tokens, {tokens} written",
        ("way", "prefill (tokens/s)", "ratio", "decode (tokens/s)", "ratio", "whole answer (s)", "ratio"),
    )
    for name, way in (("language server", served), ("HTTP API", http), ("xllamacpp directly", direct)):
        quotients = (
            ratio(way.prefill, direct.prefill),
            ratio(way.decode, direct.decode),
            ratio(direct.whole, way.whole),
        )
        report.row(name, p50(way.prefill), quotients[0], p50(way.decode), quotients[1], p50(way.whole), quotients[2])
        if way is served:
            for what, quotient in zip(("prefill", "decode", "whole answer"), quotients, strict=True):
                report.at_least(f"language server / xllamacpp, {what}", quotient, GOAL)
    report.notes.append("Ratios above 1 mean faster than xllamacpp called directly: noise of a busy machine.")
    yield report


main = command(run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
