"""What it costs to look beyond the examples: the comparison of answers that pass them, beside running the examples.

    python tests/bench/bench_opinions.py [--quick] [--json FILE]

Three programs that pass the same three examples are looked at as for an explicit request: calls made up from the
examples, each program spread out and called a hundred times with its lines noted, what came compared. In turns with the
run of the examples that comes before it anyway. What the model needs to write a second answer is not in it; see
`candidates` for that. It measures; it asserts nothing.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator

from measure import Report, Skipped, command, p50, p99, progress, ratio

from glosswright_server.intent.contract import Example
from glosswright_server.verify.opinions import Look, weigh
from glosswright_server.verify.reach import spread_out
from glosswright_server.verify.sandbox import availability, run_examples
from glosswright_server.verify.sandbox.model import Program, SandboxOptions
from glosswright_server.verify.sandbox.observe import Step, observe
from glosswright_server.verify.variations import constants_of, variations

SOURCES = (
    "def f(xs):\n    best = None\n    for x in xs:\n        if best is None or x > best:\n            best = x\n"
    "    return best\n",
    "def f(xs):\n    return max(xs) if xs else None\n",
    "def f(xs):\n    return sorted(xs)[-1] if len(xs) > 0 else None\n",
)
EXAMPLES = tuple(
    Example(expression=f"f({numbers})", expected=str(max(numbers))) for numbers in ([1, 2, 3], [7], [4, -5, 2, 6, 0])
)


async def examples_run() -> float:
    """Milliseconds for the examples of all three, one after the other."""
    started = time.perf_counter()
    for source in SOURCES:
        report = await run_examples(Program(source=source, language="python"), EXAMPLES, SandboxOptions())
        assert report.all_passed, report
    return 1000 * (time.perf_counter() - started)


async def looked() -> tuple[float, float, int]:
    """Milliseconds without the sandbox and with it, and how many calls were compared."""
    started = time.perf_counter()
    constants = tuple(dict.fromkeys(one for source in SOURCES for one in constants_of(source)))
    calls = variations(EXAMPLES, "f", constants)
    spreads = [spread for source in SOURCES if (spread := spread_out(source, "f")) is not None]
    prepared = time.perf_counter()
    steps = [
        Step(expression=one, session=str(at)) for at, one in enumerate((*(e.expression for e in EXAMPLES), *calls))
    ]
    looks = []
    for spread in spreads:
        observed = await observe(spread.source, steps, SandboxOptions())
        looks.append(Look(spread=spread, examples=len(EXAMPLES), calls=calls, observed=observed))
    ran = time.perf_counter()
    beyond = weigh(looks)
    weighed = time.perf_counter()
    assert [one.agree for one in beyond] == [2, 2, 2], beyond
    pure = prepared - started + weighed - ran
    return 1000 * pure, 1000 * (weighed - started), beyond[0].calls


def run(quick: bool) -> Iterator[Report]:
    """Three programs, three examples."""
    times = 3 if quick else 40
    found = availability("python", SandboxOptions())
    if not found.sandbox:
        raise Skipped(found.why_not)
    ran, pure, whole, calls = asyncio.run(samples(times))
    report = Report(
        f"Three answers that pass three examples, compared by {calls} other calls ({found.sandbox}), {times} runs",
        ("examples p50 (ms)", "beyond p50 (ms)", "p99", "of it outside the sandbox p50", "beyond / examples"),
    )
    report.row(p50(ran), p50(whole), p99(whole), p50(pure), ratio(whole, ran))
    yield report


async def samples(times: int) -> tuple[list[float], list[float], list[float], int]:
    """Samples in turns, after one round that is thrown away."""
    ran: list[float] = []
    pure: list[float] = []
    whole: list[float] = []
    calls = 0
    for number in range(times + 1):
        progress(f"{number}/{times}")
        ran.append(await examples_run())
        alone, all_of_it, calls = await looked()
        pure.append(alone)
        whole.append(all_of_it)
    return ran[1:], pure[1:], whole[1:], calls


main = command(run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
