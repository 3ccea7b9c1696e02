"""`glosswright model …`: weights on this machine, and the one model server of this user.

Each command imports what it needs when it runs, so that `status` answers at once. A failure is one sentence on stderr
that says what to do, with an exit code that scripts can tell apart; `GLOSSWRIGHT_DEBUG=1` shows the traceback.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glosswright_model import __version__
from glosswright_model.commands import register_all
from glosswright_model.errors import AlreadyRunning, ModelPackageError

if TYPE_CHECKING:
    from glosswright_model.serving.loading import Load
    from glosswright_model.serving.state_file import ServerState

EXIT_OK, EXIT_FAILURE, EXIT_USAGE, EXIT_ALREADY_RUNNING, EXIT_NOT_RUNNING = range(5)
SERVING_PACKAGES = frozenset({"starlette", "uvicorn", "pydantic", "prometheus_client", "huggingface_hub"})
LOG_BYTES = 1_000_000
LOG_FILES = 3


class UsageError(ModelPackageError):
    """The command line or the environment asks for something that cannot be."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code (see `docs/model-server.md`)."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except AlreadyRunning as error:
        return _fail(error, EXIT_ALREADY_RUNNING)
    except UsageError as error:
        return _fail(error, EXIT_USAGE)
    except ModelPackageError as error:
        return _fail(error, EXIT_FAILURE)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in SERVING_PACKAGES:
            raise
        return _fail(
            error, EXIT_FAILURE, "The model server is not installed: run `pip install 'glosswright[llamacpp]'`."
        )
    except BrokenPipeError:  # the reader of our output, `head` perhaps, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except OSError as error:  # of a file that nobody thought of
        if error.filename is None:
            raise
        return _fail(error, EXIT_FAILURE, f"{error.filename}: {error.strerror or error}.")
    except KeyboardInterrupt as error:
        return _fail(error, EXIT_FAILURE, "Interrupted.")


