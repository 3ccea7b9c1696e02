"""The `glosswright` command. Without a subcommand it is the language server on standard input and output.

Heavy imports stand inside the subcommand that needs them, so that each starts as fast as it can.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Sequence

from glosswright_server import __version__
from glosswright_server.cli.evaluate_options import add_eval
from glosswright_server.cli.stats_options import add_stats

_EPILOG = (
    "exit status: 0 success; 1 failure (for the language server: `exit` without `shutdown`, or a lost client); "
    "2 wrong usage"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["model"]:
        # Handed on unread: the model package has its own command line, in its own process.
        from glosswright_server.cli.model import run_model

        return run_model(arguments[1:])
    options = _parser().parse_args(arguments)
    if options.command:
        _speak_utf8()
    if options.command == "complete":
        from glosswright_server.cli.complete import run_complete

        return run_complete(options)
    if options.command == "doctor":
        from glosswright_server.cli.doctor import run_doctor

        return run_doctor(options)
    if options.command == "eval":
        from glosswright_server.cli.evaluate import run_eval

        return run_eval(options)
    if options.command == "stats":
        from glosswright_server.cli.stats import run_stats

        return run_stats(options)
    if options.command == "trust":
        from glosswright_server.cli.trust import run_trust

        return run_trust(options)
    from glosswright_server.lsp.stdio import open_stdio

    # First of all: from here on nothing but the protocol may write to the client.
    streams = open_stdio()
    from glosswright_server.lsp.app import serve

    return serve(streams)


def _speak_utf8() -> None:
    """Print code as it is: in letters that the locale may not know, with the line ends that it has."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="")
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="glosswright",
        description="Write a comment or a docstring, get code that has been checked. "
        "Without a command this is the language server, on standard input and output.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"glosswright {__version__}")
    parser.add_argument(
        "--stdio", action="store_true", help="speak on standard input and output (the default; many editors pass it)"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    complete = commands.add_parser(
        "complete",
        help="complete one place in a file and print the code",
        description="Complete one place in a file, through the same pipeline as in the editor, and print the code on "
        "standard output. What is said about it (verdict, model, speed) goes to standard error.",
        epilog="exit status: 0 code was printed; 1 there was none, or the model failed; 2 wrong usage; "
        "3 the file is excluded (.glosswrightignore, or a secrets file by its name)",
    )
    complete.add_argument(
        "place", metavar="FILE:LINE[:COL]", help="1-based line and column; the line's end without COL"
    )
    complete.add_argument(
        "--json", action="store_true", help="print one JSON object with code, range, verdict and speed"
    )
    complete.add_argument("--why", action="store_true", help="say why this code: intent, checks, examples, candidates")
    complete.add_argument(
        "--explain", action="store_true", help="say which words of the comment each part of the code came from"
    )
    complete.add_argument(
        "--run-examples", action="store_true", help="run the documentation's examples against the code, in the sandbox"
    )
    complete.add_argument(
        "--write", action="store_true", help="also put the code and its imports into the file, unless it fails a check"
    )
    _model_options(complete)
    doctor = commands.add_parser(
        "doctor",
        help="say what is installed, how fast it is and what to change",
        description="Say what is installed, which model and back end would run, how fast they are, and what to change.",
        epilog="exit status: 0 all is well; 1 code cannot be generated as things stand",
    )
    doctor.add_argument("--json", action="store_true", help="print one JSON object")
    doctor.add_argument("--no-measure", action="store_true", help="do not load the model and measure its speed")
    _model_options(doctor)
    _model_options(add_eval(commands))
    _trust_parser(commands.add_parser)
    add_stats(commands)
    commands.add_parser(
        "model", help="list, fetch, serve and stop models: see `glosswright model --help`", add_help=False
    )
    return parser


def _trust_parser(add: Callable[..., argparse.ArgumentParser]) -> None:
    trust = add(
        "trust",
        help="say whether the examples in a folder's files may be run",
        description="Say whether the examples in the docstrings and comments of a folder's files may be run against "
        "generated code, in the sandbox. The editor asks the same question once for each workspace.",
        epilog="exit status: 0 success; 1 the answer could not be kept; 2 wrong usage",
    )
    trust.add_argument("folder", nargs="?", default=".", help="a workspace folder; the current one without it")
    what = trust.add_mutually_exclusive_group()
    what.add_argument("--list", action="store_true", help="print every folder that was answered for")
    what.add_argument("--never", action="store_true", help="never run them, and do not ask")
    what.add_argument("--forget", action="store_true", help="forget the answer, so that the editor asks again")


def _model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", metavar="NAME", help="model to use, by catalogue name or path")
    parser.add_argument("--endpoint", metavar="URL", help="OpenAI-compatible server to use in place of the local model")
    parser.add_argument("--endpoint-model", metavar="NAME", help="model name to ask the endpoint for")
    parser.add_argument("--api-key-env", metavar="VARIABLE", help="environment variable that holds the endpoint's key")


if __name__ == "__main__":
    sys.exit(main())
