"""The options of `glosswright eval`. Imported with every command line, so it imports nothing heavy."""

from __future__ import annotations

import argparse
from pathlib import Path

from glosswright_server.evaluation.formats import FORMATS
from glosswright_server.evaluation.mode import Mode

_EPILOG = (
    "exit status: 0 every problem was answered and the report written; 1 the model or the sandbox failed, or some "
    "problems got no answer (run it again to go on); 2 wrong usage or a file that cannot be read; 130 interrupted "
    "(run it again to go on)"
)


def add_eval(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add the subcommand."""
    parser = commands.add_parser(
        "eval",
        help="run a benchmark through the whole product and report how often it is right",
        description="Run a benchmark file through the whole product path (a document, a request, shaping, "
        "verification), or through the model alone, and run its hidden tests on the answers in a sandbox. "
        "A run that was interrupted goes on where it was. See docs/evaluation.md.",
        epilog=_EPILOG,
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="problems, JSON lines, plain or gzipped")
    parser.add_argument("--format", choices=("auto", *FORMATS), default="auto", help="told by the fields by default")
    parser.add_argument(
        "--mode",
        choices=tuple(mode.value for mode in Mode),
        default=Mode.FULL.value,
        help="raw: the model alone; single: one candidate, nothing run; full: candidates, examples run, repair "
        "(the default)",
    )
    parser.add_argument("--out", metavar="FOLDER", type=Path, help="where results and report go; eval-NAME-MODE")
    parser.add_argument("--set", metavar="NAME=VALUE", action="append", default=[], help="any setting; may be repeated")
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=_positive,
        help="problems at once; by default one in mode full, where candidates have a budget of time, and otherwise as "
        "many as the model server takes",
    )
    which = parser.add_argument_group("which problems")
    which.add_argument("--limit", metavar="N", type=_positive, help="the first N of those chosen")
    which.add_argument("--ids", metavar="ID,ID", default="", help="these; 32 is enough for HumanEval/32")
    which.add_argument("--sample", metavar="N", type=_positive, help="N at random")
    which.add_argument("--seed", metavar="N", type=int, default=0, help="draws another sample")
    judging = parser.add_argument_group("judging")
    judging.add_argument("--tests", metavar="FILE", type=Path, help="take the hidden tests from this file, by id")
    judging.add_argument(
        "--test-timeout", metavar="SECONDS", type=_seconds, default=20.0, help="for all tests of one problem; 20"
    )
    judging.add_argument("--oracle", action="store_true", help="run the hidden tests on every candidate")
    judging.add_argument(
        "--retest", action="store_true", help="run hidden tests on the saved answers; the model is not asked"
    )
    judging.add_argument("--show-tests", action="store_true", help="MBPP: put the asserts into the docstring")
    parser.add_argument("--fresh", action="store_true", help="drop the folder's results and begin anew")
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value <= 3600:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 3600 seconds")
    return value
