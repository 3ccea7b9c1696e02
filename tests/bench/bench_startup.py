"""From starting the process to the answer to `initialize`, and its memory, beside a pygls server that does nothing.

    python tests/bench/bench_startup.py [--quick] [--json FILE]

Both processes are started in turns. Memory is resident memory, taken when the server has nothing to do: after the
handshake, with ten documents of 1,000 lines open, and after one suggestion in each of them. It measures; it asserts
nothing.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench_overhead import ANSWER, HEIGHT, Document
from measure import Report, command, p50, p99, progress, ratio
from processes import AT_ONCE, LanguageServer, instant_endpoint

GOAL_MS = 1500.0
DOCUMENTS = 10
SETTLE_S = 0.3
BARE = [
    sys.executable,
    "-c",
    "from pygls.lsp.server import LanguageServer; LanguageServer('bare', '1').start_io()",
]


@dataclass
class Samples:
    """Milliseconds and MB of one kind of server."""

    answered: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)


def measure(samples: Samples, bare: bool, url: str) -> None:
    """Start one process and take all its figures."""
    with LanguageServer(command=BARE if bare else None) as server:
        answer = server.initialize({} if bare else {**AT_ONCE, "endpoint": {"url": url, "model": "instant"}})
        samples.answered.append(1000 * answer.took_s)
        time.sleep(SETTLE_S)
        samples.idle.append(server.rss_mb())
        document = Document(1000)
        for number in range(DOCUMENTS):
            server.open(uri(number), "\n".join(document.lines))
        time.sleep(SETTLE_S)
        samples.opened.append(server.rss_mb())
        if bare:
            return
        for number in range(DOCUMENTS):
            server.type(uri(number), (HEIGHT - 1, 0), "# keep the positive totals\n\n")
            answer = server.answer(server.ask_inline(uri(number), HEIGHT, 0))
            assert answer.result, f"no suggestion: {answer}"
        samples.asked.append(server.rss_mb())


def uri(number: int) -> str:
    """The address of one document."""
    return f"file:///bench/module_{number}.py"


def interpreter() -> float:
    """Milliseconds of starting Python and ending it again."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", ""], check=True)
    return 1000 * (time.perf_counter() - started)


def run(quick: bool) -> Iterator[Report]:
    """Ours and the bare one, in turns."""
    times = 3 if quick else 20
    ours, bare, python = Samples(), Samples(), []
    with instant_endpoint(ANSWER) as url:
        for number in range(times + 1):
            progress(f"start {number + 1}/{times + 1}")
            if number == 1:  # the first start reads files that the others find in the cache
                ours, bare, python = Samples(), Samples(), []
            measure(ours, False, url)
            measure(bare, True, url)
            python.append(interpreter())
    report = Report(
        f"Start and memory, {times} starts each",
        ("server", "initialize answered p50 (ms)", "p99", "idle (MB)", f"{DOCUMENTS} documents (MB)", "and asked (MB)"),
    )
    for name, samples in (("glosswright", ours), ("pygls, bare", bare)):
        report.row(
            name,
            p50(samples.answered),
            p99(samples.answered),
            p50(samples.idle),
            p50(samples.opened),
            p50(samples.asked),
        )
    report.row(
        "ratio",
        ratio(ours.answered, bare.answered),
        "",
        ratio(ours.idle, bare.idle),
        ratio(ours.opened, bare.opened),
        "",
    )
    report.at_most("start to the answer to initialize, p50", p50(ours.answered), GOAL_MS)
    report.notes.append(f"Of each start, Python itself takes {p50(python):.0f} ms.")
    yield report


main = command(run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
