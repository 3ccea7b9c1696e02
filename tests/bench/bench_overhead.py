"""What the language server adds to a completion: `textDocument/inlineCompletion` beside the same HTTP call by itself.

    python tests/bench/bench_overhead.py [--quick] [--json FILE]

A real language server process answers through pipes; the model answers at once (a process with canned answers, and our
own model server playing a script). Each sample is a keystroke, then a request at a place that nobody asked about
before, then the same prompt sent with the same client class from here. Overhead: the language server's time less the
median of the direct call's. It measures; it asserts nothing.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from measure import Report, command, p50, p99, progress
from processes import AT_ONCE, Answer, LanguageServer, ModelServer, folder, instant_endpoint

from glosswright_server.generation.client import CompletionClient
from glosswright_server.generation.completions import CompletionRequest
from glosswright_server.generation.endpoint import Endpoint
from glosswright_server.intent.languages import LANGUAGES
from glosswright_server.intent.model import Trigger
from glosswright_server.intent.read import read_intent
from glosswright_server.prompt import Prompt, build_prompt, profile_for

URI = "file:///bench/example.py"
ANSWER = "totals = [total for total in totals if total > 0]\n"
UNIT = '''def shape_{n}(rows, limit=10):
    """Sum the amounts of the rows below a limit."""
    total = 0
    for row in rows:
        if row["amount"] < limit and row.get("status") in ("paid", "open"):
            total += row["amount"]
    return total


'''
HEIGHT = UNIT.count("\n")
GOAL_P50_MS, GOAL_P99_MS, GOAL_ALONG_MS = 5.0, 25.0, 5.0
WARM_UP = 5


@dataclass
class Samples:
    """Milliseconds."""

    served: list[float] = field(default_factory=list)
    direct: list[float] = field(default_factory=list)
    along: list[float] = field(default_factory=list)

    @property
    def overhead(self) -> list[float]:
        """Each answer's time less the median of the direct calls."""
        base = p50(self.direct)
        return [served - base for served in self.served]


class Document:
    """A document of so many lines, in which a comment is written, asked about and taken out again, at each place."""

    def __init__(self, lines: int) -> None:
        self.lines = "".join(UNIT.format(n=n) for n in range(lines // HEIGHT + 1)).split("\n")[:lines]
        self._number = 0

    def comment(self) -> tuple[int, str]:
        """The line between two functions to write at, and a comment that was never written before."""
        self._number += 1
        between = range(HEIGHT - 1, len(self.lines), HEIGHT)
        # Down the document, as one reads and writes: the text between two requests' places was changed, not the rest.
        line = between[self._number % len(between)]
        return line, f"# keep the positive totals, step {self._number}"

    def prompt(self, line: int, comment: str) -> Prompt:
        """What the language server asks the model below `comment`, written at `line`."""
        text = "\n".join([*self.lines[:line], comment, "", *self.lines[line:]])
        offset = sum(len(each) + 1 for each in self.lines[:line]) + len(comment) + 1
        intent = read_intent(text, offset, LANGUAGES["python"], trigger=Trigger.AUTOMATIC)
        return build_prompt(text, intent, profile_for("generic", False, True))


async def ask_directly(client: CompletionClient, prompt: Prompt) -> float:
    """Milliseconds of one completion, all of it read."""
    started = time.perf_counter()
    request = CompletionRequest(prompt=prompt.prompt, suffix=prompt.suffix, stop=prompt.stop, max_tokens=128)
    async with client.stream(request) as chunks:
        async for _ in chunks:
            pass
    return 1000 * (time.perf_counter() - started)


async def measure(server: LanguageServer, endpoint: Endpoint, lines: int, times: int) -> Samples:
    """Alternate the language server and the direct call."""
    document = Document(lines)
    server.open(URI, "\n".join(document.lines))
    samples = Samples()
    async with CompletionClient(endpoint) as client:
        for number in range(WARM_UP + times):
            progress(f"{lines} lines: {number + 1}/{WARM_UP + times}")
            line, comment = document.comment()
            # The comment stands there already when the last key, the line end, is hit and ghost text is asked for.
            server.type(URI, (line, 0), comment + "\n")
            await asyncio.sleep(0.005)
            server.type(URI, (line, len(comment)), "\n")
            served = server.answer(server.ask_inline(URI, line + 1, 0))
            direct = await ask_directly(client, document.prompt(line, comment))
            # Typing the first letters of what is shown must cost next to nothing.
            server.type(URI, (line + 1, 0), ANSWER[:3])
            along = server.answer(server.ask_inline(URI, line + 1, 3))
            server.type(URI, (line, 0), "", end=(line + 2, 0))
            assert (origin(served), origin(along)) == ("model", "memory"), (served, along)
            if number >= WARM_UP:
                samples.served.append(1000 * served.took_s)
                samples.direct.append(direct)
                samples.along.append(1000 * along.took_s)
    server.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    return samples


def origin(answer: Answer) -> str:
    """Whether an answer came from the model or from memory."""
    return str(answer.result["items"][0]["command"]["arguments"][0]["origin"]) if answer.result else "nothing"


def run(quick: bool) -> Iterator[Report]:
    """Both stand-ins at three document sizes."""
    times = 20 if quick else 300
    report = Report(
        f"Language server overhead, {times} requests each (ms)",
        (
            "model stand-in",
            "lines",
            "served p50",
            "p99",
            "direct p50",
            "p99",
            "overhead p50",
            "p99",
            "typed along p50",
            "p99",
        ),
    )
    with folder() as temporary, instant_endpoint(ANSWER) as url:
        found: list[Samples] = []
        with LanguageServer() as server:
            server.initialize({**AT_ONCE, "endpoint": {"url": url, "model": "instant"}})
            for lines in (100, 1000, 5000):
                found.append(asyncio.run(measure(server, Endpoint(url, "instant"), lines, times)))
                add(report, "canned answers", lines, found[-1])
        with ModelServer.scripted(temporary, fallback=ANSWER) as model, LanguageServer(model.env) as server:
            server.initialize(AT_ONCE)
            endpoint = Endpoint(model.url, token=model.token)
            for lines in (100, 1000, 5000):
                found.append(asyncio.run(measure(server, endpoint, lines, times)))
                add(report, "our model server", lines, found[-1])
    for name, samples in zip(("canned answers", "our model server"), (found[1], found[4]), strict=True):
        report.at_most(f"overhead p50, 1,000 lines, {name}", p50(samples.overhead), GOAL_P50_MS)
        report.at_most(f"overhead p99, 1,000 lines, {name}", p99(samples.overhead), GOAL_P99_MS)
        report.at_most(f"typed along p50, 1,000 lines, {name}", p50(samples.along), GOAL_ALONG_MS)
    yield report


def add(report: Report, name: str, lines: int, samples: Samples) -> None:
    """One line of the table."""
    figures = [p(s) for s in (samples.served, samples.direct, samples.overhead, samples.along) for p in (p50, p99)]
    report.row(name, f"{lines:,}", *figures)


main = command(run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