def build_parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    parser = argparse.ArgumentParser(
        prog="glosswright model", description="Fetch models and run the local model server.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"glosswright {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, command: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        sub.set_defaults(command=command)
        return sub

    listing = add("list", _list, "Show the models there are, and which are on this machine.")
    listing.add_argument("--json", action="store_true", help="print JSON")
    pull = add("pull", _pull, "Download a model; what was begun is continued.")
    pull.add_argument("name", help="a name from `list`")
    pull.add_argument("--json", action="store_true", help="print progress as JSON lines on stdout instead of a bar")
    add("rm", _remove, "Delete a model's weights from this machine.").add_argument("name", help="a name from `list`")
    check = add("check", _check, "Say whether a model could be served, without loading it.")
    check.add_argument("name", metavar="NAME|PATH", help="a name from `list`, a GGUF file or a model folder")
    _add_serve_options(add("serve", _serve, "Run the model server in the foreground; one per user."))
    add("stop", _stop, "End the running model server.")
    status = add("status", _status, "Show the running model server.")
    status.add_argument("--json", action="store_true", help="print JSON")
    doctor = add("doctor", _doctor, "Show what this machine offers: back ends, devices, weights, memory, disk.")
    doctor.add_argument("--json", action="store_true", help="print JSON")
    doctor.add_argument("--bench", action="store_true", help="measure tokens per second (takes a minute or more)")
    doctor.add_argument("--model", metavar="NAME|PATH", help="model to measure when no server runs")
    register_all(add)
    return parser


def _add_serve_options(serve: argparse.ArgumentParser) -> None:
    whole = _number(int, 1)
    serve.add_argument("--model", metavar="NAME|PATH", help="a name from `list`, or a model file (default: see `list`)")
    serve.add_argument("--backend", default="auto", choices=["auto", "llama.cpp", "transformers", "seq2seq"])
    serve.add_argument(
        "--host", default="127.0.0.1", help="another needs GLOSSWRIGHT_MODEL_TOKEN (default: %(default)s)"
    )
    serve.add_argument("--port", type=_number(int, 0, 65535), default=0, help="0: any free one (default)")
    serve.add_argument(
        "--idle-minutes",
        type=_number(float, 0),
        default=30.0,
        metavar="N",
        help="end after so long without requests; 0: never (default: 30)",
    )
    serve.add_argument("--context-length", type=whole, metavar="N", help="tokens of prompt and completion together")
    serve.add_argument("--slots", type=whole, metavar="N", help="requests that generate at once")
    serve.add_argument(
        "--queue", type=_number(int, 0), default=16, metavar="N", help="requests that may wait (default: %(default)s)"
    )
    serve.add_argument("--no-download", action="store_true", help="fail rather than fetch missing weights")
    serve.add_argument(
        "--log-file", type=Path, nargs="?", const=Path(), metavar="PATH", help="log there instead of stderr; rotated"
    )
    serve.add_argument("--scripted", type=Path, help=argparse.SUPPRESS)


def _number(kind: type[int] | type[float], low: float, high: float = float("inf")) -> Callable[[str], float]:
    """An argparse type: a number in a range."""

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high or value == float("inf"):
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {low} to {high}")
        return value

    return parse


def _list(options: argparse.Namespace) -> int:
    from glosswright_model.weights import catalogue, installed, shipped_networks

    here = {each.entry.name: each for each in installed()}
    rows: list[dict[str, Any]] = [
        {
            "name": entry.name,
            "title": entry.title,
            "parameters": entry.parameters,
            "licence": entry.licence,
            "size_bytes": entry.size,
            "default": entry.default,
            "installed": entry.name in here,
            "path": str(here[entry.name].path) if entry.name in here else None,
        }
        for entry in catalogue()
        if not entry.fixture or entry.name in here
    ]
    rows += [
        {
            "name": network.name,
            "title": network.title,
            "parameters": network.parameters,
            "licence": network.licence,
            "size_bytes": network.size,
            "default": False,
            "installed": True,
            "path": str(network.path),
        }
        for network in shipped_networks()
    ]
    if options.json:
        print(json.dumps(rows, indent=2))
        return EXIT_OK
    lines = [("NAME", "MODEL", "PARAMETERS", "LICENCE", "SIZE", "INSTALLED")]
    for row in rows:
        name = f"{row['name']} (default)" if row["default"] else str(row["name"])
        count = row["parameters"]
        parameters = f"{count / 1e9:.2g} billion" if count >= 1e8 else f"{count / 1e6:.2g} million"
        lines.append((name, row["title"], parameters, row["licence"], _size(row["size_bytes"]), _yes(row["installed"])))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:  # plain text, never cut: it may go through a pipe
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    return EXIT_OK


def _pull(options: argparse.Namespace) -> int:
    from glosswright_model.weights import find_entry, find_shipped, licence_notice, pull, resolve

    entry = find_entry(options.name)
    if entry is None:
        resolve(options.name)  # says which names there are
        if find_shipped(options.name) is not None:
            print(f"{options.name} comes with glosswright: there is nothing to download.", file=sys.stderr)
            return EXIT_OK
        raise UsageError(f"{options.name} is a path: there is nothing to download, give it to `serve --model`.")
    if options.json:
        path = pull(entry, progress=lambda progress: print(json.dumps(asdict(progress)), flush=True))
        print(json.dumps({"phase": "done", "path": str(path), "licence": entry.licence}), flush=True)
        return EXIT_OK
    from rich import progress as bars
    from rich.console import Console

    columns = ("[progress.description]{task.description}", bars.BarColumn(), bars.DownloadColumn())
    with bars.Progress(*columns, bars.TransferSpeedColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(entry.name, total=entry.size)
        verbs = {"waiting": "Waiting for another download of", "verifying": "Checking"}
        path = pull(
            entry,
            progress=lambda progress: bar.update(
                task,
                completed=progress.done_bytes,
                description=f"{verbs.get(progress.phase, 'Downloading')} {entry.name}",
            ),
        )
    print(licence_notice(entry), file=sys.stderr)
    print(path)
    return EXIT_OK


def _remove(options: argparse.Namespace) -> int:
    from glosswright_model.weights import remove

    freed = remove(options.name)
    print(
        f"{options.name}: {_size(freed)} freed." if freed else f"{options.name} is not on this machine.",
        file=sys.stderr,
    )
    return EXIT_OK


def _check(options: argparse.Namespace) -> int:
    from glosswright_model.backends.choose import choose
    from glosswright_model.backends.gguf_check import check_gguf
    from glosswright_model.weights import resolve

    model = resolve(options.name)
    if model.entry is None and model.path.exists():
        backend = choose(model.path).backend
        if model.path.is_file():
            check_gguf(model.path)
        elif backend == "seq2seq":
            from glosswright_model.checkpoint import check_checkpoint  # imports torch

            check_checkpoint(model.path)
    print(model.path if model.present else f"{options.name} would be fetched first")
    return EXIT_OK


def _doctor(options: argparse.Namespace) -> int:
    from glosswright_model.serving.doctor import examine
    from glosswright_model.weights import cache_folder, installed

    report = examine(cache_folder())
    report["weights"] = [
        {"name": each.entry.name, "path": str(each.path), "size_bytes": each.size_bytes, "verified": each.verified}
        for each in installed()
    ]
    try:
        report["server"] = _server_status()
    except ModelPackageError as error:  # a server that hangs is a finding, too
        report["server"] = {"running": False, "error": str(error)}
    if options.bench:
        report["bench"] = _bench(options.model)
    if options.json:
        print(json.dumps(report, indent=2))
    else:
        _print_report(report)
    return EXIT_OK


def _bench(model: str | None) -> dict[str, Any]:
    """Measure the running server, or `model` in this process when none runs."""
    from glosswright_model.serving.doctor import measure, measure_server
    from glosswright_model.serving.state_file import find_running

    state = find_running()
    if state is not None:
        return measure_server(state)
    from glosswright_model.serving.loading import Loading
    from glosswright_model.serving.source import default_model, model_load

    name = model or default_model()
    load = model_load(name, download=False)
    backend = load(Loading(name, load))
    try:
        return measure(backend)
    finally:
        backend.close()


def _print_report(report: dict[str, Any]) -> None:
    print(f"glosswright {report['version']}, Python {report['python']}, {report['platform']}")
    for engine in report["backends"]:
        versions = ", ".join(f"{package} {version}" for package, version in engine["versions"].items() if version)
        missing = ", ".join(engine["missing"])
        print(
            f"back end {engine['name']}: {versions if engine['installed'] else f'not installed (missing: {missing})'}"
        )
    for device in report["devices"]:
        cores = f", {device['usable_threads']} usable threads" if "usable_threads" in device else ""
        print(f"device   {device['name']}: {device['description']}{cores}")
    memory, disk = report["memory"], report["disk"]
    print(f"memory   {_size(memory['available_bytes'])} of {_size(memory['total_bytes'])} available")
    print(f"disk     {_size(disk['free_bytes'] or 0)} free for {disk['folder']}")
    for weights in report["weights"]:
        checked = "" if weights["verified"] else ", not verified"
        print(f"weights  {weights['name']}: {_size(weights['size_bytes'])}{checked}")
    if not report["weights"]:
        print("weights  none: run `glosswright model pull NAME`")
    server = report["server"]
    if server["running"]:
        print(f"server   {server['health']['status']} with {server['model']}, process {server['pid']}")
    else:
        print(f"server   {server.get('error', 'none runs')}")
    if bench := report.get("bench"):
        prefill, decode = bench["prefill_tokens_per_s"], bench["decode_tokens_per_s"]
        print(f"speed    {bench['model']}: {prefill} prompt tokens/s, {decode} generated tokens/s")


def _serve(options: argparse.Namespace) -> int:
    _set_up_logging(options.log_file)
    from glosswright_model.serving.lifetime import ServeOptions, serve, token_from_environment
    from glosswright_model.serving.service import Limits

    try:
        token = token_from_environment(options.host)
    except ModelPackageError as error:
        raise UsageError(str(error)) from error
    model, load = _model_and_load(options)
    finished = serve(
        ServeOptions(
            model=model,
            load=load,
            token=token,
            host=options.host,
            port=options.port,
            limits=Limits(queue=options.queue, idle_s=options.idle_minutes * 60),
        ),
        _announce,
    )
    if not finished:
        # An engine still computes on its thread; tearing its libraries down under it would crash.
        logging.shutdown()
        sys.stderr.flush()
        os._exit(EXIT_OK)
    return EXIT_OK


def _model_and_load(options: argparse.Namespace) -> tuple[str, Load]:
    if options.scripted is not None:
        from glosswright_model.serving.scripted import scripted_load

        return options.model or "scripted", scripted_load(options.scripted)
    from glosswright_model.serving.source import default_model, model_load

    model = options.model or default_model()
    load = model_load(
        model,
        backend=options.backend,
        context_length=options.context_length,
        slots=options.slots,
        download=not options.no_download,
    )
    return model, load


def _announce(state: ServerState) -> None:
    if sys.stderr.isatty():
        print(f"The model server listens on {state.url}; end it with Ctrl-C.", file=sys.stderr)


def _stop(options: argparse.Namespace) -> int:
    from glosswright_model.serving.control import stop_server
    from glosswright_model.serving.state_file import find_running

    state = find_running()
    if state is None:
        print("No model server runs.", file=sys.stderr)
        return EXIT_NOT_RUNNING
    stop_server(state)
    print("The model server has ended.", file=sys.stderr)
    return EXIT_OK


def _status(options: argparse.Namespace) -> int:
    status = _server_status()
    if options.json:
        print(json.dumps(status, indent=2))
    elif not status["running"]:
        print("No model server runs.")
    else:
        health = status["health"]
        print(f"{health['status']}: {health['error'] or health['message']}")
        print(f"model    {health['model']}")
        print(f"address  {status['url']}")
        print(f"process  {status['pid']}, version {status['version']}, up {_duration(status['uptime_s'])}")
        if health["status"] == "downloading" and health["total_bytes"]:
            done, total = _size(health["done_bytes"]), _size(health["total_bytes"])
            print(f"download {done} of {total}, {_size(health['bytes_per_s'])}/s")
    return EXIT_OK if status["running"] else EXIT_NOT_RUNNING


def _server_status() -> dict[str, Any]:
    """What is known of the running server; never its token."""
    from glosswright_model.serving.control import fetch_health
    from glosswright_model.serving.state_file import find_running

    state = find_running()
    if state is None:
        return {"running": False}
    return {
        "running": True,
        "pid": state.pid,
        "url": state.url,
        "model": state.model,
        "version": state.version,
        "uptime_s": round(max(0.0, time.time() - state.started_at), 1),
        "health": fetch_health(state),
    }


def _fail(error: BaseException, code: int, message: str | None = None) -> int:
    if _debugging():
        traceback.print_exception(error)
    print(f"glosswright model: {message or error}", file=sys.stderr)
    return code


def _debugging() -> bool:
    return os.environ.get("GLOSSWRIGHT_DEBUG") == "1"


def _set_up_logging(path: Path | None) -> None:
    """To stderr, or to a rotating file; `Path()` stands for the usual one."""
    handler: logging.Handler = logging.StreamHandler()
    if path is not None:
        from logging.handlers import RotatingFileHandler

        if path == Path():
            import platformdirs

            path = Path(platformdirs.user_log_dir("glosswright", appauthor=False)) / "model-server.log"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handler = RotatingFileHandler(
                path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8", delay=False
            )
        except OSError as error:
            raise UsageError(f"The log file {path} cannot be written ({error.strerror}).") from error
    logging.basicConfig(
        level=logging.DEBUG if _debugging() else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        handlers=[handler],
    )
    for noisy in ("httpx", "httpcore", "asyncio", "filelock", "urllib3", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _size(count: float) -> str:
    """Bytes for people, in decimal units."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.2f} GB"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
