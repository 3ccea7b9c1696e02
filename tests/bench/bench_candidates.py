"""What several candidates for one prompt cost: in one request (a batch) beside one request after the other.

    python tests/bench/bench_candidates.py [--quick] [--json FILE]

The model server gets the same prompt, which it has read before, in turns: four choices as four requests one after the
other, four choices in one request, eight in one request; and, for comparison, four different prompts at once from four
connections. Figures are tokens per second of all choices together, and the ratio to one after the other. A second table
tells what a fresh prompt costs: how many of its tokens were read, and the time to the first text, for one choice and
for eight. Needs the default weights. It asserts nothing.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from measure import Report, command, p50, progress, ratio
from processes import ModelServer, folder

from glosswright_server.generation.client import CompletionClient
from glosswright_server.generation.completions import CompletionRequest, Usage
from glosswright_server.generation.endpoint import Endpoint

TOKENS = 48
GOAL = 2.0
PROMPT = '''"""Shop number {n}: its orders, its customers, and what they owe."""

from dataclasses import dataclass


@dataclass
class Order:
    """One order: who bought what, how many, at what price in cents, and whether it was paid."""

    customer: str
    product: str
    count: int
    price: int
    paid: bool = False


def report(orders: list[Order]) -> list[dict[str, object]]:
    """Count the orders of each customer, add up what each of them has paid and what is still open, and return a list
    of dictionaries with customer, orders, paid and open, sorted by what is open, the largest first.
    """
'''


@dataclass
class Way:
    """The samples of one way to ask."""

    rates: list[float] = field(default_factory=list)
    """Tokens per second, all choices together."""
    walls: list[float] = field(default_factory=list)
    """Seconds for the whole."""


async def ask(client: CompletionClient, prompt: str, n: int, seed: int) -> tuple[Usage, float, float]:
    """One request; what it cost, and the seconds to its first text and to its end."""
    request = CompletionRequest(prompt=prompt, n=n, seed=seed, temperature=0.8, max_tokens=TOKENS)
    began = time.perf_counter()
    first_s = 0.0
    usage = Usage()
    async with client.stream(request) as chunks:
        async for chunk in chunks:
            if chunk.text and not first_s:
                first_s = time.perf_counter() - began
            usage = chunk.usage or usage
    return usage, first_s, time.perf_counter() - began


async def in_turn(client: CompletionClient, prompt: str, count: int, seed: int) -> int:
    """So many choices, one request after the other; the tokens written."""
    return sum([(await ask(client, prompt, 1, seed + each))[0].completion_tokens for each in range(count)])


async def in_batch(client: CompletionClient, prompt: str, count: int, seed: int) -> int:
    """So many choices in one request; the tokens written."""
    return (await ask(client, prompt, count, seed))[0].completion_tokens


async def at_once(client: CompletionClient, count: int, seed: int) -> int:
    """As many different prompts at the same time; the tokens written."""
    jobs = [ask(client, f"def task_{each}(rows):\n    " * 2, 1, seed + each) for each in range(count)]
    return sum(usage.completion_tokens for usage, _, _ in await asyncio.gather(*jobs))


async def compare(model: ModelServer, times: int) -> dict[str, Way]:
    """All ways in turns."""
    ways = {name: Way() for name in ("4, one after the other", "4 in a batch", "8 in a batch", "4 prompts at once")}
    prompt = PROMPT.format(n=0)
    async with CompletionClient(Endpoint(model.url, token=model.token, timeout_s=600)) as client:
        await ask(client, prompt, 1, 0)
        for number in range(times):
            for name, way in ways.items():
                progress(f"round {number + 1}/{times}: {name}")
                began = time.perf_counter()
                seed = 100 * number
                if name.endswith("at once"):
                    written = await at_once(client, 4, seed)
                elif name.endswith("batch"):
                    written = await in_batch(client, prompt, int(name.split()[0]), seed)
                else:
                    written = await in_turn(client, prompt, 4, seed)
                way.walls.append(time.perf_counter() - began)
                way.rates.append(written / way.walls[-1])
    return ways


async def fresh(model: ModelServer, times: int) -> list[tuple[int, Usage, float]]:
    """Prompts never seen before: choices, what was read of the prompt, seconds to the first text."""
    found = []
    start = int(time.time()) % 90_000
    async with CompletionClient(Endpoint(model.url, token=model.token, timeout_s=600)) as client:
        for number in range(times):
            for n in (1, 8):
                progress(f"fresh prompt {number + 1}/{times}, {n} choices")
                usage, first_s, _ = await ask(client, PROMPT.format(n=start + 2 * number + (n > 1)), n, 0)
                found.append((n, usage, first_s))
    return found


def run(quick: bool) -> Iterator[Report]:
    """Both tables."""
    times = 1 if quick else 5
    with folder() as temporary, ModelServer.real(temporary) as model:
        ways = asyncio.run(compare(model, times))
        cold = asyncio.run(fresh(model, 1 if quick else 3))
    base = ways["4, one after the other"]
    report = Report(
        f"Choices of one prompt, median of {times} alternating rounds, {TOKENS} tokens a choice at most",
        ("way", "tokens/s", "ratio", "whole (s)"),
    )
    for name, way in ways.items():
        report.row(name, p50(way.rates), ratio(way.rates, base.rates), p50(way.walls))
    quotient = ratio(ways["4 in a batch"].rates, base.rates)
    report.at_least("4 in a batch / one after the other, tokens per second", quotient, GOAL)
    yield report
    first = Report("A fresh prompt", ("choices", "prompt (tokens)", "read (tokens)", "first text (s)"))
    for n in (1, 8):
        of_n = [(usage, first_s) for count, usage, first_s in cold if count == n]
        usage = of_n[0][0]
        first.row(
            str(n),
            usage.prompt_tokens,
            usage.prompt_tokens - usage.cached_tokens,
            p50([first_s for _, first_s in of_n]),
        )
    yield first


main = command(run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
