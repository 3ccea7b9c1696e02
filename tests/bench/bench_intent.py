"""How long `read_intent` takes at 100, 1,000 and 5,000 lines: with no tree, and with the tree of the text one key ago.

Run by hand: `python tests/bench/bench_intent.py [language ...]`. Prints the median and the worst of some keystrokes in
milliseconds of processor time; it asserts nothing, because machines differ.
"""

from __future__ import annotations

import statistics
import sys
import time

from glosswright_server.intent import LANGUAGES, Trigger, parse, read_intent

SAMPLES = {
    "python": (
        "class Shape{i}:\n"
        '    """A shape."""\n\n'
        "    def area(self, factor: float = 1.0) -> float:\n"
        "        # 面积乘以系数\n"
        "        return sum(x * factor for x in self.values if x > {i})\n\n\n"
    ),
    "typescript": (
        "export class Shape{i} {{\n"
        "  /** A shape's area. */\n"
        "  area(factor: number = 1): number {{\n"
        "    return this.values.map((x) => x * factor).reduce((a, b) => a + b, {i});\n"
        "  }}\n"
        "}}\n\n"
    ),
}
TYPED = "\n# sort the list by name\n"


def keystrokes(key: str, lines: int, incremental: bool) -> list[float]:
    """Milliseconds for each of the keys of a comment typed in the middle of a document."""
    language = LANGUAGES[key]
    piece = SAMPLES[key]
    count = lines // piece.count("\n")
    before = "".join(piece.format(i=i) for i in range(count // 2))
    after = "".join(piece.format(i=i) for i in range(count // 2, count))
    typed = TYPED if language.line_comments == ("#",) else TYPED.replace("#", "//")
    tree = parse(before + after, language)
    took = []
    for at in range(1, len(typed) + 1):
        text = before + typed[:at] + after
        started = time.thread_time()
        tree = parse(text, language, tree if incremental else None)
        read_intent(text, len(before) + at, language, trigger=Trigger.PAUSED, tree=tree)
        took.append(1000 * (time.thread_time() - started))
    return took


def main() -> None:
    for key in sys.argv[1:] or SAMPLES:
        for lines in (100, 1_000, 5_000):
            for incremental in (False, True):
                took = keystrokes(key, lines, incremental)
                how = "incremental" if incremental else "cold"
                print(
                    f"{key:11} {lines:5} lines {how:12} {statistics.median(took):7.2f} ms   worst {max(took):7.2f} ms"
                )


if __name__ == "__main__":
    main()
