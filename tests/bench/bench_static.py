"""What judging a candidate costs in files of many lines, beside Python's own parser reading the same file once.

    python tests/bench/bench_static.py [--quick] [--json FILE]

The tree of the file without the candidate is there already, as the language server keeps it. Two shapes: functions side
by side, and one class that is the whole file. Every candidate is judged in turns with the parse it is compared with.
"""

from __future__ import annotations

import ast
import sys
import time
from collections.abc import Callable, Iterator

from measure import Report, command, figure, p50, p99, progress, ratio

from glosswright_server.intent.contract import Contract, Parameter, Raised, Result
from glosswright_server.intent.languages import LANGUAGES
from glosswright_server.intent.model import Extent, Intent, IntentKind
from glosswright_server.intent.tree import parse
from glosswright_server.verify import judge

LINES = (100, 500, 2_000, 5_000)
GOAL_LINES, GOAL_MS = 2_000, 20.0

UNIT = '''def function_{n}(rows, limit=10, *, factor: float = 1.0):
    """Sum the amounts of the rows below a limit.

    Each is multiplied by `factor`, and rounded at the end.
    """
    total = 0.0
    for row in rows:
        if row["amount"] < limit and row.get("status") in ("paid", "open"):
            total += row["amount"] * factor
    if not total and limit > 3:
        raise ValueError(f"nothing below {{limit}}")
    return round(total, 2)


'''
HEADER = '''def wanted(rows, limit):
    """Sum the amounts below a limit, and count them.

    Args:
        rows: Dictionaries with an amount.
        limit: Amounts from here on are left out.

    Returns:
        The sum and the count.

    Raises:
        ValueError: When the limit is negative.
    """'''
ANSWER = """
    if limit < 0:
        raise ValueError("negative limit")
    amounts = [row["amount"] for row in rows if row["amount"] < limit]
    total = math.fsum(amounts) + function_1(rows, limit, factor=2.0)
    return total, len(amounts)
"""
CONTRACT = Contract(
    parameters=(Parameter(name="rows"), Parameter(name="limit")),
    returns=Result(description="The sum and the count."),
    raises=(Raised(type="ValueError"),),
)


def functions(lines: int) -> tuple[str, int, str]:
    """A file of functions with the wanted one in the middle: its text, the place of the answer, the answer."""
    half = "".join(UNIT.format(n=number) for number in range(lines // 28))
    return half + HEADER + "\n\n\n" + half, len(half) + len(HEADER), ANSWER.rstrip()


def one_class(lines: int) -> tuple[str, int, str]:
    """The same as methods of one class."""
    text, at, answer = functions(lines)
    left, right = _deeper(text[:at]), _deeper(text[at:])
    left = "class Whole:\n" + left.replace("(rows", "(self, rows")
    right = right.replace("(rows", "(self, rows")
    return left + right, len(left), _deeper(answer).replace("function_1(", "self.function_1(")


def _deeper(text: str) -> str:
    return "\n".join("    " + line if line else line for line in text.split("\n"))


def run(quick: bool) -> Iterator[Report]:
    times = 5 if quick else 60
    report = Report("judging one candidate, ms", ("file", "judge p50", "p99", "ast.parse p50", "judge / ast.parse"))
    for shape in (functions, one_class):
        for lines in LINES:
            progress(f"{shape.__name__}, {lines} lines")
            text, at, answer = shape(lines)
            intent = Intent(
                kind=IntentKind.BODY,
                language="python",
                extent=Extent.BODY,
                start=at,
                end=at,
                name="wanted",
                request="x",
            )
            before = parse(text, LANGUAGES["python"])
            judged, parsed = [], []
            for _ in range(times):
                judged.append(spent(lambda: judge(text, intent, answer, before=before, contract=CONTRACT)))  # noqa: B023  # called at once
                parsed.append(spent(lambda: ast.parse(text)))  # noqa: B023  # called at once
            name = f"{shape.__name__.replace('_', ' ')}, {lines} lines"
            report.row(name, p50(judged), p99(judged), p50(parsed), figure(ratio(judged, parsed)))
            if lines == GOAL_LINES:
                report.at_most(f"{name}: p50", p50(judged), GOAL_MS)
    progress("")
    report.notes.append("ast.parse only reads the file; judging also parses it in place and makes every check.")
    yield report


def spent(work: Callable[[], object]) -> float:
    """Milliseconds that `work` took."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


main = command(run, __doc__)

if __name__ == "__main__":
    sys.exit(main())
