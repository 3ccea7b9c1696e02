"""What counting and excluding add to a request: ghost text with and without them, side by side.

    python tests/bench/bench_manners.py [--quick] [--json FILE]

Two language server processes over one model that answers at once. The plain one counts nothing and finds no ignore
file; the other counts, in a repository with five ignore files of 200 patterns each on the way to the document.
*Known*: the answer for the document is less than a second old; *anew*: the editor has just said that an ignore file
changed, so all of them are read again. Requests to the two alternate. It measures; it asserts nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench_overhead import ANSWER, WARM_UP, Document, origin
from measure import Report, command, p50, p99, progress
from processes import AT_ONCE, LanguageServer, folder, instant_endpoint

LINES = 500
PATTERNS = 200
DEPTH = 5
GOAL_RATIO = 1.25


def documents(top: Path) -> tuple[str, str]:
    """The URIs of a document that no ignore file is about, and of one below five."""
    plain, deep = top / "plain", top / "deep"
    (plain / ".git").mkdir(parents=True)
    (deep / ".git").mkdir(parents=True)
    inner = deep
    for depth in range(DEPTH):
        lines = [f"generated_{depth}_{number}/**/*.py" for number in range(PATTERNS)]
        (inner / ".glosswrightignore").write_text("\n".join(lines) + "\n", encoding="utf-8")
        inner = inner / f"part{depth}"
        inner.mkdir()
    return (plain / "example.py").as_uri(), (inner / "example.py").as_uri()


def ask(server: LanguageServer, uri: str, document: Document, *, anew: bool) -> float:
    """Milliseconds of one request at a place that nobody asked about before."""
    line, comment = document.comment()
    server.type(uri, (line, 0), comment + "\n")
    if anew:
        server.notify("workspace/didChangeWatchedFiles", {"changes": []})
    time.sleep(0.005)
    server.type(uri, (line, len(comment)), "\n")
    answer = server.answer(server.ask_inline(uri, line + 1, 0))
    assert origin(answer) == "model", answer
    server.type(uri, (line, 0), "", end=(line + 2, 0))
    return 1000 * answer.took_s


def run(quick: bool) -> Iterator[Report]:
    """Known and anew, each beside the plain server."""
    times = 20 if quick else 200
    report = Report(
        f"Counting and excluding, {LINES} lines, {times} requests each (ms)",
        ("exclusion", "plain p50", "p99", "with both p50", "p99", "ratio of p50"),
    )
    with folder() as top, instant_endpoint(ANSWER) as url:
        plain_uri, deep_uri = documents(top)
        options = {**AT_ONCE, "endpoint": {"url": url, "model": "instant"}}
        with LanguageServer() as plain, LanguageServer() as both:
            plain.initialize({**options, "feedback": {"enabled": False}})
            both.initialize(options)
            pair = [(plain, plain_uri, Document(LINES)), (both, deep_uri, Document(LINES))]
            for server, uri, document in pair:
                server.open(uri, "\n".join(document.lines))
            for name, anew in (("known", False), ("anew", True)):
                found: list[list[float]] = [[], []]
                for number in range(WARM_UP + times):
                    progress(f"{name}: {number + 1}/{WARM_UP + times}")
                    for samples, (server, uri, document) in zip(found, pair, strict=True):
                        took_ms = ask(server, uri, document, anew=anew)
                        if number >= WARM_UP:
                            samples.append(took_ms)
                ratio = p50(found[1]) / p50(found[0])
                report.row(name, *(p(samples) for samples in found for p in (p50, p99)), ratio)
                report.at_most(f"ratio, {name}", ratio, GOAL_RATIO, "times")
    yield report


main = command(run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
