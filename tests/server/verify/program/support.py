"""Documents with marks, and programs run in a plain process: what the tables here are made of."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from glosswright_server.intent.contract import Example
from glosswright_server.intent.model import Extent, Intent, IntentKind
from glosswright_server.verify.program import program_for
from glosswright_server.verify.sandbox.model import Program

EXTENTS = {IntentKind.BODY: Extent.BODY, IntentKind.COMMENT: Extent.BLOCK, IntentKind.CONTINUE: Extent.LINE}


def marked(document: str, language: str, kind: IntentKind, name: str = "") -> tuple[str, Intent, str]:
    """Text, intent and candidate of a document in which the candidate stands between « and »."""
    start, end = document.index("«"), document.index("»")
    intent = Intent(kind=kind, language=language, extent=EXTENTS[kind], start=start, end=start, name=name)
    return document[:start] + document[end + 1 :], intent, document[start + 1 : end]


def examples_of(*expressions: str) -> tuple[Example, ...]:
    """Examples without expectations: enough to say which names are used."""
    return tuple(Example(expression=expression, text=expression) for expression in expressions)


def program_of(
    document: str,
    *expressions: str,
    language: str = "python",
    kind: IntentKind = IntentKind.BODY,
    imports: tuple[str, ...] = (),
) -> Program:
    """The program of a document with its candidate between « and »."""
    text, intent, insertion = marked(document, language, kind)
    return program_for(text, intent, insertion, imports=imports, examples=examples_of(*expressions))


def run(program: Program, expression: str, folder: Path, node: str = "") -> str:
    """What a fresh process shows for `expression` after loading `program`; nothing but that may be printed."""
    assert not program.why_not
    if program.language == "python":
        script = folder / "program.py"
        script.write_text(f"{program.source}\nprint(repr({expression}))\n", "utf-8")
        command = [sys.executable, "-I", str(script)]
    else:
        script = folder / "program.js"
        script.write_text(f"{program.source}\nconsole.log(JSON.stringify({expression}));\n", "utf-8")
        command = [node, str(script)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60, cwd=folder)
    assert done.returncode == 0, done.stderr + program.source
    return done.stdout.strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case of a file in `cases/`; see the README there."""

    title: str
    language: str
    fields: dict[str, str]
    document: str


def read_cases(language: str) -> list[Case]:
    """The cases of one language."""
    text = (Path(__file__).parent / "cases" / f"{language}.txt").read_text("utf-8")
    cases = []
    for block in re.split(r"^==== ", text, flags=re.MULTILINE)[1:]:
        head, document = block.split("\n----\n", 1)
        title, *lines = head.split("\n")
        fields = dict(line.split(": ", 1) if ": " in line else (line.rstrip(":"), "") for line in lines)
        document = document.rstrip("\n") + "\n"
        if fields.get("lines") == "crlf":
            document = document.replace("\n", "\r\n")
        if fields.get("mark") == "yes":
            document = "\ufeff" + document
        cases.append(Case(title=title, language=language, fields=fields, document=document))
    return cases


def check(case: Case, folder: Path, node: str = "") -> None:
    """Make the program of a case, and run it where the case says what it shows."""
    kind = IntentKind(case.fields.get("kind", "body"))
    example = case.fields["example"]
    program = program_of(case.document, example, language=case.language, kind=kind)
    if "refused" in case.fields:
        assert case.fields["refused"] in program.why_not, program
        assert program.why_not.endswith(".")
        assert program.source == ""
        return
    if "target" in case.fields:
        assert program.target == case.fields["target"]
    if "modules" in case.fields:
        assert program.modules == tuple(case.fields["modules"].split())
    if "shows" in case.fields:
        assert run(program, example, folder, node) == case.fields["shows"]
