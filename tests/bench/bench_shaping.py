"""What shaping, prompting and judging cost beside a model that needs 60 ms for a token: run it, read three lines.

    python tests/bench/bench_shaping.py

Not a test: it asserts nothing, for a busy machine must not fail a build.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from glosswright_server.intent.languages import LANGUAGES
from glosswright_server.intent.model import Extent, Intent, IntentKind
from glosswright_server.intent.tree import parse
from glosswright_server.prompt import build_prompt, profile_for
from glosswright_server.shaping import Shaper
from glosswright_server.verify import judge

UNIT = '''def function_{n}(rows, limit=10):
    """Sum the amounts of the rows below a limit."""
    total = 0
    for row in rows:
        if row["amount"] < limit and row.get("status") in ("paid", "open"):
            total += row["amount"]
    return total


'''
ANSWER = """total = 0
    for row in rows:
        if row["amount"] < limit:
            # counted once
            total += row["amount"]
        else:
            log(f"skipped {row['id']}", level="debug")
    return {"total": total, "rows": [row for row in rows if row]}

def next_one"""
HEADER = "def wanted(rows, limit):"
TOKEN = 4
"""Code points per token, about."""


def milliseconds(run: Callable[[], object], times: int = 30) -> float:
    """Median time of one run, in milliseconds."""
    spans = []
    for _ in range(times):
        began = time.perf_counter()
        run()
        spans.append(time.perf_counter() - began)
    return statistics.median(spans) * 1000


def main() -> None:
    half = "".join(UNIT.format(n=number) for number in range(111))
    text = half + HEADER + "\n\n\n" + half
    at = len(half) + len(HEADER)
    intent = Intent(
        kind=IntentKind.BODY,
        language="python",
        extent=Extent.BODY,
        start=at,
        end=at,
        lead="\n    ",
        indent="    ",
        name="wanted",
        signature=HEADER,
    )
    pieces = [ANSWER[place : place + TOKEN] for place in range(0, len(ANSWER), TOKEN)]

    def stream() -> None:
        shaper = Shaper(text, intent)
        for piece in pieces:
            if shaper.feed(piece):
                break

    shaper = Shaper(text, intent)
    shaper.feed(ANSWER)
    shaped = shaper.result()
    assert shaped is not None
    before = parse(text, LANGUAGES["python"])
    profile = profile_for("qwen2.5-coder", True, False)
    set_up = milliseconds(lambda: Shaper(text, intent))
    print(f"document: {text.count(chr(10))} lines, {len(text)} code points; answer: {len(pieces)} tokens")
    print(f"shaper: {set_up:.2f} ms to set up, {(milliseconds(stream) - set_up) * 1000 / len(pieces):.1f} µs per token")
    result = milliseconds(shaper.result)
    prompt = milliseconds(lambda: build_prompt(text, intent, profile))
    print(f"result: {result:.2f} ms; prompt: {prompt:.2f} ms")

    print(
        f"judge: {milliseconds(lambda: judge(text, intent, shaped.text)):.1f} ms, "
        f"{milliseconds(lambda: judge(text, intent, shaped.text, before=before)):.1f} ms with the caller's tree"
    )


if __name__ == "__main__":
    main()
