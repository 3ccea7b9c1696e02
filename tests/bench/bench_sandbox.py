"""What it costs to run examples in the sandbox: from the call to the report, beside the bare interpreter.

    python tests/bench/bench_sandbox.py [--quick] [--json FILE]

A bare run is `python -I -c pass`, or node with an empty program, started and ended; in turns with ours, so that a busy
machine slows both down alike. It measures; it asserts nothing.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

from measure import Report, Skipped, command, p50, p99, progress, ratio

from glosswright_server.intent.contract import Example
from glosswright_server.verify.sandbox import availability, run_examples
from glosswright_server.verify.sandbox.model import Program, SandboxOptions

GOAL_MS = 100.0
PROGRAMS = {
    "python": Program(source="def f(x):\n    return x + 1\n", language="python"),
    "javascript": Program(source="function f(x) { return x + 1; }\n", language="javascript"),
}


def bare(words: list[str]) -> float:
    """Milliseconds of an interpreter that does nothing."""
    started = time.perf_counter()
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return 1000 * (time.perf_counter() - started)


async def sandboxed(language: str, count: int) -> float:
    """Milliseconds of a run of `count` examples."""
    examples = tuple(Example(expression=f"f({n})", expected=str(n + 1)) for n in range(count))
    started = time.perf_counter()
    report = await run_examples(PROGRAMS[language], examples, SandboxOptions())
    took = 1000 * (time.perf_counter() - started)
    assert report.all_passed, report
    return took


def run(quick: bool) -> Iterator[Report]:
    """Both languages, three examples and thirty."""
    times = 5 if quick else 60
    found = availability("python", SandboxOptions())
    if not found.sandbox:
        raise Skipped(found.why_not)
    report = Report(
        f"A run in the sandbox ({found.sandbox}), {times} runs each",
        ("language", "bare p50 (ms)", "3 examples p50 (ms)", "p99", "30 examples p50 (ms)", "3 examples / bare"),
    )
    node = shutil.which("node")
    commands = {"python": [sys.executable, "-I", "-c", "pass"], **({"javascript": [node, "-e", ""]} if node else {})}
    for language, words in commands.items():
        alone, few, many = asyncio.run(samples(language, words, times))
        report.row(language, p50(alone), p50(few), p99(few), p50(many), ratio(few, alone))
        if language == "python":
            report.at_most("three examples of Python, p50", p50(few), GOAL_MS)
            each = (p50(many) - p50(few)) / 27
            report.notes.append(f"Each further example of Python takes {each:.2f} ms.")
    yield report


async def samples(language: str, words: list[str], times: int) -> tuple[list[float], list[float], list[float]]:
    """Samples in turns, after one round that is thrown away."""
    alone: list[float] = []
    few: list[float] = []
    many: list[float] = []
    for number in range(times + 1):
        progress(f"{language} {number}/{times}")
        alone.append(bare(words))
        few.append(await sandboxed(language, 3))
        many.append(await sandboxed(language, 30))
    return alone[1:], few[1:], many[1:]


main = command(run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
