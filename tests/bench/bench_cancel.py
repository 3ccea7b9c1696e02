"""From cancelling a generation to a free slot, beside the time of one token (or of one batch of a prompt).

    python tests/bench/bench_cancel.py [--quick] [--json FILE]

Two ways to cancel: closing the HTTP stream, and `$/cancelRequest` to a language server that implements a function.
Right after it another request is sent; how long that one waited for the slot is what the model server itself reports
(`queue_s`), so nothing is polled. The table adds the time between cancel and that request. The model is a script whose
token takes 50 ms, and the default weights where they are there. It measures; it asserts nothing.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
from measure import Report, command, p50, p99, progress
from processes import AT_ONCE, LanguageServer, ModelServer, folder

URI = "file:///bench/cancel.py"
TOKEN_S = 0.05
BATCH = 64
"""Prompt tokens that llama.cpp evaluates between two looks at a stop request, on a CPU."""
LONG = "".join(
    f"value_{number} = compute(first={number}, second={number * 7}, third='{number}')\n" for number in range(60)
)
FUNCTION = '''def count_words(text):
    """The number of times each word stands in the text."""
'''


@dataclass
class Freed:
    """Milliseconds."""

    after: list[float] = field(default_factory=list)
    """From the cancel to a free slot."""
    token: list[float] = field(default_factory=list)
    """Between two tokens, or for one batch of a prompt: what the engine cannot leave half done."""


class Client:
    """A client of the model server that notes when everything happens."""

    def __init__(self, model: ModelServer) -> None:
        self._http = httpx.Client(
            base_url=model.url, headers={"authorization": f"Bearer {model.token}"}, trust_env=False, timeout=120
        )

    def queue_s(self) -> float:
        """How long a request that is sent now waits for the slot."""
        body = {"prompt": "x = ", "max_tokens": 1}
        return float(self._http.post("/v1/completions", json=body).json()["glosswright"]["queue_s"])

    def stream_and_leave(self, prompt: str, *, pieces: int, wait_s: float = 0.0) -> tuple[float, list[float]]:
        """Close a stream after so many pieces of text, or, with none wanted, after `wait_s` in its prefill.

        When it was closed, and the times between the pieces in milliseconds.
        """
        body = {"prompt": prompt, "max_tokens": 256, "stream": True}
        if not pieces:
            try:
                self._http.post("/v1/completions", json=body, timeout=httpx.Timeout(120, read=wait_s))
            except httpx.ReadTimeout:  # which closes the connection
                return time.perf_counter(), []
            raise AssertionError("the prompt was read before it could be cancelled")
        times = []
        with self._http.stream("POST", "/v1/completions", json=body) as response:
            for line in response.iter_lines():
                if line.startswith("data: {") and json.loads(line[6:])["choices"][0]["text"]:
                    times.append(time.perf_counter())
                if len(times) > pieces:
                    break
            left = time.perf_counter()
        return left, [1000 * (b - a) for a, b in itertools.pairwise(times)]

    def prefill_batch_ms(self, prompt: str) -> float:
        """How long one batch of a prompt takes, by the server's own count."""
        answer = self._http.post("/v1/completions", json={"prompt": prompt, "max_tokens": 1}).json()
        usage = answer["usage"]
        read = usage["prompt_tokens"] - usage["prompt_tokens_details"]["cached_tokens"]
        return 1000 * float(answer["glosswright"]["prefill_s"]) * min(1.0, BATCH / max(read, 1))

    def close(self) -> None:
        """Close its connections."""
        self._http.close()


def by_closing(client: Client, times: int, *, prefill: bool, unique: Iterator[int]) -> Freed:
    """Cancel by closing the stream."""
    freed = Freed()
    for number in range(times):
        progress(f"close {number + 1}/{times}")
        if prefill:
            # Another batch each time: the cancel comes at a random place of one.
            wait_s = 0.2 + 0.037 * (number % 8)
            left, gaps = client.stream_and_leave(f"# {next(unique)}\n{LONG}", pieces=0, wait_s=wait_s)
            asked = time.perf_counter()
            freed.after.append(1000 * (asked - left + client.queue_s()))
        else:
            left, gaps = client.stream_and_leave(f"# {next(unique)}\ndef count_words(text):\n", pieces=4)
            asked = time.perf_counter()
            freed.after.append(1000 * (asked - left + client.queue_s()))
            freed.token += gaps
    if prefill:
        freed.token = [client.prefill_batch_ms(f"# {next(unique)}\n{LONG}") for _ in range(2)]
    return freed


