"""The statistics as a picture: acceptance by language, intent, verdict and model, and how soon answers came.

Needs matplotlib, which only the extra `eval` brings; without it there is no picture and the caller says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .impression import Impression
from .statistics import GROUPS, Statistics, Tally, count_up

MISSING = "No picture: matplotlib is not installed. Get it with: pip install 'glosswright[eval]'"
MOST_BARS = 8
"""Of each group; the rest were shown more seldom."""
_ACCEPTED, _PARTLY, _INK = "#3465a4", "#9db8d9", "#2e3436"


def draw(path: Path, impressions: Sequence[Impression]) -> bool:
    """Write the picture as PNG; False where matplotlib is missing. Raises OSError."""
    try:
        # Here and not above: it is an extra, and takes half a second. No window is opened without pyplot.
        from matplotlib.figure import Figure as Picture
    except ImportError:
        return False
    statistics = count_up(impressions)
    picture = Picture(figsize=(11, 6), layout="constrained" if impressions else None)
    bars, times = picture.subplots(1, 2, width_ratios=(3, 2))
    total = statistics.total
    picture.suptitle(f"Glosswright: {total.shown} suggestions, {100 * total.acceptance:.0f} % accepted")
    if impressions:
        _bars(bars, statistics)
        _times(times, impressions)
    else:
        picture.clear()
        picture.text(0.5, 0.5, "No suggestion was counted yet.", ha="center")
    picture.savefig(path, dpi=120, format="png")
    return True


def _bars(axes: Any, statistics: Statistics) -> None:
    """Acceptance in per cent, one bar for each language, intent, verdict and model."""
    place = 0.0
    places: list[float] = []
    names: list[str] = []
    for group, tallies in GROUPS[:4]:
        axes.text(0, place, group, fontweight="bold", va="center", fontsize=8)
        place += 1
        for tally in tallies(statistics)[:MOST_BARS]:
            _bar(axes, place, tally)
            places.append(place)
            names.append(tally.name.replace("$", r"\$"))
            place += 1
        place += 0.4
    axes.set_yticks(places, names, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 112)
    axes.set_xlabel("accepted, per cent of those shown (light: in part)")


def _bar(axes: Any, place: float, tally: Tally) -> None:
    whole = 100 * tally.accepted / tally.shown
    partly = 100 * tally.partly_accepted / tally.shown
    axes.barh(place, whole, color=_ACCEPTED)
    axes.barh(place, partly, left=whole, color=_PARTLY)
    axes.text(
        whole + partly + 1, place, f"{whole + partly:.0f} % of {tally.shown}", va="center", fontsize=7, color=_INK
    )


def _times(axes: Any, impressions: Sequence[Impression]) -> None:
    """Share of the answers that had come within so many seconds."""
    for name, colour, seconds in (
        ("answer", _ACCEPTED, sorted(one.total_ms / 1000 for one in impressions)),
        ("first token", "#888a85", sorted(one.first_token_ms / 1000 for one in impressions if one.first_token_ms > 0)),
    ):
        if seconds:
            shares = [100 * (index + 1) / len(seconds) for index in range(len(seconds))]
            axes.step([0.0, *seconds], [0.0, *shares], where="post", label=name, color=colour)
    axes.set_xlabel("seconds")
    axes.set_ylabel("per cent had come by then")
    axes.set_xlim(left=0)
    axes.set_ylim(0, 102)
    axes.legend(loc="lower right")
