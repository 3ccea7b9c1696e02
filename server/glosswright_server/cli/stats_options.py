"""The grammar of `glosswright stats`. It imports next to nothing: the language server's start passes here too."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_stats(commands: Any) -> None:
    """The subcommand's grammar."""
    stats: argparse.ArgumentParser = commands.add_parser(
        "stats",
        help="print how many suggestions were accepted, or forget it all",
        description="Print how many suggestions were shown, accepted, dismissed and kept after a minute, by language, "
        "intent, verdict and model, and how long they took. It is counted on this machine alone; no code is in it. "
        "The setting `feedback.enabled` turns the counting off.",
        epilog="exit status: 0 success; 1 the file cannot be used, or no picture could be drawn; 2 wrong usage",
    )
    stats.add_argument("--days", type=_days, metavar="N", help="only what was shown in the last N days")
    what = stats.add_mutually_exclusive_group()
    what.add_argument("--json", action="store_true", help="print one JSON object")
    what.add_argument("--wipe", action="store_true", help="forget everything")
    stats.add_argument("--png", type=Path, metavar="FILE", help="also draw a picture (needs matplotlib)")


def _days(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days from 1 on")
    return int(text)