def by_request(
    model: ModelServer, client: Client, steps: Freed, times: int, unique: Iterator[int], *, prefill: bool = False
) -> Freed:
    """Cancel a code action that is being resolved through the language server; `steps` says how long a step takes."""
    freed = Freed(token=steps.token)
    with LanguageServer(model.env) as server:
        server.initialize(AT_ONCE)
        for number in range(times):
            progress(f"$/cancelRequest {number + 1}/{times}")
            # Where the prefill counts, text above that the prefix cache has not seen.
            above = LONG.replace("value", f"value_{next(unique)}") if prefill else f"# {next(unique)}\n"
            server.open(URI, above + FUNCTION)
            at = {"line": above.count("\n"), "character": 8}
            params = {"textDocument": {"uri": URI}, "range": {"start": at, "end": at}, "context": {"diagnostics": []}}
            actions = server.call("textDocument/codeAction", params).result
            assert actions, "no code action"
            request = server.ask("codeAction/resolve", actions[0])
            wait_until_busy(model)
            time.sleep(0.2 + 0.037 * (number % 8) if prefill else 6 * p50(steps.token) / 1000)
            assert not server.answered(request), "the answer came before it could be cancelled"
            left = time.perf_counter()
            server.cancel(request)
            asked = time.perf_counter()
            freed.after.append(1000 * (asked - left + client.queue_s()))
            server.answer(request)
            server.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    return freed


def wait_until_busy(model: ModelServer) -> None:
    """Wait until a slot generates."""
    ends_at = time.monotonic() + 60
    while not model.metrics()["glosswright_model_slots_busy"]:
        assert time.monotonic() < ends_at, "nothing was asked of the model"
        time.sleep(0.01)


def add(report: Report, name: str, freed: Freed, unit: str) -> None:
    """A line, and its goal: the engine finishes the step it is in; a little more is the way there."""
    step = p50(freed.token)
    quotient = p50(freed.after) / step
    report.row(name, p50(freed.after), p99(freed.after), step, quotient)
    report.at_most(f"{name}: free slot, p50 in steps", quotient, 1.0, unit)


def run(quick: bool) -> Iterator[Report]:
    """The script, then the real model."""
    columns = ("cancelled", "slot free after p50 (ms)", "p99 (ms)", "one step (ms)", "p50 in steps")
    unique = itertools.count(int(time.time()) % 100_000)
    times = 4 if quick else 40
    report = Report(f"Cancel with a script: {1000 * TOKEN_S:.0f} ms a token, {times} times", columns)
    with folder() as temporary:
        answer = "".join(f"    total_{number} = text.count(words[{number}])\n" for number in range(60))
        script = {"fallback": answer, "token_s": TOKEN_S, "rules": [["x = $", "1"]]}
        with ModelServer.scripted(temporary, **script) as model:
            client = Client(model)
            mid = by_closing(client, times, prefill=False, unique=unique)
            add(report, "stream closed, mid-decode", mid, "tokens")
            add(report, "$/cancelRequest, mid-decode", by_request(model, client, mid, times, unique), "tokens")
            client.close()
    report.notes.append(
        "A step is the time between two tokens. The stream is closed right after a token: nearly a whole step is left."
    )
    yield report
    times = 3 if quick else 16
    report = Report(f"Cancel with the default model, {times} times", columns)
    with folder() as temporary, ModelServer.real(temporary) as model:
        client = Client(model)
        mid = by_closing(client, times, prefill=False, unique=unique)
        add(report, "stream closed, mid-decode", mid, "tokens")
        prefill = by_closing(client, times, prefill=True, unique=unique)
        add(report, "stream closed, mid-prefill", prefill, "batches")
        add(report, "$/cancelRequest, mid-decode", by_request(model, client, mid, times, unique), "tokens")
        through = by_request(model, client, prefill, times, unique, prefill=True)
        add(report, "$/cancelRequest, mid-prefill", through, "batches")
        client.close()
    report.notes.append(f"Mid-prefill a step is one batch of {BATCH} prompt tokens.")
    yield report


main = command(run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
