"""How many prompt tokens the model server reads again when a prompt grows by a line. The goal: none but the new ones.

    python tests/bench/bench_prefix_cache.py [--quick] [--json FILE]

Prompts grow line by line: a plain one, one with a gap and text after it (fill in the middle), and those that the
language server builds while a user types lines into a short document, and into a long one, where the window of text
moves now and then. Counted are the tokens in `usage` (prompt less cached) and, through the language server, in the
model server's metrics. "New" is what the prompt grew by, and one: llama.cpp always evaluates the last token. Needs the
default weights. It asserts nothing.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from measure import Report, command, p50, progress
from processes import AT_ONCE, LanguageServer, ModelServer, folder

from glosswright_server.generation.client import CompletionClient
from glosswright_server.generation.completions import CompletionRequest
from glosswright_server.generation.endpoint import Endpoint

URI = "file:///bench/typed.py"
HEAD = '''"""Reads measurements of a weather station and says what the week was like."""

from __future__ import annotations


def read_rows(path):
    """The rows of a file, as dictionaries."""
    with open(path) as lines:
        return [dict(zip(("day", "low", "high"), line.split())) for line in lines]


def summary(rows):
    """Coldest and warmest day, and the mean of all highs."""
'''
TYPED = """    coldest = None
    warmest = None
    total = 0.0
    count = 0
    for row in rows:
        low = float(row["low"])
        high = float(row["high"])
        if coldest is None or low < coldest:
            coldest = low
        if warmest is None or high > warmest:
            warmest = high
        total += high
        count += 1
    mean = total / count if count else 0.0
    spread = warmest - coldest
    days = [row["day"] for row in rows]
    first = days[0]
    last = days[-1]
    label = first + " to " + last
    print(label, mean, spread)
""".splitlines(keepends=True)
LONG = "".join(f"STATION_{number} = ({number}.5, {number}.25)\n" for number in range(60))
"""Enough to fill the window of text before the cursor that a model on a CPU is given (1,200 code points)."""
TAIL = '''

def main():
    """Print the summary of the file that the command line names."""
    print(summary(read_rows(sys.argv[1])))
'''


@dataclass
class Growth:
    """Per line that was typed: tokens the prompt grew by, and tokens that were read."""

    grew: list[int] = field(default_factory=list)
    read: list[int] = field(default_factory=list)

    @property
    def excess(self) -> list[int]:
        """Tokens read beyond the new ones and the last."""
        return [read - grew - 1 for read, grew in zip(self.read, self.grew, strict=True)]


async def directly(model: ModelServer, suffix: str | None, lines: int) -> Growth:
    """Prompts that grow, sent to the HTTP API."""
    growth = Growth()
    before = 0
    async with CompletionClient(Endpoint(model.url, token=model.token)) as client:
        for number in range(lines + 1):
            progress(f"line {number}/{lines}")
            # The kind of prompt stands in its first line, so that the three do not help each other.
            prompt = f"# {'plain' if suffix is None else 'gap'}\n" + HEAD + "".join(TYPED[:number])
            request = CompletionRequest(prompt=prompt, suffix=suffix, max_tokens=1)
            async with client.stream(request) as chunks:
                usage = [chunk.usage async for chunk in chunks][-1]
            assert usage is not None
            if number:
                growth.grew.append(usage.prompt_tokens - before)
                growth.read.append(usage.prompt_tokens - usage.cached_tokens)
            before = usage.prompt_tokens
    return growth


def typing(model: ModelServer, server: LanguageServer, uri: str, above: str, lines: int) -> Growth:
    """A user who types lines below `above` and is offered ghost text after each."""
    at = above.count("\n")
    server.open(uri, above + TAIL)
    growth = Growth()
    before = model.wait_until_idle()
    last_prompt = 0.0
    for number, line in enumerate(TYPED[:lines]):
        progress(f"typed line {number + 1}/{lines}")
        server.type(uri, (at + number, 0), line)
        server.answer(server.ask_inline(uri, at + number + 1, 0, by_hand=True))
        now = model.wait_until_idle()
        prompt, cached = (
            now[f"glosswright_model_{name}_tokens_total"] - before[f"glosswright_model_{name}_tokens_total"]
            for name in ("prompt", "cached")
        )
        before = now
        if prompt and last_prompt:
            growth.grew.append(int(prompt - last_prompt))
            growth.read.append(int(prompt - cached))
        last_prompt = prompt or last_prompt
    return growth


def run(quick: bool) -> Iterator[Report]:
    """The three prompts."""
    lines = 6 if quick else len(TYPED)
    report = Report(
        f"Prompt tokens read again, {lines} lines typed (tokens a line)",
        (
            "prompt",
            "grew by, median",
            "read, median",
            "read, most",
            "beyond the new, median",
            "lines with more than the new",
        ),
    )
    with folder() as temporary, ModelServer.real(temporary) as model, LanguageServer(model.env) as server:
        server.initialize({**AT_ONCE, "explicit": {"maxTokens": 4}})
        found = {
            "plain": asyncio.run(directly(model, None, lines)),
            "fill in the middle": asyncio.run(directly(model, TAIL, lines)),
            "language server, short document": typing(model, server, URI + "/short", HEAD, lines),
            "language server, moving window": typing(model, server, URI + "/long", LONG + HEAD, lines),
        }
    for name, growth in found.items():
        more = sum(excess > 0 for excess in growth.excess)
        report.row(
            name,
            p50(growth.grew),
            p50(growth.read),
            max(growth.read),
            p50(growth.excess),
            f"{more} of {len(growth.read)}",
        )
        # The window moves by a quarter of itself at once, so that it can stay put in between: those lines cost more.
        report.at_most(f"{name}: tokens beyond the new ones, median", p50(growth.excess), 0, "tokens")
    yield report


main = command(run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
