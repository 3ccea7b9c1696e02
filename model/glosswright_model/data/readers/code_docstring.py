"""The code-docstring corpus: Python functions with their docstrings (Barone and Sennrich 2017).

A function is one line there: line ends are written as ` DCNL ` and one step of indentation as ` DCSP `. The published
task gives the declaration with the docstring and asks for the body. Pairs hold plain code; `flatten` makes the
corpus's own form of it again, which its metric is computed on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from glosswright_model.data.pairs import Pair, Provenance, Split
from glosswright_model.data.readers.lines import read_lines
from glosswright_model.errors import DataError

_FILE_PARTS: dict[Split, str] = {"train": "train", "dev": "valid", "test": "test"}


def read_code_docstring(folder: Path, split: Split) -> Iterator[Pair]:
    """One part: docstring → body, with the declaration as context. Raises DataError.

    Sources are the text of the docstring, targets bodies at no indentation.
    """
    part = _FILE_PARTS[split]
    names = [f"data_ps.{kind}.{part}" for kind in ("declarations", "descriptions", "bodies")]
    if not (folder / names[2]).is_file():
        raise DataError(f"{folder / names[2]} is missing: give the folder of the code-docstring corpus")
    rows = zip_longest(*(read_lines(folder / name) for name in names))
    for number, (declaration, description, body) in enumerate(rows, start=1):
        if declaration is None or description is None or body is None:
            raise DataError(f"{folder}: the files {', '.join(names)} differ in length, from line {number} on")
        yield Pair(
            docstring_text(description),
            unflatten(body),
            kind="body",
            provenance=Provenance(names[2], number),
            split=split,
            context=unflatten(declaration),
        )


def unflatten(line: str) -> str:
    """Plain code of a line of the corpus: real line ends, four spaces for each step of indentation, dedented.

    Spaces inside strings are written as ` DCSP ` too; they become one space again.
    """
    lines = []
    for row in line.split("DCNL"):
        depth = 0
        words = row.strip(" ").split(" ")
        while depth < len(words) and words[depth] in ("DCSP", ""):
            depth += 1
        steps = sum(word == "DCSP" for word in words[:depth])
        lines.append((steps, re.sub(r" ?DCSP ", " ", " ".join(words[depth:]) + " ").rstrip(" ")))
    least = min((steps for steps, text in lines if text), default=0)
    return "\n".join("    " * (steps - least) + text if text else "" for steps, text in lines).strip("\n")


def flatten(code: str, *, depth: int = 0) -> str:
    """The corpus's form of plain code, with `depth` steps of indentation around it (1 for a body)."""
    rows = []
    for row in code.split("\n"):
        text = row.lstrip(" ")
        steps = (len(row) - len(text)) // 4 + depth
        rows.append(" ".join(["DCSP "] * steps + [text]) if text else "")
    return " DCNL ".join(row for row in rows if row)


def docstring_text(literal: str) -> str:
    """The text of a docstring's literal as the corpus writes it, its indentation removed."""
    text = literal.strip()
    prefix = re.match(r"[rRuUbB]{0,2}(?P<quote>'''|\"\"\"|'|\")", text)
    if prefix is not None and text.endswith(prefix["quote"]) and len(text) >= prefix.end() + len(prefix["quote"]):
        text = text[prefix.end() : -len(prefix["quote"])]
    return unflatten(text)
