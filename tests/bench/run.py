"""Every benchmark, or those named, one after the other: `run.py [--quick] [--json FILE] [name …]`.

Each runs as a process of its own, so that none inherits another's memory or threads, and each can be run alone. Nothing
else should run meanwhile. It measures; the exit status says only whether all of them came to an end.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
NAMES = (
    "startup",
    "static",
    "sandbox",
    "overhead",
    "served",
    "manners",
    "typing",
    "cancel",
    "prefix_cache",
    "throughput",
    "candidates",
    "networks",
)
"""In the order of a session: those that need the weights last."""
PARTS = ("documents", "intent", "shaping")
"""Benchmarks of single parts: quick, without options, with figures for people only."""


def run_one(name: str, quick: bool, figures: Path) -> tuple[bool, Any]:
    """Run one benchmark; whether it came to an end, and its figures."""
    command = [sys.executable, str(FOLDER / f"bench_{name}.py")]
    if name in NAMES:
        command += ["--json", str(figures), *(["--quick"] if quick else [])]
    done = subprocess.run(command).returncode == 0
    found = json.loads(figures.read_text(encoding="utf-8")) if done and figures.exists() else None
    figures.unlink(missing_ok=True)
    return done, found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of {', '.join((*NAMES, *PARTS))} (default: all)")
    parser.add_argument("--quick", action="store_true", help="few repetitions: whether it works, not how fast")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    options = parser.parse_args()
    if unknown := set(options.names) - {*NAMES, *PARTS}:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    found: dict[str, Any] = {}
    failed = []
    with tempfile.TemporaryDirectory(prefix="glosswright-bench-") as folder:
        for name in options.names or (*NAMES, *PARTS):
            print(f"\n--- {name}", flush=True)
            done, found[name] = run_one(name, options.quick, Path(folder) / "figures.json")
            if not done:
                failed.append(name)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if failed:
        print(f"did not come to an end: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
