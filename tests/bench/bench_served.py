"""How long one comment takes with the network of the package, from the request to the whole answer.

    python tests/bench/bench_served.py [--quick] [--json FILE]

A real model server serves it on one thread, as `glosswright model serve --model django-lstm` does. Comments that nobody
asked about before are sent to `/v1/completions` and, in turns, written in a document and asked about by
`textDocument/inlineCompletion` in a real language server. It measures; it asserts nothing.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator

from bench_decoding import COMMENTS, NAMES
from measure import Report, Skipped, command, p50, p99, progress
from processes import AT_ONCE, LanguageServer, ModelServer, folder

from glosswright_server.generation.client import CompletionClient
from glosswright_server.generation.completions import CompletionRequest
from glosswright_server.generation.endpoint import Endpoint

NAME = "django-lstm"
URI = "file:///bench/example.py"
GOAL_MS = 100.0
WARM_UP = 5


def run(quick: bool) -> Iterator[Report]:
    """Both ways, in turns."""
    from glosswright_model.weights import resolve

    if not resolve(NAME).present:
        raise Skipped(f"{NAME} is not in this package")
    comments = COMMENTS[:: 21 if quick else 3]
    with (
        folder() as temporary,
        ModelServer(temporary, ["--model", NAME, "--no-download"]) as model,
        LanguageServer(model.env) as server,
    ):
        server.initialize({**AT_ONCE, "model": {"autostart": False, "name": NAME}})
        direct, served, answered = asyncio.run(measure(server, Endpoint(model.url, token=model.token), comments))
    report = Report(
        f"{NAME}, {len(direct)} comments (ms)", ("asked by", "p50", "p90", "p99", "longest", "answered, of 100")
    )
    report.row("/v1/completions", p50(direct), sorted(direct)[len(direct) * 9 // 10], p99(direct), max(direct), 100)
    share = 100 * answered / len(served)
    report.row("inlineCompletion", p50(served), sorted(served)[len(served) * 9 // 10], p99(served), max(served), share)
    report.at_most("one comment through the language server, p50", p50(served), GOAL_MS)
    yield report


async def measure(
    server: LanguageServer, endpoint: Endpoint, comments: list[str]
) -> tuple[list[float], list[float], int]:
    """Milliseconds of each comment by HTTP and through the language server, and how many the latter had code for."""
    direct: list[float] = []
    served: list[float] = []
    answered = 0
    server.open(URI, f"{' = '.join(NAMES)} = []\n\n\n")  # so that the names of the comments are there
    async with CompletionClient(endpoint) as client:
        for number, comment in enumerate(comments):
            progress(f"{number + 1}/{len(comments)}")
            # Each way first in turn, and the server keeps no answers, so neither profits from the other.
            for way in (number, number + 1):
                if way % 2:
                    direct.append(await ask_directly(client, comment))
                else:
                    server.type(URI, (2, 0), f"# {comment}\n")
                    answer = server.answer(server.ask_inline(URI, 3, 0))
                    server.type(URI, (2, 0), "", end=(3, 0))
                    served.append(1000 * answer.took_s)
                    answered += number >= WARM_UP and bool(answer.result and answer.result["items"])
    return direct[WARM_UP:], served[WARM_UP:], answered


async def ask_directly(client: CompletionClient, comment: str) -> float:
    """Milliseconds of one completion, all of it read, with the words it came from as the language server wants them."""
    started = time.perf_counter()
    async with client.stream(CompletionRequest(prompt=comment, max_tokens=128, explain=True)) as chunks:
        async for _ in chunks:
            pass
    return 1000 * (time.perf_counter() - started)


main = command(run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
