"""Reads `cases/*.txt`: a document with a gap, a model's answer, the document afterwards."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from glosswright_server.intent.model import Extent, Intent, IntentKind
from glosswright_server.shaping import Shaper

MARK = "▮"
EOLS = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}
EXTENTS = {"body": Extent.BODY, "comment": Extent.BLOCK, "continue": Extent.LINE}


@dataclass(frozen=True)
class Case:
    """One case of a file in `cases/`."""

    name: str
    text: str
    intent: Intent
    answer: str
    expected: str | None


def read_cases(path: Path) -> list[Case]:
    """Every case of a file; see the files for the form."""
    return [read_case(part) for part in path.read_text(encoding="utf-8").split("\n=== ")[1:]]


def read_case(part: str) -> Case:
    head, _, rest = part.partition("\n--- document\n")
    document, _, rest = rest.partition("\n--- answer\n")
    answer, _, expected = rest.partition("\n--- expected")
    name, *fields = head.splitlines()
    given = dict(field.split(": ", 1) for field in fields)
    eol = EOLS[given.get("eol", "lf")]
    document, answer, expected = (piece.replace("⇥", "\t") for piece in (document, answer, expected))
    document = document.replace("\n", eol)
    start = document.index(MARK)
    end = document.rindex(MARK)
    text = document.replace(MARK, "")
    lead = value(given, "lead")
    line = (
        document[:start].splitlines()[-1] if document[:start].splitlines() and document[start - 1] not in "\r\n" else ""
    )
    margin = line[: len(line) - len(line.lstrip())]
    indent = value(given, "indent") or (lead.lstrip("\r\n") if lead else margin)
    kind = IntentKind(given["kind"])
    intent = Intent(
        kind=kind,
        language=given.get("language", "python"),
        extent=Extent(given["extent"]) if "extent" in given else EXTENTS[kind.value],
        start=start,
        end=start if end == start else end - 1,
        lead=lead,
        tail=value(given, "tail"),
        indent=indent,
        request=value(given, "request"),
        name=given.get("name", ""),
        signature=value(given, "signature"),
    )
    wanted = None if expected.startswith(" none") else expected[1:].rstrip("\n").replace("\n", eol)
    return Case(name, text, intent, answer.replace("\n", EOLS[given.get("answer-eol", "lf")]), wanted)


def value(given: dict[str, str], key: str) -> str:
    return str(json.loads(given[key])) if key in given else ""


CASES = {
    f"{path.stem}: {case.name}": case
    for path in sorted((Path(__file__).parent / "cases").glob("*.txt"))
    for case in read_cases(path)
}


def shape(case: Case, pieces: list[str]) -> str | None:
    """The document after an answer that came in `pieces`; None when there was nothing to show."""
    shaper = Shaper(case.text, case.intent)
    for piece in pieces:
        if shaper.feed(piece):
            break
    shaped = shaper.result()
    return None if shaped is None else case.text[: case.intent.start] + shaped.text + case.text[case.intent.end :]
