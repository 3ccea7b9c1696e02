"""Files of answers: what a run leaves behind, and what others have published. One answer for each pair, in order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from glosswright_model.data.readers.lines import read_json_lines, read_lines
from glosswright_model.errors import DataError


def read_outputs(path: Path) -> list[str]:
    """The answers of a file: `.jsonl` with an object that has `answer` (or a string) on each line, else plain lines.

    Raises DataError: a file that cannot be read, or a row without an answer.
    """
    if path.suffix != ".jsonl":
        return list(read_lines(path))
    answers = []
    for number, row in read_json_lines(path):
        answer = row.get("answer") if isinstance(row, dict) else row
        if not isinstance(answer, str):
            raise DataError(f"{path}, line {number}: each line must be a text, or an object with `answer`, a text.")
        answers.append(answer)
    return answers


def write_outputs(path: Path, answers: Sequence[str], log_probs: Sequence[float] | None = None) -> None:
    """Write answers as JSON lines that `read_outputs` reads back. Raises DataError where that fails."""
    rows = []
    for number, answer in enumerate(answers):
        row: dict[str, object] = {"answer": answer}
        if log_probs is not None:
            row["log_prob"] = round(log_probs[number], 4)
        rows.append(json.dumps(row, ensure_ascii=False))
    try:
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror or error}.") from error
