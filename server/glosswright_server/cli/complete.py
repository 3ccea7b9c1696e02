"""`glosswright complete FILE:LINE[:COL]`: one place of one file through the same pipeline as in the editor.

A file that the user has excluded is left alone, as in the editor. Examples are run when the option says so, or when the
workspace was trusted: here that is the current folder where the file lies in it, else the file's own. Nobody is asked.
"""

from __future__ import annotations

import argparse
import asyncio
import codecs
import dataclasses
import json
import re
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glosswright_server.cli.options import settings_from
from glosswright_server.documents import PositionEncoding, Snapshot
from glosswright_server.engine.changes import applied, changes_of
from glosswright_server.engine.engine import Engine
from glosswright_server.engine.explanation import as_plain, explanation, origins, shortcoming
from glosswright_server.engine.suggestion import Suggestion
from glosswright_server.errors import ExcludedFile, GlosswrightError, UsageError
from glosswright_server.exclusion.ignore_files import IgnoreFiles
from glosswright_server.generation.launch_options import LaunchProgress
from glosswright_server.settings import Settings
from glosswright_server.verify.trusted import TrustFile

MAX_BYTES = 8_000_000
EXIT_EXCLUDED = 3

_PLACE = re.compile(r"(?P<file>.+?):(?P<line>[0-9]{1,9})(?::(?P<column>[0-9]{1,9}))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """A file and a 1-based place in it, as on the command line."""

    path: Path
    line: int
    column: int | None


def run_complete(options: argparse.Namespace) -> int:
    """Print the code for the place that the options name; returns the exit status."""
    try:
        place = parse_place(options.place)
        refuse_excluded(place.path)
        snapshot = read(place.path)
        offset = offset_of(snapshot, place)
        suggestion = asyncio.run(_complete(_settings(options), snapshot, offset, place.path))
        if suggestion is not None and options.write and suggestion.verdict.passed and suggestion.complete:
            write(place.path, snapshot, suggestion)
    except ExcludedFile as error:
        print(f"glosswright complete: {error}", file=sys.stderr)
        return EXIT_EXCLUDED
    except UsageError as error:
        print(f"glosswright complete: {error}", file=sys.stderr)
        return 2
    except GlosswrightError as error:
        print(f"glosswright complete: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if suggestion is None:
        print("glosswright complete: there is no usable code for this place", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(as_json(snapshot, suggestion), ensure_ascii=False))
    else:
        # The edit may begin with the end of the comment's line; the code alone does not.
        sys.stdout.write(suggestion.text.strip("\r\n") + snapshot.eol)
        _say(suggestion, why=options.why)
        if options.explain and not options.why:  # which tells it too
            print(_came_from(suggestion), file=sys.stderr)
    if options.write and not (suggestion.verdict.passed and suggestion.complete):
        print(f"glosswright complete: {place.path} was left as it is: {suggestion.label}", file=sys.stderr)
        return 1
    return 0


def parse_place(text: str) -> Place:
    """`FILE:LINE[:COL]` as a place. Raises UsageError."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise UsageError(f"{text!r} is not FILE:LINE or FILE:LINE:COL.")
    column = found["column"]
    place = Place(Path(found["file"]), int(found["line"]), int(column) if column else None)
    if place.line < 1 or place.column == 0:
        raise UsageError("Lines and columns count from 1.")
    return place


def refuse_excluded(path: Path) -> None:
    """Raise ExcludedFile where the file is one that the user keeps from models."""
    files = IgnoreFiles()
    found = files.why(path, [Path.cwd()])
    for problem in files.new_problems():
        print(f"glosswright complete: {problem}", file=sys.stderr)
    if found is not None:
        raise ExcludedFile(f"nothing of {path} is given to a model: {found.why}.")


def read(path: Path) -> Snapshot:
    """The file as a document. Raises UsageError when it is not a text file of sensible size."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise UsageError(f"{path} is not a file.")  # a device has no end, a pipe perhaps no beginning
        if found.st_size > MAX_BYTES:
            raise UsageError(f"{path} is larger than {MAX_BYTES // 1_000_000} MB.")
        # newline="" keeps the file's own line ends.
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text.") from None
    if "\0" in text:
        raise UsageError(f"{path} is a binary file.")
    return Snapshot(uri=path.absolute().as_uri(), language_id="", version=1, text=text, encoding=PositionEncoding.UTF32)


def offset_of(snapshot: Snapshot, place: Place) -> int:
    """The code point offset of a place; without a column, the line's end. Raises UsageError outside the file."""
    if place.line > snapshot.line_count:
        raise UsageError(f"{place.path} has {snapshot.line_count} lines, so there is no line {place.line}.")
    start, end = snapshot.line_start(place.line - 1), snapshot.line_end(place.line - 1)
    if place.column is None:
        return end
    if start + place.column - 1 > end:
        raise UsageError(f"Line {place.line} has {end - start} characters, so there is no column {place.column}.")
    return start + place.column - 1


def as_json(snapshot: Snapshot, suggestion: Suggestion) -> dict[str, Any]:
    """Code, 1-based range (the end is exclusive) and evidence."""

    def position(offset: int) -> dict[str, int]:
        found = snapshot.position_at(offset)
        return {"line": found.line + 1, "column": found.character + 1}

    imports = suggestion.import_edit
    return {
        "text": suggestion.text,
        "range": {"start": position(suggestion.start), "end": position(suggestion.end)},
        **({"imports": {"at": position(imports.at), "text": imports.text}} if imports is not None else {}),
        **suggestion.facts(),
        "explanation": explanation(suggestion),
    }


def write(path: Path, snapshot: Snapshot, suggestion: Suggestion) -> None:
    """Put the code and its imports into the file. Raises UsageError when the file is not what was read."""
    try:
        data = path.read_bytes()
        mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        if data[len(mark) :] != snapshot.text.encode():
            raise UsageError(f"{path} has changed meanwhile; it was left as it is.")
        path.write_bytes(mark + applied(snapshot.text, changes_of(suggestion)).encode())
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from None


def _settings(options: argparse.Namespace) -> Settings:
    settings = settings_from(options)
    if not options.run_examples:
        return settings
    return dataclasses.replace(settings, verify=dataclasses.replace(settings.verify, run_examples="always"))


def _is_trusted(path: Path) -> bool:
    here, file = Path.cwd(), path.resolve()
    return bool(TrustFile().answer(here if here in file.parents else file.parent))


def _say(suggestion: Suggestion, *, why: bool) -> None:
    """On standard error, so that the code can be piped."""
    timing = suggestion.timing
    first = f"first token {timing.first_token_ms / 1000:.2f} s"
    # Where all of the code came at once there is no speed to tell.
    speed = [f"{timing.tokens_per_second:.1f} tokens/s"] if timing.tokens_per_second else []
    print(" · ".join([suggestion.label, suggestion.model, first, *speed]), file=sys.stderr)
    if suggestion.import_edit is not None:
        print("imports: " + "; ".join(suggestion.import_edit.text.split("\n")).strip("; "), file=sys.stderr)
    if why:
        print(as_plain(explanation(suggestion)), file=sys.stderr)
    elif wrong := shortcoming(suggestion):
        print(wrong, file=sys.stderr)


def _came_from(suggestion: Suggestion) -> str:
    found = as_plain(origins(suggestion))
    return found or f"The model {suggestion.model} does not tell which words its code came from."


async def _complete(settings: Settings, snapshot: Snapshot, offset: int, path: Path) -> Suggestion | None:
    engine = Engine(settings)
    said = ""

    async def trusted(uri: str) -> bool:
        return await asyncio.to_thread(_is_trusted, path)

    engine.ask_to_run = trusted

    def launching(progress: LaunchProgress) -> None:
        nonlocal said
        if progress.stage == "ready":
            return
        percentage = progress.percentage
        line = (progress.message or progress.stage) + (f" {percentage} %" if percentage is not None else "")
        if line != said:
            said = line
            print(f"\r\033[K{line}" if sys.stderr.isatty() else line, file=sys.stderr, end="", flush=True)
            if not sys.stderr.isatty():
                print(file=sys.stderr)

    try:
        suggestion = await engine.at(snapshot, offset, on_launch=launching)
    finally:
        if said and sys.stderr.isatty():
            print("\r\033[K", file=sys.stderr, end="")
        await engine.aclose()
    return suggestion
