"""A typing session: keystrokes at a steady pace against a busy model, with ghost text asked for after each one.

    python tests/bench/bench_typing.py [--quick] [--real] [--json FILE]

The editor does as VS Code does: after each change it asks for ghost text, having cancelled the request before. The
settings are the defaults, so the wait for a pause in typing is measured, too. How long a change keeps the server busy
is measured by a request that it refuses at once, sent right behind each change. Tokens are counted by the model server;
those are wasted that no answer showed. `--real` adds the default weights. It measures; it asserts nothing.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench_overhead import Document
from measure import Report, command, p50, p99, progress, value_of
from processes import LanguageServer, ModelServer, folder

URI = "file:///bench/typed.py"
TOKEN_S, PREFILL_S = 0.03, 0.15
"""A small model on two cores, with most of the prompt in its cache."""
PACES_MS = (10, 50, 150)
LINES = 1000
THINKING_S = 1.0
"""How long the typist looks at the screen at the end of a line that asks for something."""
TEXT = """# keep the rows of the last week
recent = [row for row in rows if row.age < 7]
# sort them by name, the newest first
recent.sort(key=lambda row: (row.name, -row.age))
for row in recent:
    # print the name and the age in days
    print(row.name, row.age)
"""
RULES = [
    ["last week\\n*$", "recent = [row for row in rows if row.age < 7]\n"],
    ["newest first\\n*$", "recent.sort(key=lambda row: (row.name, -row.age))\n"],
    ["in days\\s*$", "    print(row.name, row.age)\n"],
]
GENERATED = "glosswright_model_completion_tokens_total"


@dataclass
class Session:
    """What came of one session."""

    keys: int = 0
    echo: list[float] = field(default_factory=list)
    """Milliseconds from sending a change to the answer to the request behind it."""
    answered: int = 0
    from_memory: int = 0
    nothing: int = 0
    """Answered with nothing: superseded by a newer one, not wanted there, or nothing worth showing."""
    cancelled: int = 0
    shown_tokens: int = 0
    generated: int = 0
    requests: int = 0
    """Those that reached the model server."""
    waited: list[float] = field(default_factory=list)
    """Milliseconds from a request to its answer with code from the model."""


def type_along(model: ModelServer, server: LanguageServer, pace_ms: int) -> Session:
    """One session."""
    session = Session()
    server.open(URI, "\n".join(Document(LINES).lines))
    before = model.wait_until_idle()
    line, column = LINES, 0
    asked: int | None = None
    echoes: list[int] = []
    requests: list[int] = []
    for number, char in enumerate(TEXT):
        progress(f"{pace_ms} ms: key {number + 1}/{len(TEXT)}")
        due = time.perf_counter() + pace_ms / 1000
        server.type(URI, (line, column), char)
        # Not a method of anybody's: refused as soon as the change before it is through.
        echoes.append(server.ask("bench/echo"))
        line, column = (line + 1, 0) if char == "\n" else (line, column + 1)
        if asked is not None and not server.answered(asked):
            server.cancel(asked)
        asked = server.ask_inline(URI, line, column)
        requests.append(asked)
        if char == "\n" and TEXT[:number].rpartition("\n")[2].lstrip().startswith("#"):
            due += THINKING_S
        time.sleep(max(due - time.perf_counter(), 0))
    session.keys = len(TEXT)
    session.echo = [1000 * server.answer(number).took_s for number in echoes]
    for number in requests:
        answer = server.answer(number)
        if answer.error is not None:
            session.cancelled += 1
        elif not answer.result or not answer.result["items"]:
            session.nothing += 1
        else:
            facts = answer.result["items"][0]["command"]["arguments"][0]
            session.answered += 1
            session.from_memory += facts["origin"] == "memory"
            session.shown_tokens += int(value_of(facts, "tokens"))
            if facts["origin"] == "model":
                session.waited.append(1000 * answer.took_s)
    server.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    after = model.wait_until_idle()
    session.generated = int(after[GENERATED] - before.get(GENERATED, 0))
    session.requests = int(_requests(after) - _requests(before))
    return session


def sessions(report: Report, model: ModelServer, paces: tuple[int, ...]) -> None:
    """Each pace with a language server of its own."""
    for pace_ms in paces:
        with LanguageServer(model.env) as server:
            server.initialize({"inline": {"deadlineMs": 10_000}, "model": {"autostart": False}})
            session = type_along(model, server, pace_ms)
        report.row(
            f"{pace_ms} ms",
            session.keys,
            p50(session.echo),
            p99(session.echo),
            session.answered,
            session.from_memory,
            session.cancelled,
            session.nothing,
            session.requests,
            p50(session.waited),
            session.generated,
            max(session.generated - session.shown_tokens, 0),
        )


def run(quick: bool, real: bool = False) -> Iterator[Report]:
    """All paces."""
    paces = PACES_MS[:2] if quick else PACES_MS
    columns = (
        "pace", "keys", "change p50 (ms)", "p99", "shown", "by memory", "cancelled", "nothing", "asked model",
        "waited p50 (ms)", "tokens", "wasted",
    )  # fmt: skip
    report = Report(f"Typing in {LINES:,} lines, a model at {1 / TOKEN_S:.0f} tokens/s played by a script", columns)
    script = {"rules": RULES, "fallback": "value = 1\n", "token_s": TOKEN_S, "prefill_s": PREFILL_S}
    with folder() as temporary, ModelServer.scripted(temporary, **script) as model:
        sessions(report, model, paces)
    report.notes.append("Every key asks for ghost text; all but those in pauses are cancelled by the next key.")
    yield report
    if real:
        report = Report(f"Typing in {LINES:,} lines, the default model", columns)
        with folder() as temporary, ModelServer.real(temporary) as model:
            sessions(report, model, (50, 150))
        yield report


def _requests(metrics: dict[str, float]) -> float:
    return sum(number for name, number in metrics.items() if name.startswith("glosswright_model_requests_total"))


def main() -> int:
    """The command line, with one option more than the other benchmarks have."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--real", action="store_true")
    real, rest = parser.parse_known_args()
    return command(lambda quick: run(quick, real.real), __doc__)(rest)


if __name__ == "__main__":
    sys.exit(main())
