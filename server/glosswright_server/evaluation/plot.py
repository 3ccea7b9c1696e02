"""The report's picture: the main rates with their intervals, and how many problems were solved by when.

Needs matplotlib, which only the extra `eval` brings; without it there is no picture and the report says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from glosswright_server.evaluation.records import Record
from glosswright_server.evaluation.summary import Summary

MISSING = "No picture: matplotlib is not installed. Get it with: pip install 'glosswright[eval]'"

_BARS = {
    "passOfShown": "pass@1\nof shown",
    "passOfAll": "pass@1\nof all",
    "passOfFirst": "pass@1\nfirst candidate",
    "coverage": "coverage",
    "coverageSound": "coverage,\nnot failing",
    "precisionProven": "precision\n“examples pass”",
    "precisionReserved": "the same,\nreserved",
    "precisionSome": "precision\n“some pass”",
    "precisionStatic": "precision\nstatic",
    "oracle": "any\ncandidate",
}
_COLOUR, _SECOND = "#3465a4", "#888a85"


def draw(path: Path, title: str, summary: Summary, records: Sequence[Record]) -> bool:
    """Write the picture as PNG; False where matplotlib is missing. Raises OSError."""
    try:
        # Here and not above: it is an extra, and takes half a second. No window is opened without pyplot.
        from matplotlib.figure import Figure as Picture
    except ImportError:
        return False
    picture = Picture(figsize=(11, 4.2), layout="constrained")
    rates, times = picture.subplots(1, 2, width_ratios=(3, 2))
    picture.suptitle(title.replace("$", r"\$"))
    bars = [(_BARS[one.key], one.rate) for one in summary.figures if one.key in _BARS and one.rate.whole]
    for place, (_, rate) in enumerate(bars):
        assert rate.value is not None
        assert rate.interval is not None
        low, high = rate.interval
        error = [[100 * (rate.value - low)], [100 * (high - rate.value)]]
        rates.bar(place, 100 * rate.value, yerr=error, color=_COLOUR, ecolor="#2e3436", capsize=3)
        rates.text(place, 100 * high + 2, f"{100 * rate.value:.0f}", ha="center", fontweight="bold")
    rates.set_xticks(range(len(bars)), [name for name, _ in bars], fontsize=7)
    rates.set_ylim(0, 110)
    rates.set_ylabel("per cent, with the 95 % interval")
    _times(times, records)
    picture.savefig(path, dpi=120, format="png")
    return True


def _times(axes: Any, records: Sequence[Record]) -> None:
    """How many problems are answered, and solved, within how many seconds each."""
    for wanted, name, colour in ((False, "answered", _SECOND), (True, "solved", _COLOUR)):
        seconds = sorted(record.answer.seconds for record in records if record.solved or not wanted)
        counts = list(accumulate(1 for _ in seconds))
        axes.step([0.0, *seconds], [0, *counts], where="post", label=name, color=colour)
    axes.set_xlabel("seconds a problem takes")
    axes.set_ylabel("problems")
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.legend(loc="lower right")
