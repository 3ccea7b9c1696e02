"""CoNaLa: questions of Stack Overflow with one line of Python (Yin et al. 2018, version 1.1), and what goes with it.

Parts: "train" and "test" (curated, `conala-train.json`, `conala-test.json`), "dev" (one question in twelve of the
training file, whole questions, taken out of "train"), "mined" (pairs found automatically) and "api" (descriptions of
the standard library's functions; Xu et al. 2020). The rewritten intent is the source, as in every published table; the
original one where nobody rewrote it.

The mined pairs hold nearly every answer of the curated training file below its original title. Those of "dev" are left
out of "mined": else early stopping would be judged by what was trained on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from glosswright_model.data.pairs import Pair, Provenance, Split
from glosswright_model.data.readers.lines import read_json_lines, read_lines
from glosswright_model.errors import DataError

CONALA_PARTS = ("train", "dev", "test", "mined", "api")

_FILES = {
    "train": "conala-train.json",
    "dev": "conala-train.json",
    "test": "conala-test.json",
    "mined": "mined-small.decontaminated.jsonl",
    "api": "python-docs.jsonl",
}
_LICENCES = {"mined": "CC-BY-SA-4.0", "api": "Apache-2.0 AND PSF-2.0"}
_DEV_ONE_IN = 12


def read_conala(path: Path, part: str) -> Iterator[Pair]:
    """The pairs of one part; `path` is the corpus's folder, or the file itself. Raises DataError."""
    if part not in CONALA_PARTS:
        raise DataError(f"CoNaLa has no part {part!r}; choose one of {', '.join(CONALA_PARTS)}")
    file = path / _FILES[part] if path.is_dir() else path
    split: Split = "dev" if part == "dev" else "test" if part == "test" else "train"
    held_out = _held_out(path) if part == "mined" else frozenset()
    for number, row in enumerate(_rows(file), start=1):
        if not isinstance(row, dict) or not isinstance(row.get("snippet"), str):
            raise DataError(f"{file}, row {number}: a CoNaLa row needs `intent` and `snippet`")
        intent = row.get("rewritten_intent") or row.get("intent")
        if not isinstance(intent, str):
            raise DataError(f"{file}, row {number}: a CoNaLa row needs `intent` and `snippet`")
        question = str(row.get("question_id", ""))
        if part in ("train", "dev") and _is_dev(question) != (part == "dev"):
            continue
        if _bare(row["snippet"]) in held_out:
            continue
        yield Pair(
            " ".join(intent.split()),
            row["snippet"].strip(),
            provenance=Provenance(file.name, number, f"stackoverflow.com/q/{question}" if _asked(part) else ""),
            licence=_LICENCES.get(part, "CC-BY-SA-4.0"),
            split=split,
        )


def _held_out(folder: Path) -> frozenset[str]:
    """Answers of "dev", without white space; nothing where the curated file is not beside."""
    curated = folder / _FILES["dev"]
    if not curated.is_file():
        return frozenset()
    return frozenset(_bare(pair.target) for pair in read_conala(folder, "dev"))


def _bare(code: str) -> str:
    return "".join(code.split())


def _rows(file: Path) -> Iterable[object]:
    if file.suffix == ".jsonl":
        return (row for _, row in read_json_lines(file))
    try:
        rows = json.loads("\n".join(read_lines(file)))
    except ValueError as error:
        raise DataError(f"{file} is not JSON: {error}") from error
    if not isinstance(rows, list):
        raise DataError(f"{file} is not a list of CoNaLa rows")
    return rows


def _is_dev(question: str) -> bool:
    """By the question, so that no question's answers are on both sides."""
    return int.from_bytes(hashlib.sha256(question.encode()).digest()[:4], "big") % _DEV_ONE_IN == 0


def _asked(part: str) -> bool:
    return part in ("train", "dev", "test")
